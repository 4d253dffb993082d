"""The guide to the API: what it shows is run as it stands there."""

import json
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from crm_handoff.api.urls import urlpatterns
from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import Lead, Touchpoint
from tests import recipes

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
TEXT = GUIDE.read_text()
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def surroundings(transactional_db, live_server):
    """What the guide's programs find around them: a server, and a key made as it says."""
    recipes.small_catalog()
    operator = User.objects.create_user("ops@example.com")
    roles.grant(operator, Role.REVOPS)
    command = re.search(r"^\$ python manage\.py (create_api_key .*)$", TEXT, re.MULTILINE)
    key = StringIO()
    call_command(*shlex.split(command[1]), stdout=key, stderr=StringIO())
    return {
        "PATH": os.environ["PATH"],
        "KEY": key.getvalue().strip(),
        "API": f"{live_server.url}/api/v1",
    }


def run(*program, surroundings, text=None):
    done = subprocess.run(
        program, input=text, env=surroundings, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_quick_starts_do_what_they_say(surroundings):
    curl, read = blocks("bash")
    (python,) = blocks("python")

    for _ in range(2):
        sent = run("/bin/bash", "-e", surroundings=surroundings, text=curl)
    answers = [json.loads(part) for part in re.findall(r"\{.*?\}(?=\{|$)", sent, re.DOTALL)]
    assert answers[0]["is_created"] is True
    assert answers[1] == {"row": 0, "status": "repeated"}

    lead, handoffs = run("/bin/bash", "-e", surroundings=surroundings, text=read).split("}{")
    assert json.loads(lead + "}")["phone"] == "+4930901820"
    assert json.loads("{" + handoffs)["results"] == []

    lines = run(sys.executable, "-c", python, surroundings=surroundings).splitlines()
    assert lines[0] == "0 created "
    assert lines[1].startswith("1 refused [{'field': 'kind'")
    assert lines[2] == "anna@acme.example new"
    assert len(lines) == 3
    assert Lead.objects.count() == 1
    assert Touchpoint.objects.count() == 2


def test_every_answer_that_is_shown_is_json():
    decoder = json.JSONDecoder()

    for block in blocks("json"):
        rest = block.replace(",…", "").replace("…", "").lstrip()
        while rest:
            _, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()


def test_the_guide_says_what_can_be_done_with_what_is_kept_by_hand():
    table = TEXT.partition("What marketing and RevOps keep")[2].partition("\n\n")[2]
    rows = [line.split("|") for line in table.partition("\n\n")[0].splitlines()[2:]]
    told = {
        re.sub(r"{\w+}", "{}", address): said
        for _, addresses, said, *_ in rows
        for address in re.findall(r"`/([^`?]*)", addresses)
    }

    able: dict[str, set[str]] = {}
    for pattern in urlpatterns:
        address = re.sub(r"<\w+:\w+>", "{}", str(pattern.pattern))
        for name in {address, address.removesuffix("{}/")}:
            view = getattr(pattern.callback, "cls", None)
            able.setdefault(name, set()).update(
                method for method in METHODS if hasattr(view, method.lower())
            )

    assert len(told) >= 16
    assert {address: set(re.findall("[A-Z]+", said)) for address, said in told.items()} == {
        address: able[address] for address in told
    }


def test_the_guide_names_every_resource():
    nouns = {str(pattern.pattern).partition("/")[0] for pattern in urlpatterns}

    assert {noun for noun in nouns if noun and f"`/{noun}/" not in TEXT} == {"webhooks"}
