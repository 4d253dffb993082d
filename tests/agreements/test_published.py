"""The whole agreement in words, as both teams read it."""

from datetime import datetime, timedelta

import pytest

from crm_handoff.agreements import published
from crm_handoff.agreements.published import Published
from crm_handoff.agreements.tables import Cell, PathTable
from definitions import versions
from definitions.models import DefinitionVersion
from tests.web import world

AT = datetime.fromisoformat("2026-01-13T12:00Z")


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    """The shipped agreement for 30,000 to 100,000 a year, in force."""
    return world.company()


@pytest.fixture
def told(version: DefinitionVersion) -> Published:
    return published.read(version, at=AT)


def table(told: Published, path: str) -> PathTable:
    return next(one for one in told.paths if one.key == path)


def cell(told: Published, path: str, stage: str, row: str) -> Cell:
    found = table(told, path)
    place = [column.stage for column in found.columns].index(stage)
    return next(one for one in found.rows if one.key == row).cells[place]


def test_stages_stand_side_by_side_for_each_path(told: Published) -> None:
    columns = {one.key: [column.name for column in one.columns] for one in told.paths}

    assert columns == {
        "standard": ["IQL", "MQL", "SQL"],
        "direct": ["SQL"],
        "account_based": ["MQL", "SQL"],
    }
    assert [column.is_handoff for column in table(told, "standard").columns] == [
        False,
        False,
        True,
    ]


def test_a_cell_says_the_level_and_its_criteria(told: Published) -> None:
    asked = cell(told, "standard", "sql", "engagement")

    assert asked.sentence == "high"
    assert [line.words.split(" (")[0] for line in asked.levels[0].lines] == [
        "4+ touchpoints in 30 days",
        "Touchpoints on 2+ channels in 30 days",
        "Touchpoints on 2+ days in 30 days",
    ]
    assert not asked.levels[0].is_any


def test_ways_to_a_level_that_follow_from_another_are_left_out(told: Published) -> None:
    ways = [level.key for level in cell(told, "standard", "mql", "authority").levels]

    assert ways == ["influencer", "decision_maker"]
    assert [level.key for level in cell(told, "standard", "mql", "intent").levels] == ["low"]


def test_what_nobody_asks_has_no_row_and_what_one_stage_asks_an_empty_cell(
    told: Published,
) -> None:
    assert not cell(told, "standard", "iql", "fit").is_asked
    assert "product" not in [row.key for row in table(told, "standard").rows]
    assert "engagement" not in [row.key for row in table(told, "direct").rows]


def test_single_criteria_and_points_are_rows_too(told: Published) -> None:
    required = cell(told, "account_based", "sql", "criteria")

    assert [line.key for line in required.lines] == ["direct_action", "target_account"]
    assert required.lines[0].where == "criteria.direct_action"


def test_promises_say_what_happens_when_they_are_missed(told: Published) -> None:
    demo = told.terms[0]

    assert demo.promise == "5 minutes of business time, 24 hours at the latest"
    assert demo.stops == "call or two-way chat"
    assert demo.steps == (
        "50 percent of the time gone: the owner is warned",
        "80 percent of the time gone: the owner is warned again",
        "5 minutes after the miss: the owner is reminded",
        "15 minutes after the miss: escalated to the operator",
        "30 minutes after the miss: given to another rep",
    )


def test_promises_beyond_the_first_response_say_from_when_they_count(told: Published) -> None:
    second, outcome = told.terms[-2:]

    assert second.promise == "16 hours of business time, counted from the first attempt"
    assert outcome.promise == "160 hours of business time, counted from acceptance"
    assert outcome.stops == "an opportunity, a rejection, or a return"


def test_both_sides_name_their_people(told: Published, version: DefinitionVersion) -> None:
    marketing, sales = told.people

    assert (marketing.side, sales.side) == ("marketing", "sales")
    assert marketing.operator is not None
    assert marketing.operator.email == version.marketing_operator.email


def test_who_owns_the_next_step_is_said_for_every_stage(told: Published) -> None:
    owners = [(step.stage, step.side) for step in told.steps]

    assert owners == [
        ("New", "marketing"),
        ("IQL", "marketing"),
        ("MQL", "marketing"),
        ("SQL", "sales"),
        ("SAL", "sales"),
        ("Opportunity", "sales"),
        ("Recycled", "marketing"),
    ]


@pytest.mark.django_db
def test_where_sales_confirms_the_handover_comes_first() -> None:
    told = published.read(world.company("sales_confirmed"), at=AT)

    stages = [(step.stage, step.side) for step in told.steps]
    assert ("MQL", "sales") in stages
    assert ("SQL", "sales") in stages
    assert told.checklist == "BANT"
    assert "product_led" in [one.key for one in told.paths]


def test_a_submitted_version_is_read_from_its_frozen_text(
    version: DefinitionVersion, django_assert_num_queries
) -> None:
    found = DefinitionVersion.objects.select_related(
        "definition",
        "marketing_operator",
        "marketing_deputy",
        "sales_operator",
        "sales_deputy",
    ).get(pk=version.pk)

    with django_assert_num_queries(0):
        assert published.read(found, at=AT).number == 1


def test_a_draft_is_read_from_its_rows(version: DefinitionVersion) -> None:
    draft = versions.revise(version, by=version.author)
    draft.criterion_set.filter(key="four_touchpoints").update(wanted=6)

    told = published.read(draft, at=AT)

    asked = cell(told, "standard", "sql", "engagement")
    assert asked.levels[0].lines[0].words.startswith("6+ touchpoints")


def test_when_it_takes_effect_is_said_by_its_state(version: DefinitionVersion) -> None:
    assert published.read(version, at=AT).effective.startswith("In force since")
    draft = versions.revise(version, by=version.author)
    assert published.read(draft, at=AT).effective == (
        "Takes effect as soon as both sides have signed"
    )

    draft.effective_at = AT + timedelta(days=1)

    assert "14 Jan 2026" in published.read(draft, at=AT).effective
    assert "14 Jan" not in published.read(draft, at=AT + timedelta(days=2)).effective
