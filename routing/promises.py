"""What a signed version promises about a handoff, and when each part of it falls due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial

from definitions.enums import STARTS, Milestone, StartEvent
from definitions.models import DefinitionVersion, SlaTerm
from definitions.vocabulary import LEVELS, Dimension
from leads.models import Evaluation
from routing import calendar
from routing.calendar import BusinessHours, Interval
from routing.enums import StepKind, TimerMilestone
from routing.hours import AROUND_THE_CLOCK
from routing.models import BusinessCalendar, SlaTimer

REMEMBERED_VERSIONS = 64
"""So many versions' terms are kept in memory; others are read again."""


WARN_AT_PCT = 50
"""Share of the time for an answer, or for an owner, after which somebody is reminded."""

ASSIGNMENT_KEY = "assignment"
"""Key of the promise that a queue makes: an owner in time."""

Rung = tuple[StepKind, int]
"""A step by its kind and level: warnings have several, everything else is at level 1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a promise falls due.

    promised_at: the promised time counted in the term's hours. backstop_at: the wall-clock limit,
    if the term has one. due_at: the earlier of the two. steps: what is due on the way and after.
    """

    promised_at: datetime
    backstop_at: datetime | None
    due_at: datetime
    steps: dict[Rung, datetime]


def term_for(
    version: DefinitionVersion, *, milestone: Milestone, evaluation: Evaluation
) -> SlaTerm | None:
    """Return the first term of a milestone whose conditions the evaluation meets."""
    met = {result["key"] for result in evaluation.results if result["met"]}
    return next(
        (
            term
            for term in terms_of(version)
            if term.milestone == milestone and _holds(term, evaluation, met)
        ),
        None,
    )


def terms_from(
    version: DefinitionVersion, event: StartEvent, *, evaluation: Evaluation
) -> list[SlaTerm]:
    """Return what is promised from an event on: of each milestone the term that applies."""
    terms = (
        term_for(version, milestone=milestone, evaluation=evaluation) for milestone in Milestone
    )
    return [term for term in terms if term is not None and starts_with(term) == event]


def starts_with(term: SlaTerm) -> StartEvent:
    """Return the event from which a term counts: its own, else the usual one."""
    return StartEvent(term.counts_from or STARTS[Milestone(term.milestone)][0])


def terms_of(version: DefinitionVersion) -> tuple[SlaTerm, ...]:
    """Return a version's terms in the order in which they are tried; not to be changed.

    Remembered once the version was submitted, since its rows are frozen from then on: one query
    the first time in a process, none later. Read from the rows while it is a draft.
    """
    if version.content_hash:
        return _submitted_terms(version.pk, version.content_hash)
    return _read_terms(version.pk)


def answer_term(key: str, *, within: timedelta) -> SlaTerm:
    """Return what is promised of a question: escalation as soon as its time is used up."""
    return SlaTerm(
        key=key,
        respond_within=within,
        warn_at_pct=WARN_AT_PCT,
        escalate_after=timedelta(0),
    )


def assignment_term(*, within: timedelta) -> SlaTerm:
    """Return what a queue promises of a lead that waits in it, in the handoff's own hours."""
    return answer_term(ASSIGNMENT_KEY, within=within)


def term_of(timer: SlaTimer) -> SlaTerm:
    """Return what a timer promises; a version's terms are frozen while it has handoffs.

    Reads the version of its handoff, unless that is at hand.
    """
    if timer.milestone == TimerMilestone.ANSWER or timer.handoff is None:
        return answer_term(timer.term_key, within=timer.respond_within)
    if timer.milestone == TimerMilestone.ASSIGNMENT:
        return assignment_term(within=timer.respond_within)
    terms = {term.key: term for term in terms_of(timer.handoff.version)}
    return terms[timer.term_key]


def calendar_for(
    version: DefinitionVersion, *, evaluation: Evaluation, default: BusinessCalendar
) -> BusinessCalendar:
    """Return the calendar that a handoff opens with: its response term's, else `default`."""
    term = term_for(version, milestone=Milestone.FIRST_RESPONSE, evaluation=evaluation)
    return default if term is None else calendar_of(term, default=default)


def calendar_of(term: SlaTerm, *, default: BusinessCalendar) -> BusinessCalendar:
    """Return the calendar that a term names, else `default`; also when nobody has set it up."""
    if not term.calendar_key:
        return default
    return BusinessCalendar.objects.filter(key=term.calendar_key).first() or default


def plan(
    term: SlaTerm,
    *,
    hours: BusinessHours,
    start: datetime,
    pauses: Sequence[Interval] = (),
    not_before: datetime | None = None,
) -> Plan:
    """Say when a promise that counts from `start` falls due, with every step.

    Each warning comes after its share of the promised time, and of the backstop if that is
    earlier; what follows a breach counts from the due instant in the term's own hours.

    pauses: when the clock stood still, ascending and disjoint; the backstop moves by them too.
    not_before: nothing falls due earlier, for a clock that is counted anew.

    Raises:
        CalendarNeverOpens: the hours have no opening for more than a year.
    """
    later = partial(_after, hours=hours, start=start, pauses=pauses, not_before=not_before)
    promised_at = later(term.respond_within)
    backstop_at = None
    if term.at_latest_within is not None:
        backstop_at = later(term.at_latest_within, hours=AROUND_THE_CLOCK)
    due_at = earlier(promised_at, backstop_at)
    steps: dict[Rung, datetime] = {}
    for level, pct in enumerate((term.warn_at_pct, *term.later_warnings), start=1):
        warn_at = later(term.respond_within * (pct / 100))
        if term.at_latest_within is not None:
            share = term.at_latest_within * (pct / 100)
            warn_at = min(warn_at, later(share, hours=AROUND_THE_CLOCK))
        steps[StepKind.WARN, level] = min(warn_at, due_at)
    steps[StepKind.BREACH, 1] = due_at
    steps |= after_breach(term, hours=hours, due_at=due_at)
    return Plan(promised_at, backstop_at, due_at, steps)


def after_breach(term: SlaTerm, *, hours: BusinessHours, due_at: datetime) -> dict[Rung, datetime]:
    """Say when each step of a term's ladder falls due after the promise was broken."""
    ladder = (
        (StepKind.REMIND, term.remind_after),
        (StepKind.MANAGER, term.manager_after),
        (StepKind.ESCALATE, term.escalate_after),
        (StepKind.REASSIGN, term.reassign_after),
    )
    return {
        (kind, 1): calendar.add(hours, start=due_at, amount=after)
        for kind, after in ladder
        if after is not None
    }


def earlier(promised_at: datetime, backstop_at: datetime | None) -> datetime:
    """Return the instant at which a promise is broken."""
    return promised_at if backstop_at is None else min(promised_at, backstop_at)


def _after(
    amount: timedelta,
    *,
    hours: BusinessHours,
    start: datetime,
    pauses: Sequence[Interval],
    not_before: datetime | None,
) -> datetime:
    instant = calendar.add_around(hours, start=start, amount=amount, pauses=pauses)
    return instant if not_before is None else max(instant, not_before)


# By the hash too: a version that is withdrawn and submitted again may promise something else.
@lru_cache(maxsize=REMEMBERED_VERSIONS)
def _submitted_terms(version_id: int, _: str) -> tuple[SlaTerm, ...]:
    return _read_terms(version_id)


def _read_terms(version_id: int) -> tuple[SlaTerm, ...]:
    return tuple(SlaTerm.objects.filter(version=version_id).order_by("position", "pk"))


def _holds(term: SlaTerm, evaluation: Evaluation, met: set[str]) -> bool:
    return (
        term.when_stage in ("", evaluation.stage)
        and term.when_path in ("", evaluation.path)
        and (not term.when_intent or _reaches(evaluation.intent, term.when_intent))
        and (term.when_min_points is None or evaluation.points >= term.when_min_points)
        and met.issuperset(term.when_criteria)
    )


def _reaches(level: str, wanted: str) -> bool:
    levels = LEVELS[Dimension.INTENT]
    return levels.index(level) >= levels.index(wanted)
