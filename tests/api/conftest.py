"""Callers of the API: an integration by its key, people of every role by their session."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm_handoff.models import User
from crm_handoff.people import keys, roles
from crm_handoff.people.roles import Role


class Caller(Client):
    """A client that speaks JSON."""

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self.generic(
            method, f"/api/v1{path}", self._encode(body), content_type="application/json"
        )

    def _encode(self, body: Any) -> str:
        return "" if body is None else self._encode_json(body, "application/json")

    def read(self, path: str, **parameters: Any) -> Any:
        return self.get(f"/api/v1{path}", parameters)

    def create(self, path: str, body: Any) -> Any:
        return self.send("POST", path, body)


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_user("ops@example.com")


@pytest.fixture
def website(operator: User) -> Caller:
    """An integration whose system is `website`, its key used a moment ago."""
    issued = keys.issue("Website forms", system="website", created_by=operator)
    caller = Caller(headers={"authorization": f"Bearer {issued.token}"})
    caller.read("/touchpoint-kinds/")
    return caller


@pytest.fixture
def anonymous(db: None) -> Caller:
    return Caller()


@pytest.fixture
def signed_in(db: None) -> Callable[..., Caller]:
    """Returns a caller signed in as a new person of a role, or as the person given."""

    def sign_in(who: Role | User | None = None) -> Caller:
        person = who
        if not isinstance(person, User):
            person = User.objects.create_user(f"{who or 'nobody'}@example.com")
            if who:
                roles.grant(person, who)
        caller = Caller()
        caller.force_login(person, "django.contrib.auth.backends.ModelBackend")
        return caller

    return sign_in
