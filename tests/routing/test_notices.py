"""Notices: each cause tells each person once."""

import pytest
from pytest_django import DjangoAssertNumQueries

from crm_handoff.people.models import User
from routing import notices
from routing.enums import NoticeKind
from routing.models import Notice, Rep
from tests.routing import sales
from tests.routing.clockwork import HOUR, NOON, person, queue, rep

pytestmark = pytest.mark.django_db


def leave(somebody: User) -> None:
    somebody.is_active = False
    somebody.save(update_fields=["is_active"])


def test_tell_owes_a_notice_that_nobody_has_handled_yet() -> None:
    recipient = person()

    notices.tell(
        NoticeKind.WARNING,
        recipient=recipient,
        handoff=None,
        at=NOON,
        key="timer:1:warn:1",
        detail={"due_at": "later"},
    )

    notice = Notice.objects.get(key="timer:1:warn:1")
    assert (notice.kind, notice.recipient, notice.at) == ("warning", recipient, NOON)
    assert (notice.read_at, notice.handled_at) == (None, None)
    assert notice.detail == {"due_at": "later"}


def test_tell_twice_with_one_key_is_the_first_notice() -> None:
    recipient = person()
    for at in (NOON, NOON + HOUR):
        notices.tell(
            NoticeKind.BREACHED, recipient=recipient, handoff=None, at=at, key="timer:1:breach:1"
        )

    assert Notice.objects.get().at == NOON


def test_people_are_each_told_of_a_cause_once() -> None:
    one, other = person(), person()
    for people in ([one, one], [one, other]):
        notices.tell_people(
            NoticeKind.VERSION_ACTIVE,
            people,
            at=NOON,
            key="version_active:1",
            detail={"number": 2},
        )

    told = Notice.objects.order_by("recipient")
    assert [notice.recipient for notice in told] == sorted([one, other], key=lambda who: who.pk)
    assert {notice.detail["number"] for notice in told} == {2}


def test_holder_and_manager_of_a_rep_and_of_a_queue() -> None:
    rita, waiting = rep("Rita"), queue()

    assert notices.holder(rep=rita, queue=None) == rita.user
    assert notices.manager(rep=rita, queue=None) == rita.manager
    assert notices.holder(rep=None, queue=waiting) == waiting.manager
    assert notices.manager(rep=None, queue=waiting) == waiting.manager
    assert notices.holder(rep=None, queue=None) is None
    assert notices.manager(rep=None, queue=None) is None


@pytest.mark.parametrize("holds", ["rep", "queue"])
def test_who_left_is_stood_in_for_by_the_manager_of_the_fallback_queue(holds) -> None:
    fallback = queue(is_fallback=True)
    held = rep("Rita") if holds == "rep" else queue()
    one = {"rep": None, "queue": None} | {holds: held}
    held.manager.is_active = False
    held.manager.save()

    assert notices.manager(**one) == fallback.manager

    User.objects.filter(pk=fallback.manager_id).update(is_active=False)
    assert notices.manager(**one) == held.manager


def test_without_a_manager_of_the_fallback_queue_the_operator_of_sales_in_force_stands_in() -> (
    None
):
    version, fallback = sales.put_in_force(sales.agreement()), queue(is_fallback=True)
    leave(fallback.manager)

    assert notices.manager(rep=None, queue=fallback) == version.sales_operator

    leave(version.sales_operator)
    assert notices.manager(rep=None, queue=fallback) == fallback.manager


def test_who_stands_in_is_looked_up_once_for_many(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    left = [rep("Rita"), rep("Rob"), queue(), queue(is_fallback=True)]
    answerable = notices.Answerable()
    for one in left:
        leave(one.manager)

    with django_assert_num_queries(2):
        for one in left:
            held = {"rep": one} if isinstance(one, Rep) else {"queue": one}
            answerable.manager(**{"rep": None, "queue": None} | held)
