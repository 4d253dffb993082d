"""How the demo's reps keep up with the cadences that were promised."""

from datetime import datetime
from functools import partial
from random import Random

from crm_handoff.demo import words
from crm_handoff.demo.cases import Case, holder
from crm_handoff.demo.journeys import DAY, MINUTE
from crm_handoff.demo.staff import Staff
from crm_handoff.demo.timeline import Timeline
from definitions.enums import AttemptKind
from routing import handoffs
from routing.enums import AttemptOutcome, HandoffStatus
from routing.models import FollowUp

KEPT_UP = 0.85
"""Share of the tasks of a cadence that are done."""


class Cadences:
    """Tasks of cadences, done or forgotten."""

    def __init__(self, timeline: Timeline, staff: Staff) -> None:
        self.timeline = timeline
        self.staff = staff

    def follow(self, case: Case, at: datetime) -> None:
        """Plan the next task of the promised cadence, if one is left; some are forgotten."""
        task = (
            FollowUp.objects.filter(handoff=case.handoff_id, done_at=None, cancelled_at=None)
            .exclude(cadence_step=None)
            .order_by("due_at", "pk")
            .first()
        )
        if task is None:
            return
        # Chance of its own, so that what becomes of the lead does not hang on it.
        random = Random(f"{case.lead.key}:{task.cadence_step}:{at:%j}")  # noqa: S311
        if random.random() < KEPT_UP:
            when = max(task.due_at, at) + random.uniform(2, 50) * MINUTE
            self.timeline.put(when, partial(self._do, case, task.pk, random))

    def _do(self, case: Case, task_id: int, random: Random, at: datetime) -> None:
        """Do a task of the cadence, if it is still to be done."""
        task = FollowUp.objects.select_related("handoff__rep__user").get(pk=task_id)
        handoff = task.handoff
        if handoff.status not in HandoffStatus.HELD:
            return
        if self.staff.is_away(holder(handoff), at):
            self.timeline.put(at + DAY, partial(self._do, case, task_id, random))
            return
        if task.done_at is None and task.cancelled_at is None:
            outcomes = (AttemptOutcome.NO_ANSWER, AttemptOutcome.LEFT_MESSAGE)
            is_reached = random.random() < 0.2
            handoffs.attempt(
                handoff.pk,
                by=holder(handoff),
                kind=AttemptKind(task.kind),
                outcome=AttemptOutcome.REACHED if is_reached else random.choice(outcomes),
                note=random.choice(words.CALLS) if is_reached else "",
                at=at,
            )
            self.timeline.look_again()
        self.follow(case, at)
