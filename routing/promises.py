"""What a signed version promises about a handoff, and when each part of it falls due."""

from dataclasses import dataclass
from datetime import datetime

from definitions.enums import Milestone
from definitions.models import DefinitionVersion, SlaTerm
from leads.models import Evaluation
from routing import calendar
from routing.calendar import BusinessHours
from routing.enums import StepKind
from routing.hours import AROUND_THE_CLOCK, hours_of
from routing.models import BusinessCalendar, Handoff


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
    terms = version.slaterm_set.filter(milestone=milestone).order_by("position", "pk")
    return next((term for term in terms if _holds(term, evaluation, met)), None)


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


def _holds(term: SlaTerm, evaluation: Evaluation, met: set[str]) -> bool:
    return (
        term.when_stage in ("", evaluation.stage)
        and term.when_path in ("", evaluation.path)
        and (term.when_min_points is None or evaluation.points >= term.when_min_points)
        and met.issuperset(term.when_criteria)
    )
