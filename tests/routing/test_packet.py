"""What a rep opens: every line says where it comes from."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.vocabulary import IntentLevel
from leads.companies import AccountFacts
from leads.intake import LeadFacts, record_lead
from leads.models import Asset, Persona, Touchpoint
from routing import handoffs, interests, packet
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def built(who: Any, version: Any = None) -> dict[str, Any]:
    judged = sales.qualified(version or sales.agreement(), who)
    return packet.build(who, judged.evaluation, judged.version, at=NOON)


def lines_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every object anywhere in the packet that has a source."""
    if isinstance(value, dict):
        if "source" in value:
            yield value
        for child in value.values():
            yield from lines_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from lines_of(child)


def test_who_and_company_name_the_field_and_the_system_that_said_so() -> None:
    facts = LeadFacts(
        system="website",
        email="anna@acme.example",
        first_name="Anna",
        job_title="Head of IT",
        account=AccountFacts(name="Acme", domain="acme.example", employee_count=300),
    )
    lead = record_lead(facts, received_at=NOON - DAY).lead

    made = built(lead)

    who = {line["key"]: line for line in made["who"]}
    company = {line["key"]: line for line in made["company"]}
    assert who["first_name"]["value"] == "Anna"
    assert who["first_name"]["source"] == {"field": "lead.first_name", "system": "website"}
    assert company["employee_count"]["value"] == 300
    assert company["employee_count"]["source"] == {
        "field": "account.employee_count",
        "system": "website",
    }


def test_what_was_asked_for_and_how_much_the_company_matters_are_in_it() -> None:
    facts = LeadFacts(
        system="website",
        email="anna@acme.example",
        product_line="payroll",
        account=AccountFacts(name="Acme", domain="acme.example", tier="A"),
    )
    made = built(record_lead(facts, received_at=NOON - DAY).lead)

    (asked,) = (line for line in made["who"] if line["key"] == "product_line")
    (tier,) = (line for line in made["company"] if line["key"] == "tier")
    assert (asked["value"], asked["source"]["field"]) == ("payroll", "lead.product_line")
    assert (tier["value"], tier["source"]["system"]) == ("A", "website")


def test_authority_says_by_which_rule_and_how_sure() -> None:
    made = built(sales.lead(job_title="Head of IT"))

    assert made["authority"]["by_title"] == "decision_maker"
    assert (made["authority"]["confidence_pct"], made["authority"]["rule"]) == (80, "head of")
    assert made["authority"]["source"]["field"] == "lead.job_title"


def test_timeline_groups_by_the_agreements_day_newest_first_and_marks_intent() -> None:
    version, lead = sales.agreement(), sales.lead()
    late = sales.touch(lead, "webinar", at=NOON - DAY + timedelta(hours=11, minutes=30))
    demo = sales.touch(lead, "demo_request", at=NOON - HOUR, is_verified=True)
    sales.touch(lead, "webinar", at=NOON - HOUR, is_bot=True)
    sales.touch(lead, "webinar", at=NOON + HOUR)
    early = sales.touch(lead, "webinar", at=NOON - 3 * DAY)

    made = built(lead, version)

    seen = [
        (day["on"], [event["source"]["touchpoint"] for event in day["touchpoints"]])
        for day in made["timeline"]
    ]
    assert seen == [("2026-01-13", [demo.pk, late.pk]), ("2026-01-10", [early.pk])]
    assert [line["source"] for line in made["intent"]] == [{"touchpoint": demo.pk}]
    assert made["intent"][0]["is_direct_intent"]


def asset(key: str, **fields: Any) -> Asset:
    return Asset.objects.create(
        key=key, title=key.capitalize(), **{"question": f"{key}?"} | fields
    )


def test_talking_points_come_from_the_assets_touched() -> None:
    version, lead = sales.agreement(), sales.lead()
    guide = asset("guide", pain="Leads get lost", proof="3x")
    bare = asset("bare", question="")
    first = sales.touch(lead, "webinar", at=NOON - 2 * DAY, asset=guide)
    last = sales.touch(lead, "webinar", at=NOON - DAY, asset=guide)
    sales.touch(lead, "webinar", at=NOON - DAY, asset=bare)

    points = built(lead, version)["talking_points"]

    assert first != last
    assert [(point["asset"], point["question"], point["source"]) for point in points] == [
        ("guide", "guide?", {"touchpoint": last.pk})
    ]


def test_a_talking_point_says_why_it_ranks() -> None:
    version, lead = sales.agreement(), sales.lead()
    guide = asset("guide")
    asked = sales.touch(lead, "demo_request", at=NOON - 4 * DAY, asset=guide)
    sales.touch(lead, "webinar", at=NOON - DAY, asset=guide)

    (point,) = built(lead, version)["talking_points"]

    assert (point["label"], point["occurred_at"]) == (
        asked.kind.name,
        (NOON - 4 * DAY).isoformat(),
    )
    assert (point["touched_count"], point["last_at"]) == (2, (NOON - DAY).isoformat())
    assert point["source"] == {"touchpoint": asked.pk}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([("webinar", 1)], [("webinar", 2)], id="of equally deep ones the later"),
        pytest.param([("demo_request", 3)], [("webinar", 3)], id="of equally old ones the deeper"),
        pytest.param([("webinar", 2), ("webinar", 3)], [("webinar", 1)], id="twice beats once"),
        pytest.param([("webinar", 1)], [("demo_request", 60)], id="what was long ago fades"),
    ],
)
def test_talking_points_rank_by_depth_and_recency(
    first: list[tuple[str, int]], second: list[tuple[str, int]]
) -> None:
    version, lead = sales.agreement(), sales.lead()
    for key, touches in (("second", second), ("first", first)):
        made = asset(key)
        for kind, days in touches:
            sales.touch(lead, kind, at=NOON - days * DAY, asset=made)

    points = built(lead, version)["talking_points"]

    assert [point["asset"] for point in points] == ["first", "second"]


ages = st.lists(st.integers(0, 400), min_size=1, max_size=4)


@given(one=ages, other=ages, days=st.integers(0, 200))
def test_what_weighs_more_today_still_does_later(
    one: list[int], other: list[int], days: int
) -> None:
    later = NOON + days * DAY

    assert weight(one, at=later) == pytest.approx(weight(one, at=NOON) * 0.5 ** (days / 14))
    if weight(one, at=NOON) > weight(other, at=NOON) * 1.001:
        assert weight(one, at=later) > weight(other, at=later)


def weight(ages: list[int], *, at: datetime) -> float:
    """What touchpoints of those ages in hours at noon weigh together."""
    touches = [Touchpoint(occurred_at=NOON - hours * HOUR) for hours in ages]
    return sum(
        interests.Seen(one, intent_level="medium", is_direct=False).weight(at=at)
        for one in touches
    )


def test_the_journey_is_as_far_as_the_furthest_asset_touched() -> None:
    version, lead = sales.agreement(), sales.lead()
    early, late = (
        asset("early", journey_stage="awareness"),
        asset("late", journey_stage="decision"),
    )
    reached = sales.touch(lead, "webinar", at=NOON - 3 * DAY, asset=late)
    sales.touch(lead, "webinar", at=NOON - DAY, asset=early)
    sales.touch(lead, "webinar", at=NOON - DAY, asset=asset("unplaced"))

    journey = built(lead, version)["journey"]

    assert (journey["value"], journey["asset"]) == ("decision", "Late")
    assert journey["source"] == {"touchpoint": reached.pk}


def test_the_persona_is_the_declared_one_else_that_of_what_was_touched_most() -> None:
    version = sales.agreement()
    buyer, user = (Persona.objects.create(key=key, name=key.upper()) for key in ("cfo", "ops"))
    guide, tour = asset("guide", persona=user), asset("tour", persona=buyer)
    silent, declared, unknown = sales.lead(), sales.lead(persona=buyer), sales.lead()
    for lead in (silent, declared):
        sales.touch(lead, "webinar", at=NOON - DAY, asset=tour)
        for days in (1, 2):
            sales.touch(lead, "webinar", at=NOON - days * DAY, asset=guide)

    personas = [built(lead, version)["persona"] for lead in (silent, declared, unknown)]

    assert [found and (found["value"], found["is_declared"]) for found in personas] == [
        ("OPS", False),
        ("CFO", True),
        None,
    ]
    assert personas[0]["asset"] == "Guide"


def test_every_intent_level_has_a_depth() -> None:
    assert set(interests.DEPTHS) == {str(level) for level in IntentLevel}
    assert sorted(interests.DEPTHS, key=interests.DEPTHS.get) == [
        str(level) for level in IntentLevel
    ]


def test_fit_has_the_value_seen_and_wanted() -> None:
    fit = built(sales.lead())["fit"]

    assert [(line["key"], line["met"], line["wanted"]) for line in fit] == [
        ("company_size", True, [50, 2000])
    ]
    assert fit[0]["source"]["criterion"] == "company_size"


def test_earlier_outreach_tells_what_came_of_it() -> None:
    rita = sales.rep("Rita")
    sales.team(rita)
    version, lead = sales.agreement(), sales.lead()
    first = sales.opened(version, lead)
    handoffs.attempt(
        first.pk, by=rita.user, kind="call", outcome="no_answer", note="Voicemail", at=NOON
    )
    handoffs.reject(
        first.pk, reason=sales.reason(), comment="In May", by=rita.user, at=NOON + HOUR
    )

    again = sales.opened(version, lead, at=NOON + 100 * DAY)

    outreach = again.packet["earlier_outreach"]
    assert [(line["label"], line["value"]) for line in outreach] == [
        ("Rejected: Bad timing", "In May"),
        ("Call: No answer", "Voicemail"),
    ]


def test_what_the_agreement_wants_and_nobody_knows_is_named() -> None:
    known = sales.account("Known", industry="software", employee_count=300)

    assert "industry" in built(sales.lead())["missing"]
    assert "industry" not in built(sales.lead(account=known))["missing"]


def test_every_line_has_a_source_and_touchpoints_exist() -> None:
    version, lead = sales.agreement(), sales.lead(account=sales.account(), job_title="Head of IT")
    sales.touch(lead, "demo_request", at=NOON - HOUR)

    made = built(lead, version)

    sources = [line["source"] for line in lines_of(made)]
    assert len(sources) > 8
    ids = {source["touchpoint"] for source in sources if "touchpoint" in source}
    assert ids == set(Touchpoint.objects.values_list("pk", flat=True))


def test_a_long_history_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet, "MOST_TOUCHPOINTS", 3)
    version, lead = sales.agreement(), sales.lead()
    for hours in range(5):
        sales.touch(lead, "webinar", at=NOON - hours * HOUR)

    made = built(lead, version)

    assert sum(len(day["touchpoints"]) for day in made["timeline"]) == 3
    assert made["omitted_touchpoint_count"] == 2
