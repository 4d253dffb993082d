"""Late, repeated and unordered touchpoints end in the same state as sorted ones told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions.models import DefinitionVersion
from leads import intake, qualification
from leads.models import Lead, Touchpoint
from tests import recipes

KINDS = (
    "page_view",
    "pricing_page_view",
    "whitepaper",
    "webinar_attended",
    "contact_form",
    "demo_request",
    "unsubscribe",
)

Told = tuple[str, float, str, bool]
"""A kind, how many days ago, a channel, and whether a first-party source told it."""

TOLD = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from([0, 0.1, 1, 3, 6.9, 13, 15, 29, 31, 200]),
    st.sampled_from(["", "event", "email"]),
    st.booleans(),
)


@st.composite
def deliveries(draw: Any) -> tuple[list[Told], list[list[int]]]:
    """What a lead did, and batches in which it is told: each thing once or more, in any order."""
    told = draw(st.lists(TOLD, min_size=1, max_size=7))
    everything = st.permutations(range(len(told)))
    again = st.lists(st.integers(0, len(told) - 1), max_size=4)
    places = [*draw(everything), *draw(again)]
    cuts = sorted(draw(st.sets(st.integers(1, len(places)), max_size=3)))
    batches = [
        places[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(places)], strict=True)
    ]
    return told, batches


def tell(lead: Lead, told: Sequence[Told], places: Sequence[int], *, at: datetime) -> None:
    outcomes = intake.record_touchpoints(
        [
            intake.TouchpointFacts(
                lead=lead.pk,
                kind=told[place][0],
                occurred_at=at - timedelta(days=told[place][1]),
                channel=told[place][2],
                is_verified=told[place][3],
                external_id=f"touch-{place}",
            )
            for place in places
        ],
        system="website",
        received_at=at,
    )
    assert not any(outcome.reason for outcome in outcomes)
    qualification.judge([lead.pk], at=at)


def state_after(
    batches: Sequence[Sequence[int]], told: Sequence[Told], *, at: datetime
) -> dict[str, Any]:
    """What is known and thought of a lead that was told of so; the database forgets it."""
    with transaction.atomic():
        lead = recipes.fitting_lead(at=at - timedelta(days=300))
        for places in batches:
            tell(lead, told, places, at=at)
        lead.refresh_from_db()
        judgement = lead.latest_evaluation
        assert judgement is not None
        state = {
            "touchpoints": sorted(
                Touchpoint.objects.filter(lead=lead).values_list(
                    "external_id", "kind__key", "channel", "occurred_at", "is_verified"
                )
            ),
            "stage": lead.stage,
            "no_longer_meets": lead.no_longer_meets,
            "reevaluate_at": lead.reevaluate_at,
            "reached": judgement.stage,
            "levels": (
                judgement.fit,
                judgement.engagement,
                judgement.intent,
                judgement.authority,
                judgement.product,
            ),
            "met": {result["key"]: result["met"] for result in judgement.results},
        }
        transaction.set_rollback(True)
    return state


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(delivered=deliveries())
def test_the_order_in_which_touchpoints_come_makes_no_difference(
    active_version: DefinitionVersion, noon: datetime, delivered: tuple[Any, Any]
) -> None:
    told, batches = delivered
    in_order = sorted(range(len(told)), key=lambda place: -told[place][1])

    assert state_after(batches, told, at=noon) == state_after([in_order], told, at=noon)
