"""How often something may be asked for: so many at once, refilled with time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from crm_handoff.models import Allowance
from crm_handoff.people import rates

HOUR = timedelta(hours=1)


def take(subject="anna", *, at):
    return rates.take(subject, limit=3, per=HOUR, at=at)


@pytest.mark.django_db
def test_so_many_at_once_and_no_more(noon):
    assert [take(at=noon) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_each_subject_has_its_own(noon):
    for _ in range(3):
        take(at=noon)

    assert take("bert", at=noon)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wait", "is_allowed"),
    [
        pytest.param(timedelta(minutes=20, seconds=-1), False, id="a second early"),
        pytest.param(timedelta(minutes=20), True, id="on the dot"),
        pytest.param(timedelta(minutes=21), True, id="later"),
    ],
)
def test_a_third_of_the_hour_gives_back_one_of_three(noon, wait, is_allowed):
    for _ in range(3):
        take(at=noon)

    assert take(at=noon + wait) is is_allowed


@pytest.mark.django_db
def test_a_long_rest_gives_back_no_more_than_there_was(noon):
    take(at=noon)

    later = noon + timedelta(days=30)

    assert [take(at=later) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_a_clock_that_goes_back_gives_nothing(noon):
    for _ in range(3):
        take(at=noon)

    assert not take(at=noon - HOUR)
    assert not take(at=noon)


@pytest.mark.django_db
def test_who_asked_cannot_be_read_from_the_row(noon):
    take("forgot:of:anna@example.com", at=noon)

    assert b"anna" not in bytes(Allowance.objects.get().subject)


@pytest.mark.django_db
def test_full_buckets_are_forgotten(noon):
    take(at=noon)
    take("bert", at=noon + timedelta(hours=23))

    assert rates.prune(at=noon + timedelta(hours=25)) == 1
    assert Allowance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_as_many_pass_as_there_are(noon):
    def ask(_number):
        try:
            return take(at=noon)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(ask, range(8)))

    assert sum(allowed) == 3
