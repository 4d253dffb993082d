"""The bodies that the description shows, sent as they stand there."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import URLPattern

from crm_handoff.api.samples import ACCOUNT, LEAD, OTHER_REP, REP, SAMPLES
from crm_handoff.api.urls import urlpatterns
from crm_handoff.models import User
from crm_handoff.people import keys, roles
from crm_handoff.people.models import Scope
from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind
from leads.models import Account, Asset, Campaign, Persona, Source
from routing.models import Handoff, NamedAccount
from tests.api.conftest import Caller
from tests.routing import clockwork, sales

WRITES = {
    "_".join([method, *re.findall(r"(?:<\w+:)?(\w[\w-]*)>?/", str(pattern.pattern))]).replace(
        "-", "_"
    ): (str(pattern.pattern), method, pattern.callback.cls)
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls")
    for method in ("post", "put", "patch")
    if hasattr(pattern.callback.cls, method)
}
"""Address, method and view of each write, by the name of the operation."""

DEEDS = {"acknowledge", "batches", "pause", "take"}
"""Parts of addresses at which a person acts on what happens to be so: only the form is held."""
TAKEN = [name for name in SAMPLES if not DEEDS & set(WRITES[name][0].split("/"))]


@pytest.fixture
def rita(db: None) -> Any:
    """A rep as the examples name her."""
    rep = sales.rep(user=User.objects.create_user("rita@example.com"), public_id=REP)
    roles.grant(rep.user, Role.REP)
    return rep


@pytest.fixture
def handoff(rita: Any) -> Handoff:
    office, queue = clockwork.office("UTC", key="office"), clockwork.queue(key="waiting")
    sales.team(rita, key="dach", calendar=office, queue=queue)
    sales.reason()
    return sales.opened(sales.agreement())


@pytest.fixture
def caller(operator: User) -> Caller:
    """An integration that may do whatever a key may."""
    issued = keys.issue(
        "Everything", system="website", created_by=operator, scopes=list(Scope.values)
    )
    return Caller(headers={"authorization": f"Bearer {issued.token}"})


@pytest.fixture
def known(handoff: Handoff, rita: Any, caller: Caller) -> dict[str, Any]:
    """What the examples name is there; the parts of addresses that name it."""
    sales.rep("Ole", public_id=OTHER_REP)
    made = sales.account("Sörensen", public_id=ACCOUNT)
    TouchpointKind.objects.get_or_create(key="demo_request", defaults={"name": "Demo request"})
    for model in (Source, Campaign, Persona):
        model.objects.create(key="spring", name="Spring")
    Source.objects.create(key="website", name="Website")
    Asset.objects.create(key="checklist", title="Checklist")
    assert caller.create("/leads/", {"external_id": "form-17"} | LEAD).status_code == 201
    since, until = (datetime(2026, 5, day, 8, tzinfo=UTC) for day in (4, 8))
    kept = sales.away(rita, since=since, until=until)
    another = SAMPLES["post_absence_series"] | {"rep": OTHER_REP, "delegate": None}
    return {
        "system": "website",
        "external_id": "another",
        "account": made.public_id,
        "handoff": handoff.public_id,
        "source_key": "spring",
        "campaign": "spring",
        "persona": "spring",
        "asset": "checklist",
        "territory": "dach",
        "rep": REP,
        "absence": kept.public_id,
        "series": caller.create("/absence-series/", another).json()["id"],
        "calendar": "office",
        "reason": "bad_timing",
    }


BEFORE = {
    "post_handoffs_handoff_undo": "post_handoffs_handoff_accept",
}
"""Operations that another goes before."""


def sent(caller: Caller, name: str, known: dict[str, Any]) -> Any:
    address, method, _ = WRITES[name]
    path = re.sub(r"<\w+:(\w+)>", lambda part: str(known[part[1]]), address)
    return caller.send(method.upper(), f"/{path}", SAMPLES[name])


@pytest.mark.parametrize("name", TAKEN)
def test_a_body_that_is_shown_is_taken(caller, known, rita, name):
    if name == "patch_named_accounts_account":
        NamedAccount.objects.create(account=Account.objects.get(public_id=ACCOUNT), rep=rita)
    if name in BEFORE:
        assert sent(caller, BEFORE[name], known).status_code == 200

    answer = sent(caller, name, known)

    assert answer.status_code in (200, 201), answer.content


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - set(TAKEN)))
def test_what_a_person_says_with_a_deed_has_the_form_that_is_asked_for(known, name):
    body = WRITES[name][2].body

    assert body.checked(SAMPLES[name]).keys() >= SAMPLES[name].keys()


def test_every_write_shows_a_body():
    shown = {
        name
        for name, (_, _, view) in WRITES.items()
        if getattr(view, "body", None) is not None and view.body().fields
    }

    assert set(SAMPLES) == shown


def test_the_description_shows_them(client):
    described = client.get("/api/schema/").json()

    shown = {
        operation["operationId"]: media["examples"]["ABody"]["value"]
        for path in described["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for media in operation.get("requestBody", {}).get("content", {}).values()
        if "examples" in media
    }
    assert shown == SAMPLES
