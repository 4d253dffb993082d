"""What a rep opens: every line says where it comes from."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from leads.accounts import AccountFacts
from leads.intake import LeadFacts, record_lead
from leads.models import Asset, Touchpoint
from routing import handoffs, packet
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


def test_talking_points_come_from_the_assets_touched() -> None:
    version, lead = sales.agreement(), sales.lead()
    guide = Asset.objects.create(
        key="guide", title="Guide", pain="Leads get lost", question="Who calls first?", proof="3x"
    )
    bare = Asset.objects.create(key="bare", title="Nothing to say")
    first = sales.touch(lead, "webinar", at=NOON - 2 * DAY, asset=guide)
    last = sales.touch(lead, "webinar", at=NOON - DAY, asset=guide)
    sales.touch(lead, "webinar", at=NOON - DAY, asset=bare)

    points = built(lead, version)["talking_points"]

    assert first != last
    assert [(point["asset"], point["question"], point["source"]) for point in points] == [
        ("guide", "Who calls first?", {"touchpoint": last.pk})
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
