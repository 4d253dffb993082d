"""Messages: owed once, sent at least once, retried, dead-lettered in the open."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.db import connection

from crm_handoff import pipeline
from crm_handoff.clock import database_now
from crm_handoff.integrations import deliveries
from crm_handoff.integrations.models import Delivery, DeliveryAttempt
from crm_handoff.models import User
from routing import defaults, notices
from routing.models import Notice
from tests import recipes
from tests.routing import sales


@pytest.fixture
def notice(db) -> Notice:
    operator = User.objects.create_user("olga.operator@example.com", full_name="Olga Operator")
    return Notice.objects.create(
        key="invariant:handoffs:2026-11-22",
        kind="invariant",
        recipient=operator,
        at=database_now(),
        detail={"check": "without_clock", "text": "open handoffs without a clock"},
    )


@pytest.fixture
def handed_over(db, active_version, noon) -> Notice:
    """A lead was assigned to Rita at noon UTC; her first response is due at five past."""
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    sales.team(sales.rep("Rita"), countries=[])
    lead = recipes.fitting_lead(at=noon, last_name="O'Neill\r\nBcc: all@example.com")
    recipes.touch(lead, "demo_request", at=noon)
    pipeline.judge_pending(at=noon)
    return Notice.objects.get(kind="assigned")


@pytest.fixture
def closed_mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


def due_now(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_at=database_now() - timedelta(seconds=1))


def test_owe_writes_one_delivery_for_each_notice_however_often(notice):
    assert deliveries.owe() == 1
    assert deliveries.owe() == 0

    delivery = Delivery.objects.get()
    assert delivery.address == "olga.operator@example.com"
    assert delivery.key == f"notice:{notice.pk}:email"
    assert [told.notice for told in delivery.told.all()] == [notice]


def test_owe_writes_no_message_to_somebody_who_left(notice):
    User.objects.update(is_active=False)

    assert deliveries.owe() == 1
    assert not Delivery.objects.exists()


def test_a_name_cannot_add_headers_to_a_message(handed_over):
    deliveries.owe()

    assert deliveries.send_due() >= 1

    subjects = [message.subject for message in mail.outbox]
    assert any("O'Neill Bcc: all@example.com" in subject for subject in subjects)
    assert not any(message.bcc or message.cc for message in mail.outbox)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


def test_what_was_said_is_kept_once_it_was_sent(notice):
    deliveries.owe()
    assert Delivery.objects.get().payload == {}

    deliveries.send_due()

    kept = Delivery.objects.get().payload
    assert kept["subject"] == "Health check failed: open handoffs without a clock"
    assert kept["text"] == mail.outbox[0].body


def test_a_notice_that_was_read_meanwhile_is_not_mailed(notice):
    deliveries.owe()
    notices.read(Notice.objects.all(), at=database_now())

    deliveries.send_due()

    assert not mail.outbox
    delivery = Delivery.objects.get()
    assert delivery.state == "done"
    assert "nothing left to say" in delivery.attempts.get().detail


def test_who_has_left_meanwhile_is_not_mailed(notice):
    deliveries.owe()
    User.objects.filter(pk=notice.recipient_id).update(is_active=False)

    assert deliveries.send_due() == 1

    assert mail.outbox == []
    assert Delivery.objects.get().state == Delivery.State.DONE


def test_a_message_that_cannot_be_written_counts_as_failed_and_holds_up_no_other(notice):
    deliveries.owe()
    good = Delivery.objects.get()
    bad = Delivery.objects.create(
        key="bad",
        channel="email",
        address="olga.operator@example.com",
        payload={"letter": "of a later release", "person": notice.recipient_id},
        next_at=good.next_at - timedelta(seconds=1),
    )

    assert deliveries.send_due() == 2

    bad.refresh_from_db()
    assert (bad.state, bad.attempt_count, bad.lease_token) == ("ready", 1, None)
    assert "of a later release" in DeliveryAttempt.objects.get(delivery=bad).detail
    assert Delivery.objects.get(pk=good.pk).state == "done"


def test_send_due_sends_each_delivery_once(notice):
    deliveries.owe()

    assert deliveries.send_due() == 1
    assert deliveries.send_due() == 0

    assert [message.to for message in mail.outbox] == [["olga.operator@example.com"]]
    delivery = Delivery.objects.get()
    assert delivery.state == "done"
    assert delivery.finished_at is not None
    assert delivery.attempts.get().outcome == "delivered"


def test_every_copy_of_a_message_bears_the_same_id(notice):
    deliveries.owe()
    deliveries.send_due()
    Delivery.objects.update(state="ready", finished_at=None)
    deliveries.send_due()

    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_a_failed_try_is_kept_and_tried_later(notice, closed_mail_server):
    deliveries.owe()

    deliveries.send_due()

    delivery = Delivery.objects.get()
    attempt = delivery.attempts.get()
    assert (delivery.state, delivery.attempt_count) == ("ready", 1)
    assert delivery.next_at > database_now()
    assert delivery.lease_token is None
    assert attempt.outcome == "failed"
    assert "refused" in attempt.detail.lower()


def test_after_the_last_try_it_is_a_dead_letter_that_can_be_sent_again(
    notice, closed_mail_server, settings
):
    deliveries.owe()
    delivery = Delivery.objects.get()
    for _ in range(len(deliveries.RETRY_AFTER) + 1):
        due_now(delivery)
        deliveries.send_due()
    delivery.refresh_from_db()
    assert delivery.state == "dead"
    assert deliveries.send_due() == 0

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliveries.replay([delivery.pk]) == 1
    deliveries.send_due()

    delivery.refresh_from_db()
    assert delivery.state == "done"
    assert DeliveryAttempt.objects.count() == len(deliveries.RETRY_AFTER) + 2


def test_replay_leaves_living_deliveries_alone(notice):
    deliveries.owe()

    assert deliveries.replay([Delivery.objects.get().pk]) == 0


@pytest.mark.parametrize("count", range(1, len(deliveries.RETRY_AFTER) + 1))
def test_backoff_waits_between_half_a_step_and_a_step(count):
    step = deliveries.RETRY_AFTER[count - 1]

    assert step / 2 <= deliveries.backoff(count) <= step


def test_a_worker_that_lost_its_lease_changes_nothing(notice):
    deliveries.owe()
    stale = deliveries.lease_next()
    assert stale is not None
    Delivery.objects.update(lease_until=database_now() - timedelta(seconds=1))
    fresh = deliveries.lease_next()
    assert fresh is not None
    deliveries.finish(fresh, error="")

    with pytest.raises(deliveries.LeaseLost):
        deliveries.finish(stale, error="late and wrong")

    assert Delivery.objects.get().state == "done"
    assert set(DeliveryAttempt.objects.values_list("number", "outcome")) == {
        (1, ""),
        (2, "delivered"),
    }


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_delivery(notice):
    deliveries.owe()
    barrier = Barrier(4)
    taken = []

    def take() -> None:
        barrier.wait()
        if lease := deliveries.lease_next():
            taken.append(lease)
        connection.close()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 1
