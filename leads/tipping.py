"""Which fact tipped a lead: the one whose receipt made its version reach the stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from definitions import engine
from definitions.agreement import Agreement, Rung
from leads import bulk, facts
from leads.enums import Cause
from leads.models import Lead, StageTransition


@dataclass(frozen=True, slots=True)
class _Receipt:
    """An instant at which something was received; `is_act`: a touchpoint or an answer was."""

    at: datetime
    is_act: bool


@dataclass(frozen=True, slots=True)
class _Search:
    """What was received between a judgement at `since`, if any, and the one at `at`."""

    at: datetime
    since: datetime | None
    receipts: Sequence[_Receipt]


def fact_received_at(lead: Lead, agreement: Agreement, stage: str) -> datetime | None:
    """Return when the fact was received without which the lead had not reached `stage`.

    Looks at what was received between the judgement by which the lead reached the stage and the
    one before, judging by what was known at each receipt; one query when only one receipt comes
    into question, else judgements as many as the logarithm of the receipts. None when nothing
    was received meanwhile (time alone tipped it) or no judgement took the lead there.
    """
    search = _search(lead, stage)
    if search is None or not search.receipts:
        return None
    at, since, receipts = search.at, search.since, search.receipts
    if len(receipts) > 1 and since and _reaches(lead, agreement, stage, at=at, known_at=since):
        return None
    low, high = _first_in_question(search, agreement, stage), len(receipts) - 1
    while low < high:
        middle = (low + high) // 2
        if _reaches(lead, agreement, stage, at=at, known_at=receipts[middle].at):
            high = middle
        else:
            low = middle + 1
    return receipts[high].at


_RECEIPTS = """
WITH reached AS (
    SELECT evaluation.id, evaluation.at
    FROM leads_stagetransition AS transition
    JOIN leads_evaluation AS evaluation ON evaluation.id = transition.evaluation_id
    WHERE transition.lead_id = %(lead)s AND to_stage = %(stage)s AND cause = ANY(%(causes)s)
    ORDER BY transition.at DESC, transition.id DESC LIMIT 1
), span AS (
    SELECT reached.at, (
        SELECT at FROM leads_evaluation WHERE lead_id = %(lead)s AND id < reached.id
        ORDER BY id DESC LIMIT 1
    ) AS since
    FROM reached
)
SELECT span.at, span.since, fact.received_at, bool_or(fact.is_act)
FROM span LEFT JOIN (
    SELECT received_at, TRUE AS is_act FROM leads_touchpoint WHERE lead_id = %(lead)s
    UNION ALL SELECT received_at, TRUE FROM leads_assertion WHERE lead_id = %(lead)s
    UNION ALL SELECT received_at, FALSE FROM leads_attributechange WHERE lead_id = %(lead)s
    UNION ALL SELECT received_at, FALSE FROM leads_attributechange WHERE account_id = %(account)s
) AS fact ON received_at <= span.at AND (received_at > span.since OR span.since IS NULL)
GROUP BY span.at, span.since, fact.received_at ORDER BY fact.received_at
"""


def _search(lead: Lead, stage: str) -> _Search | None:
    causes = [Cause.EVALUATION.value, Cause.RECYCLE.value]
    asked = {"lead": lead.pk, "account": lead.account_id, "stage": stage, "causes": causes}
    with bulk.cursor() as cursor:
        cursor.execute(_RECEIPTS, asked)
        rows = cursor.fetchall()
    if not rows:
        return None
    at, since = rows[0][:2]
    return _Search(
        at,
        since,
        [_Receipt(received_at, is_act) for *_, received_at, is_act in rows if received_at],
    )


def _first_in_question(search: _Search, agreement: Agreement, stage: str) -> int:
    """Return the place of the first receipt by which the lead can have reached the stage.

    One that nobody judged before cannot have until it did or answered something, where each path
    to the stage asks for that.
    """
    if search.since or _can_idle_reach(agreement, stage):
        return 0
    acts = (place for place, receipt in enumerate(search.receipts) if receipt.is_act)
    return next(acts, 0)


def _can_idle_reach(agreement: Agreement, stage: str) -> bool:
    """Say whether a lead that did and answered nothing can reach a stage, all else as may be."""
    mask = 0
    for criterion in agreement.criteria:
        fact = criterion.ref.fact
        if fact not in facts.IDLE or criterion.predicate(facts.IDLE[fact]):
            mask |= criterion.bit
    ranks = [
        max((rung.rank for rung in ladder.rungs if _holds(rung, mask)), default=0)
        for ladder in agreement.ladders
    ]
    return any(
        rule.stage == stage
        and rule.mask & mask == rule.mask
        and all(ranks[place] >= least for place, least in rule.minimums)
        for rule in agreement.stage_rules
    )


def _holds(rung: Rung, mask: int) -> bool:
    common = mask & rung.mask
    return common == rung.mask or (bool(common) and rung.is_any)


def _reaches(
    lead: Lead, agreement: Agreement, stage: str, *, at: datetime, known_at: datetime
) -> bool:
    answers = facts.answer([lead.pk], agreement, at=at, known_at=known_at)
    verdict = engine.judge(
        agreement, answers.values[lead.pk], at=at, latest=answers.latest.get(lead.pk, ())
    )
    return any(reached == stage for reached, _ in verdict.reached)


def earlier(leads: Sequence[Lead]) -> dict[int, datetime]:
    """Return when leads were tipped to the stage at which an earlier judgement put them."""
    transitions = (
        StageTransition.objects.filter(
            lead__in=leads, cause__in=(Cause.EVALUATION, Cause.RECYCLE), to_stage=F("lead__stage")
        )
        .order_by("lead_id", "-at", "-pk")
        .distinct("lead_id")
    )
    return dict(transitions.values_list("lead_id", "evaluation__tipped_at"))
