"""The whole story: facts come in, a worker runs, and sales has the lead."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from crm_handoff import pipeline
from definitions.enums import AttemptKind
from leads import pending, qualification
from leads.models import Evaluation, Lead, PendingMark
from routing import defaults, handoffs, packet
from routing.enums import AttemptOutcome
from routing.models import Handoff, Notice, Rep, SlaTimer
from tests import recipes
from tests.routing import sales


@pytest.fixture
def sales_team(db, active_version):
    """A territory that covers everybody, worked by two reps on UTC office hours."""
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    return sales.team(sales.rep("Rita"), sales.rep("Ralf"), countries=[])


def test_a_lead_that_asks_for_a_demo_is_owned_timed_and_told_of(sales_team, noon):
    lead = recipes.demanding_lead(at=noon)

    assert pipeline.judge_pending(at=noon + timedelta(seconds=1)) == 1

    handoff = Handoff.objects.get(lead=lead)
    lead.refresh_from_db()
    timer = SlaTimer.objects.get(handoff=handoff)
    assert lead.stage == "sql"
    assert handoff.rep is not None
    assert handoff.packet["schema"] == packet.SCHEMA
    assert timer.due_at == noon + timedelta(minutes=5)
    assert Notice.objects.filter(recipient=handoff.rep.user, kind="assigned").count() == 1
    assert not PendingMark.objects.exists()


def test_a_lead_that_does_not_qualify_is_judged_and_left_with_marketing(sales_team, noon):
    lead = recipes.engaged_lead(at=noon)

    pipeline.judge_pending(at=noon)

    lead.refresh_from_db()
    assert lead.stage == "mql"
    assert not Handoff.objects.exists()
    assert not PendingMark.objects.exists()


def test_every_qualified_lead_of_a_batch_is_handed_over(sales_team, noon):
    leads = [recipes.demanding_lead(at=noon) for _ in range(7)]

    assert pipeline.judge_pending(at=noon) == 7

    assert Handoff.objects.count() == len(leads)
    loads = sorted(Rep.objects.values_list("open_count", flat=True))
    assert loads == [3, 4]
    assert not PendingMark.objects.exists()


def test_a_place_that_became_free_goes_to_who_waits_not_to_who_comes(sales_team, noon):
    Rep.objects.filter(pk=sales_team.memberships.order_by("pk").last().rep_id).update(
        is_active=False
    )
    Rep.objects.filter(is_active=True).update(capacity=1)
    first, waiting = (recipes.demanding_lead(at=noon) for _ in range(2))
    pipeline.judge_pending(at=noon)
    held = Handoff.objects.get(rep__isnull=False)
    later = noon + timedelta(minutes=10)
    handoffs.reject(
        held.pk, reason=sales.reason(), comment="Wrong number.", by=held.rep.user, at=later
    )

    recipes.demanding_lead(at=later)
    pipeline.judge_pending(at=later)

    served = Handoff.objects.get(rep__isnull=False, status="assigned")
    assert served.lead_id == ({first.pk, waiting.pk} - {held.lead_id}).pop()


def test_one_lead_is_judged_and_handed_over_in_few_queries(
    sales_team, noon, django_assert_max_num_queries
):
    recipes.demanding_lead(at=noon)
    pipeline.judge_pending(at=noon)
    lead = recipes.demanding_lead(at=noon + timedelta(minutes=1))

    with django_assert_max_num_queries(56):
        pipeline.judge_pending(at=noon + timedelta(minutes=1))

    assert Handoff.objects.filter(lead=lead).exists()


def test_a_lead_of_a_batch_is_not_judged_twice(sales_team, noon, django_assert_max_num_queries):
    """Those after the first are handed over by the judgement of the batch."""
    leads = [recipes.demanding_lead(at=noon) for _ in range(2)]
    pipeline.judge_pending(at=noon)
    leads += [recipes.demanding_lead(at=noon) for _ in range(5)]

    with django_assert_max_num_queries(57 + 4 * 40):
        assert pipeline.judge_pending(at=noon) == 5

    assert Handoff.objects.count() == len(leads)
    assert Evaluation.objects.count() == len(leads)


def test_news_of_a_reserved_lead_are_heard_before_it_is_handed_over(sales_team, noon):
    """What came between the batch and its turn is judged with the rest."""
    lead = recipes.demanding_lead(at=noon)
    (claim,) = qualification.claim(limit=1, due_by=noon)
    (judged,) = qualification.judge([lead.pk], at=noon)
    pending.reserve(claim.mark_ids, until=noon + timedelta(seconds=10))
    recipes.touch(lead, "comparison_page_view", at=noon + timedelta(seconds=1))
    waiting = pipeline.Waiting(judged, claim.mark_ids)

    pipeline.hand_over(lead.pk, at=noon + timedelta(seconds=2), waiting=waiting)

    handoff = Handoff.objects.get(lead=lead)
    assert handoff.evaluation.at == noon + timedelta(seconds=2)
    assert not PendingMark.objects.exists()


def test_a_reserved_lead_is_left_to_its_worker_for_a_while(sales_team, noon):
    lead = recipes.demanding_lead(at=noon)
    (claim,) = qualification.claim(limit=1, due_by=noon)

    pending.reserve(claim.mark_ids, until=noon + timedelta(seconds=10))

    assert pipeline.judge_pending(at=noon + timedelta(seconds=9)) == 0
    assert pipeline.judge_pending(at=noon + timedelta(seconds=10)) == 1
    assert Handoff.objects.filter(lead=lead).exists()


def test_judging_again_hands_nothing_over_twice(sales_team, noon):
    lead = recipes.demanding_lead(at=noon)
    pipeline.judge_pending(at=noon)
    recipes.touch(lead, "pricing_page_view", at=noon + timedelta(minutes=1))

    assert pipeline.judge_pending(at=noon + timedelta(minutes=2)) == 1

    assert Handoff.objects.count() == 1


def test_a_lead_that_cannot_be_judged_holds_up_no_other(sales_team, noon, caplog):
    """A packet that cannot be stored stands for whatever one bad lead can bring."""
    bad, good = recipes.demanding_lead(at=noon), recipes.demanding_lead(at=noon)
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE routing_handoff ADD CONSTRAINT no_bad_lead CHECK (lead_id <> {bad.pk})"
        )

    pipeline.judge_pending(at=noon)

    assert Handoff.objects.get().lead == good
    mark = PendingMark.objects.filter(lead=bad).first()
    assert mark is not None
    assert mark.failure_count == 1
    assert mark.retry_at == noon + timedelta(seconds=30)
    assert pipeline.judge_pending(at=noon + timedelta(seconds=29)) == 0
    assert "no_bad_lead" in caplog.text


def test_a_lead_that_failed_is_judged_when_the_reason_is_gone(sales_team, noon):
    lead = recipes.demanding_lead(at=noon)
    PendingMark.objects.filter(lead=lead).update(
        failure_count=3, retry_at=noon + timedelta(minutes=4)
    )

    assert pipeline.judge_pending(at=noon + timedelta(minutes=4)) == 1

    assert Handoff.objects.filter(lead=lead).exists()


@pytest.mark.django_db(transaction=True)
def test_four_workers_share_the_leads_without_doubles(active_version, sales_team, noon):
    leads = [recipes.demanding_lead(at=noon) for _ in range(20)]
    barrier = Barrier(4)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait()
            while pipeline.judge_pending(limit=3, at=noon):
                pass
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while pipeline.judge_pending(at=noon):
        pass

    assert failures == []
    assert Handoff.objects.count() == len(leads)
    assert Handoff.objects.values("lead").distinct().count() == len(leads)
    assert sorted(Rep.objects.values_list("open_count", flat=True)) == [10, 10]


def test_a_whole_life_from_demo_request_to_won(sales_team, noon):
    lead = recipes.demanding_lead(at=noon)
    pipeline.judge_pending(at=noon)
    handoff = Handoff.objects.select_related("rep__user").get(lead=lead)
    assert handoff.rep is not None
    rep = handoff.rep.user

    handoffs.attempt(
        handoff.pk,
        by=rep,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.REACHED,
        at=noon + timedelta(minutes=2),
    )
    handoffs.accept(handoff.pk, by=rep, at=noon + timedelta(minutes=3))
    deal = handoffs.open_opportunity(
        handoff.pk, name="A deal", by=rep, at=noon + timedelta(days=1)
    )
    handoffs.close_opportunity(deal.pk, is_won=True, at=noon + timedelta(days=20))

    stages = lead.transitions.order_by("pk").values_list("to_stage", flat=True)
    assert list(stages) == ["sql", "sal", "opportunity", "won"]
    assert SlaTimer.objects.get(handoff=handoff, milestone="first_response").state == "met"
    assert Lead.objects.get(pk=lead.pk).stage == "won"
    assert Rep.objects.get(pk=handoff.rep_id).open_count == 0


def test_the_clock_starts_with_the_fact_that_tipped_the_lead(sales_team, noon):
    """Nobody judged for an hour, and meanwhile the lead looked around some more."""
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    lead = recipes.fitting_lead(at=noon - 3 * hour)
    recipes.touch(lead, "demo_request", at=noon - hour)
    recipes.touch(lead, "page_view", at=noon - minute)

    pipeline.judge_pending(at=noon)

    handoff = Handoff.objects.get(lead=lead)
    assert handoff.qualified_at == noon - hour
    assert SlaTimer.objects.get(handoff=handoff).due_at == noon - hour + 5 * minute
