"""What a version would change: asked once, worked out in chunks, and kept."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions import versions
from definitions.models import Criterion, DefinitionVersion
from leads import impacts, lifecycle, qualification
from leads.enums import Cause, ImpactState, Stage, StandingChange
from leads.models import Evaluation, Impact, ImpactLine, Lead, PendingMark, StageTransition
from tests import recipes
from tests.leads import editions

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def in_force(db: None, noon: datetime) -> DefinitionVersion:
    return editions.active(editions.mid_market(), at=noon - 365 * DAY)


def worked_out(version: DefinitionVersion, *, at: datetime) -> Impact:
    impact = impacts.ask(version, by=version.author, at=at)
    while impacts.work():
        pass
    impact.refresh_from_db()
    return impact


def judged(lead: Lead, at: datetime) -> Lead:
    qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return lead


def test_work_lists_who_moves_up_and_who_no_longer_meets(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    engaged = judged(recipes.engaged_lead(at=noon), noon)
    eager = recipes.engaged_lead(at=noon)
    recipes.touch(eager, "demo_request", at=noon - 12 * HOUR)
    recipes.touch(eager, "webinar_attended", at=noon - 13 * HOUR)
    Lead.objects.filter(pk=eager.pk).update(job_title="Analyst")
    judged(eager, noon)
    draft = editions.draft(editions.mid_market(plan="requalify", mql_touchpoints=3))

    impact = worked_out(draft, at=noon)

    (line,) = impact.lines.all()
    assert (line.lead, line.change) == (engaged, StandingChange.NO_LONGER)
    assert (line.stage_before, line.stage_after, line.path) == ("mql", "mql", "")
    assert (line.version_before, line.version_after) == (in_force, draft)
    assert (impact.state, impact.total_count, impact.judged_count) == (ImpactState.DONE, 2, 2)
    assert impact.stages_before["mql"] - impact.stages_after.get("mql", 0) == 1


def test_work_says_who_would_be_handed_over(in_force: DefinitionVersion, noon: datetime) -> None:
    lead = recipes.engaged_lead(at=noon)
    recipes.touch(lead, "referral", at=noon - HOUR)
    lead.refresh_from_db()
    Lead.objects.filter(pk=lead.pk).update(stage="new")
    draft = editions.draft(editions.mid_market(plan="requalify", sql_touchpoints=3))

    impact = worked_out(draft, at=noon)

    (line,) = impact.lines.all()
    assert (line.change, line.stage_before, line.stage_after) == ("up", "new", "sql")
    assert line.is_handoff
    assert line.version_before is None


def test_work_says_who_is_handed_over_at_the_stage_they_have(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    """Sales is to confirm from now on: MQLs go to them."""
    lead = judged(recipes.engaged_lead(at=noon), noon)
    draft = editions.draft(editions.mid_market(plan="requalify", is_sales_confirmed=True))

    impact = worked_out(draft, at=noon)

    (line,) = impact.lines.all()
    assert (line.lead, line.change, line.is_handoff) == (lead, "handed_over", True)


def test_work_counts_open_handoffs_that_fall_short_and_lists_none(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    judged(recipes.courted_lead(at=noon), noon)
    direct = judged(recipes.demanding_lead(at=noon), noon)
    no_direct_path = [rule for rule in editions.stages() if rule["path"] != "direct"]
    draft = editions.draft(editions.mid_market(plan="requalify", stages=no_direct_path))

    impact = worked_out(draft, at=noon)

    assert (impact.with_sales_count, impact.with_sales_short_count) == (2, 1)
    assert not impact.lines.exists()
    assert direct.stage == Stage.SQL


def test_work_keeps_nothing_of_the_judgement(in_force: DefinitionVersion, noon: datetime) -> None:
    leads = [judged(recipes.engaged_lead(at=noon), noon), recipes.demanding_lead(at=noon)]
    before = [*Lead.objects.order_by("pk").values()]
    kept = Evaluation.objects.count(), StageTransition.objects.count(), PendingMark.objects.count()

    worked_out(editions.draft(editions.mid_market(plan="requalify", mql_touchpoints=3)), at=noon)

    assert [*Lead.objects.order_by("pk").values()] == before
    assert kept == (
        Evaluation.objects.count(),
        StageTransition.objects.count(),
        PendingMark.objects.count(),
    )
    assert len(leads) == 2


def test_work_sees_whom_a_new_segment_takes_from_another_definition(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon)
    Lead.objects.filter(pk=lead.pk).update(expected_acv=200_000, currency="USD")
    judged(lead, noon)
    draft = editions.draft(editions.enterprise(mql_touchpoints=3))

    impact = worked_out(draft, at=noon)

    (line,) = impact.lines.all()
    assert (line.change, line.version_before, line.version_after) == ("no_longer", in_force, draft)


def test_work_goes_on_chunk_by_chunk_in_the_same_number_of_queries(
    in_force: DefinitionVersion, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impacts, "CHUNK", 3)
    for lead in [recipes.engaged_lead(at=noon) for _ in range(8)]:
        judged(lead, noon)
    draft = editions.draft(editions.mid_market(plan="requalify", mql_touchpoints=3))
    impact = impacts.ask(draft, by=draft.author, at=noon)
    progress = []

    impacts.work()
    monkeypatch.setattr(impacts, "CHUNK", 1)
    with CaptureQueriesContext(connection) as for_one:
        impacts.work()
    monkeypatch.setattr(impacts, "CHUNK", 3)
    with CaptureQueriesContext(connection) as for_three:
        impacts.work()
    impact.refresh_from_db()
    progress.append((impact.state, impact.judged_count, impact.total_count))
    while impacts.work():
        pass
    impact.refresh_from_db()

    assert progress == [(ImpactState.RUNNING, 7, 8)]
    assert len(for_one) == len(for_three) < 25
    assert (impact.state, impact.judged_count) == (ImpactState.DONE, 8)
    assert impact.lines.count() == 8


def test_ask_again_returns_the_preview_at_work(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    draft = editions.draft(editions.mid_market())

    first = impacts.ask(draft, by=draft.author, at=noon)
    second = impacts.ask(draft, by=in_force.author, at=noon + HOUR)

    assert first == second
    assert Impact.objects.count() == 1


def test_ask_drops_a_preview_of_a_text_that_was_edited(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    draft = editions.draft(editions.mid_market())
    former = impacts.ask(draft, by=draft.author, at=noon)
    Criterion.objects.filter(version=draft, key="two_touchpoints").update(wanted=3)

    impact = impacts.ask(draft, by=draft.author, at=noon + HOUR)

    assert impact.content_hash != former.content_hash
    assert [*Impact.objects.all()] == [impact]


def test_ask_refuses_a_version_in_force(in_force: DefinitionVersion, noon: datetime) -> None:
    with pytest.raises(impacts.VersionWasActivated, match="is active"):
        impacts.ask(in_force, by=in_force.author, at=noon)


def test_ask_refuses_a_draft_that_makes_no_agreement(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    draft = editions.draft(editions.mid_market())
    Criterion.objects.filter(version=draft, key="direct_action").delete()

    with pytest.raises(versions.ContentInvalid, match="direct_action"):
        impacts.ask(draft, by=draft.author, at=noon)


def test_latest_is_of_the_present_text_alone(in_force: DefinitionVersion, noon: datetime) -> None:
    draft = editions.draft(editions.mid_market())
    assert impacts.latest(draft) is None
    impact = worked_out(draft, at=noon)
    assert impacts.latest(draft) == impact

    Criterion.objects.filter(version=draft, key="two_touchpoints").update(wanted=3)

    assert impacts.latest(draft) is None
    assert impacts.is_stale(impact, draft)


def test_latest_outlives_the_submission_of_the_same_text(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    draft = editions.draft(editions.mid_market())
    draft.marketing_operator = draft.sales_operator = draft.author
    draft.save()
    impact = worked_out(draft, at=noon)

    versions.submit(draft, by=draft.author, at=noon)

    assert impacts.latest(draft) == impact


def test_work_forgets_earlier_previews_of_the_version(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    judged(recipes.engaged_lead(at=noon), noon)
    draft = editions.draft(editions.mid_market(plan="requalify", mql_touchpoints=3))
    worked_out(draft, at=noon)

    impact = worked_out(draft, at=noon + HOUR)

    assert [*Impact.objects.all()] == [impact]
    assert [*ImpactLine.objects.values_list("impact", flat=True)] == [impact.pk]


def test_work_that_fails_says_so_and_holds_up_no_other(
    in_force: DefinitionVersion, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = (
        impacts.ask(editions.draft(text), by=in_force.author, at=noon)
        for text in (editions.mid_market(), editions.enterprise())
    )
    Impact.objects.filter(pk=broken.pk).update(content="definition: none")

    while impacts.work():
        pass

    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.state, sound.state) == (ImpactState.FAILED, ImpactState.DONE)
    assert "Ask for the preview again" in broken.problem
    assert f"Impact {broken.pk} failed" in caplog.text


def test_a_draft_that_is_discarded_takes_its_preview_with_it(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    judged(recipes.engaged_lead(at=noon), noon)
    draft = editions.draft(editions.mid_market(plan="requalify", mql_touchpoints=3))
    assert worked_out(draft, at=noon).lines.exists()

    draft.delete()

    assert not ImpactLine.objects.exists()


def test_leads_that_came_at_the_handoff_stage_are_left_to_sales(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    """The CRM imported them as SQL; no version ever judged them."""
    lead = recipes.courted_lead(at=noon)
    lifecycle.move(lead, Stage.SQL, cause=Cause.EXTERNAL, at=noon)

    impact = worked_out(editions.draft(editions.mid_market(plan="requalify")), at=noon)

    assert (impact.judged_count, impact.lines.count()) == (0, 0)
