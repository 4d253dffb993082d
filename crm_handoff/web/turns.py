"""Whether whoever asks is a rep, and takes turns in the rotation; said on their queue if not."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.web.tags import day_of
from routing import notices
from routing.models import Rep, Suspension, TerritoryMembership

KEPT = "standing"
"""Where a request keeps the answer: the bar and the page ask for the same."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rep stands in the rotation; `manager` puts back whom the policy took out.

    `is_paused`: works territories, and takes turns in none of them.
    """

    is_rep: bool = False
    is_active: bool = False
    is_paused: bool = False
    suspended_at: datetime | None = None
    missed_count: int = 0
    manager: str = ""

    @property
    def left_out(self) -> str:
        """Why they get no new leads from the rotation, and who can change it; "" when they do."""
        if not self.is_rep:
            return ""
        if not self.is_active:
            return _("You are not active as a rep: new leads go to others.")
        if self.suspended_at is not None:
            return self._suspended(self.suspended_at)
        if self.is_paused:
            return _(
                "You take no turns in the rotation until RevOps lets you: new leads go to others."
            )
        return ""

    def _suspended(self, began_at: datetime) -> str:
        said = ngettext(
            "You are out of rotation since %(day)s, because %(missed)s first response was "
            "missed, until %(manager)s puts you back: new leads go to others.",
            "You are out of rotation since %(day)s, because %(missed)s first responses were "
            "missed, until %(manager)s puts you back: new leads go to others.",
            self.missed_count,
        )
        return said % {
            "day": day_of(timezone.localtime(began_at)),
            "missed": self.missed_count,
            "manager": self.manager or _("a manager"),
        }


def standing_of(request: HttpRequest) -> Standing:
    """Return how whoever asks stands; one query a request, however often it is asked.

    Of a rep whose manager left, whoever stands in is asked for, too.
    """
    known = vars(request)
    if KEPT not in known:
        known[KEPT] = _read(request.user.pk)
    found: Standing = known[KEPT]
    return found


def _read(user_id: int | None) -> Standing:
    running = Suspension.objects.filter(rep=OuterRef("pk"), ended_at=None)
    works = TerritoryMembership.objects.filter(rep=OuterRef("pk"), territory__is_active=True)
    reps = Rep.objects.filter(user=user_id).select_related("manager")
    rep = reps.annotate(
        suspended_at=Subquery(running.values("began_at")),
        missed_count=Subquery(running.values("missed_count")),
        is_member=Exists(works),
        takes_turns=Exists(works.filter(is_active=True)),
    ).first()
    if rep is None:
        return Standing()
    return Standing(
        is_rep=True,
        is_active=rep.is_active,
        is_paused=rep.is_member and not rep.takes_turns,
        suspended_at=rep.suspended_at,
        missed_count=rep.missed_count or 0,
        manager=str(notices.manager(rep=rep, queue=None) or ""),
    )
