"""Who calls the REST API: an integration by its key; people come by their session."""

from urllib.parse import unquote_plus

from django.utils import timezone
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm_handoff.api import errors, rates
from crm_handoff.api.errors import KeyInAddress
from crm_handoff.people import keys
from crm_handoff.people.models import ApiKey

KEY_PARAMETERS = frozenset({"access_token", "api-key", "api_key", "apikey", "token"})
"""Names by which other products take keys in an address, in lower case."""


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer chk_<prefix>_<secret>`; the request's `auth` is then the key."""

    def authenticate(self, request: Request) -> tuple[keys.IntegrationUser, ApiKey] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            key = keys.check(token.decode("ascii", "replace").strip(), at=timezone.now())
        except keys.KeyRefused:
            raise AuthenticationFailed("This API key is not valid.") from None
        except keys.RateExceeded as exceeded:
            raise rates.refusal_of(exceeded) from None
        return keys.IntegrationUser(key), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class PersonAuthentication(SessionAuthentication):
    """Somebody signed in to the pages; a write carries the CSRF token in its header."""

    def enforce_csrf(self, request: Request) -> None:
        # Looking for the token in a form, the check would read the body for good: of the request
        # beneath, which takes nothing but forms for one, it stays to be read.
        super().enforce_csrf(request._request)  # type: ignore[arg-type]


def refuse_key_in_address(request: Request) -> None:
    """Refuse a request whose address carries a key, or what looks like one by its name.

    Raises:
        KeyInAddress: it does.
    """
    errors.refuse_key_in_path(request._request)
    query = request.META.get("QUERY_STRING", "")
    if query and (
        not KEY_PARAMETERS.isdisjoint(name.lower() for name in request.query_params)
        or keys.TOKEN.search(unquote_plus(query))
    ):
        raise KeyInAddress
