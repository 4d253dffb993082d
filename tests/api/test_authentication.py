"""People call by their session, as the pages do: a write proves that it comes from there."""

import pytest
from django.conf import settings

from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import Lead
from tests.api.conftest import Caller
from tests.api.problems import problem_of

TOKEN = "a" * 32


@pytest.fixture
def browser(db):
    """A caller who is signed in and from whom the CSRF token is demanded, as of any browser."""
    person = User.objects.create_user("ops@example.com")
    roles.grant(person, Role.REVOPS)
    caller = Caller(enforce_csrf_checks=True)
    caller.force_login(person, "django.contrib.auth.backends.ModelBackend")
    caller.cookies[settings.CSRF_COOKIE_NAME] = TOKEN
    return caller


def write(caller, **headers):
    return caller.generic(
        "POST",
        "/api/v1/leads/",
        b'{"external_id": "1"}',
        content_type="application/json",
        headers=headers,
    )


def test_a_write_without_the_token_is_refused(browser):
    problem_of(write(browser), 403, "permission_denied")
    problem_of(write(browser, **{"x-csrftoken": "b" * 32}), 403, "permission_denied")
    assert not Lead.objects.exists()


def test_a_write_with_the_token_is_answered_again_by_its_idempotency_key(browser):
    headers = {"x-csrftoken": TOKEN, "idempotency-key": "k-1"}

    first, again = write(browser, **headers), write(browser, **headers)

    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert again["Idempotency-Replayed"] == "true"
    assert Lead.objects.count() == 1


def test_who_reads_needs_no_token(browser):
    assert browser.read("/leads/").status_code == 200
