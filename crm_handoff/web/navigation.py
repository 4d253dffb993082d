"""What every page shows around its own content: places, and how many notices wait."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from crm_handoff.models import User
from crm_handoff.people.access.leads import questions_for
from crm_handoff.people.access.people import notices_visible_to
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web import turns
from routing.enums import ReviewTaskState

BELOW: dict[str, tuple[str, ...]] = {
    "queue": (
        "handoff",
        "attempt",
        "accept",
        "reject",
        "confirm",
        "followup",
        "away",
        "absence",
        "series",
        "calendar_",
    ),
    "home": ("health_",),
    "team": ("team_", "routing", "fairness", "sla_"),
    "leads": ("lead", "evaluation"),
    "accounts": ("account",),
    "definitions": ("definition", "version", "impact", "example", "proposal"),
    "questions": ("question_",),
    "assets": ("asset",),
    "imports": ("import",),
    "webhooks": ("webhook", "new_webhook"),
}
"""How the names of pages begin that belong to a place and mark it as where somebody is."""


@dataclass(frozen=True, slots=True)
class Place:
    """A link in the bar; `is_here` on its own page and those below it.

    `count`: how much waits there for whoever looks.
    """

    name: str | Promise
    address: str
    is_here: bool
    count: int = 0


class Navigation:
    """The bar of one request; asks the database only when a page shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def places(self) -> list[Place]:
        """Return the pages that this person can use, in order."""
        return [
            Place(name, reverse(view), self._is_here(view), self._count(view))
            for name, view, is_shown in self._candidates()
            if is_shown
        ]

    @property
    def unread_count(self) -> int:
        """Return how many notices this person has not read."""
        return self._waiting[0]

    @cached_property
    def _waiting(self) -> tuple[int, int]:
        """Count the notices and the questions that wait for this person; one query for both."""
        user = self.request.user
        unread = notices_visible_to(user).filter(read_at=None)
        questions = questions_for(user).filter(state=ReviewTaskState.OPEN)
        counts = User.objects.filter(pk__in=[user.pk]).values_list(
            _count_of(unread), _count_of(questions)
        )
        return counts.first() or (0, 0)

    def _count(self, view: str) -> int:
        return self._waiting[1] if view == "web:questions" else 0

    def _candidates(self) -> list[tuple[str | Promise, str, bool]]:
        user, holds_leads = self.request.user, is_rep(self.request)
        sees_all = user.has_perm(SEE_EVERYONES_LEADS)
        sees_team = sees_all and user.has_perm("routing.view_handoff")
        return [
            (_("Home"), "web:home", sees_team and not holds_leads),
            (_("My queue"), "web:queue", holds_leads),
            (_("Team"), "web:team", sees_team),
            (_("Leads"), "web:leads", sees_all and user.has_perm("leads.view_lead")),
            (_("Accounts"), "web:accounts", sees_all and user.has_perm("leads.view_account")),
            (
                _("Definitions"),
                "web:definitions",
                user.has_perm("definitions.view_definitionversion"),
            ),
            (_("Questions"), "web:questions", user.has_perm("routing.answer_reviewtask")),
            (_("Funnel"), "web:funnel", sees_all and user.has_perm("leads.view_opportunity")),
            (_("Assets"), "web:assets", sees_all and user.has_perm("leads.view_asset")),
            (_("Imports"), "web:imports", sees_all and user.has_perm("leads.add_importrun")),
            (_("Webhooks"), "web:webhooks", user.has_perm("integrations.change_inboundsource")),
        ]

    def _is_here(self, view: str) -> bool:
        match = self.request.resolver_match
        if match is None or match.namespace != "web":
            return False
        here, place = match.url_name or "", view.partition(":")[2]
        return here == place or here.startswith(BELOW.get(place, ()))


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    grouped = rows.order_by().annotate(every=Value(1)).values("every")
    return Coalesce(Subquery(grouped.annotate(count=Count("pk")).values("count")), 0)


def is_rep(request: HttpRequest) -> bool:
    """Say whether whoever asks holds leads; one query a request."""
    found = turns.standing_of(request)
    return found.is_rep and found.is_active


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give templates the bar; a context processor."""
    return {"navigation": Navigation(request)}
