"""Questions about leads: asked of one person, on a clock, answered as a fact, or withdrawn."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff import pipeline
from definitions import versions
from definitions.models import DefinitionVersion
from leads import assertions
from leads.assertions import EvidenceRequired
from leads.models import Assertion, Lead, PendingMark
from routing import defaults, escalation, review_tasks
from routing.models import (
    Absence,
    BusinessCalendar,
    Notice,
    Rep,
    ReviewTask,
    SlaEvent,
    SlaTimer,
    SlaTimerStep,
)
from routing.review_tasks import AnswerHoldsTooLong, QuestionClosed
from tests import recipes
from tests.routing import asking, clockwork
from tests.routing.asking import KEY, QUESTION

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def version(db: None, noon: datetime) -> DefinitionVersion:
    """The agreement that asks, with office hours of 9 to 17 UTC on weekdays."""
    office = clockwork.office("UTC")
    BusinessCalendar.objects.filter(pk=office.pk).update(key="default")
    return asking.active(at=noon - 30 * DAY)


def waiting(*, at: datetime) -> ReviewTask:
    """A lead was judged, and waits for the answer alone."""
    lead = recipes.engaged_lead(at=at)
    pipeline.judge_pending(at=at)
    return ReviewTask.objects.get(lead=lead)


def clock(task: ReviewTask) -> SlaTimer:
    return SlaTimer.objects.get(review_task=task)


def told(task: ReviewTask, event: str) -> list[Any]:
    notices = Notice.objects.filter(kind="question_asked", detail__task=str(task.public_id))
    return [notice.recipient for notice in notices.filter(detail__event=event).order_by("pk")]


def say(task: ReviewTask, *, at: datetime, is_yes: bool = True, **said: Any) -> ReviewTask:
    values = {"evidence": "Their website says so.", "by": task.owner} | said
    return review_tasks.answer(task.pk, is_yes=is_yes, at=at, **values)


def test_a_lead_that_waits_for_an_answer_alone_is_asked_about(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)

    assert (task.key, task.question, task.version) == (KEY, QUESTION, version)
    assert task.owner == version.marketing_operator
    assert (task.state, task.opened_at) == ("open", noon)
    assert told(task, "asked") == [version.marketing_operator]
    timer = clock(task)
    assert (timer.milestone, timer.handoff_id) == ("answer", None)
    assert timer.due_at == noon + 4 * HOUR
    steps = SlaTimerStep.objects.filter(timer=timer).order_by("due_at", "pk")
    assert [(step.kind, step.due_at) for step in steps] == [
        ("warn", noon + 2 * HOUR),
        ("breach", noon + 4 * HOUR),
        ("escalate", noon + 4 * HOUR),
    ]


def test_the_clock_counts_business_time(version: DefinitionVersion, noon: datetime) -> None:
    task = waiting(at=noon + 4 * HOUR)

    assert clock(task).due_at == noon + DAY


def test_without_a_default_calendar_the_clock_counts_every_hour(db: None, noon: datetime) -> None:
    asking.active(at=noon - 30 * DAY)

    task = waiting(at=noon + 4 * HOUR)

    assert clock(task).due_at == noon + 8 * HOUR
    assert not clock(task).is_business_time


def test_judging_again_asks_nothing_twice(version: DefinitionVersion, noon: datetime) -> None:
    task = waiting(at=noon)
    recipes.touch(task.lead, "webinar_attended", at=noon + HOUR)

    pipeline.judge_pending(at=noon + HOUR)

    assert ReviewTask.objects.get() == task
    assert SlaTimer.objects.count() == 1


def test_a_yes_qualifies_the_lead_and_keeps_the_promise(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)

    task = say(task, at=noon + HOUR)

    assert (task.state, task.closed_at, task.answered_by) == ("answered", noon + HOUR, task.owner)
    said = Assertion.objects.get()
    assert task.assertion == said
    assert (said.what, said.value, said.expires_at) == (KEY, True, noon + HOUR + 30 * DAY)
    assert (clock(task).state, clock(task).stopped_at) == ("met", noon + HOUR)
    assert PendingMark.objects.filter(lead=task.lead).exists()
    pipeline.judge_pending(at=noon + HOUR)
    task.lead.refresh_from_db()
    assert task.lead.stage == "mql"


def test_a_no_is_an_answer_too_and_is_not_asked_again(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = say(waiting(at=noon), at=noon + HOUR, is_yes=False)

    pipeline.judge_pending(at=noon + HOUR)

    task.lead.refresh_from_db()
    assert task.lead.stage != "mql"
    assert not ReviewTask.objects.filter(state="open").exists()


def test_an_answer_that_expires_is_asked_for_again(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)
    say(task, at=noon, expires_at=noon + 5 * DAY)
    pipeline.judge_pending(at=noon)

    pipeline.judge_pending(at=noon + 5 * DAY)

    again = ReviewTask.objects.get(lead=task.lead, state="open")
    task.lead.refresh_from_db()
    assert again.opened_at == noon + 5 * DAY
    assert (task.lead.stage, task.lead.no_longer_meets) == ("mql", True)


def test_an_answer_says_how_it_is_known(version: DefinitionVersion, noon: datetime) -> None:
    task = waiting(at=noon)

    with pytest.raises(EvidenceRequired):
        say(task, at=noon, evidence="  ")

    task.refresh_from_db()
    assert task.state == "open"


@pytest.mark.parametrize("days", [0, 31])
def test_an_answer_holds_no_longer_than_both_sides_signed(
    version: DefinitionVersion, noon: datetime, days: int
) -> None:
    task = waiting(at=noon)

    with pytest.raises(AnswerHoldsTooLong, match="30 days"):
        say(task, at=noon, expires_at=noon + days * DAY)


def test_a_question_is_answered_once(version: DefinitionVersion, noon: datetime) -> None:
    task = say(waiting(at=noon), at=noon)

    with pytest.raises(QuestionClosed, match="already"):
        say(task, at=noon, is_yes=False)

    assert Assertion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_answer_at_once_give_one_answer(noon: datetime) -> None:
    asking.active(at=noon - 30 * DAY)
    task = waiting(at=noon)
    start, refused = Barrier(2), []

    def answer(is_yes: bool) -> None:
        start.wait()
        try:
            say(task, at=noon, is_yes=is_yes)
        except QuestionClosed as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=answer, args=(is_yes,)) for is_yes in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == Assertion.objects.count() == 1
    assert SlaEvent.objects.filter(kind="met").count() == 1


def test_a_lead_that_waits_no_longer_is_not_asked_about(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)
    recipes.touch(task.lead, "demo_request", at=noon + HOUR)
    defaults.load_defaults(manager=recipes.person("Mona Manager"))

    pipeline.judge_pending(at=noon + HOUR)

    task.refresh_from_db()
    assert (task.state, task.closed_at) == ("cancelled", noon + HOUR)
    assert clock(task).state == "cancelled"
    assert not SlaTimerStep.objects.filter(timer=clock(task), state="armed").exists()
    with pytest.raises(QuestionClosed, match="not asked any more"):
        say(task, at=noon + HOUR)


def test_an_answer_given_elsewhere_ends_the_question(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)
    assertions.record(
        task.lead, what=KEY, value=True, evidence="A call.", by=task.owner, at=noon + HOUR
    )

    pipeline.judge_pending(at=noon + HOUR)

    task.refresh_from_db()
    assert task.state == "cancelled"


def test_silence_warns_breaches_and_tells_the_deputy(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)

    assert escalation.fire_due(at=noon + 2 * HOUR, limit=10) == 1
    assert told(task, "warn") == [version.marketing_operator]
    assert escalation.fire_due(at=noon + 4 * HOUR, limit=10) == 2

    assert clock(task).state == "breached"
    assert told(task, "breach") == [version.marketing_operator]
    assert set(told(task, "escalate")) == {version.marketing_operator, version.marketing_deputy}
    assert escalation.fire_due(at=noon + DAY, limit=10) == 0


def test_an_answer_after_the_due_instant_is_late(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)

    say(task, at=noon + 5 * HOUR)

    timer = clock(task)
    assert (timer.state, timer.stopped_at) == ("breached", noon + 5 * HOUR)
    kinds = SlaEvent.objects.filter(timer=timer).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["started", "breached", "answered_late"]
    assert escalation.fire_due(at=noon + DAY, limit=10) == 0


def test_the_deputy_is_asked_while_the_operator_is_away(
    version: DefinitionVersion, noon: datetime
) -> None:
    rep = Rep.objects.create(user=version.marketing_operator, manager=recipes.person())
    Absence.objects.create(rep=rep, span=DateTimeTZRange(noon - DAY, noon + DAY))

    assert waiting(at=noon).owner == version.marketing_deputy


def test_nobody_is_never_asked(version: DefinitionVersion, noon: datetime) -> None:
    for person in (version.marketing_operator, version.marketing_deputy, version.author):
        person.is_active = False
        person.save(update_fields=["is_active"])
    manager = recipes.person("Quentin")
    clockwork.queue(manager=manager, is_fallback=True)

    assert waiting(at=noon).owner == manager


def test_the_deputy_takes_over_from_an_operator_who_left(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)
    task.owner.is_active = False
    task.owner.save(update_fields=["is_active"])

    escalation.fire_due(at=noon + 4 * HOUR, limit=10)

    task.refresh_from_db()
    assert task.owner == version.marketing_deputy
    assert told(task, "escalate") == [version.marketing_deputy]


@pytest.mark.django_db(transaction=True)
def test_a_question_in_somebodys_hands_is_left_alone(noon: datetime) -> None:
    asking.active(at=noon - 30 * DAY)
    task = waiting(at=noon)
    fired: list[bool] = []

    def fire() -> None:
        fired.append(review_tasks.fire_next(task.pk, at=noon + DAY))
        connection.close()

    with transaction.atomic():
        say(task, at=noon)
        thread = Thread(target=fire)
        thread.start()
        thread.join()
        transaction.set_rollback(True)

    assert fired == [False]
    assert review_tasks.fire_next(task.pk, at=noon + DAY)


@dataclass
class Judged:
    """What qualification says of a lead."""

    lead: Lead
    version: DefinitionVersion | None = None
    questions: tuple[str, ...] = ()


def test_a_reworded_question_is_asked_anew(version: DefinitionVersion, noon: datetime) -> None:
    task = waiting(at=noon)
    newer = versions.revise(version, by=version.author)
    newer.question_set.update(question="Do they sell to businesses?")
    versions.submit(newer, by=version.author, at=noon)

    asked = review_tasks.heed([Judged(task.lead, newer, (KEY,))], at=noon + HOUR)

    task.refresh_from_db()
    assert task.state == "cancelled"
    assert [one.question for one in asked] == ["Do they sell to businesses?"]


def test_a_question_of_the_same_words_stays_open_under_a_newer_version(
    version: DefinitionVersion, noon: datetime
) -> None:
    task = waiting(at=noon)
    newer = versions.revise(version, by=version.author)
    versions.submit(newer, by=version.author, at=noon)

    assert review_tasks.heed([Judged(task.lead, newer, (KEY,))], at=noon + HOUR) == []

    task.refresh_from_db()
    assert task.state == "open"


def test_looking_at_many_leads_costs_one_query_when_nothing_is_asked(
    version: DefinitionVersion, noon: datetime, django_assert_num_queries: Any
) -> None:
    leads = [recipes.fitting_lead(at=noon) for _ in range(5)]

    with django_assert_num_queries(1):
        review_tasks.heed([Judged(lead) for lead in leads], at=noon)
