"""The two questions of a load balancer."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm_handoff.models import Heartbeat


def beat(kind: Heartbeat.Kind, *, ago: timedelta = timedelta(0)) -> None:
    Heartbeat.objects.create(kind=kind, name=f"{kind}-1", at=timezone.now() - ago)


def test_healthz_needs_neither_login_nor_database(client: Client) -> None:
    response = client.get("/healthz/")

    assert response.status_code == 200
    assert response.content == b"ok\n"


@pytest.mark.django_db
def test_readyz_when_everything_works(client: Client) -> None:
    beat(Heartbeat.Kind.RELAY)
    beat(Heartbeat.Kind.WORKER)

    response = client.get("/readyz/")

    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "parts": {name: {"ok": True} for name in ("database", "broker", "worker", "relay")},
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("silent", Heartbeat.Kind.values)
def test_readyz_names_who_is_silent(client: Client, silent: str) -> None:
    for kind in Heartbeat.Kind:
        beat(kind, ago=timedelta(seconds=16 if kind == silent else 5))

    response = client.get("/readyz/")

    assert response.status_code == 503
    parts = response.json()["parts"]
    assert parts.pop(silent) == {
        "ok": False,
        "reason": f"no {silent} has done anything for 15 seconds",
    }
    assert all(part["ok"] for part in parts.values())


@pytest.mark.django_db
def test_readyz_without_broker(client: Client, settings: Settings) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["parts"]["broker"] == {
        "ok": False,
        "reason": "the broker does not answer",
    }


@pytest.mark.django_db(transaction=True)
def test_readyz_without_database(client: Client, settings: Settings) -> None:
    connection.close()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    try:
        response = client.get("/readyz/")
    finally:
        connection.settings_dict["PORT"] = port

    assert response.status_code == 503
    parts = response.json()["parts"]
    assert parts["database"] == {"ok": False, "reason": "PostgreSQL does not answer"}
    assert parts["relay"]["reason"] == "unknown without the database"


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_health_is_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
