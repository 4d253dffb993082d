"""Who calls the REST API: an integration by its key; people come by their session."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm_handoff.people import keys
from crm_handoff.people.models import ApiKey


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
        return keys.IntegrationUser(key), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
