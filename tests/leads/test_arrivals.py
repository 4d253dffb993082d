"""A new lead is saved in one statement, whole or not at all."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from leads import arrivals, intake
from leads.attributes import Origin
from leads.models import Account, AttributeChange, Lead, LeadIdentity, PendingMark

VALUES = {"email": "anna@eu.acme.example", "first_name": "Anna", "country": "DE"}


def arrive(at: datetime, *, mark: bool = True, **values: str) -> Lead | None:
    origin = Origin.of("website", at, at - timedelta(days=1))
    return arrivals.create(VALUES | values, external_id="form-1", origin=origin, mark=mark)


@pytest.mark.django_db(transaction=True)
def test_a_new_lead_takes_one_statement_and_no_other_transaction(noon: datetime) -> None:
    with CaptureQueriesContext(connection) as queries:
        lead = arrive(noon)

    assert len(queries) == 1
    assert lead is not None
    stored = Lead.objects.get()
    for field in Lead._meta.concrete_fields:
        assert getattr(stored, field.attname) == getattr(lead, field.attname), field
    identity = LeadIdentity.objects.get()
    assert (identity.lead, identity.system, identity.external_id) == (stored, "website", "form-1")
    assert PendingMark.objects.get().lead == stored
    changes = AttributeChange.objects.filter(lead=stored)
    assert {change.field: change.new for change in changes} == VALUES
    assert {(change.old, change.source, change.received_at) for change in changes} == {
        (None, "website", noon)
    }
    assert {change.effective_at for change in changes} == {noon - timedelta(days=1)}


@pytest.mark.django_db
def test_the_account_with_the_longest_domain_is_found(noon: datetime) -> None:
    Account.objects.create(name="Acme", domain="acme.example")
    europe = Account.objects.create(name="Acme Europe", domain="EU.acme.example")

    lead = arrive(noon)

    assert lead is not None
    assert lead.account == europe
    assert AttributeChange.objects.get(lead=lead, field="account").new == europe.pk


@pytest.mark.django_db
def test_a_known_lead_saves_nothing(noon: datetime) -> None:
    arrive(noon)

    assert arrive(noon, email="other@acme.example") is None
    assert arrive(noon, email="ANNA@eu.acme.example".lower()) is None

    assert (Lead.objects.count(), LeadIdentity.objects.count()) == (1, 1)
    assert PendingMark.objects.count() == 1


@pytest.mark.django_db
def test_without_a_mark_nothing_waits(noon: datetime) -> None:
    arrive(noon, mark=False)

    assert not PendingMark.objects.exists()


@pytest.mark.django_db
def test_a_refused_value_spoils_nothing_that_was_done_before(noon: datetime) -> None:
    Account.objects.create(name="Acme")

    with pytest.raises(IntegrityError, match="lead_country_is_iso"):
        intake.record_lead(
            intake.LeadFacts(system="website", external_id="1", country="D1"), received_at=noon
        )

    assert Account.objects.count() == 1
    assert not Lead.objects.exists()
