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
KEY = """INSERT INTO crm_handoff_apikey (name, prefix, key_hash, system, scopes, rate_per_minute,
    created_by_id) VALUES ('Forms', 'abc', 'def', 'website', {scopes}, {rate}, 1)"""
ALLOWANCE = """INSERT INTO crm_handoff_callallowance (key_id, calls_left, counted_at)
    VALUES (1, -0.1, now())"""
REQUEST = """INSERT INTO crm_handoff_idempotentrequest (owner, idempotency_key, method, path,
    body_hash, status, location) VALUES ('00000000-0000-0000-0000-000000000007', 'once', 'POST',
    '/', '', {status}, '')"""
INVITATION = """INSERT INTO crm_handoff_invitation (public_id, person_id, invited_by_id,
    invited_at, sent_at, accepted_at, revoked_at, revoked_by_id) SELECT gen_random_uuid(), id, id,
    now(), now(), {accepted}, {revoked}, {by} FROM crm_handoff_user"""
BUCKET = """INSERT INTO crm_handoff_allowance (subject, remaining, counted_at)
    VALUES ('\\x00', -0.1, now())"""
CHECKUP = """INSERT INTO crm_handoff_checkup (name, checked_at, violated_count, rows)
    VALUES ('room_not_used', now(), 1, '[]')"""
BEAT = "INSERT INTO crm_handoff_heartbeat (kind, name, at) VALUES ('beat', 'one', now())"

SOURCE = """INSERT INTO integrations_inboundsource (public_id, name, system, preset, scheme,
    sealed_secret, previous_until, mapping, is_active, created_by_id)
    SELECT gen_random_uuid(), 'Forms', 'forms', {preset}, {scheme}, '', {until}, '{{}}', true, id
    FROM crm_handoff_user"""
CALL = """INSERT INTO integrations_inboundevent (source_id, event_id, received_at, body, state,
    problems, results, read_at, read_count)
    SELECT id, 'one', now(), '', {state}, '[]', '[]', now(), 1 FROM integrations_inboundsource"""

TOLD = """INSERT INTO integrations_deliverynotice (delivery_id, notice_id, channel)
    SELECT delivery.id, notice.id, {channel}
    FROM integrations_delivery AS delivery, routing_notice AS notice"""
NOTICE = """INSERT INTO routing_notice (key, kind, recipient_id, detail, at)
    SELECT 'one', 'accepted', id, '{}', now() FROM crm_handoff_user"""
WISH = """INSERT INTO integrations_noticepreference (person_id, kind, channel, is_wanted)
    SELECT id, {kind}, {channel}, false FROM crm_handoff_user"""
FEED = """INSERT INTO integrations_absencefeed (public_id, rep_id, sealed_address, host,
    is_out_of_office_only, is_active, next_fetch_at, etag, problem, left_out, entered_by_id)
    SELECT gen_random_uuid(), rep.id, 'sealed', 'calendar.example', false, {active}, {due}, '',
        '', '[]', rep.user_id FROM routing_rep AS rep"""
REP = """INSERT INTO routing_rep (public_id, user_id, kind, languages, capacity, open_count,
    excess_count, is_active)
    SELECT gen_random_uuid(), id, 'sdr', '{}', 30, 0, 0, true FROM crm_handoff_user"""
QUIET = """INSERT INTO integrations_quiethours (person_id, starts, ends, weekdays,
    lets_high_intent_through) SELECT id, '22:00', {ends}, {days}, true FROM crm_handoff_user"""


def source(**changes: str) -> str:
    return SOURCE.format(**{"preset": "'generic'", "scheme": "'hmac'", "until": "NULL"} | changes)


def invitation(accepted: str = "NULL", revoked: str = "NULL", by: str = "NULL") -> str:
    return INVITATION.format(accepted=accepted, revoked=revoked, by=by)


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
    "checkup_says_since_when": (CHECKUP,),
    "api_key_scopes_known": (KEY.format(scopes="'{read,all}'", rate=1),),
    "api_key_rate_is_positive": (KEY.format(scopes="'{read}'", rate=0),),
    "call_allowance_not_overdrawn": (ALLOWANCE,),
    "allowance_not_overdrawn": (BUCKET,),
    "one_open_invitation": (
        PERSON.format(email="a@example.com"),
        invitation(),
        invitation(),
    ),
    "invitation_ends_once": (
        PERSON.format(email="a@example.com"),
        invitation(accepted="now()", revoked="now()", by="id"),
    ),
    "invitation_taken_back_by_somebody": (
        PERSON.format(email="a@example.com"),
        invitation(revoked="now()"),
    ),
    "one_answer_per_request": (REQUEST.format(status=201), REQUEST.format(status="NULL")),
    "only_success_is_kept": (REQUEST.format(status=400),),
    "delivery_state_known": (delivery(state="'lost'", finished="now()"),),
    "delivery_channel_known": (delivery(channel="'fax'"),),
    "delivery_lease_is_whole": (delivery(token="gen_random_uuid()"),),
    "delivery_finished_iff_not_ready": (delivery(state="'done'"),),
    "one_attempt_per_number": (
        delivery(),
        TRY.format(finished="NULL", outcome="''"),
        TRY.format(finished="NULL", outcome="''"),
    ),
    "one_telling_per_notice_and_channel": (
        PERSON.format(email="a@example.com"),
        NOTICE,
        delivery(),
        TOLD.format(channel="'email'"),
        TOLD.format(channel="'email'"),
    ),
    "telling_channel_known": (
        PERSON.format(email="a@example.com"),
        NOTICE,
        delivery(),
        TOLD.format(channel="'fax'"),
    ),
    "one_preference_per_kind_and_channel": (
        PERSON.format(email="a@example.com"),
        WISH.format(kind="'accepted'", channel="'email'"),
        WISH.format(kind="'accepted'", channel="'email'"),
    ),
    "preference_kind_known": (
        PERSON.format(email="a@example.com"),
        WISH.format(kind="'gossip'", channel="'email'"),
    ),
    "preference_channel_known": (
        PERSON.format(email="a@example.com"),
        WISH.format(kind="'accepted'", channel="'fax'"),
    ),
    "what_waits_for_somebody_is_always_wanted": (
        PERSON.format(email="a@example.com"),
        WISH.format(kind="'escalated'", channel="'email'"),
    ),
    "quiet_hours_end": (
        PERSON.format(email="a@example.com"),
        QUIET.format(ends="'22:00'", days="'{0}'"),
    ),
    "quiet_hours_on_known_days": (
        PERSON.format(email="a@example.com"),
        QUIET.format(ends="'07:00'", days="'{0,7}'"),
    ),
    "feed_is_read_or_keeps_no_address": (
        PERSON.format(email="a@example.com"),
        REP,
        FEED.format(active="false", due="NULL"),
    ),
    "source_preset_known": (PERSON.format(email="a@example.com"), source(preset="'fax'")),
    "source_scheme_known": (PERSON.format(email="a@example.com"), source(scheme="'trust'")),
    "source_previous_secret_ends": (PERSON.format(email="a@example.com"), source(until="now()")),
    "one_event_per_id": (
        PERSON.format(email="a@example.com"),
        source(),
        CALL.format(state="'ignored'"),
        CALL.format(state="'ignored'"),
    ),
    "event_state_known": (
        PERSON.format(email="a@example.com"),
        source(),
        CALL.format(state="'lost'"),
    ),
    "quarantined_event_says_why": (
        PERSON.format(email="a@example.com"),
        source(),
        CALL.format(state="'quarantined'"),
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


def test_a_key_without_any_scope_is_refused(db):
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="api_key_scopes_known"),
    ):
        cursor.execute(KEY.format(scopes="'{}'", rate=1))


def test_every_constraint_is_tried():
    named = {
        constraint.name
        for label in ("crm_handoff", "integrations")
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    }

    assert named == set(VIOLATIONS)
