"""Clocks made due sooner by new high intent; what it does to a paused one, `test_pauses` says."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from leads.qualification import Judged
from routing import escalation, handoffs, pauses, shortening
from routing.models import Handoff
from tests.routing import clockwork
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON
from tests.routing.test_timers import ledger, response, started
from tests.routing.test_timers_changes import due

pytestmark = pytest.mark.django_db


def new_intent(
    handoff: Handoff, *, at: datetime, met: Sequence[str] = ("demo_requested",)
) -> bool:
    evaluation = clockwork.judgment(handoff.version, lead=handoff.lead, at=at, met=met)
    return shortening.shorten(handoff, evaluation=evaluation, at=at)


def test_shorten_makes_a_slow_promise_quick_from_the_new_fact_on() -> None:
    handoff = started(met=())

    assert new_intent(handoff, at=NOON + HOUR)

    timer = response(handoff)
    assert (timer.term_key, timer.is_high_intent) == ("demo_request", True)
    assert timer.stop_kinds == ["call", "chat"]
    assert (timer.started_at, timer.due_at) == (NOON, NOON + HOUR + 5 * MINUTE)
    assert due(timer) == {
        "warn": NOON + HOUR + 2.5 * MINUTE,
        "breach": NOON + HOUR + 5 * MINUTE,
        "escalate": NOON + HOUR + 20 * MINUTE,
        "reassign": NOON + HOUR + 35 * MINUTE,
    }
    assert ledger(timer) == ["started", "shortened"]


def test_a_lead_judged_anew_while_its_handoff_is_open_has_its_clock_shortened() -> None:
    handoff = started(met=())
    evaluation = clockwork.judgment(
        handoff.version, lead=handoff.lead, at=NOON + HOUR, met=["demo_requested"]
    )
    judged = Judged(
        lead=handoff.lead,
        version=handoff.version,
        evaluation=evaluation,
        tipped_at=NOON + HOUR,
    )

    assert handoffs.open(judged, at=NOON + HOUR) is None

    assert response(handoff).due_at == NOON + HOUR + 5 * MINUTE


def test_shorten_adds_the_steps_that_the_new_promise_has_more() -> None:
    handoff = started(met=(), stage="mql")
    assert "reassign" not in due(response(handoff))

    new_intent(handoff, at=NOON + MINUTE)

    assert due(response(handoff))["reassign"] == NOON + 36 * MINUTE


@pytest.mark.parametrize("met", [("demo_requested",), ("something_else",)])
def test_shorten_never_lengthens(met: tuple[str, ...]) -> None:
    handoff = started()
    was_due_at = response(handoff).due_at

    assert not new_intent(handoff, at=NOON + 2 * MINUTE, met=met)

    assert response(handoff).due_at == was_due_at


def test_shorten_leaves_a_broken_promise_alone() -> None:
    handoff = started(met=())
    escalation.fire_due(at=NOON + DAY, limit=10)

    assert not new_intent(handoff, at=NOON + DAY + MINUTE)


def test_shorten_does_not_undo_a_pause() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE)
    pauses.resume(handoff.pk, at=NOON + HOUR)

    assert not shortening.shorten(handoff, evaluation=handoff.evaluation, at=NOON + HOUR)


def test_shortened_clock_warned_before_breaches_once() -> None:
    handoff = started(met=())
    escalation.fire_due(at=NOON + 2 * HOUR, limit=10)

    new_intent(handoff, at=NOON + 2 * HOUR + MINUTE)
    escalation.fire_due(at=NOON + 2 * HOUR + 7 * MINUTE, limit=10)

    assert ledger(response(handoff)) == ["started", "warned", "shortened", "breached"]
