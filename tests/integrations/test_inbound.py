"""Webhooks come in: kept, read once, quarantined when they cannot be."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core import management
from django.db import connection

from crm_handoff.integrations import inbound, sealing
from crm_handoff.integrations.models import InboundEvent
from crm_handoff.integrations.presets import BEGINNINGS
from crm_handoff.integrations.signatures import SignatureRefused
from crm_handoff.models import User
from leads.models import Lead, PendingMark, Touchpoint
from tests.integrations.calls import SIGN

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
DEMO = {
    "id": "evt-1",
    "email": "anna@acme.example",
    "kind": "demo_request",
    "occurred_at": "2026-01-13T11:59:00Z",
}


@pytest.fixture
def kinds(db):
    management.call_command("load_defaults", verbosity=0)


@pytest.fixture
def ops(kinds):
    return User.objects.create_user("ops@example.com")


@pytest.fixture
def forms(ops):
    """A website that signs by the standard; returns the source and its secret."""
    return inbound.create_source(name="Website", system="website", preset="generic", by=ops)


def send(source_and_secret, body, *, at=NOON, **options):
    source, secret = source_and_secret
    return inbound.receive(source, SIGN[source.scheme](secret, body, at=at, **options))


def test_a_call_makes_the_lead_and_what_they_did(forms):
    receipt = send(forms, DEMO)

    lead = Lead.objects.get(email="anna@acme.example")
    did = Touchpoint.objects.get()
    assert receipt.event.state == "processed"
    assert receipt.event.results == [
        {"lead": str(lead.public_id), "is_created": True, "touchpoint": "created"}
    ]
    assert (did.lead, did.kind.key, did.system) == (lead, "demo_request", "website")
    assert did.received_at == NOON
    assert did.is_verified
    assert PendingMark.objects.filter(lead=lead).exists()


def test_what_a_source_that_does_not_sign_sends_is_not_verified(ops):
    marketo = inbound.create_source(name="Marketo", system="marketo", preset="marketo", by=ops)

    send(marketo, BEGINNINGS["marketo"].sample)

    assert not Touchpoint.objects.get().is_verified


@pytest.mark.parametrize("preset", BEGINNINGS)
def test_each_preset_reads_what_its_system_sends(ops, preset):
    source = inbound.create_source(
        name="x", system="x", preset=preset, by=ops, secret="whsec_c2VjcmV0c2VjcmV0"
    )

    receipt = send(source, BEGINNINGS[preset].sample)

    assert receipt.event.state == "processed", receipt.event.problems
    assert Touchpoint.objects.count() == 1


def test_a_repeated_call_changes_nothing_and_is_answered_alike(forms):
    first, second = send(forms, DEMO), send(forms, DEMO, at=NOON + timedelta(minutes=1))

    assert second.is_repeated
    assert second.event == first.event
    assert InboundEvent.objects.count() == Touchpoint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_call_twice_at_once_is_kept_once(forms):
    barrier, receipts = threading.Barrier(8), []

    def call():
        try:
            barrier.wait()
            receipts.append(send(forms, DEMO))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(receipt.is_repeated for receipt in receipts) == [False, *[True] * 7]
    assert InboundEvent.objects.count() == Touchpoint.objects.count() == 1


def test_nothing_is_kept_of_a_call_that_is_not_signed(forms):
    source, _ = forms

    with pytest.raises(SignatureRefused):
        inbound.receive(source, SIGN["standard"]("whsec_" + "b" * 43, DEMO, at=NOON))

    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not json", "not JSON"),
        (b"[1]", "An object is expected"),
        ({**DEMO, "email": "nobody"}, "email"),
        ({**DEMO, "kind": "no_such_kind"}, "not a known kind"),
        ({**DEMO, "occurred_at": "yesterday"}, "occurred_at"),
        ({**DEMO, "email": None}, "needs an external id or an e-mail address"),
    ],
)
def test_a_call_that_cannot_be_read_is_quarantined_whole(forms, body, words):
    event = send(forms, body).event

    assert event.state == "quarantined"
    assert words in str(event.problems)
    assert not Lead.objects.exists()
    assert not Touchpoint.objects.exists()


def test_one_bad_thing_quarantines_its_whole_call(forms):
    source, _ = forms
    inbound.set_mapping(source, source.mapping | {"items": "events"})
    bad = {**DEMO, "id": "evt-2", "kind": "no_such_kind"}

    event = send(forms, {"events": [DEMO, bad]}).event

    assert event.state == "quarantined"
    assert not Lead.objects.exists()


def test_after_the_mapping_is_mended_a_quarantined_call_goes_in_with_its_own_instant(forms):
    source, _ = forms
    event = send(forms, {**DEMO, "kind": "Demo!"}).event
    kind = {"path": "kind", "table": {"Demo!": "demo_request"}}
    touchpoint = source.mapping["touchpoint"] | {"kind": kind}
    inbound.set_mapping(source, source.mapping | {"touchpoint": touchpoint})

    assert inbound.read_again([event], at=NOON + timedelta(days=2)) == 1

    event.refresh_from_db()
    assert (event.state, event.problems, event.read_count) == ("processed", [], 2)
    assert Touchpoint.objects.get().received_at == NOON
    assert inbound.read_again([event], at=NOON) == 0
    assert Touchpoint.objects.count() == 1


def test_a_call_that_still_cannot_be_read_stays_quarantined(forms):
    event = send(forms, b"not json").event

    assert inbound.read_again([event], at=NOON) == 0

    event.refresh_from_db()
    assert (event.state, event.read_count) == ("quarantined", 2)


def test_a_fault_of_ours_keeps_the_call(forms, monkeypatch, caplog):
    monkeypatch.setattr(inbound.payloads, "read", lambda *_: 1 / 0)

    event = send(forms, DEMO).event

    assert event.problems == [{"field": "", "detail": "Unforeseen: ZeroDivisionError."}]
    assert "could not be read" in caplog.text


def test_things_of_calls_with_long_ids_are_told_apart(forms):
    source, _ = forms
    source.mapping["items"] = "events"
    del source.mapping["touchpoint"]["external_id"]
    inbound.set_mapping(source, source.mapping)
    body = {"events": [DEMO, DEMO | {"occurred_at": "2026-01-13T11:58:00Z"}]}

    for name in ("m" * 240 + "1", "m" * 240 + "2"):
        results = send(forms, body, name=name).event.results
        assert [result["touchpoint"] for result in results] == ["created", "created"]


def test_what_the_mapping_leaves_out_is_kept_as_ignored(ops):
    calendly = inbound.create_source(
        name="Calendly", system="calendly", preset="calendly", by=ops, secret="key"
    )

    event = send(calendly, BEGINNINGS["calendly"].sample | {"event": "invitee.canceled"}).event

    assert event.state == "ignored"
    assert not Lead.objects.exists()


def test_the_secret_before_is_good_for_a_day(forms):
    source, before = forms
    now = inbound.replace_secret(source, at=NOON)

    send((source, now), DEMO, name="a")
    send((source, before), DEMO, name="b", at=NOON + timedelta(hours=23))
    with pytest.raises(SignatureRefused):
        send((source, before), DEMO, name="c", at=NOON + timedelta(hours=25))


def test_a_secret_entered_anew_is_good_at_once_though_the_one_before_is_lost(forms, settings):
    source, before = forms
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 6, []
    with pytest.raises(sealing.SecretLost):
        send((source, before), DEMO, name="a")

    now = inbound.replace_secret(source, at=NOON)

    assert send((source, now), DEMO, name="b").event.state == "processed"
    with pytest.raises(SignatureRefused):
        send((source, before), DEMO, name="c")


def test_a_copy_of_the_database_holds_no_secret(forms):
    source, secret = forms

    assert secret.encode() not in bytes(source.sealed_secret)
    assert sealing.unseal(bytes(source.sealed_secret)) == secret


def test_a_secret_survives_a_new_secret_key_with_its_fallback(forms, settings):
    source, secret = forms
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 6

    assert sealing.unseal(bytes(source.sealed_secret)) == secret

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.SecretLost):
        sealing.unseal(bytes(source.sealed_secret))


def test_bodies_of_old_calls_are_forgotten_but_not_of_quarantined_ones(forms):
    send(forms, DEMO)
    quarantined = send(forms, b"not json", name="msg-2").event

    assert inbound.forget_bodies(at=NOON + timedelta(days=29)) == 0
    assert inbound.forget_bodies(at=NOON + timedelta(days=31)) == 1

    kept = InboundEvent.objects.exclude(body=b"").get()
    assert kept == quarantined
