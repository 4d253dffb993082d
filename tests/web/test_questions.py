"""The questions that leads wait for: listed for those who are asked, and answered there."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_handoff import pipeline
from crm_handoff.people import roles
from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from definitions.models import DefinitionVersion
from leads import assertions
from leads.models import Assertion
from routing.models import ReviewTask
from tests import recipes
from tests.routing import asking
from tests.routing.asking import KEY, QUESTION
from tests.web import world

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def version() -> DefinitionVersion:
    """The agreement that asks, and the marketing lead, who is the operator."""
    found = asking.active(at=timezone.now() - 30 * DAY)
    for person in (found.marketing_operator, found.marketing_deputy):
        roles.grant(person, Role.MARKETING_LEAD)
    roles.grant(found.sales_operator, Role.SALES_MANAGER)
    return found


def waiting(*, at: datetime | None = None) -> ReviewTask:
    """A lead was judged, and waits for the answer alone."""
    at = at or timezone.now() - HOUR
    lead = recipes.engaged_lead(at=at)
    pipeline.judge_pending(at=at)
    return ReviewTask.objects.get(lead=lead)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: User, **query: str) -> str:
    response = signed_in(person).get(reverse("web:questions"), query)
    assert response.status_code == 200
    return response.content.decode()


def answer_of(task: ReviewTask) -> str:
    return reverse("web:question_answer", args=[task.public_id])


def reply(person: User, task: ReviewTask, **said: Any) -> Any:
    until = timezone.localdate() + 20 * DAY
    values = {"answer": "yes", "evidence": "Their price list.", "until": until.isoformat()}
    return signed_in(person).post(answer_of(task), values | said)


def test_whoever_is_asked_sees_the_question_and_whom_it_is_about(
    version: DefinitionVersion,
) -> None:
    task = waiting()

    text = page(version.marketing_operator)

    assert QUESTION in text
    assert str(task.lead) in text
    assert "asked of you" in text
    assert "due in" in text
    assert answer_of(task) in text


def test_the_bar_counts_what_waits(version: DefinitionVersion) -> None:
    waiting()
    waiting()

    assert "2 wait for you" in page(version.marketing_operator)
    assert "wait for you" not in page(world.person("Avery", Role.AUDITOR))


def test_without_questions_the_page_says_when_there_will_be_some(
    version: DefinitionVersion,
) -> None:
    assert "No question waits for you" in page(version.marketing_operator)
    assert "No question is open" in page(version.marketing_operator, show="all")
    assert "Nothing answered yet" in page(version.marketing_operator, show="answered")


def test_the_other_side_sees_what_is_asked_and_a_rep_does_not(
    version: DefinitionVersion,
) -> None:
    task = waiting()
    rep = world.person("Rita Rep", Role.REP)

    assert QUESTION in page(version.sales_operator, show="all")
    assert QUESTION not in page(rep, show="all")
    assert signed_in(rep).get(answer_of(task)).status_code == 404


def test_the_question_shows_what_was_seen_of_the_lead(version: DefinitionVersion) -> None:
    task = waiting()

    text = signed_in(version.marketing_operator).get(answer_of(task)).content.decode()

    assert "Case study" in text
    assert "Chief Technology Officer" in text
    assert f"Somebody said yes to {KEY}" in text
    assert "the agreement allows 30 days" in text


def test_an_answer_becomes_a_fact_until_the_chosen_day_is_over(
    version: DefinitionVersion,
) -> None:
    task = waiting()

    response = reply(version.marketing_operator, task)

    assert response.status_code == 302
    assert response.url == reverse("web:questions")
    said = Assertion.objects.get()
    assert (said.value, said.evidence) == (True, "Their price list.")
    assert said.asserted_by == version.marketing_operator
    day_after = timezone.localdate() + 21 * DAY
    assert timezone.localtime(said.expires_at).replace(tzinfo=None) == datetime.combine(
        day_after, datetime.min.time()
    )
    assert "Their price list." in page(version.marketing_operator, show="answered")


def test_the_last_day_that_the_agreement_allows_can_be_chosen(
    version: DefinitionVersion,
) -> None:
    task = waiting()
    last = timezone.localdate() + 30 * DAY

    assert reply(version.marketing_operator, task, until=last.isoformat()).status_code == 302

    held_for = Assertion.objects.get().expires_at - Assertion.objects.get().asserted_at
    assert held_for == 30 * DAY


def test_after_an_answer_the_next_question_comes(version: DefinitionVersion) -> None:
    first, second = waiting(at=timezone.now() - 2 * HOUR), waiting()

    response = reply(version.marketing_operator, first)

    assert response.url == answer_of(second)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"answer": ""}, "Choose yes or no."),
        ({"evidence": " "}, "Say in a sentence how you know."),
        ({"evidence": "\u200b"}, "Say in a sentence how you know."),
        ({"until": ""}, "Choose the last day"),
        ({"until": (timezone.localdate() - DAY).isoformat()}, "up to 30 days"),
        ({"until": (timezone.localdate() + 32 * DAY).isoformat()}, "up to 30 days"),
        ({"until": "someday"}, "Choose the last day"),
    ],
)
def test_what_is_missing_is_said_beside_it(
    version: DefinitionVersion, said: dict[str, str], words: str
) -> None:
    task = waiting()

    response = reply(version.marketing_operator, task, **said)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Assertion.objects.exists()


def test_whoever_was_slower_is_told_so(version: DefinitionVersion) -> None:
    task = waiting()
    reply(version.marketing_deputy, task, answer="no")

    client = signed_in(version.marketing_operator)
    response = client.post(
        answer_of(task),
        {"answer": "yes", "evidence": "A call.", "until": timezone.localdate().isoformat()},
        follow=True,
    )

    assert "answered already" in response.content.decode()
    assert Assertion.objects.get().value is False
    text = client.get(answer_of(task)).content.decode()
    assert "Their price list." in text
    assert "How do you know?" not in text


def test_only_those_who_are_asked_answer(version: DefinitionVersion) -> None:
    task = waiting()
    revops = world.person("Robin Ops", Role.REVOPS)
    auditor = world.person("Avery", Role.AUDITOR)

    for person in (revops, auditor, version.sales_operator):
        assert "How do you know?" not in signed_in(person).get(answer_of(task)).content.decode()
        assert reply(person, task).status_code == 403
    assert "No question waits for you" in page(version.sales_operator)
    assert reply(version.marketing_deputy, task).status_code == 302


def test_the_lead_says_what_it_waits_for_and_what_was_answered(
    version: DefinitionVersion,
) -> None:
    task = waiting()
    client = signed_in(version.sales_operator)
    lead_page = reverse("web:lead", args=[task.lead.public_id])

    assert "waits for an answer" in client.get(lead_page).content.decode()

    reply(version.marketing_operator, task)
    text = client.get(lead_page).content.decode()
    assert "waits for an answer" not in text
    assert "Their price list." in text


def test_the_home_page_says_what_waits(version: DefinitionVersion) -> None:
    waiting()

    text = signed_in(version.marketing_operator).get(reverse("web:home")).content.decode()

    assert "1 lead waits for your answer to a question." in text


def test_a_question_that_is_not_asked_any_more_says_so(version: DefinitionVersion) -> None:
    task = waiting()
    assertions.record(
        task.lead,
        what=KEY,
        value=True,
        evidence="A call.",
        by=version.sales_operator,
        at=timezone.now(),
    )
    pipeline.judge_pending()

    text = signed_in(version.marketing_operator).get(answer_of(task)).content.decode()

    assert "Not asked any more" in text


def test_the_list_takes_as_many_queries_for_three_as_for_many(version: DefinitionVersion) -> None:
    client = signed_in(version.marketing_operator)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("web:questions")).status_code == 200
        return len(queries)

    for _ in range(3):
        waiting()
    count()
    for_three = count()
    for _ in range(9):
        waiting()

    assert count() == for_three <= 15
