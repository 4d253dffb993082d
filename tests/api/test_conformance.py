"""What the API says of itself, held against what it does with thousands of made requests."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from crm_handoff.models import User
from crm_handoff.people import keys
from crm_handoff.people.models import Scope
from crm_handoff.people.roles import Role

pytestmark = [pytest.mark.usefixtures("organization"), pytest.mark.django_db]

load_all_checks()

API = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())
# Hundreds of requests an operation, for as many parameters as the lists have.
API.config.phases.coverage.enabled = False
BEYOND_A_SCHEMA = (positive_data_acceptance, negative_data_rejection)
"""Checks of what no schema can tell: whether a key names something, an amount has a currency …"""

PLACES = {
    "absence": ("absences", "id"),
    "account": ("accounts", "id"),
    "asset": ("assets", "key"),
    "calendar": ("calendars", "key"),
    "campaign": ("campaigns", "key"),
    "definition": ("definitions", "key"),
    "handoff": ("handoffs", "id"),
    "lead": ("leads", "id"),
    "opportunity": ("opportunities", "id"),
    "persona": ("personas", "key"),
    "queue": ("queues", "key"),
    "reason": ("rejection-reasons", "key"),
    "rep": ("reps", "id"),
    "run": ("imports", "id"),
    "source_key": ("sources", "key"),
    "territory": ("territories", "key"),
}
"""Where something is found whose name an address needs."""


@pytest.fixture(scope="module")
def token(organization: None, django_db_blocker: Any) -> str:
    """A key that may do whatever a key may."""
    with django_db_blocker.unblock():
        return keys.issue(
            "Everything",
            system="website",
            created_by=User.objects.filter(groups__name=Role.REVOPS).first(),
            scopes=Scope.values,
            rate_per_minute=1_000_000,
        ).token


@pytest.fixture(scope="module")
def known(token: str, django_db_blocker: Any) -> dict[str, Any]:
    """Values for the parameters of addresses: of things that are there."""
    client = Client(headers={"authorization": f"Bearer {token}"})
    values: dict[str, Any] = {"at": "latest", "number": 1}
    with django_db_blocker.unblock():
        for name, (place, field) in PLACES.items():
            results = client.get(f"/api/v1/{place}/", {"page_size": 1}).json()["results"]
            if results:
                values[name] = results[0][field]
    return values


@pytest.fixture(autouse=True)
def one_connection(known: dict[str, Any]) -> Iterator[None]:
    """Requests leave the connection open, since all of a test is in one transaction.

    Django's own client, which found what is known, connects again what it disconnected.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@API.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_answered_otherwise_than_described(case, token, known):
    case.path_parameters = {
        name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
    }

    with transaction.atomic():
        case.call_and_validate(
            headers={"Authorization": f"Bearer {token}"}, excluded_checks=BEYOND_A_SCHEMA
        )
        transaction.set_rollback(True)
