"""Settings, read anew under the variables of each test."""

import os
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from crm_handoff import environment

ROOT = Path(__file__).resolve().parent.parent
OWN_KEY = "k" * 60
SERVERS = {"DATABASE_URL": "postgres://crm:secret@db.example/crm", "BROKER_URL": "redis://broker"}

Read = Callable[..., dict[str, Any]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Read the settings under these variables alone; the running ones stay as they are."""

    def read_under(**variables: str) -> dict[str, Any]:
        monkeypatch.setattr(os, "environ", SERVERS | variables)
        monkeypatch.setattr(environment, "DOCUMENTED", {})
        return runpy.run_path(str(ROOT / "crm_handoff" / "settings.py"))

    return read_under


def test_production_is_the_default(read: Read) -> None:
    settings = read(SECRET_KEY=OWN_KEY)

    assert not settings["DEBUG"]
    assert not settings["DEMO"]
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize("variables", [{}, {"DEMO": "true"}, {"DEBUG": "false"}])
def test_published_secret_key_is_refused(read: Read, variables: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is the published default"):
        read(**variables)


def test_published_secret_key_is_enough_for_debugging(read: Read) -> None:
    assert read(DEBUG="true")["DEBUG"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", "yes", "expected true or false"),
        ("DEMO", "1", "expected true or false"),
        ("EMAIL_PORT", "smtp", "expected a whole number ≥ 1"),
        ("EMAIL_PORT", "0", "expected a whole number ≥ 1"),
        ("LOGIN_FAILURE_LIMIT", "1.5", "expected a whole number ≥ 1"),
        ("PROXY_COUNT", "-1", "expected a whole number ≥ 0"),
        ("DATABASE_URL", "", "expected postgres://"),
        ("DATABASE_URL", "mysql://db/crm", "only PostgreSQL is supported"),
        ("DATABASE_URL", "postgres://db", "names no database"),
        ("DATABASE_URL", "postgres://db:port/crm", "expected postgres://"),
        ("BROKER_URL", "amqp://broker", "only Redis and Valkey are supported"),
        ("SITE_URL", "crm.example.com", "expected an address"),
        ("SITE_URL", "https://crm.example.com/handoff", "expected an address"),
        ("LOG_LEVEL", "LOUD", "expected one of"),
    ],
)
def test_malformed_value_is_refused_by_name(
    read: Read, name: str, value: str, expected: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}='{re.escape(value)}': .*{expected}"):
        read(**{"SECRET_KEY": OWN_KEY, name: value})


def test_missing_database_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SERVERS, "DATABASE_URL")

    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not set: expected postgres"):
        read(SECRET_KEY=OWN_KEY)


def test_refused_address_keeps_its_password(read: Read) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(SECRET_KEY=OWN_KEY, DATABASE_URL="mysql://crm:pass-word-1@db.example/crm")

    assert "db.example" in str(refusal.value)
    assert "pass-word-1" not in str(refusal.value)


def test_database_address_is_unquoted(read: Read) -> None:
    settings = read(SECRET_KEY=OWN_KEY, DATABASE_URL="postgres://crm:p%40ss@db.example:6432/crm")

    assert settings["DATABASES"]["default"]["PASSWORD"] == "p@ss"
    assert settings["DATABASES"]["default"]["PORT"] == 6432


def test_https_site_is_trusted_for_forms(read: Read) -> None:
    settings = read(SECRET_KEY=OWN_KEY, SITE_URL="https://crm.example.com/")

    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://crm.example.com"]


def test_names_drop_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NAMES", " a.example, ,b.example ")
    monkeypatch.setattr(environment, "DOCUMENTED", {})

    assert environment.names("SOME_NAMES", "", "For this test.") == ["a.example", "b.example"]


def test_number_below_its_least_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NUMBER", "1")
    monkeypatch.setattr(environment, "DOCUMENTED", {})

    assert environment.number("SOME_NUMBER", 5, "For this test.", at_least=1) == 1
    with pytest.raises(ImproperlyConfigured, match=r"SOME_NUMBER='1': .* ≥ 2"):
        environment.number("SOME_NUMBER", 5, "For this test.", at_least=2)


def documented() -> dict[str, tuple[str, ...]]:
    """The rows of the operator's table: variable → its other cells."""
    page = (ROOT / "docs" / "operating.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.*?) \| (.+?) \|$", page, re.MULTILINE)
    return {name: tuple(cells) for name, *cells in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    rows = documented()

    for setting in environment.DOCUMENTED.values():
        kind, default, text = rows[setting.name]
        assert kind == setting.kind
        assert default.strip("`") == setting.default.replace(f"{ROOT}/", "")
        assert text == setting.text


def test_documentation_names_no_setting_that_is_not_read() -> None:
    of_the_launcher = {"PORT", "HOST", "LOCAL_FOLDER", "INSTALL"}

    assert set(documented()) - of_the_launcher == set(environment.DOCUMENTED)
