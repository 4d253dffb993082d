"""Secrets of other systems, kept so that a copy of the database does not give them away."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretLost(Exception):
    """A secret was sealed under another SECRET_KEY: it has to be entered anew."""


def seal(secret: str) -> bytes:
    """Return a secret encrypted under the product's own key."""
    return _box().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """Return a secret in clear.

    Raises:
        SecretLost: neither SECRET_KEY nor its fallbacks open it.
    """
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken as error:
        raise SecretLost("The secret was kept under another SECRET_KEY: enter it anew.") from error


def _box() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    # A key of its own: what signs sessions must not be what opens secrets.
    digest = hashlib.sha256(b"crm_handoff.integrations.sealing:" + key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
