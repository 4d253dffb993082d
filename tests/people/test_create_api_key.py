import io

import pytest
from django.core.management import CommandError, call_command

from crm_handoff.models import ApiKey, User
from crm_handoff.people import keys

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def operator():
    return User.objects.create_user("ops@example.com")


def create(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "create_api_key", "--name=Forms", "--system=website", *arguments, stdout=out, stderr=err
    )
    return out.getvalue().strip()


def test_prints_a_key_that_works(noon):
    token = create("--as=OPS@example.com")

    key = keys.check(token, at=noon)
    assert (key.name, key.system, key.created_by.email) == ("Forms", "website", "ops@example.com")
    assert key.expires_at is None


def test_issues_for_sending_and_reading_at_the_usual_rate(noon):
    key = keys.check(create("--as=ops@example.com"), at=noon)

    assert (key.scopes, key.rate_per_minute) == (["ingest", "read"], 6_000)


def test_takes_scopes_and_a_rate(noon):
    token = create("--as=ops@example.com", "--scope=read", "--scope=handoff", "--rate=60")

    key = keys.check(token, at=noon)
    assert (key.scopes, key.rate_per_minute) == (["read", "handoff"], 60)


def test_takes_an_expiry(noon):
    token = create("--as=ops@example.com", "--expires=2026-01-13T12:00:00Z")

    with pytest.raises(keys.KeyRefused):
        keys.check(token, at=noon)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--as=nobody@example.com"],
        ["--as=ops@example.com", "--expires=soon"],
        ["--as=ops@example.com", "--expires=2026-01-13T12:00:00"],
        ["--as=ops@example.com", "--system=a b"],
        ["--as=ops@example.com", "--scope=all"],
        ["--as=ops@example.com", "--rate=0"],
    ],
    ids=["nobody", "no instant", "no zone", "no slug", "no scope", "no call"],
)
def test_refuses_what_it_cannot_use(arguments):
    with pytest.raises(CommandError):
        create(*arguments)
    assert not ApiKey.objects.exists()
