"""Two questions of a load balancer: does the process live, and does the product do its work."""

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm_handoff.models import Heartbeat

FRESH_FOR = timedelta(seconds=15)
BROKER_TIMEOUT_SECONDS = 1


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process lives; asks nothing of database or broker."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part does its work, else 503; either way with each part's state."""
    reasons = {name: find_fault() for name, find_fault in CHECKS.items()}
    parts = {
        name: {"ok": True} if reason is None else {"ok": False, "reason": reason}
        for name, reason in reasons.items()
    }
    is_ready = not any(reasons.values())
    return JsonResponse({"ready": is_ready, "parts": parts}, status=200 if is_ready else 503)


def database_fault() -> str | None:
    """Say what is wrong with the database, if anything."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "PostgreSQL does not answer"
    return None


def broker_fault() -> str | None:
    """Say what is wrong with the broker, if anything; takes a second at most."""
    client = redis.Redis.from_url(
        settings.BROKER_URL,
        socket_timeout=BROKER_TIMEOUT_SECONDS,
        socket_connect_timeout=BROKER_TIMEOUT_SECONDS,
    )
    try:
        client.ping()
    except redis.RedisError:
        return "the broker does not answer"
    finally:
        client.close()
    return None


def worker_fault() -> str | None:
    """Say what is wrong with the Celery workers, if anything."""
    return _silence_of(Heartbeat.Kind.WORKER)


def relay_fault() -> str | None:
    """Say what is wrong with the relays, if anything."""
    return _silence_of(Heartbeat.Kind.RELAY)


def _silence_of(kind: Heartbeat.Kind) -> str | None:
    # By the database's clock on both sides: a host whose clock is off must not look dead.
    try:
        is_alive = Heartbeat.objects.filter(kind=kind, at__gte=Now() - FRESH_FOR).exists()
    except Error:
        return "unknown without the database"
    if is_alive:
        return None
    return f"no {kind} has done anything for {FRESH_FOR.seconds} seconds"


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": database_fault,
    "broker": broker_fault,
    "worker": worker_fault,
    "relay": relay_fault,
}
"""Every part that `/readyz/` names, with the question put to it."""
