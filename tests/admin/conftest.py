"""Whoever uses the administration most, and a draft with both sides named."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions import catalog, versions
from definitions.models import DefinitionVersion
from tests import recipes
from tests.organization import SignIn

PASSWORD = "correct horse battery staple"

Member = Callable[..., User]


@pytest.fixture
def revops(sign_in: SignIn) -> Client:
    return sign_in(Role.REVOPS)


@pytest.fixture
def member(db: None) -> Member:
    """Returns a new person with a password and roles."""

    def join(name: str, *given: Role) -> User:
        user = User.objects.create_user(f"{name}@example.com", PASSWORD, full_name=name.title())
        for role in given:
            roles.grant(user, role)
        return user

    return join


@pytest.fixture
def mara(member: Member) -> User:
    """Leads marketing."""
    return member("mara", Role.MARKETING_LEAD)


@pytest.fixture
def saul(member: Member) -> User:
    """Manages sales."""
    return member("saul", Role.SALES_MANAGER)


@pytest.fixture
def robin(member: Member) -> User:
    """RevOps; drafts."""
    return member("robin", Role.REVOPS)


@pytest.fixture
def ines(member: Member) -> User:
    """Audits."""
    return member("ines", Role.AUDITOR)


@pytest.fixture
def draft(mara: User, saul: User, robin: User) -> DefinitionVersion:
    """The shipped mid-market definition as a draft of Robin's, both sides named."""
    catalog.load_defaults()
    version = versions.load(recipes.shipped_text(), by=robin)
    version.marketing_operator, version.sales_operator = mara, saul
    version.save()
    return version
