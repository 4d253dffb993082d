"""What happens to handoffs and questions, and which clocks it starts or stops.

Whoever calls holds the row lock of the handoff or question, so an answer and a breach at the same
instant have one winner. `at` decides: an answer no later than the due instant keeps the promise
even when it is processed later, unless the breach has fired already.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import prefetch_related_objects

from definitions.enums import Milestone, StartEvent
from definitions.models import DefinitionVersion
from leads import bulk
from leads.models import Evaluation
from routing import cadences, pauses, promises, starting, steps, stopping
from routing.enums import HandoffStatus, SlaEventKind, StepKind, TimerMilestone, TimerState
from routing.models import Handoff, ReviewTask, SlaTimer
from routing.starting import Start
from routing.stopping import ACTIVE, StopCause

RESPONSE = (TimerMilestone.FIRST_RESPONSE, TimerMilestone.RE_RESPONSE)


class NoTermApplies(Exception):
    """A version promises no first response for a handoff, so it cannot have a clock."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(
            f"{handoff.version} has no SLA term for this handoff: its last term must be for "
            "everyone."
        )


@transaction.atomic(savepoint=False)
def start(handoff: Handoff, *, evaluation: Evaluation, at: datetime) -> SlaTimer:
    """Start the clocks of a new handoff, from its qualification, and return the response clock.

    Beside it those of whatever else the version promises from the qualification on, and those
    that its first owner starts: from the assignment, or while it waits in a queue.

    Raises:
        NoTermApplies: no first-response term of the version holds.
    """
    terms = promises.terms_from(handoff.version, StartEvent.QUALIFIED, evaluation=evaluation)
    if not any(term.milestone == Milestone.FIRST_RESPONSE for term in terms):
        raise NoTermApplies(handoff)
    starts = [
        Start(handoff, TimerMilestone(term.milestone), term, handoff.qualified_at)
        for term in terms
    ]
    if handoff.status == HandoffStatus.QUEUED:
        starts += _waits(handoff, at=at)
    else:
        starts += _from(handoff, StartEvent.ASSIGNED, [], at=at)
    started = starting.begin(starts, at=at)
    return next(one for one in started if one.milestone == TimerMilestone.FIRST_RESPONSE)


@transaction.atomic(savepoint=False)
def start_for_question(task: ReviewTask, *, within: timedelta, at: datetime) -> SlaTimer:
    """Start the clock of a question that was just asked.

    within: business time by the default calendar; wall-clock time where there is none. It warns
    after half of it, and escalates when it is used up.
    """
    term = promises.answer_term(task.key, within=within)
    (timer,) = starting.begin([Start(task, TimerMilestone.ANSWER, term, at)], at=at)
    return timer


@transaction.atomic
def heed_attempt(
    handoff: Handoff,
    *,
    kind: str,
    at: datetime,
    by: AbstractBaseUser | None = None,
    is_reached: bool = False,
) -> list[SlaTimer]:
    """Let an attempt stop and start clocks; return those stopped.

    It stops the response clocks, and the clock of a second attempt, that its kind stops. The first
    attempt starts what counts from it, but for the clock of a second one when the lead was
    reached (`is_reached`), which ends that clock whatever the kind. `handoff.first_attempt_at`
    says already whether this is the first. Where it leaves no clock paused, the cadence goes on.
    """
    known = stopping.locked(handoff)
    rested_until = pauses.goes_on_at(known, at=at)
    waiting = [timer for timer in known if stopping.awaits_answer(timer)]
    second = [t for t in waiting if t.milestone == TimerMilestone.SECOND_ATTEMPT]
    stopped = _answer(
        [timer for timer in waiting if timer.milestone in RESPONSE], kind=kind, at=at, by=by
    )
    stopped += _answer(second, kind=None if is_reached else kind, at=at, by=by)
    goes_on_at = pauses.goes_on_at(known, at=at)
    cadences.rest(handoff, until=goes_on_at, instead_of=rested_until, at=at)
    if handoff.first_attempt_at in (None, at):
        starts = _from(handoff, StartEvent.FIRST_ATTEMPT, known, at=at)
        starting.begin([one for one in starts if not (is_reached and _is_second(one))], at=at)
    return stopped


@transaction.atomic(savepoint=False)
def heed_assignment(handoff: Handoff, *, at: datetime) -> None:
    """Start what is promised from the first assignment to a rep on; once a handoff."""
    heed_assignments([handoff], at=at)


@transaction.atomic(savepoint=False)
def heed_assignments(handoffs: Sequence[Handoff], *, at: datetime) -> None:
    """Start, for handoffs that got a rep, what is promised from that on; once a handoff each.

    A fixed number of queries; none of clocks where no agreement promises anything from then on.
    """
    prefetch_related_objects(handoffs, "version")
    promised = [each for each in handoffs if _may_start(each.version, StartEvent.ASSIGNED)]
    prefetch_related_objects(promised, "evaluation")
    wanting = [handoff for handoff in promised if _from(handoff, StartEvent.ASSIGNED, [], at=at)]
    if not wanting:
        return
    known: dict[int | None, list[SlaTimer]] = {}
    for timer in stopping.locked_of(wanting):
        known.setdefault(timer.handoff_id, []).append(timer)
    starts = [
        start
        for handoff in wanting
        for start in _from(handoff, StartEvent.ASSIGNED, known.get(handoff.pk, []), at=at)
    ]
    starting.begin(starts, at=at)


@transaction.atomic(savepoint=False)
def start_waiting(handoff: Handoff, *, at: datetime) -> None:
    """Start the clock of a handoff that begins to wait in its queue, if the queue promises one.

    One that waits already, in this queue or another, keeps its clock.
    """
    start_waiting_many([handoff], at=at)


@transaction.atomic(savepoint=False)
def start_waiting_many(handoffs: Sequence[Handoff], *, at: datetime) -> None:
    """Do `start_waiting` for many, in a fixed number of queries."""
    prefetch_related_objects(handoffs, "queue")
    waiting = [handoff for handoff in handoffs if _waits(handoff, at=at)]
    if not waiting:
        return
    has_clock = {timer.handoff_id for timer in _clocks_of_waiting(waiting)}
    starts = [
        start
        for handoff in waiting
        if handoff.pk not in has_clock
        for start in _waits(handoff, at=at)
    ]
    starting.begin(starts, at=at)


@transaction.atomic(savepoint=False)
def stop_waiting(handoff: Handoff, *, at: datetime) -> None:
    """Stop the clock of a handoff that waited in a queue and has a rep now."""
    stop_waiting_many([handoff], at=at)


@transaction.atomic(savepoint=False)
def stop_waiting_many(handoffs: Sequence[Handoff], *, at: datetime) -> None:
    """Do `stop_waiting` for many: one query where none had a clock; those late one by one."""
    stopping.stop_quietly(_clocks_of_waiting(handoffs), cause=StopCause.ASSIGNMENT, at=at)


@transaction.atomic
def stop_for_acceptance(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop the acceptance clock and start what counts from the acceptance; return those stopped.

    Accepting leaves the response clock running. Where it leaves no clock paused, the cadence goes
    on.
    """
    known = stopping.locked(handoff)
    timers = [
        timer
        for timer in known
        if timer.milestone == TimerMilestone.ACCEPTANCE and stopping.awaits_answer(timer)
    ]
    rested_until = pauses.goes_on_at(known, at=at)
    stopped = stopping.stop_each(timers, cause=StopCause.ACCEPTANCE, at=at, by=by)
    goes_on_at = pauses.goes_on_at(known, at=at)
    cadences.rest(handoff, until=goes_on_at, instead_of=rested_until, at=at)
    starting.begin(_from(handoff, StartEvent.ACCEPTED, known, at=at), at=at)
    return stopped


@transaction.atomic
def stop_for_rejection(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop every clock: a rejection is an answer, in time or late."""
    timers = stopping.unanswered(handoff)
    return stopping.stop_each(timers, cause=StopCause.REJECTION, at=at, by=by)


@transaction.atomic
def stop_for_conversion(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop every clock: an opportunity is an answer, in time or late."""
    timers = stopping.unanswered(handoff)
    return stopping.stop_each(timers, cause=StopCause.CONVERSION, at=at, by=by)


@transaction.atomic
def cancel(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """End the clocks of a handoff that closes without an answer; return those cancelled.

    A promise that is broken by now is not cancelled: it stays, or becomes, breached.
    """
    return stopping.cancel_each(stopping.unanswered(handoff), at=at, by=by)


@transaction.atomic
def reopen(
    handoff: Handoff,
    *,
    cause: StopCause = StopCause.REJECTION,
    at: datetime,
    by: AbstractBaseUser | None = None,
) -> list[SlaTimer]:
    """Restore the clocks that an answer stopped, as they were, and return them.

    An acceptance that is taken back also ends the clocks that it started.
    """
    timers = stopping.locked(handoff)
    if cause == StopCause.ACCEPTANCE:
        begun = [timer for timer in timers if _counts_from_acceptance(timer)]
        stopping.cancel_each(begun, at=at, by=by)
    return [t for t in timers if stopping.restore(t, cause=cause, at=at, by=by)]


@transaction.atomic
def restart_for_new_owner(handoff: Handoff, *, at: datetime) -> SlaTimer | None:
    """Give the new owner of a breached, unanswered handoff a clock of their own.

    It is outside the miss rate, replaces one that is still running, and does not reassign again.
    Returns None when the response clock is not breached, or was answered.
    """
    return next(iter(restart_for_new_owners([handoff], at=at)), None)


@transaction.atomic(savepoint=False)
def restart_for_new_owners(handoffs: Sequence[Handoff], *, at: datetime) -> list[SlaTimer]:
    """Do `restart_for_new_owner` for many and return the new clocks.

    What the breached clock had armed for taking the lead from its former owner is dropped. One
    query where no response clock is breached, else a fixed number, but for clocks of former new
    owners, which are replaced one by one; where one of those was paused the cadence goes on.
    """
    breached = SlaTimer.objects.filter(
        handoff__in=bulk.among(handoff.pk for handoff in handoffs),
        milestone=TimerMilestone.FIRST_RESPONSE,
        state=TimerState.BREACHED,
        stopped_at=None,
    )
    missed = set(breached.values_list("handoff_id", flat=True))
    if not missed:
        return []
    late = [handoff for handoff in handoffs if handoff.pk in missed]
    prefetch_related_objects(late, "version")
    starts = []
    known = stopping.locked_of(late)
    rested_until = _go_on_at(known, at=at)
    steps.cancel_all(
        [timer for timer in known if timer.milestone == TimerMilestone.FIRST_RESPONSE],
        kinds=[StepKind.REASSIGN],
    )
    for timer in known:
        if timer.milestone == TimerMilestone.RE_RESPONSE and stopping.awaits_answer(timer):
            _replace(timer, at=at)
        if timer.milestone == TimerMilestone.FIRST_RESPONSE and timer.handoff is not None:
            if timer.state == TimerState.CANCELLED:
                continue
            term = promises.term_of(timer)
            starts.append(Start(timer.handoff, TimerMilestone.RE_RESPONSE, term, at))
    go_on_at = _go_on_at(known, at=at)
    for one in late:
        until, instead_of = go_on_at[one.pk], rested_until[one.pk]
        cadences.rest(one, until=until, instead_of=instead_of, at=at)
    return starting.begin(starts, at=at)


def _go_on_at(timers: Sequence[SlaTimer], *, at: datetime) -> dict[int | None, datetime]:
    """Return when the last pause of each handoff's clocks ends, by the handoff's id."""
    clocks: dict[int | None, list[SlaTimer]] = defaultdict(list)
    for timer in timers:
        clocks[timer.handoff_id].append(timer)
    return {handoff_id: pauses.goes_on_at(found, at=at) for handoff_id, found in clocks.items()}


def _answer(
    timers: Sequence[SlaTimer], *, kind: str | None, at: datetime, by: AbstractBaseUser | None
) -> list[SlaTimer]:
    """Stop the timers that an attempt of a kind stops; None stops them all."""
    answered = [
        timer
        for timer in timers
        if kind is None or not timer.stop_kinds or kind in timer.stop_kinds
    ]
    detail = {"kind": kind} if kind else {}
    return stopping.stop_each(answered, cause=StopCause.ATTEMPT, at=at, by=by, detail=detail)


def _from(
    handoff: Handoff, event: StartEvent, known: Sequence[SlaTimer], *, at: datetime
) -> list[Start]:
    """Return the clocks that an event starts, but for milestones that have had theirs."""
    had = {timer.milestone for timer in known if timer.state != TimerState.CANCELLED}
    return [
        Start(handoff, TimerMilestone(term.milestone), term, at, event)
        for term in promises.terms_from(handoff.version, event, evaluation=handoff.evaluation)
        if term.milestone not in had
    ]


def _may_start(version: DefinitionVersion, event: StartEvent) -> bool:
    """Say whether a version promises anything from an event on, to whatever lead."""
    return any(promises.starts_with(term) == event for term in promises.terms_of(version))


def _waits(handoff: Handoff, *, at: datetime) -> list[Start]:
    """Return the clock that a handoff's queue promises; none for one that a rep has."""
    if handoff.queue is None or handoff.queue.assign_within is None:
        return []
    term = promises.assignment_term(within=handoff.queue.assign_within)
    return [Start(handoff, TimerMilestone.ASSIGNMENT, term, at)]


def _clocks_of_waiting(handoffs: Sequence[Handoff]) -> list[SlaTimer]:
    """Return the locked clocks of handoffs that wait, or waited until now, in a queue."""
    by_id = {handoff.pk: handoff for handoff in handoffs}
    rows = SlaTimer.objects.select_for_update(no_key=True).filter(
        handoff__in=bulk.among(by_id), milestone=TimerMilestone.ASSIGNMENT
    )
    timers = [timer for timer in rows.order_by("pk") if stopping.awaits_answer(timer)]
    for timer in timers:
        timer.handoff = by_id[timer.handoff_id or 0]
    return timers


def _is_second(start: Start) -> bool:
    return start.milestone == TimerMilestone.SECOND_ATTEMPT


def _counts_from_acceptance(timer: SlaTimer) -> bool:
    if timer.state == TimerState.CANCELLED:
        return False
    events = timer.events.filter(kind=SlaEventKind.STARTED)
    return events.filter(detail__contains={"from": StartEvent.ACCEPTED.value}).exists()


def _replace(timer: SlaTimer, *, at: datetime) -> None:
    """Make room for the next owner's clock: one that runs is cancelled, a breached one ends."""
    if timer.state in ACTIVE:
        stopping.cancel(timer, at=at)
    else:
        steps.cancel(timer)
