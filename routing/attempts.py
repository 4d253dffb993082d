"""A rep's attempts to contact a lead."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from definitions.enums import AttemptKind
from routing import locks, timers
from routing.enums import AttemptOutcome
from routing.models import Attempt

logger = logging.getLogger(__name__)


@transaction.atomic
def attempt(
    handoff_id: int,
    *,
    by: AbstractBaseUser,
    kind: AttemptKind,
    outcome: AttemptOutcome,
    at: datetime,
    note: str = "",
    next_step: str = "",
) -> Attempt:
    """Record a contact attempt; it stops the response clock when its kind counts as a response.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: the handoff is closed.
    """
    handoff = locks.lock_open_handoff(handoff_id)
    recorded = Attempt.objects.create(
        handoff=handoff,
        by_id=by.pk,
        kind=kind,
        outcome=outcome,
        note=note.strip(),
        next_step=next_step.strip(),
        at=at,
    )
    handoff.first_attempt_at = min(filter(None, (handoff.first_attempt_at, at)))
    handoff.save(update_fields=["first_attempt_at"])
    timers.stop(handoff, kind=kind, at=at, by=by)
    logger.info("Handoff %s: %s by %s, %s", handoff.pk, kind, by.pk, outcome)
    return recorded
