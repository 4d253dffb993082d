"""Leads that look like one person are noted with the reason, and left as they are."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from leads import batches, intake
from leads.batches import Item
from leads.companies import AccountFacts
from leads.intake import LeadFacts
from leads.models import Account, Lead, SuspectedDuplicate


@pytest.fixture
def acme(db: None) -> Account:
    return Account.objects.create(name="Acme GmbH", domain="acme.de")


def ada(number: int, **said: Any) -> LeadFacts:
    facts = {"first_name": "Ada", "last_name": "Berg", "account": AccountFacts(domain="acme.de")}
    return LeadFacts(system="crm", external_id=str(number), **facts | said)


def suspicions() -> list[tuple[str, str, str]]:
    pairs = SuspectedDuplicate.objects.order_by("lead", "other")
    return [
        (*(lead.identities.get().external_id for lead in (pair.lead, pair.other)), pair.reason)
        for pair in pairs
    ]


def test_a_namesake_at_the_same_company_is_suspected(acme: Account, noon: datetime) -> None:
    intake.record_lead(ada(1), received_at=noon)

    outcome = intake.record_lead(
        ada(2, first_name="ADA", email="ada.berg@acme.de", account=None), received_at=noon
    )

    assert outcome.is_created
    assert Lead.objects.count() == 2
    assert suspicions() == [("1", "2", "name ADA Berg at Acme GmbH")]
    assert SuspectedDuplicate.objects.get().found_at == noon


@pytest.mark.parametrize(
    "other",
    [
        {"last_name": "Burg"},
        {"first_name": None},
        {"account": AccountFacts(name="Other")},
        {"account": None},
    ],
    ids=["another name", "half a name", "another company", "no company"],
)
def test_nobody_else_is_suspected(acme: Account, noon: datetime, other: dict[str, Any]) -> None:
    intake.record_lead(ada(1), received_at=noon)

    intake.record_lead(ada(2, **other), received_at=noon)

    assert suspicions() == []


def test_a_known_lead_is_suspected_once_it_has_the_name(acme: Account, noon: datetime) -> None:
    for number, name in ((1, "Berg"), (2, "Burg")):
        intake.record_lead(ada(number, last_name=name), received_at=noon)

    for day in range(2):
        intake.record_lead(ada(1, last_name="Burg"), received_at=noon + timedelta(days=day))

    assert suspicions() == [("1", "2", "name Ada Burg at Acme GmbH")]


def test_a_batch_suspects_its_own_and_those_known(
    acme: Account, noon: datetime, django_assert_max_num_queries
) -> None:
    intake.record_lead(ada(1), received_at=noon)
    items = [Item(ada(2)), Item(ada(3)), Item(ada(4, last_name="Burg"))]

    with django_assert_max_num_queries(16):
        batches.record(items, received_at=noon)

    assert [pair[:2] for pair in suspicions()] == [("1", "2"), ("1", "3"), ("2", "3")]


def test_a_common_name_is_noted_with_a_few_of_its_like(acme: Account, noon: datetime) -> None:
    batches.record([Item(ada(number)) for number in range(30)], received_at=noon)
    SuspectedDuplicate.objects.all().delete()

    intake.record_lead(ada(31), received_at=noon)

    assert SuspectedDuplicate.objects.count() == 20
