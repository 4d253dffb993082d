"""Idempotency-Key: a write that is sent again has its effect once, and its answer each time.

What was asked, what it did and how it was answered are saved in one transaction. A request that
was refused leaves nothing: it can be mended and sent with the same key.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import OperationalError, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_success

from crm_handoff.api.errors import (
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)
from crm_handoff.people.models import ApiKey, IdempotentRequest, User
from leads import bulk

KEY = re.compile(r"[\x20-\x7e]{1,255}")
KEPT_FOR = timedelta(days=30)
PRUNED_AT_ONCE = 1_000
LOCK_TIMEOUT = "55P03"
"""SQLSTATE of a wait that took too long."""

_TABLE = IdempotentRequest._meta.db_table
# Waits for whoever is answering the same request: then either theirs is there, or they failed.
CLAIM = f"""
    INSERT INTO {_TABLE} (owner, idempotency_key, method, path, body_hash, location)
    VALUES (%s, %s, %s, %s, %s, '') ON CONFLICT DO NOTHING RETURNING id"""  # noqa: S608
KEEP = f"UPDATE {_TABLE} SET status = %s, location = %s, body = %s WHERE id = %s"  # noqa: S608
PRUNE = f"""
    DELETE FROM {_TABLE} WHERE created_at < %s AND id IN (
        SELECT id FROM {_TABLE} ORDER BY id LIMIT {PRUNED_AT_ONCE})"""  # noqa: S608


class Asked(NamedTuple):
    """A write as far as it must be the same when it is sent again."""

    owner: UUID
    key: str
    method: str
    path: str
    body_hash: bytes


def answer(request: Request, handle: Callable[[], Response]) -> HttpResponseBase:
    """Answer a request by `handle`, or as the same request was answered before.

    Without an Idempotency-Key, or for a read, that is `handle` alone. Else it runs in one
    transaction with the row that keeps its answer.

    Raises:
        IdempotencyKeyInvalid: the key is empty, too long, or not plain text.
        IdempotencyKeyReused: it came with another body or address before.
        IdempotencyInProgress: the same request is not answered yet.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or request.method in SAFE_METHODS:
        return handle()
    asked = _asked(request, key)
    with transaction.atomic():
        claim = _claimed(asked)
        if claim is None:
            return _repeated(asked)
        response = handle()
        if not is_success(response.status_code):
            transaction.set_rollback(True)
            return response
        return _kept(claim, response)


def prune(*, at: datetime) -> int:
    """Forget answers that are older than 30 days, the oldest few alone; returns how many."""
    with bulk.cursor() as cursor:
        cursor.execute(PRUNE, [at - KEPT_FOR])
        count: int = cursor.rowcount
    return count


def _asked(request: Request, key: str) -> Asked:
    if KEY.fullmatch(key) is None:
        raise IdempotencyKeyInvalid
    body_hash = hashlib.sha256(request.body).digest()
    # Escaped, since an address may hold characters that the database does not keep.
    path = escape_uri_path(request.path)
    return Asked(_owner_of(request), key, request.method or "", path, body_hash)


def _owner_of(request: Request) -> UUID:
    if isinstance(request.auth, ApiKey):
        return request.auth.family
    assert isinstance(request.user, User)  # noqa: S101 - a key or a person, nobody else may write
    return request.user.public_id


def _claimed(asked: Asked) -> int | None:
    """Insert the row of a request and return its id; None when it is there already."""
    try:
        with bulk.cursor() as cursor:
            cursor.execute(CLAIM, asked)
            row = cursor.fetchone()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_TIMEOUT:
            raise IdempotencyInProgress from None
        raise
    return row[0] if row else None


def _repeated(asked: Asked) -> HttpResponse:
    known = IdempotentRequest.objects.get(owner=asked.owner, idempotency_key=asked.key)
    if (known.method, known.path, bytes(known.body_hash)) != asked[2:]:
        raise IdempotencyKeyReused
    response = _response(known.status or 0, known.location, bytes(known.body or b""))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _kept(claim: int, response: Response) -> HttpResponse:
    body: bytes = b"" if response.data is None else JSONRenderer().render(response.data)
    location = response.headers.get("Location", "")
    values: list[Any] = [response.status_code, location, body, claim]
    with bulk.cursor() as cursor:
        cursor.execute(KEEP, values)
    return _response(response.status_code, location, body)


def _response(status: int, location: str, body: bytes) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type=JSONRenderer.media_type)
    if not body:
        del response.headers["Content-Type"]
    if location:
        response.headers["Location"] = location
    return response
