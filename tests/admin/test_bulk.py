"""Actions on several rows: what became of each, who may take them, and what is asked first."""

import pytest
from django.urls import reverse

from crm_handoff.admin.bulk import MOST_ROWS
from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import Delivery, InboundEvent
from crm_handoff.models import ApiKey, User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from leads.models import Account, AttributeChange, Lead, PendingMark
from routing.models import RejectionReason, Rep

pytestmark = pytest.mark.django_db

ACCOUNTS = reverse("admin:leads_account_changelist")
LEADS = reverse("admin:leads_lead_changelist")
REASONS = reverse("admin:routing_rejectionreason_changelist")
REPS = reverse("admin:routing_rep_changelist")
KEYS = reverse("admin:crm_handoff_apikey_changelist")
DELIVERIES = reverse("admin:integrations_delivery_changelist")
CALLS = reverse("admin:integrations_inboundevent_changelist")


@pytest.fixture
def companies(db):
    return [Account.objects.create(name=name) for name in ("Hansekontor", "Verdant", "Acme")]


def take(client, url, action, rows, **typed):
    """Choose rows of a list and take an action on them; returns what the person is told."""
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(url, chosen | typed, follow=True)
    return response, [str(message) for message in response.context["messages"]]


def test_each_row_is_reported_by_itself(revops, companies):
    Account.objects.filter(name="Verdant").update(is_target=True)

    response, (done, left) = take(revops, ACCOUNTS, "mark_target", companies, confirmed="yes")

    assert response.redirect_chain == [(ACCOUNTS, 302)]
    assert "Done (2)" in done
    assert "<b>Hansekontor</b> is a target account now" in done
    assert "Left as they were (1)" in left
    assert "<b>Verdant</b> was marked so before" in left
    assert Account.objects.filter(is_target=True).count() == 3


def test_what_matters_is_asked_first(revops, companies):
    response, told = take(revops, ACCOUNTS, "mark_target", companies)
    page = response.content.decode()

    assert response.status_code == 200
    assert told == []
    assert "Their leads are judged again." in page
    assert all(company.name in page for company in companies)
    assert not Account.objects.filter(is_target=True).exists()


def test_a_new_target_is_in_the_history_and_its_leads_are_judged_again(revops, companies):
    lead = Lead.objects.create(email="ada@hansekontor.example", account=companies[0])

    take(revops, ACCOUNTS, "mark_target", companies[:1], confirmed="yes")

    change = AttributeChange.objects.get(account=companies[0], field="is_target")
    assert (change.old, change.new, change.source) == (False, True, "crm_handoff")
    assert PendingMark.objects.filter(lead=lead).exists()


def test_the_form_of_an_account_takes_the_same_way(revops, companies):
    lead = Lead.objects.create(email="ada@hansekontor.example", account=companies[0])
    page = reverse("admin:leads_account_change", args=[companies[0].pk])

    revops.post(page, {"name": "Hansekontor SE", "domain": "", "is_target": "on"})

    companies[0].refresh_from_db()
    assert (companies[0].name, companies[0].is_target) == ("Hansekontor SE", True)
    assert PendingMark.objects.filter(lead=lead).exists()


def test_a_name_of_markup_is_shown_as_text(revops):
    account = Account.objects.create(name="<script>alert(1)</script>")

    _, (done,) = take(revops, ACCOUNTS, "mark_target", [account], confirmed="yes")

    assert "<script>" not in done
    assert "&lt;script&gt;" in done


def test_leads_are_judged_again(revops):
    lead = Lead.objects.create(email="ada@example.com", first_name="Ada")

    _, told = take(revops, LEADS, "judge_again", [lead])

    assert told == ["Done (1):<ul><li><b>Ada</b> waits for judgement</li></ul>"]
    assert PendingMark.objects.filter(lead=lead).count() == 1


def test_who_only_reads_is_offered_no_action(sign_in, companies):
    auditor = sign_in(Role.AUDITOR)

    _, told = take(auditor, ACCOUNTS, "mark_target", companies, confirmed="yes")

    assert "mark_target" not in auditor.get(ACCOUNTS).content.decode()
    assert not any("Done" in message for message in told)
    assert not Account.objects.filter(is_target=True).exists()


def test_the_last_reason_stays(revops):
    RejectionReason.objects.all().delete()
    reasons = [
        RejectionReason.objects.create(key=name, name=name, category="other", cool_off=None)
        for name in ("First", "Second")
    ]

    _, (done, left) = take(revops, REASONS, "retire", reasons, confirmed="yes")

    assert "First</b> is offered no more" in done
    assert "Second</b> is the last one that reps are offered" in left
    assert list(RejectionReason.objects.filter(is_active=True)) == reasons[1:]


def test_a_rep_receives_no_more_and_again(revops):
    rep = Rep.objects.create(user=User.objects.create_user("rita@example.com"))

    _, (stopped,) = take(revops, REPS, "stop_receiving", [rep], confirmed="yes")
    _, (again,) = take(revops, REPS, "receive", [rep])

    assert "receives no more leads, and keeps the 0 open ones" in stopped
    assert "receives leads again" in again
    rep.refresh_from_db()
    assert rep.is_active


def test_keys_are_revoked_once(revops):
    person = User.objects.get(email="revops@tests.example")
    for number in (1, 2):
        keys.issue(f"Form {number}", system="website", created_by=person)
    chosen = list(ApiKey.objects.all())
    take(revops, KEYS, "revoke_all", chosen[:1], confirmed="yes")

    _, told = take(revops, KEYS, "revoke_all", chosen, confirmed="yes")

    assert ["Done (1)" in told[0], "was revoked before" in told[1]] == [True, True]
    assert not ApiKey.objects.filter(revoked_at=None).exists()


def test_too_many_at_once_are_refused(revops):
    rows = Account.objects.bulk_create(
        Account(name=f"Company {number}") for number in range(MOST_ROWS + 1)
    )

    _, told = take(revops, ACCOUNTS, "mark_target", rows, confirmed="yes")

    assert told == [f"Choose no more than {MOST_ROWS} rows at once; nothing was done."]


def test_dead_letters_alone_are_sent_again(revops, noon):
    dead, done = (
        Delivery.objects.create(
            key=f"letter-{state}",
            channel="email",
            address=f"{state}@example.com",
            payload={},
            state=state,
            next_at=noon,
            finished_at=noon,
        )
        for state in ("dead", "done")
    )

    _, (sent, left) = take(revops, DELIVERIES, "send_again", [dead, done])

    assert "dead@example.com</b> is in line again" in sent
    assert "done@example.com</b> is no dead letter" in left
    dead.refresh_from_db()
    assert dead.state == "ready"


def test_a_quarantined_call_says_why_it_still_cannot_be_read(revops, noon):
    person = User.objects.get(email="revops@tests.example")
    source, _ = inbound.create_source(
        name="Calendar", system="calendar", preset="generic", by=person
    )
    event = InboundEvent.objects.create(
        source=source,
        event_id="call-1",
        received_at=noon,
        read_at=noon,
        body=b"no JSON",
        state="quarantined",
        problems=["It is no JSON."],
    )

    _, (told,) = take(revops, CALLS, "read_again", [event])

    assert "Left as they were (1)" in told
    assert "still cannot be read: " in told
