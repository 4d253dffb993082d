"""A rep's attempts to contact a lead."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from definitions.enums import AttemptKind
from routing import followups, locks, timers
from routing.enums import AttemptOutcome
from routing.followups import Plan
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
    next_step: str | Plan = "",
) -> Attempt:
    """Record a contact attempt; it stops the response clock when its kind counts as a response.

    Also does the tasks of its kind that are due by now or soon. next_step: in words, or planned
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
    handoff.save(update_fields=["first_attempt_at"])
    timers.stop(handoff, kind=kind, at=at, by=by)
    followups.complete_by_attempt(handoff, kind=kind, by=by, at=at)
    if plan is not None:
        followups.add(handoff.pk, kind=plan.kind, what=plan.what, due_at=plan.due_at, by=by, at=at)
    logger.info("Handoff %s: %s by %s, %s", handoff.pk, kind, by.pk, outcome)
    return recorded
