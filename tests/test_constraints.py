"""Bad states of people and messages, tried by raw SQL: each is refused by its name."""

import re

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

PERSON = """INSERT INTO crm_handoff_user (password, is_superuser, public_id, email, full_name,
    time_zone, is_staff, is_active) VALUES ('', false, gen_random_uuid(), '{email}', '', '',
    false, true)"""
DELIVERY = """INSERT INTO integrations_delivery (public_id, key, channel, address, payload, state,
    attempt_count, next_at, lease_token, lease_until, finished_at) VALUES (gen_random_uuid(),
    gen_random_uuid()::text, {channel}, 'a@example.com', '{{}}', {state}, 0, now(), {token},
    {until}, {finished})"""
GOOD = {
    "channel": "'email'",
    "state": "'ready'",
    "token": "NULL",
    "until": "NULL",
    "finished": "NULL",
}
TRY = """INSERT INTO integrations_deliveryattempt (delivery_id, number, started_at, finished_at,
    outcome, detail) SELECT id, 1, now(), {finished}, {outcome}, '' FROM integrations_delivery"""
ORGANIZATION = """INSERT INTO crm_handoff_organization (id, name, time_zone, week_starts_on,
    currency) VALUES ({id}, 'Acme', 'UTC', {day}, 'EUR')"""
RATE = """INSERT INTO crm_handoff_conversionrate (currency, effective_on, rate)
    VALUES ('USD', '2026-01-01', {rate})"""
BEAT = "INSERT INTO crm_handoff_heartbeat (kind, name, at) VALUES ('beat', 'one', now())"


def delivery(**changes: str) -> str:
    return DELIVERY.format(**GOOD | changes)


VIOLATIONS = {
    "one_user_per_email": (
        PERSON.format(email="rita@example.com"),
        PERSON.format(email="RITA@example.com"),
    ),
    "one_organization": (ORGANIZATION.format(id=2, day=0),),
    "week_starts_on_a_weekday": (ORGANIZATION.format(id=1, day=7),),
    "one_rate_per_day": (RATE.format(rate=1), RATE.format(rate=2)),
    "rate_is_positive": (RATE.format(rate=0),),
    "heartbeat_kind_known": (BEAT,),
    "delivery_state_known": (delivery(state="'lost'", finished="now()"),),
    "delivery_channel_known": (delivery(channel="'fax'"),),
    "delivery_lease_is_whole": (delivery(token="gen_random_uuid()"),),
    "delivery_finished_iff_not_ready": (delivery(state="'done'"),),
    "one_attempt_per_number": (
        delivery(),
        TRY.format(finished="NULL", outcome="''"),
        TRY.format(finished="NULL", outcome="''"),
    ),
    "delivery_attempt_closed_with_outcome": (
        delivery(),
        TRY.format(finished="now()", outcome="''"),
    ),
}
"""For each constraint the statements of which only the last is refused, by its name."""


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_bad_state_is_refused_by_name(db, name):
    *allowed, refused = VIOLATIONS[name]
    with connection.cursor() as cursor:
        for statement in allowed:
            cursor.execute(statement)

        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            cursor.execute(refused)

    assert re.search(rf'"{name}"', str(refusal.value))


def test_every_constraint_is_tried():
    named = {
        constraint.name
        for label in ("crm_handoff", "integrations")
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    }

    assert named == set(VIOLATIONS)
