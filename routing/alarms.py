"""Steps that only tell people, fired for many handoffs in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from leads import bulk
from routing import breaches, notices, steps
from routing.enums import NoticeKind, StepKind
from routing.models import Handoff, Notice, SlaTimer, SlaTimerStep
from routing.notices import Answerable

TELLS = (StepKind.WARN, StepKind.BREACH, StepKind.REMIND, StepKind.MANAGER)
"""What is fired here; the others look for a person or an owner, each by itself."""

WHO_MISSED = ("missed_by_rep__user", "missed_by_rep__manager", "missed_by_queue__manager")


@transaction.atomic
def fire(handoff_ids: Collection[int], *, at: datetime) -> int:
    """Fire what is due on handoffs and only tells people; return how many steps fired.

    Of each handoff in order of the due instants, up to the first step that does more. A handoff
    that somebody else is working on is left alone. A fixed number of statements, beside one for
    each holder who missed a promise.
    """
    locked = Handoff.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = locked.filter(pk__in=bulk.among(handoff_ids)).only("rep", "queue").order_by("pk")
    holders = found.prefetch_related("rep__user", "rep__manager", "queue__manager")
    handoffs = {handoff.pk: handoff for handoff in holders}
    fired = 0
    while due := _due(handoffs, at=at):
        notices.write(_fire(due, at=at))
        fired += len(due)
        if not any(step.kind == StepKind.BREACH for step in due):
            break
    return fired


def tell(steps_due: Sequence[SlaTimerStep], *, at: datetime) -> None:
    """Fire due steps of locked clocks, all of kinds that only tell people, and tell them."""
    notices.write(_fire(steps_due, at=at))


def _due(handoffs: dict[int, Handoff], *, at: datetime) -> list[SlaTimerStep]:
    """Return what is due now, in order, each step with its locked clock and handoff."""
    rows = steps.due(at=at).filter(timer__handoff__in=bulk.among(handoffs))
    due = list(rows.only("timer", "kind", "level").order_by(*steps.IN_ORDER))
    clocks = SlaTimer.objects.select_for_update(no_key=True)
    owing = bulk.among({step.timer_id for step in due})
    locked = clocks.filter(pk__in=owing).order_by("pk")
    timers = {timer.pk: timer for timer in locked.prefetch_related(*WHO_MISSED)}
    ended: set[int | None] = set()
    tells = []
    for step in due:
        timer = timers[step.timer_id]
        if step.kind not in TELLS:
            ended.add(timer.handoff_id)
        if timer.handoff_id in ended or timer.handoff_id is None:
            continue
        timer.handoff = handoffs[timer.handoff_id]
        step.timer = timer
        tells.append(step)
    return tells


def _fire(due: Sequence[SlaTimerStep], *, at: datetime) -> list[Notice]:
    told: list[Notice] = []
    answerable = Answerable()
    for level in sorted({step.level for step in due if step.kind == StepKind.WARN}):
        warned = _timers(due, StepKind.WARN, level)
        steps.fire_all(warned, StepKind.WARN, at=at, level=level)
        told += [
            notice for timer in warned for notice in _warning(timer, answerable, level, at=at)
        ]
    if broken := _timers(due, StepKind.BREACH):
        told += breaches.breach_all(broken, at=at)
    for kind, notice_kind in (
        (StepKind.REMIND, NoticeKind.REMINDER),
        (StepKind.MANAGER, NoticeKind.MANAGER_TOLD),
    ):
        timers = _timers(due, kind)
        if not timers:
            continue
        steps.fire_all(timers, kind, at=at)
        for timer in timers:
            asked = _holder if kind == StepKind.REMIND else breaches.answers_for_it
            people = asked(timer, answerable)
            told += notices.of_step(timer, kind, notice_kind, people, at=at)
    return told


def _timers(due: Iterable[SlaTimerStep], kind: StepKind, level: int = 1) -> list[SlaTimer]:
    return [step.timer for step in due if (step.kind, step.level) == (kind, level)]


def _warning(timer: SlaTimer, answerable: Answerable, level: int, *, at: datetime) -> list[Notice]:
    people = _holder(timer, answerable)
    return notices.of_step(timer, StepKind.WARN, NoticeKind.WARNING, people, at=at, level=level)


def _holder(timer: SlaTimer, answerable: Answerable) -> list[AbstractBaseUser | None]:
    handoff = timer.handoff
    return [] if handoff is None else [answerable.holder(rep=handoff.rep, queue=handoff.queue)]
