"""Talking about an agreement: threads by criterion, workshops, and fields that people miss."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm_handoff.people.models import User
from crm_handoff.web.needs import needs_of
from definitions import discussions, versions
from definitions.models import DefinitionVersion, Proposal, Remark, Workshop
from routing.models import Rep
from tests.web.agreement_steps import page_of, read, said_after, text_of
from tests.web.conftest import Doors

NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)
KEY = "four_touchpoints"
LABEL = "Four or more touchpoints in 30 days"
TALK = "version_discussion"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def revops(version: DefinitionVersion) -> User:
    return User.objects.get(email="robin.ops@example.com")


@pytest.fixture
def draft(version: DefinitionVersion, revops: User) -> DefinitionVersion:
    """Version 2, still written."""
    return versions.revise(version, by=revops)


def say(client: Client, version: DefinitionVersion, text: str, about: str = "") -> Any:
    return client.post(page_of(version, TALK), {"text": text, "about": about})


def test_a_remark_joins_the_thread_of_its_criterion(
    version: DefinitionVersion, dana: Rep, manager: User, door: Doors
) -> None:
    rep = door(dana.user)

    response = say(rep, version, "Partners never get to four.", KEY)

    assert said_after(rep, response) == ["Your remark is kept."]
    assert response["Location"].endswith(f"#about-{KEY}")
    shown = read(door(manager), page_of(version, TALK))
    assert f'id="about-{KEY}"' in shown
    assert "Partners never get to four." in shown
    assert "Dana Fischer" in shown
    assert f">{LABEL}</h2>" in shown


def test_threads_stand_in_the_order_of_the_agreement_the_whole_first(
    version: DefinitionVersion, manager: User, door: Doors
) -> None:
    client = door(manager)
    keys = [*version.criterion_set.order_by("pk").values_list("key", flat=True)]
    for key in (keys[-1], keys[0], ""):
        say(client, version, f"About {key or 'all'}", key)

    threads = client.get(page_of(version, TALK)).context["threads"]

    assert threads[0].key == ""
    assert {thread.key for thread in threads} == {"", keys[0], keys[-1]}
    assert not any(thread.is_gone for thread in threads)


def test_a_thread_outlives_its_version_and_its_criterion(
    version: DefinitionVersion, draft: DefinitionVersion, manager: User, door: Doors
) -> None:
    client = door(manager)
    say(client, version, "Too few.", KEY)
    draft.criterion_set.filter(key=KEY).update(key="five_touchpoints")

    shown = read(client, page_of(draft, TALK))

    assert "Too few." in shown
    assert "about version 1" in shown
    assert "not in this version" in shown
    assert say(client, draft, "Still.", KEY).status_code == 422


@pytest.mark.parametrize("text", ["", "  ", "\u200b\u00a0"], ids=["blank", "spaces", "no width"])
def test_a_remark_says_something(
    version: DefinitionVersion, manager: User, door: Doors, text: str
) -> None:
    response = say(door(manager), version, text)

    assert response.status_code == 422
    assert "Write what the others should know." in text_of(response)
    assert not Remark.objects.exists()


def test_a_dialog_shows_one_thread_and_takes_an_answer(
    version: DefinitionVersion, manager: User, door: Doors
) -> None:
    client = door(manager)
    say(client, version, "About the whole.")

    opened = client.get(page_of(version, TALK), {"about": KEY}, headers=HTMX)
    added = client.post(page_of(version, TALK), {"text": "Five!", "about": KEY}, headers=HTMX)
    blank = client.post(page_of(version, TALK), {"text": " ", "about": KEY}, headers=HTMX)

    assert "About the whole." not in text_of(opened)
    assert LABEL in text_of(opened)
    assert "<html" not in text_of(opened)
    assert "Five!" in text_of(added)
    assert "Your remark is kept." in text_of(added)
    assert blank.status_code == 422
    assert "Five!" in text_of(blank)


def test_who_only_reads_adds_nothing(
    version: DefinitionVersion, auditor: User, door: Doors
) -> None:
    client = door(auditor)

    shown = read(client, page_of(version, TALK))

    assert "<textarea" not in shown
    assert say(client, version, "Hm.").status_code == 403
    assert client.post(page_of(version, "version_workshops")).status_code == 403
    assert client.post(proposals_of(version)).status_code == 403


def test_a_rep_sees_neither_a_draft_nor_what_was_said_of_it(
    version: DefinitionVersion, draft: DefinitionVersion, dana: Rep, revops: User, door: Doors
) -> None:
    discussions.remark(draft, text="We will raise it to six.", by=revops, at=NOW)
    rep = door(dana.user)

    assert rep.get(page_of(draft, TALK)).status_code == 404
    assert "six" not in read(rep, page_of(version, TALK))


WORKSHOP = {
    "held_on": "2026-01-30",
    "attendees": "Maya Lindqvist\nSamir Haddad",
    "ideal_customer": "Logistics, 50 to 2,000 people",
    "decisions": "Five touchpoints\nNo students",
}


def test_a_workshop_is_attached_to_a_draft(
    draft: DefinitionVersion, marketer: User, robin: Client, door: Doors
) -> None:
    client = door(marketer)

    response = client.post(page_of(draft, "version_workshops"), WORKSHOP)

    assert said_after(client, response) == ["The workshop is recorded."]
    shown = read(robin, page_of(draft, TALK))
    assert "Maya Lindqvist, Samir Haddad" in shown
    assert "<li>Five touchpoints</li><li>No students</li>" in shown
    assert Workshop.objects.get().recorded_by == marketer


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"held_on": ""}, "Say on which day it was held."),
        ({"held_on": "soon"}, "Pick a day."),
        ({"held_on": "2999-01-01"}, "this day is to come"),
        ({"attendees": " "}, "Name who was there"),
        ({"decisions": ""}, "Write what was decided"),
    ],
    ids=["no day", "no date", "to come", "nobody", "nothing"],
)
def test_a_workshop_says_when_who_and_what(
    draft: DefinitionVersion, robin: Client, changed: dict[str, str], wrong: str
) -> None:
    response = robin.post(page_of(draft, "version_workshops"), WORKSHOP | changed)

    assert response.status_code == 422
    assert wrong in text_of(response)
    assert "Logistics, 50 to 2,000 people" in text_of(response), "what was typed is kept"
    assert not Workshop.objects.exists()


def test_an_agreed_version_takes_no_further_record(
    version: DefinitionVersion, robin: Client
) -> None:
    assert "Record a workshop" not in read(robin, page_of(version, TALK))

    response = robin.post(page_of(version, "version_workshops"), WORKSHOP)

    assert "Attach the record to the next draft." in said_after(robin, response)[0]
    assert not Workshop.objects.exists()


def proposals_of(version: DefinitionVersion) -> str:
    return reverse("web:proposals", args=[version.definition.key])


def propose(client: Client, version: DefinitionVersion, field: str = "CRM in use") -> Any:
    said = {"field": field, "why": "Every first call begins with it."}
    return client.post(proposals_of(version), said)


def answer(client: Client, proposal: Proposal, **typed: str) -> Any:
    address = reverse("web:proposal_answer", args=[proposal.definition.key, proposal.public_id])
    return client.post(address, {"outcome": "adopted", "word": "In version 2."} | typed)


def test_a_rep_proposes_a_field_and_reads_the_answer(
    version: DefinitionVersion, dana: Rep, revops: User, robin: Client, door: Doors
) -> None:
    rep = door(dana.user)

    assert "Thank you." in said_after(rep, propose(rep, version))[0]

    (need,) = (one for one in needs_of(revops, at=NOW) if "proposed" in one.words)
    assert need.words == f"1 proposed field of {version.definition} waits for an answer."
    assert "CRM in use" in read(robin, need.address)
    said = said_after(robin, answer(robin, Proposal.objects.get()))
    assert said == ["Your answer to “CRM in use” is kept."]
    shown = read(rep, proposals_of(version))
    assert "Adopted" in shown
    assert "In version 2." in shown
    assert "Nothing waits" in shown
    assert not any("proposed" in one.words for one in needs_of(revops, at=NOW))


@pytest.mark.parametrize("blank", ["field", "why"])
def test_a_proposal_names_a_field_and_why(
    version: DefinitionVersion, dana: Rep, door: Doors, blank: str
) -> None:
    said = {"field": "CRM in use", "why": "It helps."} | {blank: " "}

    response = door(dana.user).post(proposals_of(version), said)

    assert response.status_code == 422
    assert f'aria-describedby="id_{blank}_wrong"' in text_of(response)
    assert not Proposal.objects.exists()


def test_a_field_is_proposed_once(
    version: DefinitionVersion, dana: Rep, manager: User, door: Doors
) -> None:
    rep = door(dana.user)
    propose(rep, version)

    assert propose(rep, version).status_code == 302, "a second click does no harm"
    other = propose(door(manager), version, "crm in use")

    assert other.status_code == 409
    assert "Somebody proposed this already" in text_of(other)
    assert Proposal.objects.count() == 1


def test_an_answer_comes_with_a_choice_and_a_word(
    version: DefinitionVersion, dana: Rep, robin: Client, door: Doors
) -> None:
    propose(door(dana.user), version)
    proposal = Proposal.objects.get()

    wordless = answer(robin, proposal, word=" ")
    undecided = answer(robin, proposal, outcome="", word="Hm.")

    assert (wordless.status_code, undecided.status_code) == (422, 422)
    assert "they read it" in text_of(wordless)
    assert "Choose: adopt it or decline it." in text_of(undecided)
    assert ">Hm.</textarea>" in text_of(undecided)
    proposal.refresh_from_db()
    assert proposal.outcome == ""


def test_a_proposal_is_answered_once_and_by_revops(
    version: DefinitionVersion, dana: Rep, manager: User, robin: Client, door: Doors
) -> None:
    propose(door(dana.user), version)
    proposal = Proposal.objects.get()
    assert answer(door(manager), proposal).status_code == 403
    answer(robin, proposal)

    late = answer(robin, proposal, outcome="declined")

    assert "Somebody was faster" in said_after(robin, late)[-1]
    proposal.refresh_from_db()
    assert proposal.outcome == "adopted"


def test_an_answer_is_to_a_proposal_of_the_definition(
    version: DefinitionVersion, dana: Rep, robin: Client, door: Doors
) -> None:
    propose(door(dana.user), version)
    address = reverse("web:proposal_answer", args=["another", Proposal.objects.get().public_id])

    assert robin.post(address, {"outcome": "adopted", "word": "Yes."}).status_code == 404


def test_what_people_said_takes_no_further_queries(
    draft: DefinitionVersion,
    revops: User,
    manager: User,
    robin: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    pages = (page_of(draft, TALK), proposals_of(draft))
    _talk(draft, revops, manager, range(3))
    counts = []
    for page in pages:
        read(robin, page)
        with CaptureQueriesContext(connection) as few:
            read(robin, page)
        counts.append(len(few))
    _talk(draft, revops, manager, range(3, 30))

    for page, count in zip(pages, counts, strict=True):
        with django_assert_num_queries(count):
            read(robin, page)


def _talk(version: DefinitionVersion, revops: User, manager: User, numbers: range) -> None:
    keys = [*version.criterion_set.order_by("pk").values_list("key", flat=True), ""]
    workshop: dict[str, Any] = WORKSHOP | {"held_on": timezone.localdate(NOW)}
    for number in numbers:
        by, at = (revops, manager)[number % 2], NOW + timedelta(minutes=number)
        key = keys[number % len(keys)]
        discussions.remark(version, criterion_key=key, text=f"Remark {number}", by=by, at=at)
        discussions.record_workshop(version, **workshop, by=by, at=at)
        proposals = [
            discussions.propose(
                version.definition, field=f"{name} {number}", why="It helps.", by=by, at=at
            )
            for name in ("Tool", "Budget")
        ]
        discussions.answer(proposals[0], outcome="declined", word="No.", by=revops, at=at)
