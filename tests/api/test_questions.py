from datetime import timedelta

import pytest

from crm_handoff import pipeline
from crm_handoff.people.roles import Role
from routing import review_tasks
from routing.models import ReviewTask
from tests import recipes
from tests.routing import asking
from tests.routing.asking import KEY, QUESTION


@pytest.fixture
def task(db, noon):
    asking.active(at=noon - timedelta(days=30))
    lead = recipes.engaged_lead(at=noon)
    pipeline.judge_pending(at=noon)
    return ReviewTask.objects.get(lead=lead)


def test_an_open_question_says_who_is_asked(signed_in, task):
    (asked,) = signed_in(Role.AUDITOR).read("/questions/", state="open").json()["results"]

    assert asked["lead"] == str(task.lead.public_id)
    assert (asked["key"], asked["question"], asked["side"]) == (KEY, QUESTION, "marketing")
    assert asked["owner"] == task.owner.email
    assert asked["version"] == {"definition": "mid-market", "number": 1}
    assert (asked["answer"], asked["evidence"], asked["answered_by"]) == (None, None, None)


def test_an_answered_question_says_what_was_answered_and_until_when(signed_in, task, noon):
    review_tasks.answer(
        task.pk, is_yes=False, evidence="They sell to people.", by=task.owner, at=noon
    )

    (asked,) = signed_in(Role.AUDITOR).read("/questions/", answer="false").json()["results"]

    assert (asked["state"], asked["answer"]) == ("answered", False)
    assert asked["evidence"] == "They sell to people."
    assert asked["expires_at"] == "2026-02-12T12:00:00Z"
    assert signed_in(Role.REVOPS).read("/questions/", answer="true").json()["results"] == []


def test_a_rep_reads_only_what_they_are_asked(signed_in, task):
    assert signed_in(Role.REP).read("/questions/").json()["results"] == []


def test_the_clock_of_a_question_names_it_and_its_lead(signed_in, task):
    auditor = signed_in(Role.AUDITOR)
    lead = str(task.lead.public_id)

    (clock,) = auditor.read("/timers/", milestone="answer", lead=lead).json()["results"]

    assert (clock["handoff"], clock["lead"]) == (None, lead)
    assert clock["question"] == str(task.public_id)
    assert (clock["term"], clock["respond_within_seconds"]) == (KEY, 4 * 3600)
