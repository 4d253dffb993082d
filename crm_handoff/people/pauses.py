"""Pauses after wrong passwords: by whom they are counted."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def counted_as(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return under which name a wrong password counts: the e-mail address, in lower case.

    Sign-in finds a person whatever the case of their address, so no other case is another count.
    """
    said = credentials or request.POST
    return str(said.get("username") or "").strip().lower()
