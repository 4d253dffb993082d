from datetime import timedelta

import pytest

from crm_handoff.models import ApiKey, User
from crm_handoff.people import keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued():
    admin = User.objects.create_user("ops@example.com")
    return keys.issue("Website forms", system="website", created_by=admin)


def test_issue_stores_no_clear_text(issued):
    key, token = issued

    stored = [str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list().get()]

    assert token.startswith(f"chk_{key.prefix}_")
    assert len(token.rsplit("_", 1)[-1]) > 0
    assert not any(token in value or token[17:] in value for value in stored)


def test_check_returns_the_key(issued, noon):
    assert keys.check(issued.token, at=noon) == issued.key


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("chk_", "key_"),
        lambda token: token[:10],
        lambda token: "",
        lambda token: token + "x",
        lambda token: "chk_" + "0" * 12 + token[16:],
    ],
    ids=["other secret", "other scheme", "cut", "empty", "longer", "other prefix"],
)
def test_check_refuses_another_token(issued, noon, spoil):
    with pytest.raises(keys.KeyRefused):
        keys.check(spoil(issued.token), at=noon)


@pytest.mark.parametrize(
    ("second", "is_good"),
    [(-1, True), (0, False), (1, False)],
    ids=["a second early", "on the dot", "a second late"],
)
def test_check_refuses_an_expired_key(issued, noon, second, is_good):
    ApiKey.objects.update(expires_at=noon)
    at = noon + timedelta(seconds=second)

    if is_good:
        assert keys.check(issued.token, at=at) == issued.key
    else:
        with pytest.raises(keys.KeyRefused):
            keys.check(issued.token, at=at)


def test_check_refuses_a_revoked_key_and_a_second_revocation_keeps_the_first(issued, noon):
    keys.revoke(issued.key, at=noon)
    keys.revoke(issued.key, at=noon + timedelta(days=1))

    with pytest.raises(keys.KeyRefused):
        keys.check(issued.token, at=noon)
    assert issued.key.revoked_at == noon


def test_check_notes_the_use_once_a_minute(issued, noon, django_assert_num_queries):
    with django_assert_num_queries(2):
        keys.check(issued.token, at=noon)
    with django_assert_num_queries(1):
        keys.check(issued.token, at=noon + timedelta(seconds=59))
    with django_assert_num_queries(2):
        keys.check(issued.token, at=noon + timedelta(seconds=60))

    issued.key.refresh_from_db()
    assert issued.key.last_used_at == noon + timedelta(seconds=60)
