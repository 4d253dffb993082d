"""What a preview comes to, by source, campaign and territory, and on the load of the reps."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.reports import impact as reports
from definitions.models import DefinitionVersion
from leads import impacts, qualification
from leads.models import Campaign, Impact, Lead, Source
from routing.models import NamedAccount
from tests import recipes
from tests.leads import editions
from tests.routing import sales


@pytest.fixture
def draft(db: None, noon: datetime) -> DefinitionVersion:
    """Three touchpoints for sales instead of four, and a referral is enough to be direct."""
    editions.active(editions.mid_market(), at=noon.replace(year=2025))
    stages = [
        rule | {"criteria": []} if rule["path"] == "standard" else rule
        for rule in editions.stages()
    ]
    for rule in stages:
        if rule["stage"] == "sql" and rule["path"] == "standard":
            rule |= {"engagement": "medium", "intent": "low"}
    return editions.draft(editions.mid_market(plan="requalify", stages=stages))


def previewed(version: DefinitionVersion, *, at: datetime) -> Impact:
    impact = impacts.ask(version, by=version.author, at=at)
    while impacts.work():
        pass
    impact.refresh_from_db()
    return impact


def engaged(at: datetime, **fields: Any) -> Lead:
    """Marketing qualified, and by the draft sales qualified."""
    lead = recipes.engaged_lead(at=at)
    qualification.judge([lead.pk], at=at)
    Lead.objects.filter(pk=lead.pk).update(**fields)
    lead.refresh_from_db()
    return lead


def test_report_groups_what_changes_by_source_and_campaign(draft, noon):
    ads = Source.objects.create(key="ads", name="Ads")
    spring = Campaign.objects.create(key="spring", name="Spring")
    engaged(noon, source=ads, campaign=spring)
    engaged(noon, source=ads)
    engaged(noon)

    report = reports.report(previewed(draft, at=noon))

    assert [(one.key, one.name, one.changes.up) for one in report.by_source] == [
        ("ads", "Ads", 2),
        ("", "", 1),
    ]
    assert [(one.key, one.changes.handed_over) for one in report.by_campaign] == [
        ("", 2),
        ("spring", 1),
    ]
    assert (report.changes.up, report.changes.handed_over) == (3, 3)
    assert [(one.stage, one.difference) for one in report.stages] == [("mql", -3), ("sql", 3)]


def test_report_places_handovers_as_routing_does(draft, noon):
    dach = sales.team(sales.rep("Dana"), countries=["DE"])
    for country in ("DE", "DE", "FR"):
        lead = engaged(noon)
        lead.account.country = country
        lead.account.save()
    impact = previewed(draft, at=noon)

    report = reports.report(impact)

    assert [(one.key, one.changes.handed_over) for one in report.by_territory] == [(dach.key, 2)]
    assert report.unplaced_count == 1
    assert len(reports.leads_in(impact, dach.key)) == 2


def test_report_shares_the_load_by_the_weights_but_for_named_accounts(draft, noon):
    heavy, light, named = sales.rep("Heavy"), sales.rep("Light"), sales.rep("Nora")
    sales.team(heavy, light, countries=["DE"])
    sales.weigh(heavy, 2)
    for _ in range(3):
        engaged(noon)
    of_nora = engaged(noon)
    NamedAccount.objects.create(account=of_nora.account, rep=named)

    report = reports.report(previewed(draft, at=noon))

    assert {str(one.rep): one.coming for one in report.loads} == {
        "Heavy": 2,
        "Light": 1,
        "Nora": 1,
    }


def test_report_says_who_would_hold_more_than_the_capacity(draft, noon):
    full = sales.rep("Full", capacity=1)
    sales.team(full, countries=["DE"])
    for _ in range(2):
        engaged(noon)

    (load,) = reports.report(previewed(draft, at=noon)).loads

    assert (load.held_count, load.would_hold, load.is_over) == (0, 2, True)


def test_report_asks_no_more_for_many_leads_than_for_few(draft, noon):
    sales.team(sales.rep("Dana"), countries=["DE"])
    counts = []
    for many in (2, 8):
        for _ in range(many):
            engaged(noon)
        impact = previewed(draft, at=noon)
        with CaptureQueriesContext(connection) as captured:
            reports.report(impact)
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 11


def test_verdicts_are_those_of_the_previewed_text(draft, noon):
    lead = engaged(noon)
    impact = previewed(draft, at=noon)
    draft.stagerule_set.all().delete()

    agreement, verdicts = reports.verdicts(impact, [lead.pk])

    assert verdicts[lead.pk].stage == "sql"
    assert agreement.handoff_stage == "sql"
