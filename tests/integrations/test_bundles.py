"""Several notices to one person become one e-mail; the first and the urgent never wait for it."""

from datetime import time, timedelta
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.db import connection

from crm_handoff.clock import database_now
from crm_handoff.integrations import bundles, deliveries
from crm_handoff.integrations.models import Delivery, DeliveryNotice, QuietHours
from crm_handoff.models import User
from routing.models import Notice
from tests.web import world


@pytest.fixture
def mona(db) -> User:
    return User.objects.create_user("mona@example.com", full_name="Mona Manager")


def tell(person: User, *, kind: str = "invariant", handoff=None) -> Notice:
    return Notice.objects.create(
        key=f"test:{Notice.objects.count()}",
        kind=kind,
        recipient=person,
        handoff=handoff,
        at=database_now(),
        detail={"check": f"check {Notice.objects.count()}"},
    )


def told() -> list[list[int]]:
    """The notices of each delivery, by the instant at which they leave."""
    return [
        list(delivery.told.order_by("notice").values_list("notice_id", flat=True))
        for delivery in Delivery.objects.order_by("next_at", "pk")
    ]


def wait(length: timedelta = bundles.BURST) -> None:
    """Let time pass, by moving what is due into the past."""
    for delivery in Delivery.objects.all():
        Delivery.objects.filter(pk=delivery.pk).update(next_at=delivery.next_at - length)


def test_what_is_owed_in_one_go_leaves_as_one_mail_at_once(mona):
    first, second = tell(mona), tell(mona)

    deliveries.owe()

    assert told() == [[first.pk, second.pk]]
    assert deliveries.send_due() == 1
    [message] = mail.outbox
    assert message.subject == "Health check failed: check 0, and 1 more"
    assert "Health check failed: check 1" in message.body


def test_the_first_leaves_at_once_and_those_after_it_wait_together(mona):
    first = tell(mona)
    deliveries.owe()
    second = tell(mona)
    deliveries.owe()
    third = tell(mona)
    deliveries.owe()

    assert told() == [[first.pk], [second.pk, third.pk]]
    assert deliveries.send_due() == 1
    now, later = Delivery.objects.order_by("next_at")
    assert later.next_at - now.next_at == bundles.BURST

    wait()

    assert deliveries.send_due() == 1
    assert len(mail.outbox) == 2


def test_after_a_quiet_minute_the_next_leaves_at_once_again(mona):
    tell(mona)
    deliveries.owe()
    deliveries.send_due()
    wait()
    tell(mona)

    deliveries.owe()

    assert deliveries.send_due() == 1


def test_what_comes_while_a_mail_is_tried_again_is_not_added_to_it(mona):
    tell(mona)
    deliveries.owe()
    Delivery.objects.update(attempt_count=1, next_at=database_now() + timedelta(minutes=5))
    tell(mona)

    deliveries.owe()

    assert [len(group) for group in told()] == [1, 1]
    assert deliveries.send_due() == 1


def test_people_are_not_mixed(mona, db):
    other = User.objects.create_user("otto@example.com")
    tell(mona)
    tell(other)
    tell(mona)

    deliveries.owe()

    addresses = Delivery.objects.order_by("address").values_list("address", flat=True)
    assert list(addresses) == ["mona@example.com", "otto@example.com"]


def test_a_notice_that_was_told_is_not_told_again(mona):
    tell(mona)
    deliveries.owe()
    Notice.objects.update(handled_at=None)

    deliveries.owe()

    assert Delivery.objects.count() == DeliveryNotice.objects.count() == 1


def test_each_mail_names_its_notices_to_machines(mona):
    names = {str(tell(mona).public_id), str(tell(mona).public_id)}
    deliveries.owe()

    deliveries.send_due()

    assert set(mail.outbox[0].extra_headers["X-Notices"].split()) == names


def test_high_intent_never_waits(dana, version):
    deliveries.owe()
    deliveries.send_due()
    for _ in range(3):
        world.handed_over(version)
        deliveries.owe()
        # Nothing is left for later: each left as soon as it was owed.
        assert deliveries.send_due() == 1

    assert len(mail.outbox) == 3


def test_ordinary_leads_wait_for_the_minute_to_end(dana, version):
    for _ in range(3):
        handoff = world.handed_over(version)
        handoff.timers.update(is_high_intent=False)
        deliveries.owe()

    assert [len(group) for group in told()] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one_mail_where_one_will_do(mona):
    tell(mona)
    deliveries.owe()
    for _ in range(40):
        tell(mona)
    barrier = Barrier(4)

    def work() -> None:
        barrier.wait()
        while deliveries.owe(limit=3):
            pass
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [len(group) for group in told()] == [1, 40]
    assert not Notice.objects.filter(handled_at=None).exists()


def test_owing_asks_as_often_for_thirty_people_as_for_three(db, django_assert_num_queries):
    def told_to(count: int) -> None:
        for _ in range(count):
            person = User.objects.create_user(f"{Notice.objects.count()}@example.com")
            QuietHours.objects.create(person=person, starts=time(3), ends=time(2))
            tell(person)
            tell(person, kind="rejected")

    for count in (3, 30):
        told_to(count)
        with django_assert_num_queries(14):
            deliveries.owe()

    assert Delivery.objects.count() == 33
