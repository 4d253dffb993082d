"""Who sent a webhook."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from crm_handoff.integrations import inbound, signatures
from crm_handoff.integrations.signatures import Scheme, SignatureRefused
from tests.integrations.calls import SIGN

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
BODY = {"id": "evt-1", "email": "anna@acme.example"}
DATED = ("standard", "hubspot", "calendly")


def refused(scheme, secrets, call):
    with pytest.raises(SignatureRefused):
        signatures.verify(scheme, secrets, call)


@pytest.mark.parametrize("scheme", Scheme.values)
def test_what_was_signed_by_the_secret_is_taken(scheme):
    secret = inbound.new_secret(Scheme(scheme))

    signatures.verify(scheme, [secret], SIGN[scheme](secret, BODY, at=NOON))


@pytest.mark.parametrize("scheme", Scheme.values)
def test_another_secret_is_refused(scheme):
    secret, other = (inbound.new_secret(Scheme(scheme)) for _ in range(2))

    refused(scheme, [other], SIGN[scheme](secret, BODY, at=NOON))


@pytest.mark.parametrize("scheme", Scheme.values)
def test_the_secret_before_is_taken_while_it_is_replaced(scheme):
    before, now = (inbound.new_secret(Scheme(scheme)) for _ in range(2))

    signatures.verify(scheme, [now, before], SIGN[scheme](before, BODY, at=NOON))


@pytest.mark.parametrize("scheme", sorted({*Scheme.values} - {"token"}))
def test_a_body_that_was_touched_is_refused(scheme):
    secret = inbound.new_secret(Scheme(scheme))
    call = SIGN[scheme](secret, BODY, at=NOON)

    refused(scheme, [secret], replace(call, body=call.body + b" "))


@pytest.mark.parametrize("scheme", DATED)
@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_recorded_is_not_replayed_later(scheme, minutes):
    secret = inbound.new_secret(Scheme(scheme))
    call = SIGN[scheme](secret, BODY, at=NOON)

    refused(scheme, [secret], replace(call, at=NOON + timedelta(minutes=minutes)))


@pytest.mark.parametrize("scheme", Scheme.values)
def test_a_call_without_its_headers_is_refused(scheme):
    secret = inbound.new_secret(Scheme(scheme))

    refused(scheme, [secret], replace(SIGN[scheme](secret, BODY, at=NOON), headers={}))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!", "whsec_====", "our secret", "whsec_a"])
def test_nobody_signs_with_a_secret_that_stands_for_nothing(secret):
    call = SIGN["standard"]("whsec_", BODY, at=NOON)

    refused("standard", [secret], call)
    with pytest.raises(ValueError, match="base64"):
        signatures.check_secret("standard", secret)


@pytest.mark.parametrize("scheme", Scheme.values)
def test_a_secret_that_we_make_is_good(scheme):
    signatures.check_secret(scheme, inbound.new_secret(Scheme(scheme)))


def test_hubspot_signs_the_address_too():
    secret = "client-secret"
    call = SIGN["hubspot"](secret, BODY, at=NOON)

    refused("hubspot", [secret], replace(call, url="https://elsewhere.example.com/hook/"))


def test_the_library_of_the_standard_signs_what_we_take():
    secret, now = inbound.new_secret(Scheme.STANDARD), datetime.now(tz=UTC)
    ours = SIGN["standard"](secret, BODY, at=now)
    theirs = Webhook(secret).sign("msg-1", now.replace(tzinfo=None), ours.body.decode())

    call = replace(ours, headers=ours.headers | {"webhook-signature": f"v1a,x {theirs}"})

    signatures.verify("standard", [secret], call)


@pytest.mark.parametrize("stamp", ["1e18", "9" * 18, "1e300", "nan", "-1e18"])
def test_an_instant_beyond_all_calendars_is_refused(stamp):
    call = SIGN["standard"]("whsec_c2VjcmV0", BODY, at=NOON)

    headers = {**call.headers, "webhook-timestamp": stamp}
    refused("standard", ["whsec_c2VjcmV0"], replace(call, headers=headers))


@settings(max_examples=200, deadline=None)
@given(
    scheme=st.sampled_from(Scheme.values),
    values=st.lists(st.text(max_size=40), min_size=8, max_size=8),
)
def test_headers_of_any_kind_are_refused_and_break_nothing(scheme, values):
    secret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    names = (
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-hubspot-request-timestamp",
        "x-hubspot-signature-v3",
        "calendly-webhook-signature",
        "x-signature",
        "x-webhook-token",
    )
    call = signatures.Call(
        "POST", "https://x.example/", dict(zip(names, values, strict=True)), b"{}", NOON
    )

    refused(scheme, [secret], call)
