"""What makes a document a sound agreement: every problem is one sentence that names its row."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from definitions import shapes
from definitions.document import criteria_of
from definitions.enums import STARTS, InFlightPlan, Milestone
from definitions.form import STAGE_RULE, Row, list_in, malformed, mapping_in
from definitions.reach import contradictions, ladders, stage_name
from definitions.vocabulary import (
    FACTS,
    LEVELS,
    Dimension,
    FactType,
    IntentLevel,
    Parameter,
    Process,
    RuleStage,
    Subject,
)

DEMANDS = [name for name in STAGE_RULE if name not in ("stage", "path")]

LADDER = ("remind_after", "manager_after", "escalate_after", "reassign_after")
"""What follows a miss, in the order in which it may."""

USUAL_WARNING_PCT = 50
"""The share of the time after which a term warns that does not say so."""

LONGEST_CADENCE, MOST_CADENCE_TASKS = timedelta(days=60), 10
"""Beyond these a cadence is a campaign."""

HANDOFF_STAGES: dict[Process, frozenset[RuleStage]] = {
    Process.CRITERIA_LED: frozenset({RuleStage.SQL, RuleStage.PQL}),
    Process.SALES_CONFIRMED: frozenset({RuleStage.MQL, RuleStage.PQL}),
}
"""Stages at which each process may hand over."""


def problems_in(content: Row) -> list[str]:
    """Return everything that is wrong with a document, one sentence each, in its order.

    Kinds and title rules are part of it. People are checked for the form of their addresses
    only.
    """
    # What a row must look like comes first: the rules between rows take that for granted.
    return list(malformed(content)) or list(_unsound(content))


def _unsound(content: Row) -> Iterator[str]:
    yield from _unsound_criteria(content)
    yield from _unknown_kinds(content)
    yield from _unsound_scores(content)
    yield from _unsound_stages(content)
    yield from _unsound_handoff(content)
    yield from _unsound_terms(content)
    yield from contradictions(content)
    plan = content.get("in_flight") or {}
    if (plan.get("plan") == InFlightPlan.SUNSET) != bool(plan.get("sunset_days")):
        yield "in_flight: sunset_days go with plan sunset, and only with it"
    for key, row in mapping_in(content, "kinds"):
        if row.get("is_direct_intent") and row.get("intent_level") != IntentLevel.HIGH:
            yield f"kinds.{key}: direct intent is high intent"


def _unsound_criteria(content: Row) -> Iterator[str]:
    keys = [key for _, _, key, _ in criteria_of(content)]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"criteria.{key}: the key is used twice"
    named = [("floor", (content.get("floor") or {}).get("criteria"))]
    named += [(stage_name(row), row.get("criteria")) for row in content["stages"]]
    named += [
        (f"sla_terms.{key}", (row.get("when") or {}).get("criteria"))
        for key, row in content["sla_terms"].items()
    ]
    for where, criteria in named:
        for key in criteria or ():
            if key not in keys:
                yield f"{where}: there is no criterion {key}"


def _unknown_kinds(content: Row) -> Iterator[str]:
    excluded = content.get("exclusions") or {}
    rows = [
        (f"{'exclusions' if key in excluded else 'criteria'}.{key}", row)
        for _, _, key, row in criteria_of(content)
    ]
    rows += [(f"score.{key}", row) for key, row in mapping_in(content, "score")]
    rows += [
        (f"segment[{number}]", row) for number, row in enumerate(list_in(content, "segment"), 1)
    ]
    kinds = content.get("kinds") or {}
    for where, row in rows:
        for kind in (row.get("parameters") or {}).get(Parameter.KINDS, ()):
            if kind not in kinds:
                yield f"{where}: there is no touchpoint kind {kind}"


def _unsound_scores(content: Row) -> Iterator[str]:
    for key, row in mapping_in(content, "score"):
        fact, per, cap = FACTS[row["fact"]], row.get("per"), row.get("cap")
        if per is not None and fact.type is not FactType.NUMBER:
            yield f"score.{key}: per needs a number, which fact {fact.key} is not"
        if cap is not None and (per is None or cap * row["points"] <= 0):
            yield f"score.{key}: cap goes with per and has the sign of the points"
        if row.get("half_life_days") and fact.subject is not Subject.TOUCHPOINTS:
            yield f"score.{key}: half_life_days needs touchpoints, which fact {fact.key} is not"


def _unsound_stages(content: Row) -> Iterator[str]:
    seen = set()
    for row in content["stages"]:
        where = stage_name(row)
        if where in seen:
            yield f"{where}: the stage and path are used twice"
        seen.add(where)
        if all(row.get(name) in (None, []) for name in DEMANDS):
            yield f"{where}: demands nothing"
        for dimension in Dimension:
            wanted = row.get(dimension.value)
            if wanted and not _is_granted(content, dimension, wanted):
                yield f"{where}: no criterion grants {dimension} {wanted}"
    yield from _loosened(content)


def _is_granted(content: Row, dimension: Dimension, wanted: str) -> bool:
    keys = LEVELS[dimension]
    granted = (content.get("levels") or {}).get(dimension.value) or {}
    return wanted == keys[0] or any(
        (granted.get(key) or {}).get("criteria") for key in keys[keys.index(wanted) :]
    )


def _loosened(content: Row) -> Iterator[str]:
    for lower, higher in ladders(content):
        for name in _looser(lower, higher):
            yield f"{stage_name(higher)}: asks less {name} than {lower['stage']}"


def _looser(lower: Row, higher: Row) -> Iterator[str]:
    for dimension in Dimension:
        ranks = LEVELS[dimension]
        least, more = (row.get(dimension.value) or ranks[0] for row in (lower, higher))
        if ranks.index(more) < ranks.index(least):
            yield dimension.value
    points = lower.get("min_points")
    if points is not None and (higher.get("min_points") or 0) < points:
        yield "points"


def _unsound_handoff(content: Row) -> Iterator[str]:
    process, stage = Process(content["process"]), RuleStage(content["handoff_stage"])
    stages = [row["stage"] for row in content["stages"]]
    if stage not in HANDOFF_STAGES[process]:
        allowed = " or ".join(sorted(HANDOFF_STAGES[process]))
        yield f"handoff_stage: {process} hands over at {allowed}"
    if stage not in stages:
        yield f"handoff_stage: no stage rule reaches {stage}"
    if process is Process.SALES_CONFIRMED and RuleStage.SQL in stages:
        yield "stages: sales confirms sql in this process; no rule reaches it"


def _unsound_terms(content: Row) -> Iterator[str]:
    caught = set()
    for key, row in content["sla_terms"].items():
        for sentence in _unsound_term(row):
            yield f"sla_terms.{key}: {sentence}"
        milestone = row.get("milestone") or Milestone.FIRST_RESPONSE.value
        if milestone in caught:
            yield f"sla_terms.{key}: never applies, an earlier term takes everyone"
        if all(value in (None, []) for value in (row.get("when") or {}).values()):
            caught.add(milestone)
    if Milestone.FIRST_RESPONSE.value not in caught:
        yield "sla_terms: no first_response term takes everyone (one without when)"


def _unsound_term(row: Row) -> Iterator[str]:
    milestone = Milestone(row.get("milestone") or Milestone.FIRST_RESPONSE)
    start = row.get("counts_from")
    if start and start not in STARTS[milestone]:
        allowed = " or ".join(STARTS[milestone])
        yield f"counts_from {start} does not go with {milestone} (but: {allowed})"
    warnings = [row.get("warn_at_pct") or USUAL_WARNING_PCT, *(row.get("later_warnings") or ())]
    if any(sooner >= later for sooner, later in pairwise(warnings)):
        yield "later_warnings must rise, each later than the one before, from warn_at_pct on"
    rungs = [(name, shapes.duration_of(row[name])) for name in LADDER if row.get(name)]
    for (lower, sooner), (higher, later) in pairwise(rungs):
        if later < sooner:
            yield f"{higher} comes before {lower}"
    yield from _unsound_cadence(row, milestone)


def _unsound_cadence(row: Row, milestone: Milestone) -> Iterator[str]:
    cadence = row.get("cadence") or []
    if cadence and milestone != Milestone.FIRST_RESPONSE:
        yield f"a cadence goes with first_response, not with {milestone}"
    if len(cadence) > MOST_CADENCE_TASKS:
        yield f"a cadence has at most {MOST_CADENCE_TASKS} tasks"
    times = [shapes.duration_of(task["after"]) for task in cadence]
    if any(later < sooner for sooner, later in pairwise(times)):
        yield "the tasks of a cadence stand in order of time"
    if any(time > LONGEST_CADENCE for time in times):
        yield f"a cadence ends within {LONGEST_CADENCE.days} days"
