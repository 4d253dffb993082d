"""What the demo's sales manager does: hands out what waits, and moves what a colleague left."""

from collections.abc import Mapping
from datetime import datetime

from crm_handoff.demo import cast
from crm_handoff.demo.journeys import HOUR
from crm_handoff.demo.timeline import ALL, Timeline
from crm_handoff.models import User
from routing import departures, handoffs
from routing import roster as rosters
from routing.enums import HandoffStatus
from routing.models import Handoff, Rep


class Management:
    """The manager's own acts."""

    def __init__(self, timeline: Timeline, people: Mapping[str, User]) -> None:
        self.timeline = timeline
        self.manager = people[cast.MANAGER]

    def hand_out(self, at: datetime) -> None:
        """Give what waits in the fallback queue to whoever has most room; what just came waits."""
        if self.timeline.until - at < 2 * HOUR:
            return
        waiting = Handoff.objects.filter(status=HandoffStatus.QUEUED, queue__is_fallback=True)
        for handoff in waiting.order_by("pk"):
            rep = _with_most_room(at)
            handoffs.reassign(handoff.pk, by=self.manager, rep=rep, at=at)
        self.timeline.look_again()

    def say_farewell(self, at: datetime) -> None:
        """Let a rep leave; what they held moves on."""
        cast.leave(cast.TOM)
        departures.empty_due(at=at, limit=ALL)
        self.timeline.look_again()

    def let_go(self, at: datetime) -> None:
        """Let the untouched leads of whoever goes away now move on."""
        departures.begin_due(at=at, limit=ALL)
        self.timeline.look_again()

    def fill_up(self, at: datetime) -> None:
        """Move accepted leads to one rep until there is no room left.

        A short past has not enough of them: then the rep may hold no more than these.
        """
        rep = Rep.objects.select_related("user").get(user__email=cast.OLIVER)
        others = (
            Handoff.objects.filter(status=HandoffStatus.ACCEPTED)
            .exclude(rep=rep)
            .exclude(rep__user__email__in=(cast.DANA, cast.ALEX))
            .order_by("-territory__key", "accepted_at")
        )
        for handoff in others[: rep.capacity - rosters.load_of(rep)]:
            handoffs.reassign(handoff.pk, by=self.manager, rep=rep, at=at)
        rep.refresh_from_db()
        rep.capacity = rosters.load_of(rep)
        rep.save(update_fields=["capacity"])
        self.timeline.look_again()


def _with_most_room(at: datetime) -> Rep:
    free = Rep.objects.filter(is_active=True).exclude(absences__span__contains=at)
    return free.select_related("user").order_by("open_count", "pk")[0]
