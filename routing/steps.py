"""The steps of a clock: armed with it, moved, cancelled or fired."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from routing import calendar, ledger
from routing.calendar import BusinessHours
from routing.enums import SlaEventKind, StepKind, StepState, TimerState
from routing.models import SlaTimer, SlaTimerStep
from routing.promises import Plan

FIRED_EVENTS = {
    StepKind.WARN: SlaEventKind.WARNED,
    StepKind.BREACH: SlaEventKind.BREACHED,
    StepKind.REMIND: SlaEventKind.REMINDED,
    StepKind.MANAGER: SlaEventKind.MANAGER_TOLD,
    StepKind.ESCALATE: SlaEventKind.ESCALATED,
    StepKind.REASSIGN: SlaEventKind.REASSIGNED,
}
"""The line that each step leaves in the ledger; also read by the invariants."""

AFTER_BREACH = (StepKind.REMIND, StepKind.MANAGER, StepKind.ESCALATE, StepKind.REASSIGN)
"""The ladder, from the due instant on."""

MAY_FIRE = Q(kind__in=(StepKind.WARN, StepKind.BREACH), timer__state=TimerState.RUNNING) | Q(
    kind__in=AFTER_BREACH, timer__state=TimerState.BREACHED
)
"""Each kind of step fires in one state of its timer; a paused clock fires nothing."""

IN_ORDER = ("due_at", "pk")


def due(*, at: datetime) -> QuerySet[SlaTimerStep]:
    """Return the armed steps that have fallen due and may fire, unordered."""
    return SlaTimerStep.objects.filter(MAY_FIRE, state=StepState.ARMED, due_at__lte=at)


def fire(timer: SlaTimer, kind: StepKind, *, at: datetime, level: int = 1, **detail: Any) -> None:
    """Mark an armed step fired and write its line in the ledger."""
    fire_all([timer], kind, at=at, level=level, **detail)


def fire_all(
    timers: Sequence[SlaTimer], kind: StepKind, *, at: datetime, level: int = 1, **detail: Any
) -> None:
    """Mark the armed step of each timer fired and write its line in the ledger.

    Two statements. detail: the same for all.
    """
    if level > 1:
        detail["level"] = level
    rows = SlaTimerStep.objects.filter(
        timer__in=[timer.pk for timer in timers], kind=kind, level=level, state=StepState.ARMED
    )
    rows.update(state=StepState.FIRED, fired_at=at)
    ledger.write(
        ledger.line(timer, FIRED_EVENTS[kind], at=at, due_at=timer.due_at.isoformat(), **detail)
        for timer in timers
    )


def arm(planned: Iterable[tuple[SlaTimer, Plan]]) -> None:
    """Write the steps of new timers. One statement."""
    SlaTimerStep.objects.bulk_create(
        SlaTimerStep(
            timer=timer, kind=kind, level=level, due_at=due_at, is_urgent=timer.is_high_intent
        )
        for timer, plan in planned
        for (kind, level), due_at in plan.steps.items()
    )


def advance(timer: SlaTimer, plan: Plan) -> None:
    """Bring the steps that have not fired forward to a sooner plan, and add those it has more.

    A warning that the plan lacks is dropped; what follows a breach stays.
    """
    armed = {(StepKind(step.kind), step.level): step for step in timer.steps.all()}
    missing = {rung: due_at for rung, due_at in plan.steps.items() if rung not in armed}
    SlaTimerStep.objects.bulk_create(
        SlaTimerStep(timer=timer, kind=kind, level=level, due_at=due_at)
        for (kind, level), due_at in missing.items()
    )
    for rung, step in armed.items():
        if step.state != StepState.ARMED:
            continue
        if rung not in plan.steps and step.kind == StepKind.WARN:
            step.state = StepState.CANCELLED
        step.due_at = min(step.due_at, plan.steps.get(rung, step.due_at))
        step.save(update_fields=["due_at", "state"])
    timer.steps.update(is_urgent=timer.is_high_intent)


def moved(
    steps: Iterable[SlaTimerStep], plan: Plan, *, hours: BusinessHours, was_due_at: datetime
) -> list[SlaTimerStep]:
    """Set armed steps to a plan and return those that are due at another instant; not saved.

    What the plan does not know keeps its distance from the due instant, in these hours.
    """
    changed = []
    for step in steps:
        due_at = plan.steps.get((StepKind(step.kind), step.level))
        if due_at is None:
            after = calendar.elapsed(hours, start=was_due_at, end=step.due_at)
            due_at = calendar.add(hours, start=plan.due_at, amount=after)
        if due_at != step.due_at:
            step.due_at = due_at
            changed.append(step)
    return changed


def cancel(timer: SlaTimer) -> list[str]:
    """Cancel what is still armed on a timer and return what `rearm` needs."""
    return cancel_all([timer])[timer.pk]


def cancel_all(
    timers: Sequence[SlaTimer], *, kinds: Sequence[StepKind] = ()
) -> dict[int, list[str]]:
    """Cancel what is still armed on timers; return by timer what `rearm` needs.

    kinds: only these. Two statements.
    """
    armed = SlaTimerStep.objects.filter(
        timer__in=[timer.pk for timer in timers], state=StepState.ARMED
    )
    if kinds:
        armed = armed.filter(kind__in=kinds)
    found: dict[int, list[str]] = {timer.pk: [] for timer in timers}
    for step in armed.order_by("kind", "level"):
        found[step.timer_id].append(step.kind if step.level == 1 else f"{step.kind}.{step.level}")
    armed.update(state=StepState.CANCELLED)
    return found


def rearm(timer: SlaTimer, cancelled: Iterable[str]) -> None:
    """Arm again what `cancel` named, for an answer that is taken back."""
    for name in cancelled:
        kind, _, level = name.partition(".")
        rows = timer.steps.filter(kind=kind, level=int(level or 1), state=StepState.CANCELLED)
        rows.update(state=StepState.ARMED)
