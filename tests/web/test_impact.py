"""The impact of a draft on live leads: asked, worked out, read, clicked through."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_handoff.web import impact as pages
from definitions import versions
from definitions.models import DefinitionVersion
from leads import impacts, qualification
from leads.models import Impact, Lead
from tests.web import world


def address(version: DefinitionVersion, view: str = "version_impact") -> str:
    return reverse(f"web:{view}", args=[version.definition.key, version.number])


@pytest.fixture
def draft(version: DefinitionVersion) -> DefinitionVersion:
    """Marketing qualified from three touchpoints on, at once."""
    draft = versions.revise(version, by=version.author)
    draft.in_flight_plan = "requalify"
    draft.save()
    draft.criterion_set.filter(key="two_touchpoints").update(
        label="Three or more touchpoints in 30 days", wanted=3
    )
    return draft


def engaged(count: int = 1, **fields: Any) -> list[Lead]:
    """Marketing qualified by two touchpoints."""
    leads = [world.lead("Ada", **fields) for _ in range(count)]
    at = timezone.now() - world.HOUR
    for lead in leads:
        world.did(lead, "case_study", at=at - world.DAY)
        world.did(lead, "webinar_attended", at=at, channel="event")
    qualification.judge([lead.pk for lead in leads], at=timezone.now())
    return leads


def worked_out() -> None:
    while impacts.work():
        pass


def test_a_draft_that_was_not_previewed_offers_it(draft, robin):
    page = robin.get(address(draft)).content.decode()

    assert "Not previewed yet" in page
    assert "Preview the impact" in page


def test_a_version_in_force_has_nothing_to_foresee(version, robin):
    assert "Nothing to foresee" in robin.get(address(version)).content.decode()
    said = robin.post(address(version), follow=True).content.decode()
    assert "there is nothing to foresee" in said


def test_a_preview_is_asked_for_waited_for_and_read(draft, robin):
    engaged(2)

    waiting = robin.post(address(draft), follow=True).content.decode()
    assert "Waiting for a worker" in waiting
    progress = robin.get(address(draft), headers={"hx-request": "true"})
    assert "hx-trigger" in progress.content.decode()
    worked_out()
    assert robin.get(address(draft), headers={"hx-request": "true"})["HX-Refresh"] == "true"

    page = robin.get(address(draft)).content.decode()
    assert "SQL unchanged: 0 live leads meet it now and then." in page
    assert "2 no longer meet their stage." in page
    assert "paid search" in page.lower()


def test_a_preview_of_what_was_changed_since_says_so(draft, robin):
    robin.post(address(draft))
    worked_out()
    draft.criterion_set.filter(key="two_touchpoints").update(wanted=4)

    page = robin.get(address(draft)).content.decode()

    assert "The draft was changed since this preview" in page
    assert "Preview again" in page


def test_a_draft_with_problems_names_them(draft, robin):
    draft.stagerule_set.all().delete()

    page = robin.post(address(draft), follow=True).content.decode()

    assert "The draft must be mended before it can be previewed" in page
    assert not Impact.objects.exists()


def test_a_preview_that_failed_says_why(draft, robin):
    robin.post(address(draft))
    Impact.objects.update(state="failed", problem="The disk is full.", finished_at=timezone.now())

    page = robin.get(address(draft)).content.decode()

    assert "The last preview failed." in page
    assert "The disk is full." in page


def test_the_leads_are_listed_with_before_after_and_why(draft, robin):
    (lead,) = engaged()
    robin.post(address(draft))
    worked_out()

    page = robin.get(address(draft, "impact_leads")).content.decode()

    assert str(lead) in page
    assert "No longer meets its stage" in page
    assert "Three or more touchpoints in 30 days: wants at least 3 touchpoints" in page
    assert ", seen 2 touchpoints" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("change=no_longer", 2),
        ("change=up", 0),
        ("change=made_up", 2),
        ("handoff=1", 0),
        ("source=paid_search", 1),
        ("source=", 1),
        ("source=%00", 1),
        ("campaign=", 2),
        ("territory=nowhere", 0),
    ],
)
def test_the_leads_are_narrowed(draft, robin, query, count):
    engaged()
    engaged(source=None)
    robin.post(address(draft))
    worked_out()

    page = robin.get(f"{address(draft, 'impact_leads')}?{query}")

    assert len(page.context["rows"]) == count


def test_the_leads_of_no_preview_are_not_found(draft, robin):
    assert robin.get(address(draft, "impact_leads")).status_code == 404


def test_who_reads_may_not_ask(draft, auditor, door):
    reader = door(auditor)

    assert "Preview the impact" not in reader.get(address(draft)).content.decode()
    assert reader.post(address(draft)).status_code == 403


def test_a_rep_does_not_see_what_happens_to_everybody(draft, dana, door):
    assert door(dana.user).get(address(draft)).status_code == 403
    assert door(dana.user).get(address(draft, "impact_leads")).status_code == 403


def test_summary_is_one_line_for_those_who_sign(draft, robin):
    engaged(2)
    robin.post(address(draft))
    worked_out()

    assert pages.summary(impacts.latest(draft)) == (
        "SQL unchanged: 0 live leads meet it now and then. 2 no longer meet their stage."
    )


def test_summary_gives_the_change_of_the_handoff_stage_in_percent(draft):
    at = timezone.now()
    impact = Impact.objects.create(
        version=draft,
        content="",
        content_hash="",
        asked_by=draft.author,
        asked_at=at,
        at=at,
        state="done",
        finished_at=at,
        stages_before={"sql": 230, "mql": 500},
        stages_after={"sql": 189, "mql": 541},
        with_sales_count=60,
        with_sales_short_count=4,
    )

    assert pages.summary(impact) == (
        "SQL −18\N{NO-BREAK SPACE}%: 189 live leads would meet it instead of 230. No live lead "
        "changes its standing. 4 of 60 that sales has would not reach the handoff by it, and stay "
        "with sales."
    )


@pytest.mark.parametrize("view", ["version_impact", "impact_leads"])
def test_queries_do_not_grow_with_the_leads(draft, robin, view):
    counts = []
    for many in (3, 27):
        engaged(many)
        robin.post(address(draft))
        worked_out()
        robin.get(address(draft, view))
        with CaptureQueriesContext(connection) as captured:
            robin.get(address(draft, view))
        counts.append(len(captured))

    assert counts[0] == counts[1]
