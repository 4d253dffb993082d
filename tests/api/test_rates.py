"""How a caller learns of the rate of its key."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F

from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey, CallAllowance, User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from leads.models import Lead
from tests.api.conftest import Caller
from tests.api.problems import problem_of

AT_ONCE = 16


def slow_caller(operator, rate):
    issued = keys.issue("Slow", system="slow", created_by=operator, rate_per_minute=rate)
    return Caller(headers={"authorization": f"Bearer {issued.token}"})


def test_each_answer_says_what_is_left(operator):
    caller = slow_caller(operator, 3)

    answers = [caller.read("/touchpoint-kinds/") for _ in range(3)]

    assert [answer["RateLimit-Limit"] for answer in answers] == ["3"] * 3
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]


def test_one_call_too_many_is_told_when_to_come_again(operator):
    caller = slow_caller(operator, 3)
    for _ in range(3):
        caller.create("/leads/", {"external_id": "1"})

    refused = caller.create("/leads/", {"external_id": "2"})

    assert "3 times a minute" in problem_of(refused, 429, "rate_limited")["detail"]
    assert (refused["Retry-After"], refused["RateLimit-Remaining"]) == ("20", "0")
    assert Lead.objects.count() == 1
    CallAllowance.objects.update(counted_at=F("counted_at") - timedelta(seconds=20))
    assert caller.create("/leads/", {"external_id": "2"}).status_code == 201


def test_people_are_not_counted(signed_in):
    assert not signed_in(Role.AUDITOR).read("/leads/").has_header("RateLimit-Limit")
    assert not CallAllowance.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_calls_at_once_exactly_as_many_are_answered_as_are_left(settings):
    # The broker that is not there would fail whatever asked it.
    settings.BROKER_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    caller = slow_caller(User.objects.create_user("ops@example.com"), 20)
    CallAllowance.objects.create(
        # Counted in an hour from now: no call comes back within this test.
        key=ApiKey.objects.get(),
        calls_left=20,
        counted_at=database_now() + timedelta(hours=1),
    )
    start, statuses = threading.Barrier(AT_ONCE), []

    def call():
        own = Caller(headers={"authorization": caller.defaults["HTTP_AUTHORIZATION"]})
        start.wait()
        statuses.extend(own.read("/touchpoint-kinds/").status_code for _ in range(4))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 20 + [429] * (AT_ONCE * 4 - 20)
