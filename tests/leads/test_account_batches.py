"""Companies that come together are recorded by a few queries, and find each other."""

from datetime import datetime

from leads import account_batches
from leads.companies import AccountFacts, AccountItem, AccountNotNamed
from leads.models import Account


def test_companies_of_one_batch_find_each_other(db: None, noon: datetime) -> None:
    said = [
        AccountFacts(name="Acme GmbH", domain="acme.de"),
        AccountFacts(domain="ACME.de", industry="software"),
        AccountFacts(name="Acme"),
        AccountFacts(name="Acme Ltd"),
        AccountFacts(),
        AccountFacts(domain="gmail.com"),
    ]

    outcomes = account_batches.record(
        [AccountItem(facts=facts) for facts in said], received_at=noon
    )

    first, second, third, fourth, *refused = outcomes
    assert first.account == second.account == third.account
    assert second.changed_fields == ("industry",)
    assert fourth.is_created
    assert [type(one) for one in refused] == [AccountNotNamed] * 2


def test_companies_find_a_parent_that_came_with_them_in_any_order(
    db: None, noon: datetime
) -> None:
    said = (("lower.example", "middle.example"), ("middle.example", "top.example"))
    items = [
        AccountItem(facts=AccountFacts(domain=domain, parent_domain=parent))
        for domain, parent in (*said, ("top.example", None))
    ]

    account_batches.record(items, received_at=noon)

    parents = dict(Account.objects.values_list("domain", "parent__domain"))
    assert parents == {
        "lower.example": "middle.example",
        "middle.example": "top.example",
        "top.example": None,
    }
    again = account_batches.record(items, received_at=noon)
    assert not any(outcome.changed_fields for outcome in again)


def test_of_two_companies_that_are_to_own_each_other_one_does(db: None, noon: datetime) -> None:
    items = [
        AccountItem(facts=AccountFacts(domain="a.example", parent_domain="b.example")),
        AccountItem(facts=AccountFacts(domain="b.example", parent_domain="a.example")),
    ]

    account_batches.record(items, received_at=noon)

    parents = dict(Account.objects.values_list("domain", "parent__domain"))
    assert parents == {"a.example": "b.example", "b.example": None}


def test_new_accounts_of_a_batch_cost_the_same_few_queries(
    db: None, noon: datetime, django_assert_max_num_queries
) -> None:
    items = [
        AccountItem(facts=AccountFacts(name=f"Company {n}x", domain=f"company{n}.example"))
        for n in range(100)
    ]

    with django_assert_max_num_queries(14):
        first = account_batches.record(items, received_at=noon)
    with django_assert_max_num_queries(4):
        again = account_batches.record(items, received_at=noon)

    assert all(outcome.is_created for outcome in first)
    assert [outcome.account for outcome in again] == [outcome.account for outcome in first]
    assert not any(outcome.changed_fields for outcome in again)
