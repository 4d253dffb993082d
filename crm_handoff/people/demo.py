"""The demo's people: who they are, and the refusal to serve them outside a demo."""

import logging
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

logger = logging.getLogger(__name__)

DEMO_PASSWORD = "hand-it-over-2026"  # noqa: S105 - published on purpose, refused outside a demo


class DemoLogin(NamedTuple):
    """One published login of the demo organization."""

    role: str
    email: str
    password: str = DEMO_PASSWORD


DEMO_LOGINS = (
    DemoLogin("RevOps", "revops@demo.example"),
    DemoLogin("Marketing lead", "marketing.lead@demo.example"),
    DemoLogin("Sales manager", "sales.manager@demo.example"),
    DemoLogin("Rep (SDR)", "sdr@demo.example"),
    DemoLogin("Rep (AE)", "ae@demo.example"),
    DemoLogin("Auditor", "auditor@demo.example"),
)


def demo_users_exist() -> bool:
    """Tell whether anybody can sign in with a published password."""
    emails = [login.email for login in DEMO_LOGINS]
    people = get_user_model()._default_manager.filter(email__in=emails, is_active=True)
    return any(person.check_password(DEMO_PASSWORD) for person in people)


def refuse_in_production() -> None:
    """Stop a start with published logins, unless this is a demo.

    Called where web and relay start. A database that cannot be asked stops nobody here: nobody
    signs in without it, and the relay asks again before it works.

    Raises:
        ImproperlyConfigured: when DEMO is false and a demo login works.
    """
    if settings.DEMO:
        return
    try:
        is_open = demo_users_exist()
    except Error:
        logger.warning("The database could not be asked for demo logins.")
        return
    if is_open:
        raise ImproperlyConfigured(
            "This database has demo logins, whose passwords are published: deactivate these "
            "people or change their passwords, or start with DEMO=true."
        )
