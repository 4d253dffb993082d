"""Leads and touchpoints by REST with everything on, against a bare DRF POST and one insert.

The floor is a view without middleware, authentication and permissions, its serializer of the same
fields and one insert; for a list `many=True` and one `bulk_create`. Ours goes through every
middleware, is let in by an API key and counted, finds the lead, writes history and pending mark,
commits; for a list it also keeps the answer under the call's Idempotency-Key. Both in this
process, by Django's test client, on a scratch database that is dropped at the end; the rounds
alternate.
"""

import json
import logging
import os
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any

from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.test.utils import setup_databases, setup_test_environment, teardown_databases
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm_handoff.people import keys
from crm_handoff.people.models import User
from definitions.models import TouchpointKind
from leads.models import Lead, Touchpoint

GOAL = 0.45
GOAL_IN_BULK = 0.5
BULK = 100
MANY_CALLS = 10_000_000
"""Calls a minute: the count is measured, not the refusal."""
ROUNDS = 30
REQUESTS = 25
WARM_UP = 50


class BareLead(serializers.Serializer[Any]):
    email = serializers.EmailField()
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    job_title = serializers.CharField(max_length=200)
    country = serializers.CharField(max_length=2)


class BareTouchpoint(serializers.Serializer[Any]):
    lead_id = serializers.IntegerField()
    kind_id = serializers.IntegerField()
    channel = serializers.CharField(max_length=32)
    occurred_at = serializers.DateTimeField()
    external_id = serializers.CharField(max_length=200)


class Bare(APIView):
    authentication_classes = ()
    permission_classes = ()
    serializer_class: type[serializers.Serializer[Any]]

    def post(self, request: Request) -> Response:
        body = self.serializer_class(data=request.data)
        body.is_valid(raise_exception=True)
        self.insert(body.validated_data)
        return Response({"status": "created"}, status=201)

    def insert(self, values: dict[str, Any]) -> None:
        raise NotImplementedError


class BareLeads(Bare):
    serializer_class = BareLead

    def insert(self, values: dict[str, Any]) -> None:
        Lead.objects.create(**values)


class BareTouchpoints(Bare):
    serializer_class = BareTouchpoint

    def insert(self, values: dict[str, Any]) -> None:
        received_at = datetime.now(UTC)
        Touchpoint.objects.create(system="bare", received_at=received_at, **values)


class BareBulk(Bare):
    def post(self, request: Request) -> Response:
        body = BareTouchpoint(data=request.data, many=True)
        body.is_valid(raise_exception=True)
        received_at = datetime.now(UTC)
        Touchpoint.objects.bulk_create(
            Touchpoint(system="bare", received_at=received_at, **values)
            for values in body.validated_data
        )
        return Response([{"status": "created"} for _ in body.validated_data], status=201)


urlpatterns = [
    path("bare/bulk/", BareBulk.as_view()),
    path("bare/leads/", BareLeads.as_view()),
    path("bare/touchpoints/", BareTouchpoints.as_view()),
    path("api/v1/", include("crm_handoff.api.urls")),
]

Post = Callable[[], HttpResponseBase]


def poster(client: Client, address: str, bodies: Iterator[Any]) -> Post:
    def post() -> HttpResponseBase:
        return client.post(address, json.dumps(next(bodies)), content_type="application/json")

    return post


def keyed_poster(client: Client, address: str, bodies: Iterator[Any]) -> Post:
    """Post each body under an Idempotency-Key of its own."""

    def post() -> HttpResponseBase:
        return client.post(
            address,
            json.dumps(next(bodies)),
            content_type="application/json",
            headers={"idempotency-key": str(uuid.uuid4())},
        )

    return post


def lists(bodies: Iterator[Any]) -> Iterator[list[Any]]:
    while True:
        yield list(islice(bodies, BULK))


def leads(prefix: str, **more: str) -> Iterator[dict[str, Any]]:
    for number in count():
        yield {
            "email": f"{prefix}{number}@company{number}.example",
            "first_name": "Anna",
            "last_name": "Berg",
            "job_title": "VP Operations",
            "country": "DE",
        } | {name: f"{value}{number}" for name, value in more.items()}


def touchpoints(prefix: str, **more: Any) -> Iterator[dict[str, Any]]:
    for number in count():
        yield {
            "channel": "event",
            "occurred_at": "2026-01-13T12:00:00Z",
            "external_id": f"{prefix}{number}",
        } | more


def clients() -> tuple[Client, Client]:
    """Return a client without any middleware, and one of an integration with all of it."""
    person = User.objects.create_user("ops@example.com")
    token = keys.issue(
        "Benchmark", system="bench", created_by=person, rate_per_minute=MANY_CALLS
    ).token
    bare, whole = Client(), Client(headers={"authorization": f"Bearer {token}"})
    with override_settings(MIDDLEWARE=[]):
        bare.handler.load_middleware()
    return bare, whole


def compare(name: str, ours: Post, floor: Post, *, goal: float = GOAL) -> None:
    for post in (ours, floor):
        for _ in range(WARM_UP):
            answer = post()
            assert answer.status_code == 201, answer.getvalue()
    pairs = [(seconds(ours), seconds(floor)) for _ in range(ROUNDS)]
    mine, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"rest {name} ours {mine * 1e3:.2f} ms floor {bare * 1e3:.2f} ms "
        f"ratio {bare / mine:.2f} goal {goal}"
    )


def seconds(post: Post) -> float:
    started = time.perf_counter()
    for _ in range(REQUESTS):
        post()
    return (time.perf_counter() - started) / REQUESTS


def measure() -> None:
    bare, whole = clients()
    compare(
        "lead",
        poster(whole, "/api/v1/leads/", leads("ours", external_id="l")),
        poster(bare, "/bare/leads/", leads("bare")),
    )
    lead = Lead.objects.earliest("pk")
    kind = TouchpointKind.objects.create(key="webinar", name="Webinar", category="event")
    compare(
        "touchpoint",
        poster(
            whole,
            "/api/v1/touchpoints/",
            touchpoints("o", lead=str(lead.public_id), kind="webinar"),
        ),
        poster(bare, "/bare/touchpoints/", touchpoints("b", lead_id=lead.pk, kind_id=kind.pk)),
    )
    compare(
        f"touchpoints, {BULK} a call",
        keyed_poster(
            whole,
            "/api/v1/touchpoints/",
            lists(touchpoints("many", lead=str(lead.public_id), kind="webinar")),
        ),
        poster(
            bare,
            "/bare/bulk/",
            lists(touchpoints("bare-many", lead_id=lead.pk, kind_id=kind.pk)),
        ),
        goal=GOAL_IN_BULK,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Let log lines be formatted and written as ever, but not between the results."""
    handlers = [h for h in logging.getLogger().handlers if isinstance(h, logging.StreamHandler)]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        streams = [handler.setStream(nowhere) for handler in handlers]
        try:
            yield
        finally:
            for handler, stream in zip(handlers, streams, strict=True):
                if stream is not None:
                    handler.setStream(stream)


def main() -> None:
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with override_settings(ROOT_URLCONF="benchmarks.rest"), quiet():
            measure()
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
