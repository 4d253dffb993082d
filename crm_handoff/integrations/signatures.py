"""Who sent a webhook: signatures over the raw bytes, or a shared secret in a header.

Sources: Standard Webhooks 1.0; HubSpot's request validation v3; Calendly's webhook signatures.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

TOLERANCE = timedelta(minutes=5)
"""How far the sender's clock may be from ours; what is older was recorded and is played again."""


class Scheme(models.TextChoices):
    """How a source proves that a call is its own."""

    STANDARD = "standard", "Standard Webhooks"
    HUBSPOT = "hubspot", _("HubSpot signature v3")
    CALENDLY = "calendly", _("Calendly signature")
    HMAC = "hmac", _("HMAC-SHA256 of the body, in X-Signature")
    TOKEN = "token", _("Shared secret, in X-Webhook-Token")


SIGNED = frozenset(Scheme) - {Scheme.TOKEN}
"""Schemes that vouch for what was sent, not only for who knows a secret."""


class SignatureRefused(Exception):
    """The call does not prove where it comes from; which part is wrong the caller is not told."""


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook as it came: `url` is the whole address called, header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


def verify(scheme: str, secrets: Sequence[str], call: Call) -> None:
    """Check a call by any of a source's secrets, of which there are two while one is replaced.

    Raises:
        SignatureRefused: no secret fits, or the call is older or newer than `TOLERANCE`.
    """
    check = _CHECKS[Scheme(scheme)]
    try:
        fits = [check(secret, call) for secret in secrets]
    except (ValueError, KeyError, OverflowError, OSError) as error:
        # A malformed header is as good as none.
        raise SignatureRefused from error
    if not any(fits):
        raise SignatureRefused


def check_secret(scheme: str, secret: str) -> None:
    """Look whether a secret is one by which a scheme can sign.

    Raises:
        ValueError: it is not, in words for whoever enters it.
    """
    if scheme == Scheme.STANDARD:
        _key_of(secret)


def sign(secret: str, *, name: str, seconds: str, body: bytes) -> str:
    """Return the signature of Standard Webhooks 1.0 for a call's id, time (Unix) and body.

    Raises:
        ValueError: the secret is no base64.
    """
    said = f"{name}.{seconds}.".encode() + body
    digest = hmac.digest(_key_of(secret), said, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _key_of(secret: str) -> bytes:
    written = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        # Without this, what is no base64 would stand for a key that everybody knows: none.
        raise ValueError(
            gettext("A secret of Standard Webhooks is base64, mostly after “whsec_”.")
        )
    return key


def _standard(secret: str, call: Call) -> bool:
    name, written = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    _check_age(float(written), call)
    expected = sign(secret, name=name, seconds=written, body=call.body)
    signatures = call.headers["webhook-signature"].split(" ")
    return any(_is_same(expected, signature) for signature in signatures)


def _hubspot(secret: str, call: Call) -> bool:
    written = call.headers["x-hubspot-request-timestamp"]
    _check_age(int(written) / 1000, call)
    said = call.method.encode() + call.url.encode() + call.body + written.encode()
    expected = base64.b64encode(hmac.digest(secret.encode(), said, hashlib.sha256)).decode()
    return _is_same(expected, call.headers["x-hubspot-signature-v3"])


def _calendly(secret: str, call: Call) -> bool:
    parts = dict(
        part.strip().split("=", 1)
        for part in call.headers["calendly-webhook-signature"].split(",")
    )
    _check_age(int(parts["t"]), call)
    said = parts["t"].encode() + b"." + call.body
    return _is_same(hmac.new(secret.encode(), said, hashlib.sha256).hexdigest(), parts["v1"])


def _hmac(secret: str, call: Call) -> bool:
    expected = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    said = call.headers["x-signature"].strip().lower().removeprefix("sha256=")
    return _is_same(expected, said)


def _token(secret: str, call: Call) -> bool:
    return _is_same(secret, call.headers["x-webhook-token"])


_CHECKS: Mapping[Scheme, Callable[[str, Call], bool]] = {
    Scheme.STANDARD: _standard,
    Scheme.HUBSPOT: _hubspot,
    Scheme.CALENDLY: _calendly,
    Scheme.HMAC: _hmac,
    Scheme.TOKEN: _token,
}


def _check_age(seconds: float, call: Call) -> None:
    sent_at = datetime.fromtimestamp(seconds, tz=UTC)
    if abs(call.at - sent_at) > TOLERANCE:
        raise SignatureRefused


def _is_same(expected: str, said: str) -> bool:
    return hmac.compare_digest(expected.encode(), said.encode())
