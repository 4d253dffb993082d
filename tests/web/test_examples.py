"""The examples' pages: red or green by the version looked at, and how they are written."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from definitions import versions
from definitions.models import DefinitionVersion
from leads import examples
from leads.examples import Said
from leads.models import Example
from leads.portraits import Portrait
from tests.web import world

CTO = {"job_title": "CTO", "industry": "software", "employee_count": 300}
DEMO = {"kind": "demo_request", "channel": "web", "days_ago": 0}
BLANK = {"did-TOTAL_FORMS": "0", "did-INITIAL_FORMS": "0"}
SENT = {
    "name": "CTO who asks for a demo",
    "is_expected": "yes",
    "stage": "sql",
    "why": "The direct path.",
    "job_title": "CTO",
    "industry": "software",
    "employee_count": "300",
    "technologies": "postgresql, ,redis",
    "account_tier": "A",
    "product_line": "payroll",
    "email": "company",
    "is_target_account": "on",
    "answer_buying_team_confirmed": "true",
    "did-TOTAL_FORMS": "3",
    "did-INITIAL_FORMS": "0",
    "did-0-kind": "demo_request",
    "did-0-channel": "",
    "did-0-days_ago": "",
    "did-1-kind": "",
    "did-1-channel": "web",
    "did-2-kind": "webinar_attended",
    "did-2-channel": "event",
    "did-2-days_ago": "5",
    "did-2-colleague": "1",
}


def address(version: DefinitionVersion, view: str = "version_examples", *more: Any) -> str:
    return reverse(f"web:{view}", args=[version.definition.key, version.number, *more])


def example(version: DefinitionVersion, name: str = "Buyer", **other: Any) -> Example:
    values = {"stage": "sql", "is_expected": True, "portrait": Portrait(CTO, [DEMO])}
    said = Said(name=name, **values | other)
    return examples.create(version.definition, said, by=version.author, at=timezone.now())


@pytest.fixture
def dana_in(dana, door) -> Client:
    return door(dana.user)


def test_the_list_says_which_come_out_as_they_must(version, robin):
    example(version)
    example(version, "Analyst", portrait=Portrait(CTO | {"job_title": "Analyst"}, [DEMO]))

    page = robin.get(address(version)).content.decode()

    assert "1 of 2 examples come out as they must." in page
    assert "Reaches SQL by the direct path." in page
    assert "Decision-maker by title" in page
    assert "wants at least decision maker, seen" in page


def test_an_empty_list_says_what_an_example_is_for(version, robin):
    page = robin.get(address(version)).content.decode()

    assert "No examples yet" in page
    assert "Add an example" in page


def test_a_rep_reads_them_and_changes_none(version, dana_in):
    found = example(version)

    assert "Reaches SQL" in dana_in.get(address(version)).content.decode()
    assert dana_in.get(address(version, "example_new")).status_code == 403
    assert dana_in.post(address(version, "example_retire", found.public_id)).status_code == 403


def test_the_list_asks_no_more_for_thirty_than_for_three(version, robin):
    robin.get(address(version))
    counts = []
    for many in (3, 27):
        for number in range(many):
            example(version, f"{many} {number}")
        robin.get(address(version))
        with CaptureQueriesContext(connection) as captured:
            robin.get(address(version))
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_a_new_example_keeps_what_was_typed(version, door, marketer):
    answer = door(marketer).post(address(version, "example_new"), SENT)

    assert answer.url == address(version)
    kept = Example.objects.get()
    assert (kept.name, kept.stage, kept.is_expected, kept.why) == (
        "CTO who asks for a demo",
        "sql",
        True,
        "The direct path.",
    )
    assert kept.profile == {
        "email_is_known": True,
        "employee_count": 300,
        "industry": "software",
        "is_target_account": True,
        "account_tier": "A",
        "job_title": "CTO",
        "product_line": "payroll",
        "technologies": ["postgresql", "redis"],
    }
    assert kept.touchpoints == [
        {"kind": "demo_request", "channel": "web", "days_ago": 0},
        {"kind": "webinar_attended", "channel": "event", "days_ago": 5, "colleague": 1},
    ]
    assert kept.answers == {"buying_team_confirmed": True}
    assert kept.created_by == marketer


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "Give it a name"),
        ({"is_expected": ""}, "Choose what must become of it."),
        ({"language": "deu"}, "Write two letters"),
        ({"employee_count": "-1"}, "greater than or equal to 0"),
        ({"did-0-days_ago": "many"}, "Enter a whole number."),
        ({"did-0-kind": "made_up"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_understood_is_said_at_its_field(version, robin, wrong, said):
    answer = robin.post(address(version, "example_new"), SENT | wrong)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Example.objects.exists()


def test_a_name_twice_is_refused(version, robin):
    example(version, "cto WHO asks for a demo")

    answer = robin.post(address(version, "example_new"), SENT)

    assert answer.status_code == 422
    assert "There is an example “CTO who asks for a demo” already." in answer.content.decode()


def test_an_example_like_a_lead_does_not_say_who_it_is(version, robin):
    lead = world.lead("Anna", "Berg")
    world.did(lead, "webinar_attended", at=timezone.now() - world.DAY, channel="event")

    page = robin.get(f"{address(version, 'example_new')}?lead={lead.public_id}").content.decode()

    assert 'value="Chief Operating Officer"' in page
    assert '<option value="webinar_attended" selected' in page
    assert not any(word in page for word in ("Anna", "Berg", "nordlicht", "Nordlicht"))


def test_an_example_like_a_lead_that_is_not_there_is_not_found(version, robin):
    nobody = "00000000-0000-4000-8000-000000000000"

    assert robin.get(f"{address(version, 'example_new')}?lead={nobody}").status_code == 404


def test_what_was_tried_is_taken_over_and_not_kept_yet(version, robin):
    answer = robin.post(address(version, "example_new"), SENT | {"tried": "1"})

    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'value="CTO"' in page
    assert '<option value="demo_request" selected' in page
    assert not Example.objects.exists()


def test_editing_shows_what_is_kept_and_keeps_what_is_sent(version, robin):
    found = example(version, portrait=Portrait(CTO, [DEMO | {"asset": "guide"}], {"budget": "ok"}))
    edit = address(version, "example", found.public_id)
    page = robin.get(edit).content.decode()
    assert 'value="CTO"' in page
    assert 'value="guide"' in page
    assert "Budget" in page

    robin.post(edit, SENT | {"name": "Renamed", "answer_budget": '"ok"'})

    found.refresh_from_db()
    assert found.name == "Renamed"
    assert found.answers == {"budget": "ok", "buying_team_confirmed": True}


def test_what_is_edited_unchanged_stays_as_it_was(version, robin):
    portrait = Portrait(
        CTO
        | {
            "country": "DE",
            "email_is_free_mail": True,
            "email_is_known": True,
            "expected_acv": 40000,
            "source": "fairs",
        },
        [DEMO | {"is_unverified": True, "campaign": "spring"}, DEMO | {"days_ago": 3}],
        {"buying_team_confirmed": False},
    )
    found = example(version, portrait=portrait)
    page = robin.get(address(version, "example", found.public_id))
    form = page.context["portrait"]
    sent = BLANK | {"name": "Buyer", "is_expected": "yes", "stage": "sql"}
    sent |= {field.html_name: field.value() for field in form.profile if field.value()}
    sent["did-TOTAL_FORMS"] = str(form.touches.total_form_count())
    sent["did-INITIAL_FORMS"] = str(form.touches.initial_form_count())
    for row in form.touches:
        sent |= {one.html_name: one.value() for one in row if one.value() not in (None, "", False)}

    answer = robin.post(address(version, "example", found.public_id), sent)

    assert answer.status_code == 302
    found.refresh_from_db()
    assert found.profile == dict(portrait.profile)
    assert found.touchpoints == list(portrait.touchpoints)
    assert found.answers == portrait.answers


def test_one_that_is_retired_is_out_of_use(version, robin):
    found = example(version)

    answer = robin.post(address(version, "example_retire", found.public_id), follow=True)

    assert "No examples yet" in answer.content.decode()
    assert robin.get(address(version, "example", found.public_id)).status_code == 404
    assert Example.objects.filter(is_active=False).exists()


def test_an_example_of_another_definition_is_not_found(version, robin):
    found = example(version)
    text = versions.canonical_text(version).replace("definition: mid-market", "definition: other")
    other = versions.load(text, by=version.author)

    assert robin.get(address(other, "example", found.public_id)).status_code == 404


def test_a_draft_that_makes_no_agreement_yet_says_so(version, robin):
    example(version)
    draft = versions.revise(version, by=version.author)
    draft.criterion_set.filter(key="company_size").update(operator="between", wanted="many")

    page = robin.get(address(draft)).content.decode()

    assert "Cannot be tried before the draft is mended." in page
    assert robin.get(address(draft, "example_new")).status_code == 200
