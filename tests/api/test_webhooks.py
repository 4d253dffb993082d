"""Where other systems call."""

import json
from datetime import UTC, datetime

import pytest
from django.core import management
from django.test import Client

from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import InboundEvent
from tests.integrations.calls import SIGN

DEMO = {
    "id": "evt-1",
    "email": "anna@acme.example",
    "kind": "demo_request",
    "occurred_at": "2026-01-13T11:59:00Z",
}


@pytest.fixture
def forms(operator):
    management.call_command("load_defaults", verbosity=0)
    return inbound.create_source(name="Forms", system="forms", preset="generic", by=operator)


def call(source_and_secret, body=DEMO, **headers):
    source, secret = source_and_secret
    signed = SIGN["standard"](secret, body, at=datetime.now(tz=UTC))
    return Client().generic(
        "POST",
        f"/api/v1/webhooks/{source.public_id}/",
        signed.body,
        content_type="application/json",
        headers=signed.headers | headers,
    )


def test_a_signed_call_is_read_without_a_key_or_a_session(forms):
    answer = call(forms)

    assert answer.status_code == 200
    assert answer.json() == {"event": "msg-1", "state": "processed", "is_repeated": False}


def test_a_repeated_call_is_answered_the_same_but_for_being_one(forms):
    call(forms)

    assert call(forms).json() == {"event": "msg-1", "state": "processed", "is_repeated": True}


def test_a_call_that_cannot_be_read_is_accepted_so_that_it_is_not_sent_for_ever(forms):
    answer = call(forms, {**DEMO, "kind": "nonsense"})

    assert answer.status_code == 202
    assert answer.json()["state"] == "quarantined"


def test_an_unsigned_call_is_refused_and_not_kept(forms):
    answer = call(forms, **{"webhook-signature": "v1,AAAA"})

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "signature_invalid"
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_bytes_count_whatever_type_they_are_said_to_be(forms, kind):
    source, secret = forms
    signed = SIGN["standard"](secret, DEMO, at=datetime.now(tz=UTC))

    answer = Client().generic(
        "POST",
        f"/api/v1/webhooks/{source.public_id}/",
        signed.body,
        content_type=kind,
        headers=signed.headers,
    )

    assert answer.json()["state"] == "processed"


def test_a_call_of_more_than_a_mebibyte_is_refused(forms):
    answer = call(forms, {"x": "y" * (1 << 20)})

    assert answer.status_code == 413


def test_a_source_that_is_off_or_unknown_does_not_exist(forms):
    source, _ = forms
    source.is_active = False
    source.save()

    assert call(forms).status_code == 404
    nowhere = "/api/v1/webhooks/00000000-0000-0000-0000-000000000000/"
    assert Client().post(nowhere, json.dumps(DEMO), content_type="x/y").status_code == 404
