"""Half a working day of a rep: the morning or the afternoon of their calendar."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from routing import hours
from routing.calendar import BusinessHours, open_intervals
from routing.models import Rep, TerritoryMembership
from routing.occurrences import Occurrence


def hours_of(rep: Rep) -> BusinessHours:
    """Return the hours in which a rep works: those of their first territory, else the default."""
    memberships = TerritoryMembership.objects.filter(rep=rep, is_active=True)
    first = memberships.select_related("territory__calendar").order_by(
        "territory__position", "territory_id"
    )
    member = first.first()
    return hours.hours_of(member.territory.calendar) if member else hours.default_hours()


def half_of(day: date, worked: BusinessHours, *, is_morning: bool) -> Occurrence | None:
    """Return the morning or the afternoon of a day, None when nothing is open on it.

    The two part at the longest break of the day, without one in the middle of its hours.
    """
    zone = ZoneInfo(worked.zone)
    begins = datetime.combine(day, time(0), tzinfo=zone)
    ends = datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)
    opened = list(open_intervals(worked, start=begins, end=ends))
    if not opened:
        return None
    (opens, _), (_, closes) = opened[0], opened[-1]
    breaks = [(before[1], after[0]) for before, after in pairwise(opened)]
    middle = opens + (closes - opens) / 2
    parts_at = max(breaks, key=lambda one: one[1] - one[0], default=(middle, middle))
    return Occurrence(opens, parts_at[0]) if is_morning else Occurrence(parts_at[1], closes)
