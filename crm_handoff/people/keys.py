"""API keys: issued once in clear, stored as SHA-256, checked and counted on every call."""

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q

from crm_handoff.people.models import ApiKey, CallAllowance, Scope, User, usual_scopes
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from leads import bulk

TOKEN = re.compile(r"chk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
"""A key in clear: a prefix to find it by, then 256 random bits."""

KEY_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
# One statement, since asked on every call: the key, and one call taken from its allowance if it
# is good and has one left. Waiting for another call of the same key, `known` is the row as that
# one left it, so that of many at once as many pass as there are calls left.
# `excluded.calls_left` is what a full bucket holds after this call: the rate less one.
FIND_AND_COUNT = f"""
    WITH found AS MATERIALIZED (
        SELECT {", ".join(KEY_COLUMNS)} FROM {ApiKey._meta.db_table} WHERE prefix = %s),
    counted AS (
        INSERT INTO {CallAllowance._meta.db_table} AS known (key_id, calls_left, counted_at)
        SELECT id, rate_per_minute - 1, clock_timestamp() FROM found
        WHERE key_hash = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
        ON CONFLICT (key_id) DO UPDATE
        SET calls_left = least(excluded.calls_left, known.calls_left - 1 + (
                (excluded.calls_left + 1) / 60 * greatest(0,
                    extract(epoch FROM excluded.counted_at - known.counted_at)::float8))),
            counted_at = greatest(excluded.counted_at, known.counted_at)
        WHERE known.calls_left - 1 + (
                (excluded.calls_left + 1) / 60 * greatest(0,
                    extract(epoch FROM excluded.counted_at - known.counted_at)::float8)) >= 0
        RETURNING calls_left)
    SELECT found.*, counted.calls_left FROM found LEFT JOIN counted ON true"""  # noqa: S608

USE_NOTED_EVERY = timedelta(minutes=1)

_EDITED = ("source", "campaign", "asset", "persona")
_LAID_OUT = ("territory", "businesscalendar", "rejectionreason", "absenceseries")
_ENTERED = ("territorymembership", "absence", "namedaccount", "calendarwindow", "calendarclosure")

SCOPE_RIGHTS: dict[Scope, tuple[str, ...]] = {
    Scope.INGEST: (
        "leads.add_lead",
        "leads.change_lead",
        "leads.add_account",
        "leads.change_account",
        "leads.add_touchpoint",
        "leads.add_opportunity",
        "leads.change_opportunity",
    ),
    Scope.READ: (
        "definitions.view_*",
        "leads.view_*",
        "routing.view_*",
        "crm_handoff.view_checkup",
    ),
    Scope.HANDOFF: (
        "routing.view_handoff",
        "routing.view_rejectionreason",
        "routing.answer_handoff",
    ),
    Scope.CONFIG: (
        *(f"leads.{act}_{noun}" for noun in _EDITED for act in ("view", "add", "change")),
        *(f"routing.{act}_{noun}" for noun in _LAID_OUT for act in ("view", "add", "change")),
        *(
            f"routing.{act}_{noun}"
            for noun in _ENTERED
            for act in ("view", "add", "change", "delete")
        ),
        "leads.view_account",
        "routing.view_queue",
        "routing.view_rep",
        "routing.change_rep",
    ),
}
"""Permissions of each scope, `*` standing for any. Never people, keys or signatures."""


class KeyRefused(Exception):
    """The key is unknown, expired or revoked; which of them the caller is not told."""


class KeyNotReplaceable(Exception):
    """The key is of the past, or was replaced before."""


class RateExceeded(Exception):
    """The key has no call left at present.

    `seconds` is a whole number after which it has one again.
    """

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.seconds = math.ceil(60 / key.rate_per_minute)
        super().__init__(f"This key may call {key.rate_per_minute} times a minute.")


class IssuedKey(NamedTuple):
    """A new key; `token` is its clear text, known here alone."""

    key: ApiKey
    token: str


class IntegrationUser:
    """The principal behind an API key: the rights of its scopes, no person."""

    pk = None
    is_active = True
    is_anonymous = False
    is_authenticated = True
    is_staff = False
    is_superuser = False

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self._scopes = tuple(key.scopes)

    def __str__(self) -> str:
        return self.key.name

    @property
    def system(self) -> str:
        """The external system whose facts it sends."""
        return self.key.system

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say whether one of the key's scopes has the permission."""
        return _is_allowed(self._scopes, perm)

    def has_perms(self, perms: list[str], obj: Any = None) -> bool:
        """Say whether the key's scopes have all of the permissions."""
        return all(_is_allowed(self._scopes, perm) for perm in perms)


def issue(
    name: str,
    *,
    system: str,
    created_by: User,
    scopes: Sequence[str] = (),
    rate_per_minute: int | None = None,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Create a key; its clear text cannot be read again.

    Without `scopes` it sends facts and reads; without `rate_per_minute` it has the usual one.
    """
    key = ApiKey(
        name=name,
        system=system,
        created_by=created_by,
        scopes=list(scopes) or usual_scopes(),
        expires_at=expires_at,
    )
    if rate_per_minute is not None:
        key.rate_per_minute = rate_per_minute
    return _issued(key)


def rotate(key: ApiKey, *, by: User, at: datetime, overlap: timedelta) -> IssuedKey:
    """Replace a key by a new one that may do the same; the old one works on for `overlap`.

    The new one lives as long as the old one was to live, from now. To the product both are one
    caller: what one sent with an Idempotency-Key the other can repeat.

    Raises:
        KeyNotReplaceable: it is revoked, expired, or replaced already.
    """
    with transaction.atomic():
        old = ApiKey.objects.select_for_update(no_key=True).get(pk=key.pk)
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= at):
            raise KeyNotReplaceable(f"{old} is not in use any more.")
        if ApiKey.objects.filter(replaces=old).exists():
            raise KeyNotReplaceable(f"{old} was replaced already.")
        issued = _issued(
            ApiKey(
                name=old.name,
                system=old.system,
                scopes=old.scopes,
                rate_per_minute=old.rate_per_minute,
                family=old.family,
                replaces=old,
                created_by=by,
                expires_at=_renewed(old, at),
            )
        )
        ends_at = at + overlap
        old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
        old.save(update_fields=["expires_at"])
    key.expires_at = old.expires_at
    return issued


def check(token: str, *, at: datetime) -> ApiKey:
    """Return the key of a clear text that is good at an instant, counting and noting its use.

    One query, a second at most once a minute. To be called outside of transactions: a counted
    call keeps others of the same key waiting until it is committed.

    Raises:
        KeyRefused: it is malformed, unknown, expired or revoked.
        RateExceeded: it has no call left at present.
    """
    match = TOKEN.fullmatch(token)
    if match is None:
        raise KeyRefused
    key_hash = _hash_of(token)
    key = _found_and_counted(match[1], key_hash, at)
    if key is None or not hmac.compare_digest(key.key_hash, key_hash):
        raise KeyRefused
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at):
        raise KeyRefused
    if key.calls_left is None:
        raise RateExceeded(key)
    _note_use(key, at)
    return key


def hide(text: str) -> str:
    """Return a text in which no key can be read, fit for a log."""
    return TOKEN.sub(r"chk_\1_…", text)


def revoke(key: ApiKey, *, at: datetime) -> None:
    """Make a key useless from now on; a second time changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)
    key.refresh_from_db(fields=["revoked_at"])


def _renewed(key: ApiKey, at: datetime) -> datetime | None:
    """Return until when a key lives that is to live from now as long as this one was."""
    if key.expires_at is None:
        return None
    try:
        return at + (key.expires_at - key.created_at)
    except OverflowError:
        # The last day of the calendar, by which people say “never”.
        return key.expires_at


def _issued(key: ApiKey) -> IssuedKey:
    key.prefix = secrets.token_hex(6)
    token = f"chk_{key.prefix}_{secrets.token_urlsafe(32)}"
    key.key_hash = _hash_of(token)
    key.save(force_insert=True)
    return IssuedKey(key, token)


def _found_and_counted(prefix: str, key_hash: str, at: datetime) -> ApiKey | None:
    with bulk.cursor() as cursor:
        cursor.execute(FIND_AND_COUNT, [prefix, key_hash, at])
        row = cursor.fetchone()
    if row is None:
        return None
    *columns, calls_left = row
    key = ApiKey.from_db(DEFAULT_DB_ALIAS, KEY_COLUMNS, columns)
    key.calls_left = None if calls_left is None else int(calls_left)
    return key


def _note_use(key: ApiKey, at: datetime) -> None:
    stale = at - USE_NOTED_EVERY
    if key.last_used_at is None or key.last_used_at <= stale:
        # Conditional: of many calls in the same instant one writes.
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=key.pk).update(
            last_used_at=at
        )


@lru_cache(maxsize=2_000)
def _is_allowed(scopes: tuple[str, ...], perm: str) -> bool:
    if perm == SEE_EVERYONES_LEADS:
        # A key is no person: it works on everything that its scopes name.
        return True
    return any(
        fnmatchcase(perm, pattern) for scope in scopes for pattern in SCOPE_RIGHTS[Scope(scope)]
    )


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
