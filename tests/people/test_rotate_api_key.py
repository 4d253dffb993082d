import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey, User
from crm_handoff.people import keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued():
    operator = User.objects.create_user("ops@example.com")
    return keys.issue("Website forms", system="website", created_by=operator)


def run(command, *arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command(command, *arguments, stdout=out, stderr=err)
    return out.getvalue().strip()


def test_rotate_prints_a_key_that_works_beside_the_old_one(issued):
    token = run("rotate_api_key", issued.key.prefix, "--as=ops@example.com", "--overlap-hours=2")

    at = database_now()
    assert keys.check(token, at=at).replaces == issued.key
    assert keys.check(issued.token, at=at) == issued.key
    with pytest.raises(keys.KeyRefused):
        keys.check(issued.token, at=at + timedelta(hours=2))


def test_rotate_without_overlap_ends_the_old_one_now(issued):
    run("rotate_api_key", issued.key.prefix, "--as=ops@example.com", "--overlap-hours=0")

    with pytest.raises(keys.KeyRefused):
        keys.check(issued.token, at=database_now())


@pytest.mark.parametrize(
    "arguments",
    [
        ["{prefix}", "--as=nobody@example.com"],
        ["000000000000", "--as=ops@example.com"],
        ["{prefix}", "--as=ops@example.com", "--overlap-hours=-1"],
    ],
    ids=["nobody", "no key", "no span"],
)
def test_rotate_refuses_what_it_cannot_use(issued, arguments):
    with pytest.raises(CommandError):
        run("rotate_api_key", *(part.format(prefix=issued.key.prefix) for part in arguments))
    assert ApiKey.objects.count() == 1


def test_rotate_replaces_a_key_once(issued):
    run("rotate_api_key", issued.key.prefix, "--as=ops@example.com")

    with pytest.raises(CommandError, match="replaced already"):
        run("rotate_api_key", issued.key.prefix, "--as=ops@example.com")


def test_revoke_ends_a_key_at_once(issued):
    assert "is revoked" in run("revoke_api_key", issued.key.prefix)

    with pytest.raises(keys.KeyRefused):
        keys.check(issued.token, at=database_now())


def test_revoke_says_that_there_is_no_such_key(issued):
    with pytest.raises(CommandError, match="no key 000000000000"):
        run("revoke_api_key", "000000000000")
