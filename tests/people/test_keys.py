import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, connections, transaction
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey, CallAllowance, User
from crm_handoff.people import keys
from crm_handoff.people.models import Scope

pytestmark = pytest.mark.django_db

AT_ONCE = 16


@pytest.fixture
def admin(db):
    return User.objects.create_user("ops@example.com")


@pytest.fixture
def issued(admin):
    return keys.issue("Website forms", system="website", created_by=admin)


def test_issue_stores_no_clear_text(issued):
    key, token = issued

    stored = [str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list().get()]

    assert token.startswith(f"chk_{key.prefix}_")
    assert len(token.rsplit("_", 1)[-1]) > 0
    assert not any(token in value or token[17:] in value for value in stored)


def test_issue_gives_what_most_integrations_need(issued):
    assert issued.key.scopes == ["ingest", "read"]
    assert issued.key.rate_per_minute == 6_000


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
def test_check_refuses_another_token_and_counts_nothing(issued, noon, spoil):
    with pytest.raises(keys.KeyRefused):
        keys.check(spoil(issued.token), at=noon)
    assert not CallAllowance.objects.exists()


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


# What a key may do.


@pytest.mark.parametrize("scope", list(Scope))
def test_no_scope_touches_people_keys_or_signatures(admin, scope):
    integration = keys.IntegrationUser(
        keys.issue("Any", system="any", created_by=admin, scopes=[scope]).key
    )
    guarded = [
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in Permission.objects.select_related("content_type")
        if permission.content_type.app_label in ("crm_handoff", "auth", "integrations")
        or permission.codename.startswith("sign_")
        or permission.codename in ("answer_any_handoff", "assign_handoff")
    ]

    allowed = {name for name in guarded if integration.has_perm(name)}

    # A key is no person with rows of its own, and one that reads may ask whether all is well.
    extra = {"crm_handoff.view_checkup"} if scope == Scope.READ else set()
    assert allowed == {"crm_handoff.view_all_leads"} | extra


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        ("ingest", "leads.add_lead", "leads.view_lead"),
        ("read", "leads.view_lead", "leads.add_lead"),
        ("handoff", "routing.answer_handoff", "leads.add_lead"),
        ("config", "routing.change_territory", "leads.change_lead"),
    ],
)
def test_a_scope_allows_its_own_and_nothing_else(admin, scope, allowed, refused):
    integration = keys.IntegrationUser(
        keys.issue("Any", system="any", created_by=admin, scopes=[scope]).key
    )

    assert integration.has_perms([allowed])
    assert not integration.has_perms([allowed, refused])


def test_several_scopes_add_up(admin):
    key = keys.issue("Any", system="any", created_by=admin, scopes=["read", "config"]).key

    assert keys.IntegrationUser(key).has_perms(["leads.view_lead", "routing.change_territory"])


# One key takes the place of another.


def test_rotate_issues_the_like_and_ends_the_old_after_the_overlap(admin, noon):
    old = keys.issue(
        "CRM", system="crm", created_by=admin, scopes=["read", "handoff"], rate_per_minute=60
    )
    other = User.objects.create_user("other@example.com")

    new = keys.rotate(old.key, by=other, at=noon, overlap=timedelta(hours=2))

    last = noon + timedelta(hours=2, seconds=-1)
    assert keys.check(old.token, at=last) == old.key
    assert keys.check(new.token, at=last) == new.key
    with pytest.raises(keys.KeyRefused):
        keys.check(old.token, at=noon + timedelta(hours=2))
    assert (new.key.name, new.key.system, new.key.scopes) == ("CRM", "crm", ["read", "handoff"])
    assert (new.key.rate_per_minute, new.key.expires_at) == (60, None)
    assert (new.key.replaces, new.key.created_by) == (old.key, other)
    assert new.key.family == old.key.family


def test_rotate_renews_the_span_and_never_lengthens_the_old(admin):
    at = database_now()
    key = keys.issue("CRM", system="crm", created_by=admin, expires_at=at + timedelta(days=90)).key
    span = key.expires_at - key.created_at

    later = at + timedelta(days=89, hours=23)
    new = keys.rotate(key, by=admin, at=later, overlap=timedelta(days=7)).key

    assert new.expires_at == later + span
    assert key.expires_at == at + timedelta(days=90)


def test_rotate_takes_the_last_day_of_the_calendar_for_never(admin):
    never, later = datetime(9999, 12, 31, tzinfo=UTC), database_now() + timedelta(days=9)
    key = keys.issue("CRM", system="crm", created_by=admin, expires_at=never).key

    new = keys.rotate(key, by=admin, at=later, overlap=timedelta(days=1)).key

    assert new.expires_at == never


@pytest.mark.parametrize("end", ["revoked", "expired", "replaced"])
def test_rotate_refuses_a_key_of_the_past(issued, admin, noon, end):
    key = issued.key
    if end == "revoked":
        keys.revoke(key, at=noon)
    elif end == "expired":
        ApiKey.objects.update(expires_at=noon)
    else:
        keys.rotate(key, by=admin, at=noon, overlap=timedelta(days=1))
    count = ApiKey.objects.count()

    with pytest.raises(keys.KeyNotReplaceable):
        keys.rotate(key, by=admin, at=noon, overlap=timedelta(days=1))
    assert ApiKey.objects.count() == count


def test_families_of_other_keys_differ(issued, admin):
    assert keys.issue("Other", system="o", created_by=admin).key.family != issued.key.family


# How often a key may call.


def slow(admin, rate):
    return keys.issue("Slow", system="slow", created_by=admin, rate_per_minute=rate)


def rest(**span):
    """Let the keys rest: for the database they were counted so long ago."""
    CallAllowance.objects.update(counted_at=F("counted_at") - timedelta(**span))


def passed(token, count, at):
    good = 0
    for _ in range(count):
        try:
            keys.check(token, at=at)
        except keys.RateExceeded:
            continue
        good += 1
    return good


def test_a_rested_key_has_its_whole_rate_at_once(admin, noon):
    token = slow(admin, 3).token

    left = [keys.check(token, at=noon).calls_left for _ in range(3)]

    assert left == [2, 1, 0]
    with pytest.raises(keys.RateExceeded) as refusal:
        keys.check(token, at=noon)
    assert refusal.value.seconds == 20


@pytest.mark.parametrize(
    ("seconds", "calls"), [(19, 0), (20, 1), (59, 2), (60, 3), (86_400, 3)], ids=str
)
def test_calls_come_back_with_time_up_to_the_rate(admin, noon, seconds, calls):
    token = slow(admin, 3).token
    assert passed(token, 5, noon) == 3
    rest(seconds=seconds)

    assert passed(token, 5, noon) == calls


@settings(max_examples=10, deadline=None)
@given(
    rate=st.integers(1, 8),
    steps=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 6)), max_size=6),
)
def test_no_more_pass_than_the_rate_and_what_came_back_since(rate, steps):
    noon = datetime(2026, 1, 13, 12, tzinfo=UTC)
    began = database_now()
    with transaction.atomic():
        admin = User.objects.create_user("often@example.com")
        token = slow(admin, rate).token
        total = rested = 0
        for seconds, calls in steps:
            rest(seconds=seconds)
            rested += seconds
            total += passed(token, calls, noon)
        transaction.set_rollback(True)

    elapsed = rested + (database_now() - began).total_seconds()
    assert total <= rate + elapsed * rate / 60
    assert total >= min(rate, sum(calls for _, calls in steps))


def test_a_lowered_rate_holds_at_once(admin, noon):
    key, token = slow(admin, 100)
    keys.check(token, at=noon)
    ApiKey.objects.filter(pk=key.pk).update(rate_per_minute=2)

    # 99 were left; the call that notices finds a bucket of 2 and leaves 1.
    assert passed(token, 10, noon) == 2


def test_each_key_has_calls_of_its_own(admin, noon):
    one, other = slow(admin, 1).token, slow(admin, 1).token

    assert [passed(one, 2, noon), passed(other, 2, noon)] == [1, 1]


def test_a_clock_that_went_back_gives_no_call_away(admin, noon):
    token = slow(admin, 2).token
    assert passed(token, 3, noon) == 2
    rest(hours=-1)

    assert passed(token, 3, noon) == 0


def test_a_crash_of_the_database_forgets_the_count_and_refuses_nobody(admin, noon):
    token = slow(admin, 2).token
    passed(token, 3, noon)
    CallAllowance.objects.all().delete()

    assert passed(token, 3, noon) == 2


def test_the_count_is_kept_out_of_the_journal(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE oid = 'crm_handoff_callallowance'::regclass"
        )
        assert cursor.fetchone() == ("u",)


@pytest.mark.django_db(transaction=True)
def test_of_many_calls_at_once_as_many_pass_as_are_left(noon):
    admin = User.objects.create_user("ops@example.com")
    key, token = slow(admin, 20)
    # Counted in an hour from now: no call comes back within this test.
    CallAllowance.objects.create(
        key=key, calls_left=20, counted_at=database_now() + timedelta(hours=1)
    )
    start, good = threading.Barrier(AT_ONCE), []

    def call():
        start.wait()
        good.append(passed(token, 10, noon))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(good) == AT_ONCE
    assert sum(good) == 20
