"""The time zone and the language in which a person reads."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from crm_handoff.people import organization
from crm_handoff.people.models import User

PAGES = frozenset({"web", "admin"})
"""Parts of the product that people read; the API speaks UTC and English."""

TRANSLATED = "web"
"""The part whose texts are translated; the others are English as a whole."""

Handler = Callable[[HttpRequest], HttpResponseBase]


class PersonalZoneMiddleware:
    """Show pages in the reader's zone and language.

    Who chose no language reads the browser's; whoever is not signed in, too.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked_for = translation.get_language()
        try:
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return response
        finally:
            timezone.deactivate()
            if asked_for is not None:
                translation.activate(asked_for)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Activate zone and language once it is known which page is asked for."""
        match = request.resolver_match
        part = match.app_name if match is not None else ""
        if part != TRANSLATED:
            translation.activate("en")
        if part not in PAGES or not request.user.is_authenticated:
            return
        timezone.activate(organization.zone_for(request.user.time_zone))
        if part == TRANSLATED:
            speak_to(request.user)


def speak_to(user: User) -> None:
    """Continue in the language that a person chose, if the product speaks it."""
    if user.language and translation.check_for_language(user.language):
        translation.activate(user.language)
