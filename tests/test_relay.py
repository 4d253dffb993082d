"""The relay: wakes workers, and does the work itself when the broker is gone."""

import base64
import json
from datetime import timedelta

import pytest
import redis
from celery import Celery, current_app
from django.core import mail

from crm_handoff import tasks
from crm_handoff.clock import database_now
from crm_handoff.integrations.models import Delivery
from crm_handoff.models import Heartbeat, User
from crm_handoff.relay import JOBS, Relay
from leads.models import Lead, PendingMark
from routing.models import Notice
from tests import recipes


@pytest.fixture
def notice(db) -> Notice:
    operator = User.objects.create_user("olga.operator@example.com")
    return Notice.objects.create(
        key="invariant:1", kind="invariant", recipient=operator, at=database_now()
    )


@pytest.fixture
def unheard() -> Celery:
    """Celery pointed at a port where nobody listens."""
    return Celery("unheard", broker="redis://127.0.0.1:9/0", set_as_current=False)


def test_look_leaves_a_sign_of_life(db):
    Relay("relay-1").look()

    assert Heartbeat.objects.get(name="relay-1").kind == "relay"


def test_look_wakes_workers_with_messages_without_an_id(notice, settings):
    broker = redis.Redis.from_url(settings.BROKER_URL)
    broker.delete(settings.CELERY_TASK_DEFAULT_QUEUE)

    Relay("relay-1").look()

    sent = [json.loads(raw) for raw in broker.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)]
    broker.delete(settings.CELERY_TASK_DEFAULT_QUEUE)
    assert {one["headers"]["task"] for one in sent} == {"deliveries.owe", "heartbeats.beat"}
    assert all(json.loads(base64.b64decode(one["body"]))[:2] == [[], {}] for one in sent)
    assert all(one["headers"]["expires"] for one in sent)


def test_without_a_broker_the_relay_does_the_work_itself(notice, unheard):
    relay = Relay("relay-1", app=unheard)

    relay.look()
    relay.look()

    assert Delivery.objects.get().state == "done"
    assert len(mail.outbox) == 1


def test_late_work_is_done_by_the_relay_though_the_broker_takes_messages(notice):
    Notice.objects.update(at=database_now() - timedelta(seconds=3))

    Relay("relay-1").look()

    assert Delivery.objects.exists()


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_has_a_task_of_its_name(job):
    assert current_app.tasks[job.name].__module__ == tasks.__name__


def test_a_lead_that_rests_after_a_failure_wakes_nobody(active_version, noon, settings):
    """Its clock has come too, which alone would wake a worker on every look."""
    lead = recipes.fitting_lead(at=noon)
    PendingMark.objects.filter(lead=lead).update(retry_at=database_now() + timedelta(minutes=1))
    Lead.objects.filter(pk=lead.pk).update(reevaluate_at=noon)
    broker = redis.Redis.from_url(settings.BROKER_URL)
    broker.delete(settings.CELERY_TASK_DEFAULT_QUEUE)

    Relay("relay-1").look()

    sent = [json.loads(raw) for raw in broker.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)]
    broker.delete(settings.CELERY_TASK_DEFAULT_QUEUE)
    assert {one["headers"]["task"] for one in sent} == {"heartbeats.beat"}
