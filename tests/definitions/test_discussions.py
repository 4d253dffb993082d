"""Remarks, workshops and proposed fields: what people say about an agreement."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import discussions, versions
from definitions.discussions import (
    AlreadyProposed,
    AnswerRequired,
    CriterionUnknown,
    ProposalAnswered,
    ProposalIncomplete,
    RemarkIsBlank,
    WorkshopIncomplete,
    WorkshopTooLate,
)
from definitions.enums import VersionState
from definitions.models import DefinitionVersion, Proposal, Remark, Workshop
from tests.definitions.test_races import in_threads

InState = Callable[[str], DefinitionVersion]

WORKSHOP: dict[str, Any] = {
    "held_on": date(2026, 1, 12),
    "attendees": "Marta Marketing\n\n  Sam Sales ",
    "ideal_customer": "Logistics, 50 to 2,000 people, DACH",
    "decisions": "Four touchpoints for SQL\nNo students",
}


def test_remark_joins_the_thread_of_its_criterion(
    draft: DefinitionVersion, marta: User, sam: User, noon: datetime
) -> None:
    discussions.remark(draft, criterion_key="german", text=" Why Germans alone? ", by=sam, at=noon)
    discussions.remark(draft, text="Reads well.", by=marta, at=noon + timedelta(hours=1))

    about_german, about_all = Remark.objects.order_by("said_at")
    assert (about_german.criterion_key, about_german.text) == ("german", "Why Germans alone?")
    assert (about_german.version, about_german.definition) == (draft, draft.definition)
    assert (about_german.said_by, about_german.said_at) == (sam, noon)
    assert (about_all.criterion_key, about_all.said_by) == ("", marta)


def test_threads_outlive_a_version(
    in_state: InState, rita: User, sam: User, noon: datetime
) -> None:
    first = in_state("active")
    discussions.remark(first, criterion_key="german", text="And Austria?", by=sam, at=noon)
    second = versions.revise(first, by=rita)
    discussions.remark(second, criterion_key="german", text="Later.", by=rita, at=noon)
    discussions.remark(second, text="Ready.", by=rita, at=noon)

    assert discussions.remark_counts(first.definition) == {"german": 2, "": 1}


def test_remark_says_something(draft: DefinitionVersion, sam: User, noon: datetime) -> None:
    with pytest.raises(RemarkIsBlank):
        discussions.remark(draft, text=" \n ", by=sam, at=noon)


def test_remark_is_about_a_criterion_of_the_version(
    draft: DefinitionVersion, sam: User, noon: datetime
) -> None:
    with pytest.raises(CriterionUnknown):
        discussions.remark(draft, criterion_key="french", text="Why?", by=sam, at=noon)


def test_workshop_is_recorded_with_its_lines(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    workshop = discussions.record_workshop(draft, **WORKSHOP, by=rita, at=noon)

    workshop.refresh_from_db()
    assert (workshop.version, workshop.held_on) == (draft, date(2026, 1, 12))
    assert workshop.attendees == "Marta Marketing\nSam Sales"
    assert workshop.decisions == "Four touchpoints for SQL\nNo students"
    assert (workshop.recorded_by, workshop.recorded_at) == (rita, noon)


@pytest.mark.parametrize("state", VersionState.values)
def test_workshop_attaches_to_what_is_still_worked_on(
    in_state: InState, rita: User, noon: datetime, state: str
) -> None:
    version = in_state(state)

    if state in ("draft", "in_review"):
        discussions.record_workshop(version, **WORKSHOP, by=rita, at=noon)
    else:
        with pytest.raises(WorkshopTooLate):
            discussions.record_workshop(version, **WORKSHOP, by=rita, at=noon)
    assert Workshop.objects.count() == (state in ("draft", "in_review"))


@pytest.mark.parametrize("blank", ["attendees", "decisions"])
def test_workshop_names_who_decided_what(
    draft: DefinitionVersion, rita: User, noon: datetime, blank: str
) -> None:
    with pytest.raises(WorkshopIncomplete):
        discussions.record_workshop(draft, **WORKSHOP | {blank: " \n"}, by=rita, at=noon)


def propose(
    draft: DefinitionVersion, by: User, at: datetime, field: str = "CRM in use"
) -> Proposal:
    why = "Every first call begins with it."
    return discussions.propose(draft.definition, field=field, why=why, by=by, at=at)


def test_proposal_waits_for_an_answer(draft: DefinitionVersion, sam: User, noon: datetime) -> None:
    proposal = propose(draft, sam, noon, " CRM in use ")

    proposal.refresh_from_db()
    assert (proposal.field, proposal.why) == ("CRM in use", "Every first call begins with it.")
    assert (proposal.proposed_by, proposal.proposed_at, proposal.outcome) == (sam, noon, "")


@pytest.mark.parametrize("blank", [{"field": " "}, {"why": ""}], ids=str)
def test_proposal_names_a_field_and_why(
    draft: DefinitionVersion, sam: User, noon: datetime, blank: dict[str, str]
) -> None:
    said = {"field": "CRM in use", "why": "Every first call begins with it."} | blank

    with pytest.raises(ProposalIncomplete):
        discussions.propose(draft.definition, **said, by=sam, at=noon)


def test_a_field_is_proposed_once_until_it_is_answered(
    draft: DefinitionVersion, sam: User, marta: User, rita: User, noon: datetime
) -> None:
    first = propose(draft, sam, noon)

    with pytest.raises(AlreadyProposed, match="“crm in use” is proposed already"):
        propose(draft, marta, noon, "crm in use")

    discussions.answer(first, outcome="declined", word="Not yet.", by=rita, at=noon)
    assert propose(draft, marta, noon, "crm in use").outcome == ""


@pytest.mark.parametrize("outcome", ["adopted", "declined"])
def test_answer_comes_with_a_word(
    draft: DefinitionVersion, sam: User, rita: User, noon: datetime, outcome: str
) -> None:
    proposal, later = propose(draft, sam, noon), noon + timedelta(days=1)

    with pytest.raises(AnswerRequired):
        discussions.answer(proposal, outcome=outcome, word=" ", by=rita, at=later)
    discussions.answer(proposal, outcome=outcome, word=" Fair. ", by=rita, at=later)

    proposal.refresh_from_db()
    assert (proposal.outcome, proposal.answer) == (outcome, "Fair.")
    assert (proposal.answered_by, proposal.answered_at) == (rita, later)


def test_a_proposal_is_answered_once(
    draft: DefinitionVersion, sam: User, rita: User, noon: datetime
) -> None:
    proposal = propose(draft, sam, noon)
    stale = Proposal.objects.get()
    discussions.answer(proposal, outcome="adopted", word="In v2.", by=rita, at=noon)

    with pytest.raises(ProposalAnswered, match="“CRM in use” was adopted"):
        discussions.answer(stale, outcome="declined", word="No.", by=rita, at=noon)


def test_an_answer_adopts_or_declines(
    draft: DefinitionVersion, sam: User, rita: User, noon: datetime
) -> None:
    with pytest.raises(ValueError, match="maybe"):
        discussions.answer(propose(draft, sam, noon), outcome="maybe", word="?", by=rita, at=noon)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_proposal(
    draft: DefinitionVersion, sam: User, noon: datetime
) -> None:
    def click() -> str:
        return propose(draft, sam, noon).field

    done = in_threads(click, click)

    assert {type(one) for one in done} == {AlreadyProposed, str}
    assert Proposal.objects.count() == 1
