"""API keys: issued once in clear, stored as SHA-256, checked on every call."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Q

from crm_handoff.people.models import ApiKey, User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS

TOKEN = re.compile(r"chk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
"""A key in clear: a prefix to find it by, then 256 random bits."""

KEY_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
FIND_KEY = f"SELECT {', '.join(KEY_COLUMNS)} FROM {ApiKey._meta.db_table} WHERE prefix = %s"  # noqa: S608

USE_NOTED_EVERY = timedelta(minutes=1)

INTEGRATION_RIGHTS = frozenset(
    {
        SEE_EVERYONES_LEADS,
        "definitions.view_touchpointkind",
        "leads.view_lead",
        "leads.add_lead",
        "leads.change_lead",
        "leads.view_touchpoint",
        "leads.add_touchpoint",
        "leads.view_opportunity",
        "leads.add_opportunity",
        "leads.change_opportunity",
        "leads.view_evaluation",
        "routing.view_handoff",
        "routing.view_rejectionreason",
    }
)
"""What an integration may do: send facts and read what became of them; answering is people's."""


class KeyRefused(Exception):
    """The key is unknown, expired or revoked; which of them the caller is not told."""


class IssuedKey(NamedTuple):
    """A new key; `token` is its clear text, known here alone."""

    key: ApiKey
    token: str


class IntegrationUser:
    """The principal behind an API key: rights of its own, no person."""

    pk = None
    is_active = True
    is_anonymous = False
    is_authenticated = True
    is_staff = False
    is_superuser = False

    def __init__(self, key: ApiKey) -> None:
        self.key = key

    def __str__(self) -> str:
        return self.key.name

    @property
    def system(self) -> str:
        """The external system whose facts it sends."""
        return self.key.system

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say whether integrations were given the permission."""
        return perm in INTEGRATION_RIGHTS

    def has_perms(self, perms: list[str], obj: Any = None) -> bool:
        """Say whether integrations were given all of the permissions."""
        return INTEGRATION_RIGHTS.issuperset(perms)


def issue(
    name: str, *, system: str, created_by: User, expires_at: datetime | None = None
) -> IssuedKey:
    """Create a key; its clear text cannot be read again."""
    prefix = secrets.token_hex(6)
    token = f"chk_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        key_hash=_hash_of(token),
        system=system,
        created_by=created_by,
        expires_at=expires_at,
    )
    return IssuedKey(key, token)


def check(token: str, *, at: datetime) -> ApiKey:
    """Return the key of a clear text that is good at an instant, noting its use.

    One query, a second at most once a minute.

    Raises:
        KeyRefused: it is malformed, unknown, expired or revoked.
    """
    match = TOKEN.fullmatch(token)
    if match is None:
        raise KeyRefused
    key = _by_prefix(match[1])
    if key is None or not hmac.compare_digest(key.key_hash, _hash_of(token)):
        raise KeyRefused
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at):
        raise KeyRefused
    _note_use(key, at)
    return key


def revoke(key: ApiKey, *, at: datetime) -> None:
    """Make a key useless from now on; a second time changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)
    key.refresh_from_db(fields=["revoked_at"])


def _by_prefix(prefix: str) -> ApiKey | None:
    # Asked on every call, so written out: the ORM would take thrice as long to say the same.
    with connection.cursor() as cursor:
        cursor.execute(FIND_KEY, [prefix])
        row = cursor.fetchone()
    return ApiKey.from_db(DEFAULT_DB_ALIAS, KEY_COLUMNS, row) if row else None


def _note_use(key: ApiKey, at: datetime) -> None:
    stale = at - USE_NOTED_EVERY
    if key.last_used_at is None or key.last_used_at <= stale:
        # Conditional: of many calls in the same instant one writes.
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=key.pk).update(
            last_used_at=at
        )


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
