"""A company with two reps, and a browser-less client for each person."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from definitions.models import DefinitionVersion
from routing.models import Rep, Territory
from tests.web import world

Doors = Callable[[User], Client]


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    return world.company()


@pytest.fixture
def dach(version: DefinitionVersion) -> Territory:
    return world.territory()


@pytest.fixture
def dana(dach: Territory) -> Rep:
    """The only rep of DACH, so every lead goes to her."""
    return world.rep("Dana Fischer", dach)


@pytest.fixture
def alex(version: DefinitionVersion) -> Rep:
    """A rep of another territory."""
    return world.rep("Alex Moreau", world.territory("France", ("FR",)))


@pytest.fixture
def manager(version: DefinitionVersion) -> User:
    return User.objects.get(email="samir.haddad@example.com")


@pytest.fixture
def marketer(version: DefinitionVersion) -> User:
    return User.objects.get(email="maya.lindqvist@example.com")


@pytest.fixture
def robin(version: DefinitionVersion, door: Doors) -> Client:
    """RevOps, signed in."""
    return door(User.objects.get(email="robin.ops@example.com"))


@pytest.fixture
def auditor(version: DefinitionVersion) -> User:
    return world.person("Ines Audit", Role.AUDITOR)


@pytest.fixture
def door() -> Doors:
    """Return a client that is signed in as somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
