"""What absences and departures set going: leads move on, days are planned, calendars are read."""

from crm_handoff.clock import database_now
from crm_handoff.integrations import calendars
from routing import departures, series


def begin(*, limit: int = 20) -> int:
    """Move on the untouched leads of reps who went away; returns of how many absences."""
    return departures.begin_due(at=database_now(), limit=limit)


def empty(*, limit: int = 50) -> int:
    """Pass on the open leads of reps who left; returns how many leads."""
    return departures.empty_due(at=database_now(), limit=limit)


def plan() -> int:
    """Write the days of recurring absences that came within reach; returns of how many."""
    return series.plan_ahead(at=database_now())


def read_calendars() -> int:
    """Read one calendar that is due: a relay that helps has more urgent work; returns how many."""
    return calendars.read_due()
