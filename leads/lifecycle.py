"""Stages: one table of transitions, and the few functions that move leads along it."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from definitions.vocabulary import Dimension, Path, Process, RuleStage
from leads.enums import Cause, Stage
from leads.models import Evaluation, Lead, StageTransition

logger = logging.getLogger(__name__)

COOL_OFF_FIELDS = ("recycled_at", "cool_off_until", "recycled_for", "is_cool_off_firm")

Steps = dict[tuple[Stage, Cause], tuple[Stage, ...]]


class InvalidTransition(Exception):
    """The lifecycle has no such step."""

    def __init__(self, *, process: str, from_stage: str, to_stage: str, cause: str) -> None:
        self.process = process
        self.from_stage = from_stage
        self.to_stage = to_stage
        self.cause = cause
        super().__init__(
            f"A lead at stage “{Stage(from_stage).label}” cannot become "
            f"“{Stage(to_stage).label}” by “{Cause(cause).label}”."
        )


_BOTH: Steps = {
    (Stage.MQL, Cause.ACCEPT): (Stage.SAL,),
    (Stage.PQL, Cause.ACCEPT): (Stage.SAL,),
    (Stage.MQL, Cause.REJECT): (Stage.RECYCLED, Stage.DISQUALIFIED),
    (Stage.PQL, Cause.REJECT): (Stage.RECYCLED, Stage.DISQUALIFIED),
    (Stage.SQL, Cause.REJECT): (Stage.RECYCLED, Stage.DISQUALIFIED),
    (Stage.SAL, Cause.REJECT): (Stage.RECYCLED, Stage.DISQUALIFIED),
    (Stage.MQL, Cause.EXPIRE): (Stage.RECYCLED,),
    (Stage.PQL, Cause.EXPIRE): (Stage.RECYCLED,),
    (Stage.SQL, Cause.EXPIRE): (Stage.RECYCLED,),
    (Stage.SAL, Cause.EXPIRE): (Stage.RECYCLED,),
    (Stage.RECYCLED, Cause.UNDO): (Stage.MQL, Stage.PQL, Stage.SQL, Stage.SAL),
    (Stage.DISQUALIFIED, Cause.UNDO): (Stage.MQL, Stage.PQL, Stage.SQL, Stage.SAL),
    (Stage.SQL, Cause.OPPORTUNITY): (Stage.OPPORTUNITY,),
    (Stage.OPPORTUNITY, Cause.OPPORTUNITY): (Stage.WON, Stage.LOST),
    **{
        (stage, Cause.EXTERNAL): tuple(to for to in Stage if to not in (stage, Stage.NEW))
        for stage in Stage
    },
}

_CRITERIA_LED: Steps = {
    (Stage.NEW, Cause.EVALUATION): (Stage.IQL, Stage.MQL, Stage.PQL, Stage.SQL),
    (Stage.IQL, Cause.EVALUATION): (Stage.MQL, Stage.PQL, Stage.SQL),
    (Stage.MQL, Cause.EVALUATION): (Stage.PQL, Stage.SQL),
    (Stage.PQL, Cause.EVALUATION): (Stage.SQL,),
    (Stage.RECYCLED, Cause.RECYCLE): (Stage.MQL, Stage.PQL, Stage.SQL),
    (Stage.SQL, Cause.ACCEPT): (Stage.SAL,),
    (Stage.SAL, Cause.UNDO): (Stage.MQL, Stage.PQL, Stage.SQL),
    (Stage.PQL, Cause.OPPORTUNITY): (Stage.OPPORTUNITY,),
    (Stage.SAL, Cause.OPPORTUNITY): (Stage.OPPORTUNITY,),
}

_SALES_CONFIRMED: Steps = {
    (Stage.NEW, Cause.EVALUATION): (Stage.IQL, Stage.MQL, Stage.PQL),
    (Stage.IQL, Cause.EVALUATION): (Stage.MQL, Stage.PQL),
    (Stage.MQL, Cause.EVALUATION): (Stage.PQL,),
    (Stage.RECYCLED, Cause.RECYCLE): (Stage.MQL, Stage.PQL),
    (Stage.MQL, Cause.CONFIRM): (Stage.SQL,),
    (Stage.PQL, Cause.CONFIRM): (Stage.SQL,),
    (Stage.SAL, Cause.CONFIRM): (Stage.SQL,),
    (Stage.SAL, Cause.UNDO): (Stage.MQL, Stage.PQL),
    (Stage.SQL, Cause.UNDO): (Stage.MQL, Stage.PQL, Stage.SAL),
}

TRANSITIONS: dict[tuple[Process, Stage, Cause], frozenset[Stage]] = {
    (process, stage, cause): frozenset(to)
    for process, steps in (
        (Process.CRITERIA_LED, _BOTH | _CRITERIA_LED),
        (Process.SALES_CONFIRMED, _BOTH | _SALES_CONFIRMED),
    )
    for (stage, cause), to in steps.items()
}
"""Where a lead can go: from (process, stage, cause) to stages. Read by `move` and `climb`, drawn
by `manage.py lifecycle_diagram`."""

EVALUATED: dict[Process, frozenset[Stage]] = {
    process: frozenset(
        stage
        for (of, _, cause), to in TRANSITIONS.items()
        if of is process and cause is Cause.EVALUATION
        for stage in to
    )
    for process in Process
}
"""Stages that evaluation can give in a process."""

RANKS: dict[str, int] = {stage.value: rank for rank, stage in enumerate(RuleStage, start=1)}
"""Order of the stages that rules reach; others, and none, rank 0."""


@cache
def is_allowed(process: str, from_stage: str, to_stage: str, *, cause: str) -> bool:
    """Say whether the lifecycle has the step."""
    return to_stage in TRANSITIONS.get((Process(process), Stage(from_stage), Cause(cause)), ())


def climb(
    process: str, stage: str, reached: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str, str], ...]:
    """Return the steps (from, to, path) by which evaluation raises a lead; never a lower stage.

    `reached` is the verdict's. Every stage above the lead's own becomes a step, except that the
    direct path goes to its stage at once.
    """
    rank = RANKS.get(stage, 0)
    above = [
        (to, path)
        for to, path in reached
        if RANKS[to] > rank and is_allowed(process, stage, to, cause=Cause.EVALUATION)
    ]
    if above and above[-1][1] == Path.DIRECT:
        above = above[-1:]
    origins = [stage, *(to for to, _ in above)]
    return tuple((origin, to, path) for origin, (to, path) in zip(origins, above, strict=False))


def step_back_in(
    process: str, reached: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str, str], ...]:
    """Return the one step (from, to, path) by which a recycled lead returns: to the highest stage.

    None when the verdict reaches no stage to which a lead can return.
    """
    back = [
        (Stage.RECYCLED.value, to, path)
        for to, path in reached
        if is_allowed(process, Stage.RECYCLED, to, cause=Cause.RECYCLE)
    ]
    return tuple(back[-1:])


@cache
def falls_short(process: str, stage: str, reached: str, *, handoff_stage: str) -> bool:
    """Say whether a lead no longer meets what its stage asks; `reached` is the verdict's stage.

    Sales' own stages ask for what the handoff did; new, recycled and closed leads for nothing.
    """
    if stage in EVALUATED[Process(process)]:
        return RANKS.get(reached, 0) < RANKS[stage]
    if stage in (Stage.SQL, Stage.SAL):
        return RANKS.get(reached, 0) < RANKS[handoff_stage]
    return False


@cache
def is_handoff_due(process: str, stage: str, reached: str, *, handoff_stage: str) -> bool:
    """Say whether a lead at that stage, of which a verdict says `reached`, goes to sales."""
    least = RANKS[handoff_stage]
    return (
        stage in EVALUATED[Process(process)]
        and RANKS[stage] >= least
        and RANKS.get(reached, 0) >= least
    )


@transaction.atomic
def move(
    lead: Lead,
    to: str,
    *,
    cause: str,
    at: datetime,
    by: AbstractBaseUser | None = None,
    evaluation: Evaluation | None = None,
    note: str = "",
) -> StageTransition:
    """Move a lead to a stage and keep the step; locks the lead and reads its stage anew.

    The process is that of the version which last judged the lead; one that nobody judged follows
    the criteria-led process. Leaving `recycled` ends the cool-off.

    Raises:
        InvalidTransition: the lifecycle has no such step.
    """
    held = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    process = process_of(held)
    if not is_allowed(process, held.stage, to, cause=cause):
        raise InvalidTransition(process=process, from_stage=held.stage, to_stage=to, cause=cause)
    transition = StageTransition.objects.create(
        lead=lead,
        from_stage=held.stage,
        to_stage=to,
        cause=cause,
        path=evaluation.path if evaluation else "",
        evaluation=evaluation,
        by_id=by.pk if by else None,
        at=at,
        note=note,
    )
    lead.stage, lead.stage_at = to, at
    end_cool_off(lead)
    lead.save(update_fields=["stage", "stage_at", *COOL_OFF_FIELDS])
    logger.info("Lead %s: %s to %s by %s", lead.pk, transition.from_stage, to, cause)
    return transition


@transaction.atomic
def cool_off(
    lead: Lead, *, until: datetime, accused: Sequence[Dimension] = (), is_firm: bool = False
) -> None:
    """Say how a lead that was just moved to `recycled` may come back; it is judged at `until`.

    It returns after `until` with a touchpoint received since, and a change in one of the
    dimensions that were `accused` (none: the touchpoint is change enough). New direct intent
    ends the cool-off early, unless it `is_firm`.

    Raises:
        ValueError: the lead is not recycled.
    """
    if lead.stage != Stage.RECYCLED:
        raise ValueError("Only a recycled lead cools off.")
    lead.recycled_at, lead.cool_off_until = lead.stage_at, until
    lead.recycled_for = [str(dimension) for dimension in accused]
    lead.is_cool_off_firm = is_firm
    lead.recycle_count += 1
    lead.reevaluate_at = min(filter(None, (lead.reevaluate_at, until)))
    lead.save(update_fields=[*COOL_OFF_FIELDS, "recycle_count", "reevaluate_at"])


def end_cool_off(lead: Lead) -> None:
    """Forget how a lead may come back, as it is not recycled any more; not saved."""
    lead.recycled_at, lead.cool_off_until = None, None
    lead.recycled_for, lead.is_cool_off_firm = [], False


def advance(
    steps: Iterable[tuple[int, str, str, str, str, int | None, str]], *, at: datetime
) -> None:
    """Keep the steps of many leads, in one statement.

    Each is (lead, from, to, cause, path, evaluation, motion). Whoever judges them writes the
    stages to the leads in the same transaction.
    """
    rows = list(steps)
    if not rows:
        return
    instant = at.isoformat()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY leads_stagetransition "
            "(lead_id, from_stage, to_stage, cause, path, evaluation_id, motion, at, note) "
            "FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            copy.write_row((*row, instant, ""))


def process_of(lead: Lead) -> Process:
    """Return the process that a lead follows: its version's, criteria-led before any judged it."""
    return Process(lead.version.process) if lead.version else Process.CRITERIA_LED


@cache
def is_with_sales(process: str, stage: str, *, handoff_stage: str) -> bool:
    """Say whether a lead at that stage is in the hands of sales: at the handoff or past it."""
    if stage in (Stage.SAL, Stage.OPPORTUNITY):
        return True
    if process == Process.SALES_CONFIRMED and stage == Stage.SQL:
        return True
    return RANKS.get(stage, 0) >= RANKS[handoff_stage]
