"""The demo's year: lively for every role, and every number hangs together."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from crm_handoff import demo, invariants
from crm_handoff.checkups import Checkup
from crm_handoff.demo import cast, simulation
from crm_handoff.integrations.models import Delivery
from crm_handoff.models import Organization, User
from crm_handoff.people.demo import DEMO_LOGINS
from crm_handoff.people.roles import Role
from crm_handoff.reports import criteria
from definitions.models import DefinitionVersion, SignOff
from definitions.vocabulary import Process
from leads.enums import Stage
from leads.models import (
    Account,
    Asset,
    Campaign,
    Evaluation,
    Lead,
    Note,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)
from routing.enums import BatchKind, HandoffStatus, ReasonCategory
from routing.models import (
    Absence,
    Attempt,
    Confirmation,
    FollowUp,
    Handoff,
    Notice,
    Rejection,
    Rep,
    RoutingDecision,
    RoutingPlan,
    RoutingRule,
    SlaAlert,
    SlaTimer,
    Suspension,
    TerritoryMembership,
)

AT = datetime(2026, 11, 22, 12, 37, 4, tzinfo=UTC)
"""A Sunday: nobody's office hours."""
WEEKS = 14
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", autouse=True)
def year(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A quarter of the demo, gone again after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert demo.load(at=AT, weeks=WEEKS)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        transaction.set_rollback(True)


pytestmark = pytest.mark.django_db


def open_of(email: str) -> list[Handoff]:
    held = Handoff.objects.filter(status__in=HandoffStatus.HELD, rep__user__email=email)
    return list(held.order_by("pk"))


def browser(email: str) -> Client:
    client = Client()
    person = User.objects.get(email=email)
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return client


def test_nothing_is_violated():
    assert invariants.violated(at=AT) == {}
    assert not PendingMark.objects.exists()


def test_a_second_load_changes_nothing():
    assert not demo.load(at=AT)
    assert Organization.objects.count() == 1


def test_nobody_is_mailed_what_was_told_in_the_past():
    assert not Delivery.objects.exists()
    assert not Notice.objects.filter(handled_at=None).exists()
    assert not Notice.objects.filter(read_at=None, at__lt=AT - 2 * DAY).exists()
    assert Notice.objects.filter(read_at=None, recipient__email=cast.DANA).exists()


def test_both_agreements_are_in_force_and_a_second_version_waits_for_sales():
    active = DefinitionVersion.objects.filter(state="active")
    assert {(one.definition.key, one.number) for one in active} == {
        ("mid-market", 1),
        ("small-business", 1),
    }
    second = DefinitionVersion.objects.get(state="in_review")
    assert (second.definition.key, second.number) == ("mid-market", 2)
    assert second.change_note
    assert [one.side for one in SignOff.objects.filter(version=second)] == ["marketing"]


def test_one_rep_is_full_one_is_away_and_one_will_be():
    full = Rep.objects.get(user__email=cast.OLIVER)
    assert (full.open_count, full.excess_count) == (full.capacity, 0)
    assert full.capacity >= 10
    away = Absence.objects.get(span__contains=AT, series=None)
    assert (away.rep.user.email, away.delegate.user.email) == (cast.JONAS, cast.DANA)
    assert Absence.objects.filter(span__startswith__gt=AT).exists()
    assert not Rep.objects.get(user__email=cast.TOM).is_active


@pytest.mark.parametrize("email", [cast.DANA, cast.ALEX])
def test_the_reps_who_sign_in_find_a_lively_queue(email):
    held = open_of(email)
    assert 6 <= len(held) <= 14
    timers = SlaTimer.objects.filter(handoff__in=held, milestone="first_response")
    running = timers.filter(state="running", due_at__gt=AT, due_at__lt=AT + timedelta(hours=1))
    assert running.exists(), "due within the hour"
    assert timers.filter(state="breached", stopped_at=None).exists(), "late"
    assert {one.status for one in held} == {"assigned", "accepted"}
    tasks = FollowUp.objects.filter(handoff__in=held, done_at=None, cancelled_at=None)
    assert tasks.filter(due_at__lt=AT + 3 * HOUR).exists(), "something to do today"
    to_confirm = [one for one in held if one.status == "accepted" and one.lead.stage == Stage.SAL]
    assert any(one.version.process == Process.SALES_CONFIRMED for one in to_confirm)


def test_a_lead_of_the_absent_rep_went_to_who_stands_in():
    whys = [one.decisions.latest("pk").why for one in open_of(cast.DANA)]
    assert any(why.startswith("Stands in (Jonas Weber") for why in whys)


def test_leads_are_refused_for_every_kind_of_reason_and_always_in_words():
    found = Rejection.objects.values_list("reason__category", "comment")
    assert {category for category, _ in found} >= set(ReasonCategory.values) - {
        "internal",
        "other",
    }
    assert all(comment.strip() for _, comment in found)


def test_every_fate_of_a_handoff_is_there():
    assert {*Handoff.objects.values_list("status", flat=True)} == {*HandoffStatus.values}
    deals = Counter(Opportunity.objects.values_list("stage", flat=True))
    assert min(deals[stage] for stage in ("open", "won", "lost")) >= 5
    assert not Opportunity.objects.filter(stage="lost", loss_reason="").exists()
    assert StageTransition.objects.filter(cause="recycle").exists(), "came back"


def test_promises_are_kept_mostly_and_broken_sometimes():
    due = SlaTimer.objects.filter(milestone="first_response", due_at__lt=AT)
    rate = due.filter(state="breached").count() / due.count()
    assert 0.03 < rate < 0.3
    assert SlaTimer.objects.filter(milestone="re_response").exists()
    assert Notice.objects.filter(kind="escalated").exists()


def test_sales_confirms_small_business_with_answers_and_the_time_it_took():
    confirmed = Confirmation.objects.select_related("handoff__version__definition")
    assert {one.handoff.version.definition.key for one in confirmed} == {"small-business"}
    assert all(timedelta(0) < one.at - one.began_at < timedelta(hours=1) for one in confirmed)


def test_every_stage_of_a_lead_is_what_its_transitions_say():
    latest = StageTransition.objects.order_by("lead_id", "-at", "-pk").distinct("lead_id")
    stages = dict(latest.values_list("lead_id", "to_stage"))
    for lead in Lead.objects.all():
        assert stages.get(lead.pk, "new") == lead.stage, lead


def test_the_counts_of_the_funnel_are_those_of_its_parts():
    assert Handoff.objects.count() == sum(
        Handoff.objects.filter(status=status).count() for status in HandoffStatus.values
    )
    accepted = Lead.objects.filter(handoffs__acceptances__isnull=False).distinct().count()
    sal = StageTransition.objects.filter(to_stage="sal").values("lead").distinct().count()
    assert sal == accepted
    closed = Handoff.objects.filter(status="converted").count()
    assert closed == Opportunity.objects.count()
    refused = Handoff.objects.filter(status__in=("rejected", "returned")).count()
    assert refused == Rejection.objects.count()
    confirmed = StageTransition.objects.filter(cause="confirm").count()
    assert confirmed == Confirmation.objects.count()


def test_this_week_and_last_are_filled():
    for weeks_ago in (0, 1):
        end = AT - weeks_ago * 7 * DAY
        assert Handoff.objects.filter(opened_at__range=(end - 7 * DAY, end)).count() >= 8


def test_bad_campaigns_look_bad_and_good_ones_good():
    def accepted(key: str) -> float:
        decided = Handoff.objects.filter(lead__campaign__key=key).exclude(
            status__in=("queued", "assigned", "expired")
        )
        return decided.filter(acceptances__isnull=False).count() / max(decided.count(), 1)

    assert accepted("operations-linkedin") < accepted("partner-referrals")
    assert not Campaign.objects.filter(cost=None).exists()


def test_marketing_has_material_for_every_stage_and_something_to_do():
    assert {*Asset.objects.values_list("journey_stage", flat=True)} >= {
        "awareness",
        "consideration",
        "decision",
    }
    assert Asset.objects.filter(pain="", question="", proof="").count() == 2
    assert Touchpoint.objects.filter(is_bot=True).exists()
    assert Touchpoint.objects.filter(kind__key="unsubscribe").exists()
    assert Touchpoint.objects.filter(kind__is_product_use=True).exists()


def test_companies_belong_together_and_some_are_targets():
    assert Account.objects.exclude(parent=None).count() >= 8
    targets = Account.objects.filter(is_target=True)
    assert targets.count() >= 10
    assert sum(account.leads.count() >= 2 for account in targets) >= 5


def test_people_write_things_down():
    assert Note.objects.count() >= 5
    assert Attempt.objects.exclude(note="").count() >= 20


def test_some_leads_wait_for_somebody_to_give_them_to():
    assert Handoff.objects.filter(status="queued", territory__may_pull=True).exists()


@pytest.mark.parametrize("login", DEMO_LOGINS, ids=lambda login: login.role)
def test_whoever_signs_in_finds_a_home_that_is_not_empty(login):
    response = browser(login.email).get("/", follow=True)
    assert response.status_code == 200
    assert Role.REP not in login.role or "empty" not in response.content.decode()


def test_rules_were_published_twice_and_a_third_edition_is_being_drafted():
    plans = RoutingPlan.objects.order_by("number").values_list("state", flat=True)
    assert [*plans] == ["retired", "published", "draft"]
    asked = RoutingRule.objects.filter(plan__state="published").order_by("position")
    assert [*asked.values_list("kind", flat=True)] == [
        "named_account",
        "account_owner",
        "high_value",
        "high_value",
        "territory",
        "territory",
        "fallback_queue",
    ]
    by_rule = RoutingDecision.objects.exclude(plan=None).values_list("rule", flat=True)
    assert {"high_value", "named_account", "account_owner", "territory"} <= {*by_rule}


def test_something_waits_in_a_queue_that_members_may_take_from():
    waiting = Handoff.objects.filter(status="queued", territory__may_pull=True)
    assert waiting.filter(territory__memberships__rep__user__email=cast.ALEX).exists()
    assert TerritoryMembership.objects.exclude(capacity=None).exists()


def test_untouched_leads_moved_on_when_somebody_went_away():
    assert Absence.objects.filter(series__isnull=False, moved_on_at__lt=AT).exists()
    assert Absence.objects.filter(span__startswith__gt=AT, delegate__isnull=False).exists()
    assert not Absence.objects.filter(span__startswith__lte=AT, moved_on_at=None).exists()


def test_one_clock_stands_still_because_the_lead_asked():
    paused = SlaTimer.objects.get(state="paused")
    assert (paused.pause_reason, paused.paused_until > AT) == ("lead_asked", True)


def test_a_batch_breaks_the_signed_limit_and_sales_may_refuse_it():
    rates = criteria.by_batch(at=AT, kinds=(BatchKind.SOURCE, BatchKind.CAMPAIGN))
    assert any(rate.is_broken and rate.open_count for rate in rates)
    assert any(not rate.is_broken for rate in rates)


def test_a_broken_limit_waits_for_an_answer_and_others_were_answered():
    assert SlaAlert.objects.filter(acknowledged_at=None).exists()
    assert SlaAlert.objects.exclude(acknowledged_at=None).exclude(comment="").exists()


def test_who_missed_again_and_again_lost_turns_and_has_them_back():
    assert Suspension.objects.exclude(ended_at=None).exists()
    assert not Suspension.objects.filter(ended_at=None).exists()


def test_the_page_of_health_has_an_answer_to_every_invariant():
    asked = {*Checkup.objects.filter(violated_count=0).values_list("name", flat=True)}
    assert asked == {check.name for check in invariants.CHECKS}


def test_the_same_instant_makes_the_same_year():
    assert Lead.objects.filter(email="maria.keller@nordlicht.example").exists()
    judged = Evaluation.objects.filter(lead__email="maria.keller@nordlicht.example")
    assert judged.latest("pk").stage == "sql"


def test_simulated_leads_arrive_through_intake_one_after_another():
    clock = count()
    lines = simulation.run(
        rate=6,
        seed=3,
        now=lambda: AT + next(clock) * timedelta(seconds=1),
        wait=lambda seconds: None,
        ends_at=AT + timedelta(minutes=3),
    )

    said = list(lines)

    arrived = Lead.objects.filter(identities__system=simulation.SYSTEM)
    assert 8 <= arrived.count() <= 40
    assert sum(line.endswith("arrives") for line in said) == arrived.count()
    assert (
        Touchpoint.objects.filter(system=simulation.SYSTEM).count() == len(said) - arrived.count()
    )
    assert PendingMark.objects.filter(lead__in=arrived).exists()


@pytest.mark.parametrize("given", ["--rate=0", "--rate=many", "--for=soon"])
def test_simulate_says_what_it_cannot_read(given, settings):
    settings.DEMO = True

    with pytest.raises(CommandError, match=given.split("=")[0]):
        call_command("simulate", given)


def test_simulate_is_for_demos_alone(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="DEMO"):
        call_command("simulate")
