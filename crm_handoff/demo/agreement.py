"""The demo's agreements: two in force, a new version that sales reads, and a draft."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from crm_handoff import pipeline
from crm_handoff.agreements import rounds
from crm_handoff.demo import cast
from crm_handoff.models import User
from definitions import content, versions
from definitions.enums import Side
from definitions.models import DefinitionVersion

DAY = timedelta(days=1)
CHANGE = (
    "Autumn's webinars brought leads who were ready after three touchpoints, and sales refused "
    "more than half of retail. So three are enough, and retail is no target industry any more."
)


def sign(people: Mapping[str, User], *, at: datetime) -> None:
    """Put both shipped definitions in force, signed by both leads of the demo."""
    revops = people[cast.REVOPS]
    for version in DefinitionVersion.objects.select_related("definition").order_by("pk"):
        version.marketing_operator = people[cast.MARKETING]
        version.sales_operator = people[cast.MANAGER]
        version.day_zone = "Europe/Berlin"
        version.save(update_fields=["marketing_operator", "sales_operator", "day_zone"])
        versions.submit(version, by=revops, at=at - 9 * DAY)
        versions.sign(version, side=Side.MARKETING, by=people[cast.MARKETING], at=at - 6 * DAY)
        versions.sign(
            version,
            side=Side.SALES,
            by=people[cast.MANAGER],
            at=at - 2 * DAY,
            comment="As agreed in the workshop.",
        )
        pipeline.put_in_force(version, by=revops, at=at)


def propose(people: Mapping[str, User], *, at: datetime) -> None:
    """Draft a second version of the mid-market agreement and submit it; marketing has signed."""
    first = DefinitionVersion.objects.get(definition__key="mid-market", number=1)
    revops = people[cast.REVOPS]
    said = content.content_of(first)
    said["change_note"] = CHANGE
    said["in_flight"] = {"plan": "requalify"}
    high = said["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"]
    high["label"], high["wanted"] = "Three or more touchpoints in 30 days", 3
    for level, key in (("low", "industry_for_low_fit"), ("in", "target_industry")):
        criterion = said["levels"]["fit"][level]["criteria"][key]
        criterion["wanted"] = [one for one in criterion["wanted"] if one != "retail"]
    second = versions.create_draft(said, by=revops, at=at - DAY)
    rounds.submit(second, by=revops, at=at)
    versions.sign(
        second,
        side=Side.MARKETING,
        by=people[cast.MARKETING],
        at=at + DAY,
        comment="Agreed: fewer, but those they want.",
    )


def draft(people: Mapping[str, User], *, at: datetime) -> None:
    """Begin a second version of the small-business agreement, which asks sales a question."""
    first = DefinitionVersion.objects.get(definition__key="small-business", number=1)
    said = content.content_of(first)
    said["change_note"] = "Competitors sign up to look around: sales knows their names."
    said["questions"] = {
        "no_competitor": {
            "question": "Is this company neither a competitor nor an agency of one?",
            "side": Side.SALES.value,
            "answer_within": "4 hours",
            "valid_days": 180,
        }
    }
    said.setdefault("signals", {})["no_competitor"] = {
        "label": "No competitor, says sales",
        "fact": "asserted",
        "parameters": {"what": "no_competitor"},
        "operator": "is",
        "wanted": True,
    }
    for stage in said["stages"]:
        if stage["stage"] == "mql":
            stage["criteria"] = [*stage.get("criteria", ()), "no_competitor"]
    versions.create_draft(said, by=people[cast.REVOPS], at=at)
