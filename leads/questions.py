"""What only a person can answer, and which leads wait for that alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from definitions import engine
from definitions.agreement import Agreement
from definitions.conditions import FactRef
from definitions.engine import Verdict
from definitions.vocabulary import Parameter, RuleStage
from leads import bulk, lifecycle
from leads.enums import Stage
from leads.facts import ANSWERS, Facts
from leads.models import Lead

HIGHEST = lifecycle.RANKS[RuleStage.MQL]
"""Questions are asked before this stage: past it, sales asks for itself."""

ASKABLE = frozenset({Stage.NEW, Stage.IQL, Stage.MQL, Stage.RECYCLED})
"""Stages at which an answer can bring a lead to MQL, or let it meet that again."""


def awaited(
    heard: Iterable[tuple[Lead, Verdict]], agreement: Agreement, answers: Facts, *, at: datetime
) -> dict[int, tuple[str, ...]]:
    """Return the questions that leads wait for, by lead; only those that wait for any.

    One query, none when the agreement asks nothing or nobody waits.
    """
    candidates = [(lead, verdict) for lead, verdict in heard if may_ask(lead, agreement, at=at)]

    def missing_of(known: Mapping[int, frozenset[str]]) -> dict[int, tuple[str, ...]]:
        found = {
            lead.pk: missing(
                agreement,
                verdict,
                answers.values[lead.pk],
                at=at,
                latest=answers.latest.get(lead.pk, ()),
                answered=known.get(lead.pk, ()),
            )
            for lead, verdict in candidates
        }
        return {pk: keys for pk, keys in found.items() if keys}

    waiting = missing_of({})
    known = answered(sorted(waiting), agreement, at=at) if waiting else {}
    return missing_of(known) if known else waiting


def missing(
    agreement: Agreement,
    verdict: Verdict,
    values: Sequence[Any],
    *,
    at: datetime,
    latest: Sequence[datetime | None] = (),
    answered: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the keys of the questions whose answers alone keep somebody from a stage; pure.

    Judges with a hoped-for yes to every question that is not `answered` (their keys). Empty when
    that reaches no stage up to MQL that the verdict does not reach; else as few as reach it.
    """
    places = _places(agreement, set(answered))
    if not places:
        return ()

    def reached(keys: Iterable[str]) -> int:
        hoped = list(values)
        for key in keys:
            for place in places[key]:
                hoped[place] = True
        return _rank(engine.judge(agreement, hoped, at=at, latest=latest))

    best = reached(places)
    if best <= _rank(verdict):
        return ()
    needed = list(places)
    for key in places:
        fewer = [one for one in needed if one != key]
        if reached(fewer) >= best:
            needed = fewer
    return tuple(needed)


def may_ask(lead: Lead, agreement: Agreement, *, at: datetime) -> bool:
    """Say whether people are asked about a lead: before sales has it, and not as it cools off."""
    is_cooling = lead.cool_off_until is not None and lead.cool_off_until > at
    return (
        bool(agreement.questions)
        and lead.stage in ASKABLE
        and not is_cooling
        and not lifecycle.is_with_sales(
            agreement.process, lead.stage, handoff_stage=agreement.handoff_stage
        )
    )


def answered(
    lead_ids: Sequence[int], agreement: Agreement, *, at: datetime
) -> Mapping[int, frozenset[str]]:
    """Return the questions of an agreement to which leads have an answer that holds; one query."""
    found: dict[int, set[str]] = {}
    with bulk.cursor() as cursor:
        keys = bulk.array(question.key for question in agreement.questions)
        cursor.execute(_ANSWERED, {"leads": bulk.array(lead_ids), "keys": keys, "at": at})
        for lead_id, what in cursor:
            found.setdefault(lead_id, set()).add(what)
    return {lead_id: frozenset(keys) for lead_id, keys in found.items()}


_ANSWERED = """
SELECT DISTINCT lead_id, what FROM leads_assertion
WHERE lead_id = ANY(%(leads)s::bigint[]) AND what = ANY(%(keys)s::text[])
    AND asserted_at <= %(at)s AND received_at <= %(at)s
    AND (expires_at IS NULL OR expires_at > %(at)s)
"""


def _places(agreement: Agreement, answered: set[str]) -> dict[str, list[int]]:
    """Return where the values of each open question stand that some criterion hopes to be yes."""
    asked = {question.key for question in agreement.questions} - answered
    places: dict[str, list[int]] = {}
    for criterion in agreement.criteria:
        is_hoped = criterion.ref.fact in ANSWERS and not criterion.is_exclusion
        if is_hoped and criterion.predicate(True) and (key := _what(criterion.ref)) in asked:
            places.setdefault(key, []).append(criterion.index)
    return places


def _what(ref: FactRef) -> str:
    return str(ref.parameter(Parameter.WHAT, ref.fact))


def _rank(verdict: Verdict) -> int:
    """Return the rank of the highest stage up to MQL that a verdict reaches, 0 for none."""
    ranks = (lifecycle.RANKS[stage] for stage, _ in verdict.reached)
    return max((rank for rank in ranks if rank <= HIGHEST), default=0)
