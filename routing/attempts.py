"""A rep's attempts to contact a lead."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from definitions.enums import AttemptKind
from routing import cadences, followups, locks, timers
from routing.enums import AttemptOutcome
from routing.followups import Plan
from routing.models import Attempt, Handoff, RejectionReason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """Attempts on a handoff that reached nobody, and the days on which they were made.

    Days are those of the handoff's calendar. `wanted`, `wanted_days`: what a reason takes.
    """

    count: int
    days: int
    wanted: int
    wanted_days: int

    @property
    def is_enough(self) -> bool:
        """Whether the reason may be given."""
        return self.count >= self.wanted and self.days >= self.wanted_days

    def __str__(self) -> str:
        said = {
            "wanted": self.wanted,
            "made": self.count,
            "days": self.wanted_days,
            "made_days": self.days,
        }
        if self.wanted_days > 1:
            return (
                _(
                    "%(wanted)s attempts (%(made)s so far) on %(days)s different days"
                    " (%(made_days)s so far)"
                )
                % said
            )
        return (
            ngettext(
                "%(wanted)s attempt (%(made)s so far)",
                "%(wanted)s attempts (%(made)s so far)",
                self.wanted,
            )
            % said
        )


class TooFewAttempts(Exception):
    """A reason says that nobody could be reached, which takes more attempts than were made."""

    def __init__(self, reason: RejectionReason, tried: Tried) -> None:
        self.tried = tried
        super().__init__(
            _("“%(reason)s” takes %(attempts)s. Log what is missing, or choose another reason.")
            % {"reason": reason, "attempts": tried}
        )


@transaction.atomic
def attempt(
    handoff_id: int,
    *,
    by: AbstractBaseUser,
    kind: AttemptKind,
    outcome: AttemptOutcome,
    at: datetime,
    note: str = "",
    next_step: str | Plan = "",
) -> Attempt:
    """Record a contact attempt; it stops the response clock when its kind counts as a response.

    No answer is an attempt too, but no contact. Also does the tasks of its kind that are due by
    now or soon, and lets the promised cadence follow its outcome. next_step: in words, or planned
    for an instant, which sets a task.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: the handoff is closed.
        WhatRequired: the planned step is blank.
        DueInThePast: it is planned for before `at`.
    """
    handoff = locks.lock_open_handoff(handoff_id)
    plan = next_step if isinstance(next_step, Plan) else None
    words = next_step.what if isinstance(next_step, Plan) else next_step
    recorded = Attempt.objects.create(
        handoff=handoff,
        by_id=by.pk,
        kind=kind,
        outcome=outcome,
        note=note.strip(),
        next_step=words.strip(),
        at=at,
    )
    handoff.first_attempt_at = min(filter(None, (handoff.first_attempt_at, at)))
    if outcome == AttemptOutcome.REACHED:
        handoff.first_contact_at = min(filter(None, (handoff.first_contact_at, at)))
    handoff.save(update_fields=["first_attempt_at", "first_contact_at"])
    is_reached = outcome == AttemptOutcome.REACHED
    timers.heed_attempt(handoff, kind=kind, at=at, by=by, is_reached=is_reached)
    followups.complete_by_attempt(handoff, kind=kind, by=by, at=at)
    cadences.heed(handoff, recorded)
    if plan is not None:
        followups.add(handoff.pk, kind=plan.kind, what=plan.what, due_at=plan.due_at, by=by, at=at)
    logger.info("Handoff %s: %s by %s, %s", handoff.pk, kind, by.pk, outcome)
    return recorded


def tried(handoff: Handoff, *, reason: RejectionReason) -> Tried:
    """Count what was tried about a handoff against what a reason for rejecting takes.

    One query, none for a reason that takes no attempts.
    """
    takes_any = reason.min_attempts or reason.min_attempt_days
    return _tried(_instants(handoff) if takes_any else [], reason)


def lacking(handoff: Handoff) -> dict[RejectionReason, Tried]:
    """Return the reasons in use that cannot be given yet, and what they still take.

    Two queries, one more when the handoff's calendar was not read.
    """
    reasons = RejectionReason.objects.filter(
        Q(min_attempts__gt=0) | Q(min_attempt_days__gt=0), is_active=True
    )
    instants = _instants(handoff)
    found = {reason: _tried(instants, reason) for reason in reasons.order_by("position", "pk")}
    return {reason: tried for reason, tried in found.items() if not tried.is_enough}


def check_tried(handoff: Handoff, *, reason: RejectionReason) -> None:
    """Refuse a reason that takes more attempts than were made about a locked handoff.

    Raises:
        TooFewAttempts: it does.
    """
    found = tried(handoff, reason=reason)
    if not found.is_enough:
        raise TooFewAttempts(reason, found)


def _instants(handoff: Handoff) -> list[datetime]:
    """Return when it was tried in vain, in the time zone of the handoff's calendar."""
    zone = ZoneInfo(handoff.calendar.time_zone)
    in_vain = handoff.attempts.exclude(outcome=AttemptOutcome.REACHED)
    return [instant.astimezone(zone) for instant in in_vain.values_list("at", flat=True)]


def _tried(instants: Sequence[datetime], reason: RejectionReason) -> Tried:
    return Tried(
        count=len(instants),
        days=len({instant.date() for instant in instants}),
        wanted=max(reason.min_attempts, reason.min_attempt_days),
        wanted_days=reason.min_attempt_days,
    )
