"""Weeks as the organization counts them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_handoff.people.models import Organization

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """From its first midnight (inclusive) to the next week's (exclusive)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class WeekRule:
    """Where a week begins: a zone, and a weekday from 0, Monday, to 6, Sunday."""

    zone: ZoneInfo
    starts_on: int = 0

    def week_of(self, at: datetime) -> Week:
        """Return the week that holds an instant; across a clock change it is an hour off 168."""
        today = at.astimezone(self.zone).date()
        first = today - timedelta(days=(today.weekday() - self.starts_on) % 7)
        midnights = (
            datetime.combine(day, time(), tzinfo=self.zone) for day in (first, first + WEEK)
        )
        return Week(*midnights)

    def weeks_until(self, at: datetime, *, count: int) -> tuple[Week, ...]:
        """Return the `count` weeks that end with the one of `at`, the earliest first."""
        weeks = [self.week_of(at)]
        while len(weeks) < count:
            weeks.append(self.week_of(weeks[-1].starts_at - timedelta(days=1)))
        return tuple(reversed(weeks))


def rule_of_organization() -> WeekRule:
    """Return the organization's rule, UTC and Monday before there is one; one query."""
    found = Organization.objects.values_list("time_zone", "week_starts_on").first()
    zone, starts_on = found or ("UTC", 0)
    return WeekRule(ZoneInfo(zone), starts_on)
