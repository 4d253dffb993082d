"""Who of the demo's sales is there, and who keeps what they hold."""

from datetime import datetime

from crm_handoff.demo import cast
from crm_handoff.demo.cases import holder
from crm_handoff.demo.journeys import DAY
from crm_handoff.demo.timeline import Timeline
from crm_handoff.models import User
from routing.models import Absence, Handoff


class Staff:
    """The reps through the year."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.absences = [
            (away.rep.user.email, away.span)
            for away in Absence.objects.select_related("rep__user")
        ]

    def is_away(self, user: User, at: datetime) -> bool:
        """Say whether somebody is absent at an instant."""
        return any(
            email == user.email and span.lower <= at < span.upper for email, span in self.absences
        )

    def keeps(self, handoff: Handoff, at: datetime) -> bool:
        """Say whether a handoff stays where it is, so that the full rep is full at the end."""
        return holder(handoff).email == cast.OLIVER and self.timeline.until - at < 2 * DAY
