"""What every page shows around its own content: places, and how many notices wait."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from crm_handoff.people.access import notices_visible_to
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from routing.models import Rep


@dataclass(frozen=True, slots=True)
class Place:
    """A link in the bar; `is_here` on its own page."""

    name: str
    address: str
    is_here: bool


class Navigation:
    """The bar of one request; asks the database only when a page shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def places(self) -> list[Place]:
        """Return the pages that this person can use, in order."""
        return [
            Place(name, reverse(view), self._is_here(view))
            for name, view, is_shown in self._candidates()
            if is_shown
        ]

    @property
    def unread_count(self) -> int:
        """Count the notices that this person has not read; one query."""
        return notices_visible_to(self.request.user).filter(read_at=None).count()

    def _candidates(self) -> list[tuple[str, str, bool]]:
        user = self.request.user
        sees_all = user.has_perm(SEE_EVERYONES_LEADS)
        return [
            ("My queue", "web:queue", is_rep(self.request)),
            ("Team", "web:team", sees_all and user.has_perm("routing.view_handoff")),
            ("Leads", "web:leads", sees_all and user.has_perm("leads.view_lead")),
            ("Funnel", "web:funnel", sees_all and user.has_perm("leads.view_opportunity")),
            ("Imports", "web:imports", sees_all and user.has_perm("leads.add_importrun")),
            ("Webhooks", "web:webhooks", user.has_perm("integrations.change_inboundsource")),
        ]

    def _is_here(self, view: str) -> bool:
        match = self.request.resolver_match
        return match is not None and match.view_name == view


def is_rep(request: HttpRequest) -> bool:
    """Say whether whoever asks holds leads; one query."""
    return Rep.objects.filter(user=request.user.pk, is_active=True).exists()


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give templates the bar; a context processor."""
    return {"navigation": Navigation(request)}
