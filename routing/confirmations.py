"""Confirming leads as sales qualified, by the checklist of the agreement."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Aggregate, DurationField, F
from django.utils.translation import gettext as _

from definitions.enums import Checklist
from definitions.vocabulary import Process
from definitions.words import is_blank
from leads import assertions, lifecycle
from leads.enums import Cause, Stage
from leads.models import StageTransition
from routing import locks
from routing.answers import HandoffNotHeld
from routing.enums import HandoffStatus
from routing.models import Confirmation

logger = logging.getLogger(__name__)

PLAUSIBLE = timedelta(hours=2)
"""Whoever had the checklist open for longer did something else meanwhile: no time is kept."""

LOOK_BACK = timedelta(days=90)
"""The time that confirming usually takes is that of so long."""

QUESTIONS: dict[Checklist, tuple[str, ...]] = {
    Checklist.NONE: (),
    Checklist.BANT: ("budget", "authority", "need", "timing"),
    Checklist.CHAMP: ("challenges", "authority", "money", "prioritization"),
    Checklist.MEDDIC: (
        "metrics",
        "economic_buyer",
        "decision_criteria",
        "decision_process",
        "identified_pain",
        "champion",
    ),
}
"""What each checklist asks; `confirm` reads it, and pages show it."""


class NothingToConfirm(Exception):
    """A lead's process has no confirmation by sales, or it was confirmed before."""

    def __init__(self) -> None:
        super().__init__(_("This lead is not one that sales confirms now."))


class AttemptRequired(Exception):
    """Nobody has contacted the lead yet, so nobody can know the answers."""

    def __init__(self) -> None:
        super().__init__(
            _("Contact the lead first: log your attempt, then confirm what you heard.")
        )


class ChecklistIncomplete(Exception):
    """Some questions have no answer or no evidence; `missing` are their keys."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        words = ", ".join(key.replace("_", " ") for key in missing)
        super().__init__(
            _("Answer these, and say how you know: %(questions)s.") % {"questions": words}
        )


@dataclass(frozen=True, slots=True)
class ChecklistAnswer:
    """A rep's answer to one question of a checklist: the value and how it is known."""

    value: str | bool
    evidence: str


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@transaction.atomic
def confirm(
    handoff_id: int,
    *,
    answers: Mapping[str, ChecklistAnswer],
    by: AbstractBaseUser,
    at: datetime,
    began_at: datetime | None = None,
) -> StageTransition:
    """Confirm a lead as SQL by the answers to the checklist of its version.

    The answers are kept as assertions with their evidence, and beside them when the person began
    (`began_at`), unless that is no plausible time: after `at`, or more than two hours before.
    Only where sales confirms, and only once somebody has tried to contact the lead.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: the handoff is closed.
        HandoffNotHeld: it waits in a queue.
        NothingToConfirm: the process has no confirmation, or the lead was confirmed before.
        AttemptRequired: no attempt to contact the lead is on record.
        ChecklistIncomplete: an answer or its evidence is blank or missing.
    """
    handoff = locks.lock_open_with_lead(handoff_id)
    if handoff.status == HandoffStatus.QUEUED:
        raise HandoffNotHeld
    process, lead = Process(handoff.version.process), handoff.lead
    if not lifecycle.is_allowed(process, lead.stage, Stage.SQL, cause=Cause.CONFIRM):
        raise NothingToConfirm
    if handoff.first_attempt_at is None:
        raise AttemptRequired
    checklist = Checklist(handoff.version.checklist)
    questions = QUESTIONS[checklist]
    missing = [key for key in questions if not _is_answered(answers.get(key))]
    if missing:
        raise ChecklistIncomplete(missing)
    for key in questions:
        given = answers[key]
        assertions.record(lead, what=key, value=given.value, evidence=given.evidence, by=by, at=at)
    began_at = began_at if began_at and at - PLAUSIBLE <= began_at <= at else None
    Confirmation.objects.create(
        handoff=handoff, checklist=checklist, by_id=by.pk, began_at=began_at, at=at
    )
    transition = lifecycle.move(lead, Stage.SQL, cause=Cause.CONFIRM, at=at, by=by)
    logger.info("Handoff %s confirmed by %s", handoff.pk, by.pk)
    return transition


def usual_time(checklist: Checklist, *, at: datetime) -> timedelta | None:
    """Return the median time that confirming took in the 90 days before; None when nobody did.

    Over everybody, by this checklist; one query.
    """
    timed = Confirmation.objects.filter(
        checklist=checklist, began_at__isnull=False, at__gt=at - LOOK_BACK, at__lte=at
    )
    took = _Median(F("at") - F("began_at"), output_field=DurationField())
    median: timedelta | None = timed.aggregate(took=took)["took"]
    return median


def _is_answered(given: ChecklistAnswer | None) -> bool:
    return given is not None and given.value != "" and not is_blank(given.evidence)
