"""Stages move along the table, and nowhere else."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from django.core.management import CommandError, call_command

from crm_handoff.management.commands import lifecycle_diagram
from definitions.vocabulary import Path, Process
from leads import lifecycle
from leads.enums import Cause, Stage
from leads.lifecycle import TRANSITIONS, InvalidTransition
from leads.models import Lead, StageTransition
from tests import recipes


@pytest.mark.parametrize("process", Process)
def test_move_succeeds_exactly_where_the_table_has_the_step(
    request: pytest.FixtureRequest, noon: datetime, process: Process
) -> None:
    fixture = "active_version" if process is Process.CRITERIA_LED else "sales_confirmed_version"
    version = request.getfixturevalue(fixture)
    lead = recipes.demanding_lead(at=noon)
    Lead.objects.filter(pk=lead.pk).update(version=version)
    evaluation = recipes.evaluation_of(lead, version, at=noon)
    rita = recipes.person("Rita Rep")

    moved = set()
    for origin, to, cause in product(Stage, Stage, Cause):
        Lead.objects.filter(pk=lead.pk).update(stage=origin)
        lead.refresh_from_db()
        try:
            lifecycle.move(lead, to, cause=cause, at=noon, by=rita, evaluation=evaluation)
        except InvalidTransition:
            continue
        moved.add((process, origin, cause, to))

    table = {
        (of, origin, cause, to)
        for (of, origin, cause), stages in TRANSITIONS.items()
        for to in stages
        if of is process
    }
    assert moved == table


@pytest.mark.parametrize(
    ("stage", "reached", "expected"),
    [
        ("new", [("iql", "standard"), ("mql", "standard")], ["iql", "mql"]),
        ("new", [("iql", "standard"), ("mql", "standard"), ("sql", "direct")], ["sql"]),
        ("mql", [("iql", "standard"), ("mql", "standard"), ("sql", "standard")], ["sql"]),
        ("sql", [("iql", "standard"), ("mql", "standard")], []),
        ("sal", [("sql", "standard")], []),
        ("recycled", [("sql", "standard")], []),
        ("new", [], []),
    ],
    ids=["two at once", "direct", "the rest", "never lower", "with sales", "recycled", "none"],
)
def test_climb(stage: str, reached: list[tuple[str, str]], expected: list[str]) -> None:
    steps = lifecycle.climb(Process.CRITERIA_LED, stage, reached)

    assert [to for _, to, _ in steps] == expected


def test_climb_leaves_sql_to_sales_where_sales_confirms() -> None:
    reached = [("mql", Path.STANDARD), ("sql", Path.STANDARD)]

    steps = lifecycle.climb(Process.SALES_CONFIRMED, Stage.NEW, reached)

    assert [to for _, to, _ in steps] == ["mql"]


def test_climb_never_lowers_anybody() -> None:
    reached = [(stage, "standard") for stage in lifecycle.RANKS]
    for process, stage in product(Process, Stage):
        for origin, to, _ in lifecycle.climb(process, stage, reached):
            assert lifecycle.RANKS.get(origin, 0) < lifecycle.RANKS[to]


def test_move_reads_the_stage_anew(active_version, noon: datetime, rita) -> None:
    lead = recipes.known_lead(at=noon)
    Lead.objects.filter(pk=lead.pk).update(stage=Stage.SQL)

    transition = lifecycle.move(lead, Stage.SAL, cause=Cause.ACCEPT, at=noon, by=rita)

    assert (transition.from_stage, transition.to_stage) == ("sql", "sal")
    assert lead.stage == Stage.SAL


def test_move_out_of_recycled_forgets_the_cool_off(active_version, noon: datetime, rita) -> None:
    lead = recipes.known_lead(at=noon)
    Lead.objects.filter(pk=lead.pk).update(stage=Stage.SQL)
    lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=noon, by=rita)
    lifecycle.cool_off(lead, until=noon + timedelta(days=30), accused=("intent",), is_firm=True)

    lifecycle.move(lead, Stage.SQL, cause=Cause.UNDO, at=noon, by=rita)

    lead.refresh_from_db()
    assert lead.cool_off_until is None
    assert lead.recycled_for == []
    assert not lead.is_cool_off_firm


def test_cool_off_is_for_recycled_leads(db: None, noon: datetime) -> None:
    with pytest.raises(ValueError, match="recycled"):
        lifecycle.cool_off(recipes.known_lead(at=noon), until=noon)


def test_move_keeps_the_refused_step_out_of_the_history(db: None, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)

    with pytest.raises(InvalidTransition, match="New"):
        lifecycle.move(lead, Stage.SAL, cause=Cause.ACCEPT, at=noon)

    assert not StageTransition.objects.exists()


def test_every_stage_but_the_last_ones_leads_somewhere_by_itself() -> None:
    own = {
        (process, stage) for process, stage, cause in TRANSITIONS if cause is not Cause.EXTERNAL
    }

    dead_ends = {
        stage for process, stage in product(Process, Stage) if (process, stage) not in own
    }

    assert dead_ends == {Stage.WON, Stage.LOST}


def test_lifecycle_diagram_is_as_drawn() -> None:
    call_command("lifecycle_diagram", check=True)


def test_lifecycle_diagram_notices_a_difference(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(lifecycle_diagram, "PAGE", tmp_path / "lifecycle.md")

    with pytest.raises(CommandError, match="not as drawn"):
        call_command("lifecycle_diagram", check=True)

    call_command("lifecycle_diagram")
    call_command("lifecycle_diagram", check=True)
