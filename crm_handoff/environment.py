"""Typed settings from environment variables, each documented, each refused when malformed."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """One environment variable as the operator's documentation lists it."""

    name: str
    kind: str
    default: str
    text: str


DOCUMENTED: dict[str, Setting] = {}
"""Every variable that was read, by name; the operator's documentation is checked against it."""


def _read(name: str, kind: str, default: str, text: str, parse: Callable[[str], T]) -> T:
    DOCUMENTED[name] = Setting(name, kind, default, text)
    raw = os.environ.get(name, default)
    try:
        return parse(raw)
    except ValueError as error:
        seen = f"{name}={_without_password(raw)!r}" if name in os.environ else f"{name} is not set"
        raise ImproperlyConfigured(f"{seen}: expected {kind}: {error}.") from None


def _without_password(raw: str) -> str:
    """Hide the password of an address: what is refused is logged."""
    return re.sub(r"(?<=://).*@", "…@", raw)


def text(name: str, default: str, about: str) -> str:
    """Read a string."""
    return _read(name, "text", default, about, str)


def flag(name: str, default: bool, about: str) -> bool:
    """Read `true` or `false`.

    Raises:
        ImproperlyConfigured: for any other value.
    """

    def parse(raw: str) -> bool:
        if raw.lower() not in ("true", "false"):
            raise ValueError("neither true nor false")
        return raw.lower() == "true"

    return _read(name, "true or false", str(default).lower(), about, parse)


def number(name: str, default: int, about: str, *, at_least: int = 0) -> int:
    """Read a whole number of at least `at_least`.

    Raises:
        ImproperlyConfigured: when it is no whole number, or a smaller one.
    """

    def parse(raw: str) -> int:
        if not raw.isdecimal():
            raise ValueError("not a whole number")
        value = int(raw)
        if value < at_least:
            raise ValueError("too small")
        return value

    return _read(name, f"a whole number ≥ {at_least}", str(default), about, parse)


def choice(name: str, default: str, about: str, *, of: tuple[str, ...]) -> str:
    """Read one of several words.

    Raises:
        ImproperlyConfigured: for any other word.
    """

    def parse(raw: str) -> str:
        if raw not in of:
            raise ValueError("none of these")
        return raw

    return _read(name, f"one of {', '.join(of)}", default, about, parse)


def address(name: str, default: str, about: str) -> str:
    """Read the `http://` or `https://` address of a site, without a path.

    Raises:
        ImproperlyConfigured: for anything else.
    """

    def parse(raw: str) -> str:
        url = urlsplit(raw)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("neither http:// nor https://")
        if url.path.strip("/") or url.query:
            raise ValueError("more than scheme, host and port")
        return raw.rstrip("/")

    return _read(name, "an address such as https://crm.example.com", default, about, parse)


def names(name: str, default: str, about: str) -> list[str]:
    """Read a comma-separated list; blanks around its items are dropped."""
    return _read(
        name,
        "a comma-separated list",
        default,
        about,
        lambda raw: [item.strip() for item in raw.split(",") if item.strip()],
    )


def database(name: str, about: str) -> dict[str, object]:
    """Read `postgres://user:password@host:port/name` as Django's DATABASES entry.

    Raises:
        ImproperlyConfigured: for another scheme, or without a database name.
    """

    def parse(raw: str) -> dict[str, object]:
        url = urlsplit(raw)
        if url.scheme not in ("postgres", "postgresql"):
            raise ValueError("only PostgreSQL is supported")
        if not url.path.strip("/"):
            raise ValueError("names no database")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.strip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": url.port or "",
        }

    return _read(name, "postgres://user:password@host:port/name", "", about, parse)


def broker(name: str, about: str) -> str:
    """Read `redis://host:port/number` (or `rediss://`).

    Raises:
        ImproperlyConfigured: for another scheme.
    """

    def parse(raw: str) -> str:
        if urlsplit(raw).scheme not in ("redis", "rediss"):
            raise ValueError("only Redis and Valkey are supported")
        return raw

    return _read(name, "redis://host:port/number", "redis://127.0.0.1:6379/0", about, parse)
