"""What a stage still wants of somebody: the criteria not met, and whether acts can meet them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice, product
from operator import or_
from typing import Any

from definitions.agreement import Agreement, CompiledCriterion, CompiledStageRule, Ladder
from definitions.engine import Verdict
from definitions.vocabulary import LEVELS, Dimension
from leads.tallies import AGGREGATES

MOST_TOUCHPOINTS = 8
"""More touchpoints than these are not asked of anybody for one criterion."""

MOST_COMBINATIONS = 256
"""Ways of one rule that are looked at, those to the lowest levels first."""

ANSWERS = frozenset({"buying_team_confirmed", "asserted"})
"""Facts that a person can answer."""

OTHERS_ACT = "account_people_engaged"
"""What one lead alone brings only once."""


@dataclass(frozen=True, slots=True)
class Need:
    """A criterion that acts can meet: by `count` touchpoints more, or by answering `answer`."""

    criterion: CompiledCriterion
    count: int = 0
    answer: Any = None


Needs = Mapping[int, Need | None]
"""What would meet each unmet criterion, by its bit; None when nothing that can be done would."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One way to meet a rule: what acts can bring, and what no act of the lead can change."""

    rule: CompiledStageRule
    needs: tuple[Need, ...]
    blocked: tuple[CompiledCriterion, ...]
    is_short_of_points: bool


def of_stage(
    agreement: Agreement, stage: str, values: Sequence[Any], verdict: Verdict
) -> list[Shortfall]:
    """Return the ways to a stage with what each wants that the values do not give; pure.

    Ways without a blocked criterion come first, then those that want fewer criteria. Where a
    level can be had by acts, ways that want something else for it are left out.
    """
    unmet = [
        criterion
        for criterion, (_, is_met, _) in zip(agreement.criteria, verdict.results, strict=True)
        if not is_met
    ]
    needs = {one.bit: _need(one, values[one.index]) for one in unmet}
    ways = [
        Shortfall(
            rule=rule,
            needs=tuple(need for bit in _bits(wanted) if (need := needs[bit]) is not None),
            blocked=tuple(one for one in unmet if wanted & one.bit and needs[one.bit] is None),
            is_short_of_points=rule.min_points is not None and verdict.points < rule.min_points,
        )
        for rule in agreement.stage_rules
        if rule.stage == stage
        for wanted in _ways(agreement, rule, needs, verdict)
    ]
    return sorted(ways, key=lambda way: (len(way.blocked), len(way.needs)))


def answers_in(
    agreement: Agreement, dimensions: Collection[str], verdict: Verdict
) -> tuple[Need, ...]:
    """Return what people could answer otherwise in some dimensions; pure."""
    unmet = {key for key, is_met, _ in verdict.results if not is_met}
    return tuple(
        Need(criterion, answer=answer)
        for criterion in agreement.criteria
        if criterion.dimension in dimensions
        and criterion.key in unmet
        and criterion.ref.fact in ANSWERS
        and (answer := _answer(criterion)) is not None
    )


def _ways(
    agreement: Agreement, rule: CompiledStageRule, needs: Needs, verdict: Verdict
) -> Iterable[int]:
    """Return masks of unmet criteria of which any one, once met, gives what a rule asks for."""
    alternatives = [
        _climbs(agreement.ladders[place], least, needs)
        for place, least in rule.minimums
        if _rank(agreement.ladders[place], verdict) < least
    ]
    asked = sum(bit for bit in needs if rule.mask & bit)
    return {
        reduce(or_, chosen, asked) for chosen in islice(product(*alternatives), MOST_COMBINATIONS)
    }


def _rank(ladder: Ladder, verdict: Verdict) -> int:
    return LEVELS[Dimension(ladder.dimension)].index(verdict.levels[ladder.dimension])


def _climbs(ladder: Ladder, least: int, needs: Needs) -> list[int]:
    """Return the masks of unmet criteria that grant at least that rank, lowest rank first.

    Those alone of which as few as can be are blocked.
    """
    climbs: list[int] = []
    for rung in reversed(ladder.rungs):
        if rung.rank >= least:
            unmet = [bit for bit in needs if rung.mask & bit]
            climbs += unmet if rung.is_any else [sum(unmet)]
    blocked = {climb: sum(needs[bit] is None for bit in _bits(climb)) for climb in climbs}
    fewest = min(blocked.values(), default=0)
    return [climb for climb in dict.fromkeys(climbs) if blocked[climb] == fewest]


def _bits(mask: int) -> list[int]:
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]


def _need(criterion: CompiledCriterion, value: Any) -> Need | None:
    """Return what would meet a criterion, None when nothing that can be done would."""
    if criterion.ref.fact in ANSWERS:
        answer = _answer(criterion)
        return None if answer is None else Need(criterion, answer=answer)
    if criterion.ref.fact not in AGGREGATES:
        return None
    count = _count(criterion, value)
    return Need(criterion, count=count) if count else None


def _answer(criterion: CompiledCriterion) -> Any:
    wanted = criterion.wanted
    choices = list(wanted) if isinstance(wanted, list | tuple) else [wanted, True]
    return next((one for one in choices if one is not None and criterion.predicate(one)), None)


def _count(criterion: CompiledCriterion, value: Any) -> int:
    """Return how many touchpoints more meet a criterion, 0 when none do."""
    if criterion.ref.fact == "days_since_touchpoint":
        return int(criterion.predicate(0))
    if criterion.ref.fact == "campaigns":
        wanted = criterion.wanted if isinstance(criterion.wanted, list | tuple) else ["any"]
        return int(any(criterion.predicate((*value, key)) for key in wanted))
    most = 1 if criterion.ref.fact == OTHERS_ACT else MOST_TOUCHPOINTS
    return next((n for n in range(1, most + 1) if criterion.predicate(value + n)), 0)
