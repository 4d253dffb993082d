from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import batches, entries, intake
from leads.batches import Item, LeadNotKnown
from leads.companies import AccountFacts
from leads.entries import Entry
from leads.enums import Cause, Stage
from leads.intake import IdentityConflict, LeadFacts, LeadNotIdentified, LeadOutcome
from leads.models import AttributeChange, Lead, PendingMark, StageTransition
from tests import recipes

DAY = timedelta(days=1)

FACTS = st.builds(
    LeadFacts,
    system=st.just("crm"),
    external_id=st.sampled_from(["", "1", "2", "3"]),
    email=st.sampled_from([None, "ann@acme.com", "Ann@Acme.com", "bob@else.org"]),
    first_name=st.sampled_from([None, "Ann", "Bob"]),
    source=st.sampled_from([None, "web", "fair"]),
    account=st.sampled_from([None, None, AccountFacts(name="Acme", domain="acme.com")]),
)


def one_by_one(
    items: Sequence[Item], *, received_at: datetime, mark: bool = True
) -> list[batches.Result]:
    results: list[batches.Result] = []
    for item in items:
        try:
            results.append(
                intake.record_lead(
                    item.facts, received_at=received_at, effective_at=item.effective_at, mark=mark
                )
            )
        except (ValueError, IdentityConflict) as error:
            results.append(error)
    return results


def left_by(record: Callable[..., list[batches.Result]], *runs: Any, at: datetime) -> Any:
    """What a way to record leaves in the database, which then forgets it."""
    with transaction.atomic():
        results = [result for run in runs for result in record(run, received_at=at)]
        said = [
            (result.is_created, set(result.changed_fields), name_of(result.lead))
            if isinstance(result, LeadOutcome)
            else type(result)
            for result in results
        ]
        leads = sorted(
            (name_of(lead), lead.email, lead.first_name, lead.source and lead.source.key,
             lead.account and lead.account.domain, lead.pending_marks.exists())
            for lead in Lead.objects.select_related("source", "account")
        )  # fmt: skip
        history = sorted(
            (name_of(change.lead), change.field, str(change.effective_at))
            for change in AttributeChange.objects.filter(lead__isnull=False).select_related("lead")
        )
        transaction.set_rollback(True)
    return said, leads, history


def name_of(lead: Lead) -> str:
    return ",".join(sorted(lead.identities.values_list("external_id", flat=True)))


@pytest.mark.django_db
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    runs=st.lists(
        st.lists(st.builds(Item, FACTS, st.sampled_from([None, 1, 2])), max_size=6),
        min_size=1,
        max_size=2,
    )
)
def test_many_at_once_are_recorded_as_one_by_one(noon, runs):
    runs = [
        [Item(item.facts, item.effective_at and noon - item.effective_at * DAY) for item in run]
        for run in runs
    ]
    # What a batch says of companies is known to all of it; one by one, to those below.
    intake.record_account(AccountFacts(name="Acme", domain="acme.com"), received_at=noon)

    assert left_by(batches.record, *runs, at=noon) == left_by(one_by_one, *runs, at=noon)


@pytest.mark.django_db
def test_new_leads_cost_the_same_few_queries(noon):
    def cost(first: int, count: int) -> int:
        items = [
            Item(LeadFacts(system="crm", external_id=str(n), source="web"))
            for n in range(first, first + count)
        ]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            batches.record(items, received_at=noon)
        return len(queries)

    cost(0, 1)

    assert cost(10, 1) == cost(100, 50)


@pytest.mark.django_db
def test_known_leads_with_nothing_new_cost_two_reads(noon, django_assert_num_queries):
    items = [
        Item(LeadFacts(system="crm", external_id=str(n), source="web"), noon) for n in range(20)
    ]
    batches.record(items, received_at=noon)

    # The sources and the identities, in a savepoint.
    with django_assert_num_queries(4):
        results = batches.record(items, received_at=noon)

    assert all(not result.is_created for result in results)


@pytest.mark.django_db
def test_record_marks_new_leads_pending_only_if_asked(noon):
    batches.record([Item(LeadFacts(system="crm", external_id="1"))], received_at=noon)
    batches.record([Item(LeadFacts(system="crm", external_id="2"))], received_at=noon, mark=False)

    assert [mark.lead.identities.get().external_id for mark in PendingMark.objects.all()] == ["1"]


@pytest.mark.django_db
def test_record_of_known_leads_alone_leaves_others_out(noon):
    known = recipes.known_lead(at=noon, external_id="1")
    items = [
        Item(LeadFacts(system=known.identities.get().system, external_id=name, first_name="Lea"))
        for name in ("1", "2")
    ]

    first, second = batches.record(items, received_at=noon, is_creating=False)

    assert first.lead == known
    assert isinstance(second, LeadNotKnown)
    assert Lead.objects.count() == 1


@pytest.mark.django_db
def test_record_returns_what_cannot_be_identified(noon):
    nobody, somebody = batches.record(
        [Item(LeadFacts(system="crm")), Item(LeadFacts(system="crm", external_id="1"))],
        received_at=noon,
    )

    assert isinstance(nobody, LeadNotIdentified)
    assert somebody.is_created


@pytest.mark.django_db
def test_enter_moves_new_leads_and_leaves_the_others(noon):
    fresh, won = recipes.known_lead(at=noon), recipes.known_lead(at=noon)
    entries.enter([Entry(won.pk, Stage.WON, noon - DAY)])

    moved = entries.enter(
        [Entry(lead.pk, Stage.MQL, noon - 2 * DAY) for lead in (fresh, won, fresh)]
    )

    assert moved == 1
    for lead, stage, at in ((fresh, "mql", noon - 2 * DAY), (won, "won", noon - DAY)):
        lead.refresh_from_db()
        (step,) = StageTransition.objects.filter(lead=lead)
        assert (lead.stage, lead.stage_at) == (stage, at)
        assert (step.from_stage, step.to_stage, step.cause, step.at) == (
            "new", stage, Cause.EXTERNAL, at,
        )  # fmt: skip
