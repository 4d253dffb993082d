"""What routing needs to begin with: reasons for rejecting, a calendar, a fallback queue."""

import logging
from dataclasses import dataclass
from datetime import time, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from routing.enums import ReasonCategory
from routing.models import BusinessCalendar, CalendarWindow, Queue, RejectionReason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as it ships; `rests_for` None disqualifies.

    `min_attempts` on `min_attempt_days` different days come before it is given.
    """

    key: str
    name: str
    category: ReasonCategory
    rests_for: timedelta | None
    ends_early_on_intent: bool = True
    min_attempts: int = 0
    min_attempt_days: int = 0


REASONS = (
    Reason("no_fit", "No fit", ReasonCategory.NO_FIT, timedelta(days=180)),
    Reason("bad_timing", "Bad timing", ReasonCategory.BAD_TIMING, timedelta(days=90)),
    Reason("no_intent", "Just researching", ReasonCategory.NO_INTENT, timedelta(days=60)),
    Reason("wrong_person", "Wrong person", ReasonCategory.WRONG_PERSON, timedelta(days=60)),
    Reason(
        "could_not_reach",
        "Could not reach",
        ReasonCategory.UNREACHABLE,
        timedelta(days=30),
        min_attempts=3,
        min_attempt_days=2,
    ),
    Reason("duplicate", "Duplicate", ReasonCategory.DUPLICATE, None),
    Reason("competitor", "Competitor", ReasonCategory.COMPETITOR, None, False),
    Reason("internal", "Internal or test", ReasonCategory.INTERNAL, None, False),
    Reason("other", "Other", ReasonCategory.OTHER, timedelta(days=90)),
)

OWNER_WITHIN = timedelta(hours=4)
"""Business time in which a lead that waits in the fallback queue is to get an owner."""

OPENS, CLOSES = time(9), time(17)
WORKDAYS = range(5)


@transaction.atomic
def load_defaults(*, manager: AbstractBaseUser | None = None) -> None:
    """Add what is missing and leave what is there as it was edited.

    manager: answers for the fallback queue; without one the queue is left to be made.
    """
    for position, reason in enumerate(REASONS, start=1):
        RejectionReason.objects.get_or_create(
            key=reason.key,
            defaults={
                "name": reason.name,
                "category": reason.category,
                "cool_off": reason.rests_for,
                "ends_early_on_intent": reason.ends_early_on_intent,
                "min_attempts": reason.min_attempts,
                "min_attempt_days": reason.min_attempt_days,
                "position": position * 10,
            },
        )
    _load_calendar()
    if manager is not None and not Queue.objects.filter(is_fallback=True).exists():
        Queue.objects.create(
            key="fallback",
            name="Fallback",
            manager_id=manager.pk,
            is_fallback=True,
            assign_within=OWNER_WITHIN,
        )
    logger.info("Defaults of routing are loaded")


def _load_calendar() -> None:
    calendar, is_created = BusinessCalendar.objects.get_or_create(
        key="default", defaults={"name": "Working days, 9 to 5 UTC", "time_zone": "UTC"}
    )
    if is_created:
        CalendarWindow.objects.bulk_create(
            CalendarWindow(calendar=calendar, weekday=day, opens=OPENS, closes=CLOSES)
            for day in WORKDAYS
        )
