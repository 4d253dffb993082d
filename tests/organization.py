"""The demo organization for tests that walk everything, loaded once for a module."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from crm_handoff import demo
from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from tests.admin import rows

LOADED_AT = datetime(2026, 1, 13, 12, tzinfo=UTC)
WEEKS = 4
"""Long enough for deals; a whole year takes its time."""

SignIn = Callable[[Role | User], Client]


@pytest.fixture(scope="module")
def organization(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo and three rows of every kind, gone again after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load(at=LOADED_AT, weeks=WEEKS)
        rows.fill(at=LOADED_AT)
        with connection.cursor() as cursor:
            # What was deferred is checked here, once, and not again with each test.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """Returns a client of a new person of a role, or of the person given."""

    def enter(who: Role | User) -> Client:
        person = who
        if not isinstance(person, User):
            person = User.objects.create_user(f"{who}@tests.example")
            roles.grant(person, who)
        client = Client()
        client.force_login(person, "django.contrib.auth.backends.ModelBackend")
        return client

    return enter
