"""What if: a lead, or somebody typed, before two versions as of any instant."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from definitions import versions
from definitions.models import DefinitionVersion
from leads.models import Account, Lead, Touchpoint
from tests.web import world
from tests.web.test_examples import SENT, example

TYPED = {name: value for name, value in SENT.items() if name not in ("name", "stage", "why")}


def address(version: DefinitionVersion, **query: Any) -> str:
    path = reverse("web:version_try", args=[version.definition.key, version.number])
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


@pytest.fixture
def draft(version: DefinitionVersion) -> DefinitionVersion:
    """Sales is to get leads with five touchpoints, whatever they asked for."""
    content = yaml.safe_load(versions.canonical_text(version))
    content["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"] |= {
        "label": "Five or more touchpoints in 30 days",
        "wanted": 5,
    }
    content["stages"] = [rule for rule in content["stages"] if rule["path"] == "standard"]
    content["stages"] += [{"stage": "sql", "path": "direct", "engagement": "high", "fit": "in"}]
    return versions.load(yaml.safe_dump(content, sort_keys=False), by=version.author)


@pytest.fixture
def keen(version: DefinitionVersion) -> Lead:
    """Four touchpoints, one of them a demo request: an SQL of today."""
    lead = world.lead("Ada")
    at = timezone.now() - world.HOUR
    world.did(lead, "webinar_attended", at=at - 3 * world.DAY, channel="event")
    world.did(lead, "case_study", at=at - 2 * world.DAY)
    world.did(lead, "email_click", at=at - world.DAY, channel="email")
    world.did(lead, "demo_request", at=at)
    return lead


def test_a_blank_page_says_what_it_is_for(version, robin):
    assert "Nobody is tried yet" in robin.get(address(version)).content.decode()


def test_leads_are_found_by_name_and_company(version, robin):
    lead = world.lead("Ada", "Byron")

    page = robin.get(address(version, q="Byron")).content.decode()

    assert "Ada Byron" in page
    assert f"?lead={lead.public_id}&amp;other=" in page or f"?lead={lead.public_id}" in page
    assert "Nobody is called" in robin.get(address(version, q="Lovelace")).content.decode()


def test_two_versions_of_one_lead_are_compared_in_words(version, draft, keen, robin):
    page = robin.get(address(draft, lead=keen.public_id))

    comparison = page.context["comparison"]
    assert comparison.headline == (
        "Mid-market (30–100K) v2 says MQL by the standard path "
        "instead of SQL by the standard path."
    )
    assert comparison.reasons == (
        "Mid-market (30–100K) v2 wants for Engagement high “Five or more touchpoints in 30 days”: "
        "at least 5 touchpoints; seen: 4 touchpoints.",
    )
    assert [cell.name for cell in comparison.cells if cell.differs] == ["Stage", "Engagement"]
    assert "Why qualified" in page.content.decode()


def test_another_version_can_be_chosen_or_none(version, draft, keen, robin):
    none = robin.get(address(draft, lead=keen.public_id, other="-"))
    chosen = robin.get(address(version, lead=keen.public_id, other=draft.public_id))

    assert "comparison" not in none.context
    assert chosen.context["comparison"].headline.startswith("Mid-market (30–100K) v1 says SQL")


def test_a_lead_is_tried_as_of_an_instant(version, keen, robin):
    then = (timezone.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")

    page = robin.get(address(version, lead=keen.public_id, at=then))

    assert page.context["tried"].look.verdict.stage == "mql"
    future = robin.get(address(version, lead=keen.public_id, at="2999-01-01T00:00"))
    assert future.status_code == 422
    assert "Choose a time that has passed" in future.content.decode()


def test_a_lead_that_is_not_there_is_not_found(version, robin):
    nobody = "00000000-0000-4000-8000-000000000000"

    assert robin.get(address(version, lead=nobody)).status_code == 404
    assert robin.get(address(version, lead="nonsense")).status_code == 404


def test_reps_do_not_try(version, dana, door):
    assert door(dana.user).get(address(version)).status_code == 403


def test_typed_facts_are_judged_and_not_kept(version, robin):
    before = (Lead.objects.count(), Account.objects.count(), Touchpoint.objects.count())

    page = robin.post(address(version), TYPED)

    assert page.context["tried"].look.verdict.stage == "sql"
    assert "SQL by the direct path" in page.content.decode()
    assert "from imagined" not in page.content.decode()
    assert (Lead.objects.count(), Account.objects.count(), Touchpoint.objects.count()) == before


def test_typed_facts_are_judged_while_typing(version, robin):
    page = robin.post(address(version), TYPED, headers={"hx-request": "true"}).content.decode()

    assert "SQL by the direct path" in page
    assert "<html" not in page


def test_typed_facts_that_cannot_be_understood_are_named(version, robin):
    page = robin.post(address(version), TYPED | {"language": "deu"})

    assert page.status_code == 422
    assert "Language: Write two letters, for example de." in page.content.decode()


def test_an_example_is_the_beginning_of_typed_facts(version, robin):
    found = example(version)

    page = robin.get(address(version, facts=1, example=found.public_id)).content.decode()

    assert 'value="CTO"' in page
    assert '<option value="demo_request" selected' in page


def test_a_draft_that_makes_no_agreement_yet_says_so(version, draft, keen, robin):
    draft.criterion_set.filter(key="company_size").update(operator="between", wanted="many")

    page = robin.get(address(draft, lead=keen.public_id)).content.decode()

    assert "This draft says nothing yet" in page
    assert "Mend the draft" in page


def test_an_exclusion_is_named(version, keen, robin):
    content = yaml.safe_load(versions.canonical_text(version))
    content["exclusions"] = {
        "not_sold_there": {
            "label": "Where we do not sell",
            "fact": "country",
            "operator": "is",
            "wanted": "DE",
        }
    }
    draft = versions.load(yaml.safe_dump(content, sort_keys=False), by=version.author)

    page = robin.get(address(draft, lead=keen.public_id))

    assert page.context["comparison"].reasons == (
        "Mid-market (30–100K) v2 keeps it out by “Where we do not sell”: DE.",
    )


def test_a_segment_that_does_not_take_the_lead_is_told(version, keen, robin):
    content = yaml.safe_load(versions.canonical_text(version))
    content |= {"definition": "large", "about": {"name": "Large", "position": 10}}
    content["segment"] = [{"fact": "expected_acv", "operator": "at_least", "wanted": 100000}]
    large = versions.load(yaml.safe_dump(content, sort_keys=False), by=version.author)

    page = robin.get(address(large, lead=keen.public_id, other=version.public_id))

    assert page.context["comparison"].headline.startswith("Both say the same: SQL")
    assert page.context["comparison"].reasons == (
        "The segment of Large v1 does not take this lead.",
    )


def test_queries_do_not_grow_with_what_the_lead_did(version, draft, keen, robin):
    counts = []
    for many in (1, 20):
        for number in range(many):
            at = timezone.now() - number * world.HOUR
            world.did(keen, "case_study", at=at)
        robin.get(address(draft, lead=keen.public_id))
        with CaptureQueriesContext(connection) as captured:
            robin.get(address(draft, lead=keen.public_id))
        counts.append(len(captured))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "0100-01-01T00:00", "1969-12-31T12:00"])
def test_an_instant_before_there_were_leads_is_refused(version, robin, keen, at):
    picked = robin.get(address(version, lead=keen.public_id, at=at))
    typed = robin.post(address(version), TYPED | {"at": at})

    for answer in (picked, typed):
        assert answer.status_code == 422
        assert "Choose a time since 1970" in answer.content.decode()
