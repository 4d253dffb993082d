"""What a signed version promises about a handoff, and when each part of it falls due."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from definitions.enums import Milestone
from definitions.models import DefinitionVersion, SlaTerm
from leads.models import Evaluation
from routing import calendar
from routing.calendar import BusinessHours
from routing.enums import StepKind
from routing.hours import AROUND_THE_CLOCK, hours_of
from routing.models import BusinessCalendar, Handoff

REMEMBERED_VERSIONS = 64
"""So many versions' terms are kept in memory; others are read again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a promise falls due.

    promised_at: the promised time counted in the term's hours. backstop_at: the wall-clock limit,
    if the term has one. due_at: the earlier of the two. steps: what is due on the way and after.
    """

    promised_at: datetime
    backstop_at: datetime | None
    due_at: datetime
    steps: dict[StepKind, datetime]


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


def terms_of(version: DefinitionVersion) -> tuple[SlaTerm, ...]:
    """Return a version's terms in the order in which they are tried; not to be changed.

    Remembered once the version was submitted, since its rows are frozen from then on: one query
    the first time in a process, none later. Read from the rows while it is a draft.
    """
    if version.content_hash:
        return _submitted_terms(version.pk, version.content_hash)
    return _read_terms(version.pk)


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


def hours_for(term: SlaTerm, *, handoff: Handoff) -> BusinessHours:
    """Return the hours in which a term's time is counted."""
    if not term.is_business_time:
        return AROUND_THE_CLOCK
    return hours_of(calendar_of(term, default=handoff.calendar))


def plan(term: SlaTerm, *, hours: BusinessHours, start: datetime) -> Plan:
    """Say when a promise that starts now falls due, with every step.

    The warning comes after its share of the promised time, and of the backstop if that is
    earlier; escalation and reassignment count from the due instant in the term's own hours.

    Raises:
        CalendarNeverOpens: the hours have no opening for more than a year.
    """
    share = term.warn_at_pct / 100
    promised_at = calendar.add(hours, start=start, amount=term.respond_within)
    warn_at = calendar.add(hours, start=start, amount=term.respond_within * share)
    backstop_at = None
    if term.at_latest_within is not None:
        backstop_at = start + term.at_latest_within
        warn_at = min(warn_at, start + term.at_latest_within * share)
    due_at = earlier(promised_at, backstop_at)
    steps = {StepKind.WARN: warn_at, StepKind.BREACH: due_at}
    for kind, after in (
        (StepKind.ESCALATE, term.escalate_after),
        (StepKind.REASSIGN, term.reassign_after),
    ):
        if after is not None:
            steps[kind] = calendar.add(hours, start=due_at, amount=after)
    return Plan(promised_at, backstop_at, due_at, steps)


def earlier(promised_at: datetime, backstop_at: datetime | None) -> datetime:
    """Return the instant at which a promise is broken."""
    return promised_at if backstop_at is None else min(promised_at, backstop_at)


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
        and (term.when_min_points is None or evaluation.points >= term.when_min_points)
        and met.issuperset(term.when_criteria)
    )
