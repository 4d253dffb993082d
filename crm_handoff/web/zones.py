"""The time zone in which a person reads times."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from crm_handoff.people import organization

PAGES = frozenset({"web", "admin"})
"""Parts of the product that people read; the API speaks UTC."""

Handler = Callable[[HttpRequest], HttpResponseBase]


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
            timezone.activate(organization.zone_for(request.user.time_zone))
