"""Pages of webhook sources."""

import json
from datetime import UTC, datetime

import pytest
from django.core import management

from crm_handoff.integrations import inbound, sealing
from crm_handoff.integrations.models import InboundEvent, InboundSource
from crm_handoff.people.roles import Role
from leads.models import Lead
from tests.integrations.calls import SIGN
from tests.web import world

NEW = {"name": "Website", "system": "website", "preset": "generic", "scheme": "", "secret": ""}
DEMO = {"id": "1", "mail": "anna@acme.example", "what": "Demo", "at": "2026-01-13T11:59:00Z"}
FORM = {
    "event_id": "id",
    "lead.email.path": "mail",
    "touchpoint.kind.path": "what",
    "touchpoint.kind.table": "Demo = demo_request\n* = contact_form",
    "touchpoint.occurred_at.path": "at",
    "detail.0.name": "said",
    "detail.0.path": "what",
}


@pytest.fixture
def ops(version, door):
    management.call_command("load_defaults", verbosity=0)
    return door(world.person("Olga Ops", Role.REVOPS))


@pytest.fixture
def website(ops):
    ops.post("/webhooks/new/", NEW)
    return InboundSource.objects.get()


def called(source, body=DEMO, name="a"):
    secret = sealing.unseal(bytes(source.sealed_secret))
    call = SIGN[source.scheme](secret, body, at=datetime.now(tz=UTC), name=name)
    return inbound.receive(source, call).event


def page(website):
    return f"/webhooks/{website.public_id}/"


def test_without_sources_the_page_says_what_they_are_good_for(ops):
    assert "Nobody calls yet" in ops.get("/webhooks/").content.decode()


def test_a_new_source_shows_its_address_and_its_secret_once(ops):
    shown = ops.post("/webhooks/new/", NEW).content.decode()

    source = InboundSource.objects.get()
    secret = sealing.unseal(bytes(source.sealed_secret))
    assert secret in shown
    assert f"/api/v1/webhooks/{source.public_id}/" in shown
    assert secret not in ops.get(page(source)).content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "Say what calls"),
        ({"system": "two words"}, "letters, digits, - and _ alone"),
        ({"preset": "hubspot"}, "Enter the secret that the other system signs with"),
        ({"preset": "salesforce"}, "salesforce is not one of the available choices"),
        ({"secret": "our secret"}, "is base64, mostly after"),
        ({"secret": "our secret", "preset": "marketo", "scheme": "standard"}, "is base64"),
    ],
)
def test_a_source_that_is_not_complete_says_what_is_missing(ops, change, words):
    response = ops.post("/webhooks/new/", NEW | change)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not InboundSource.objects.exists()


def test_the_sample_of_the_preset_is_tried_before_anybody_called(ops, website):
    shown = ops.get(page(website)).content.decode()

    assert "As it would be kept" in shown
    assert "anna@acme.example" in shown
    assert "No call yet" in shown


def test_a_mapping_is_tried_on_a_real_call_and_saves_nothing(ops, website):
    event = called(website)
    before = website.mapping

    shown = ops.post(page(website) + "try/", FORM | {"sample": event.pk}).content.decode()

    website.refresh_from_db()
    assert "demo_request" in shown
    assert website.mapping == before
    assert event.state == "quarantined"
    assert not Lead.objects.filter(email=DEMO["mail"]).exists()


def test_the_mapping_is_saved_and_what_was_quarantined_is_read_again(ops, website):
    called(website)
    assert "1 call could not be read" in ops.get(page(website)).content.decode()

    ops.post(page(website) + "mapping/", FORM)
    shown = ops.post(page(website) + "read-again/", follow=True).content.decode()

    website.refresh_from_db()
    assert website.mapping == {
        "event_id": "id",
        "lead": {"email": "mail"},
        "touchpoint": {
            "kind": {
                "path": "what",
                "table": {"Demo": "demo_request"},
                "otherwise": "contact_form",
            },
            "occurred_at": "at",
        },
        "detail": {"said": "what"},
    }
    assert "1 of 1 quarantined calls went in" in shown
    assert "New lead" in shown
    assert Lead.objects.filter(email=DEMO["mail"]).exists()


def test_a_saved_mapping_comes_back_in_the_form_as_it_was(ops, website):
    ops.post(page(website) + "mapping/", FORM | {"items": "list", "only": "type = a, b"})
    website.refresh_from_db()
    fields = ops.get(page(website)).context["sections"]
    said = {"items": "list", "event_id": "id", "only": "type = a, b"}
    for section in fields:
        for row in (*section.said, *section.unsaid):
            is_detail = section.key == "detail"
            name = f"detail.{row.place}" if is_detail else f"{section.key}.{row.name}"
            said |= {f"{name}.name": row.name} if is_detail else {}
            said |= {f"{name}.{part}": getattr(row, part) for part in ("path", "value", "unit")}
            said[f"{name}.table"] = row.table
    before = website.mapping

    ops.post(page(website) + "mapping/", said)

    website.refresh_from_db()
    assert website.mapping == before


def test_a_mapping_that_cannot_be_followed_is_refused_with_what_was_typed(ops, website):
    before = website.mapping

    response = ops.post(page(website) + "mapping/", {"lead.phone.path": "tel..x"})

    website.refresh_from_db()
    shown = response.content.decode()
    assert response.status_code == 422
    assert "“tel..x” is no path" in shown
    assert "needs external_id or email" in shown
    assert 'value="tel..x"' in shown
    assert website.mapping == before


def test_a_source_is_turned_off_and_on(ops, website):
    ops.post(page(website) + "active/", {"active": "false"})
    website.refresh_from_db()
    assert not website.is_active

    ops.post(page(website) + "active/", {"active": "true"})
    website.refresh_from_db()
    assert website.is_active


def test_a_replaced_secret_is_shown_once_and_an_entered_one_never(ops, website):
    shown = ops.post(page(website) + "secret/", {"secret": ""}).content.decode()
    website.refresh_from_db()
    assert sealing.unseal(bytes(website.sealed_secret)) in shown

    theirs = "whsec_dGhlaXJzLTEyMzQ"
    shown = ops.post(page(website) + "secret/", {"secret": theirs}).content.decode()
    website.refresh_from_db()
    assert sealing.unseal(bytes(website.sealed_secret)) == theirs
    assert theirs not in shown


def test_a_secret_by_which_nobody_can_sign_replaces_none(ops, website):
    before = bytes(website.sealed_secret)

    shown = ops.post(page(website) + "secret/", {"secret": "our secret"}, follow=True)

    website.refresh_from_db()
    assert "is base64" in shown.content.decode()
    assert bytes(website.sealed_secret) == before


def test_what_they_send_is_shown_as_text(ops, website):
    called(website, DEMO | {"what": "<script>alert(1)</script>"})

    assert "<script>alert" not in ops.get(page(website)).content.decode()


@pytest.mark.parametrize("role", [Role.REP, Role.MARKETING_LEAD, Role.SALES_MANAGER])
def test_nobody_but_revops_and_auditors_reads_these_pages(website, door, role):
    client = door(world.person("Some Body", role))

    assert client.get("/webhooks/").status_code == 403
    assert client.get(page(website)).status_code == 403
    assert client.post(page(website) + "mapping/", FORM).status_code == 403


def test_an_auditor_reads_and_changes_nothing(website, door, auditor):
    client = door(auditor)

    assert client.get(page(website)).status_code == 200
    assert "Save the mapping" not in client.get(page(website)).content.decode()
    for name in ("mapping/", "try/", "read-again/", "secret/", "active/"):
        assert client.post(page(website) + name).status_code == 403


def test_the_list_counts_what_waits(ops, website):
    called(website)

    assert "1 quarantined" in ops.get("/webhooks/").content.decode()
    assert json.loads(bytes(InboundEvent.objects.get().body)) == DEMO
