"""The time zone in which a person reads times."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from crm_handoff.people import organization

PAGES = frozenset({"web", "admin"})
"""Parts of the product that people read; the API speaks UTC."""

Handler = Callable[[HttpRequest], HttpResponseBase]


def zone_of(request: HttpRequest) -> str:
    """Return the IANA zone of whoever asks: their own if it exists, else everybody's."""
    own = str(getattr(request.user, "time_zone", ""))
    return own if _is_zone(own) else organization.time_zone()


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


class PersonalZoneMiddleware:
    """Show times in the reader's zone on the pages of the product."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Activate the zone once it is known which page is asked for."""
        match = request.resolver_match
        is_page = match is not None and match.app_name in PAGES
        if is_page and request.user.is_authenticated:
            timezone.activate(zoneinfo.ZoneInfo(zone_of(request)))
