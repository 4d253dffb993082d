"""The steps of a clock: armed with it, brought forward, cancelled or fired."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from routing import ledger
from routing.enums import SlaEventKind, StepKind, StepState, TimerState
from routing.models import SlaTimer, SlaTimerStep
from routing.promises import Plan

FIRED_EVENTS = {
    StepKind.WARN: SlaEventKind.WARNED,
    StepKind.BREACH: SlaEventKind.BREACHED,
    StepKind.ESCALATE: SlaEventKind.ESCALATED,
    StepKind.REASSIGN: SlaEventKind.REASSIGNED,
}
"""The line that each step leaves in the ledger; also read by the invariants."""


MAY_FIRE = Q(kind__in=(StepKind.WARN, StepKind.BREACH), timer__state=TimerState.RUNNING) | Q(
    kind__in=(StepKind.ESCALATE, StepKind.REASSIGN), timer__state=TimerState.BREACHED
)
"""Each kind of step fires in one state of its timer; a paused clock fires nothing."""


def due(*, at: datetime) -> QuerySet[SlaTimerStep]:
    """Return the armed steps that have fallen due and may fire."""
    return SlaTimerStep.objects.filter(MAY_FIRE, state=StepState.ARMED, due_at__lte=at)


def fire(timer: SlaTimer, kind: StepKind, *, at: datetime, **detail: Any) -> None:
    """Mark an armed step fired and write its line in the ledger."""
    timer.steps.filter(kind=kind, state=StepState.ARMED).update(state=StepState.FIRED, fired_at=at)
    ledger.record(timer, FIRED_EVENTS[kind], at=at, due_at=timer.due_at.isoformat(), **detail)


def arm(timer: SlaTimer, plan: Plan) -> None:
    """Write the steps of a new timer."""
    SlaTimerStep.objects.bulk_create(
        SlaTimerStep(timer=timer, kind=kind, due_at=due_at) for kind, due_at in plan.steps.items()
    )


def advance(timer: SlaTimer, plan: Plan) -> None:
    """Bring the steps that have not fired forward to a sooner plan, and add those it has more."""
    present = {step.kind: step for step in timer.steps.all()}
    for kind, due_at in plan.steps.items():
        step = present.get(kind)
        if step is None:
            SlaTimerStep.objects.create(timer=timer, kind=kind, due_at=due_at)
        elif step.state == StepState.ARMED and due_at < step.due_at:
            step.due_at = due_at
            step.save(update_fields=["due_at"])


def cancel(timer: SlaTimer) -> list[str]:
    """Cancel what is still armed on a timer and return the kinds."""
    armed = timer.steps.filter(state=StepState.ARMED)
    kinds = sorted(armed.values_list("kind", flat=True))
    armed.update(state=StepState.CANCELLED)
    return kinds
