"""Whoever uses the administration most."""

import pytest
from django.test import Client

from crm_handoff.people.roles import Role
from tests.organization import SignIn


@pytest.fixture
def revops(sign_in: SignIn) -> Client:
    return sign_in(Role.REVOPS)
