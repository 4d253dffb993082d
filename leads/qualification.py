"""Leads judged by the agreement of their segment: claimed, judged in batches, advanced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from definitions import queries
from definitions.engine import Verdict
from definitions.models import DefinitionVersion
from leads import (
    attributes,
    bulk,
    evaluations,
    facts,
    hearings,
    lifecycle,
    motions,
    questions,
    segments,
    tipping,
)
from leads.claims import Claim, claim, finish
from leads.enums import Cause, Stage
from leads.evaluations import Judgement, Kept
from leads.hearings import Heard, Hearing
from leads.models import Evaluation, Lead
from leads.segments import Docket, Dockets

__all__ = ["Claim", "Judged", "claim", "finish", "judge", "verdicts_at"]


@dataclass(slots=True)
class Judged:
    """A lead that was judged.

    `version` and `verdict` are None when no active version takes the lead. `is_handoff_due`: it
    qualifies for the handoff to sales; whether one is open already, routing knows. For those
    `evaluation` is the one to hand over by, and `tipped_at` when the latest fact that was new to
    the judgement was received, or time alone came due: `tipping` looks for the very fact.
    `questions` are the keys of the agreement's questions whose answers alone are missing.
    """

    lead: Lead
    version: DefinitionVersion | None = None
    verdict: Verdict | None = None
    evaluation: Evaluation | None = None
    is_handoff_due: bool = False
    tipped_at: datetime | None = None
    questions: tuple[str, ...] = ()


@transaction.atomic
def judge(lead_ids: Sequence[int], *, at: datetime) -> list[Judged]:
    """Judge leads by what is true and known at `at`, and keep what changed; in order of their ids.

    The leads should be locked (`claim` does). For each: an evaluation where one is worth keeping,
    transitions to stages newly reached, `no_longer_meets`, `reevaluate_at`. Which version judges
    whom is `segments`' answer. The number of queries does not grow with the leads.
    """
    leads = read(lead_ids)
    judged = {lead.pk: Judged(lead) for lead in leads}
    found = segments.dockets(leads, segments.order_at(at))
    for docket in found.taken:
        for one in _Sitting(docket, at=at).judge():
            judged[one.lead.pk] = one
    _leave(found)
    return list(judged.values())


def read(lead_ids: Iterable[int]) -> list[Lead]:
    """Return what judging needs of leads, in order of their ids; one query."""
    with bulk.cursor() as cursor:
        cursor.execute(_LEADS, [bulk.array(lead_ids)])
        return [Lead.from_db(connection.alias, _COLUMNS, row) for row in cursor]


def verdicts_at(
    lead_ids: Sequence[int],
    version: DefinitionVersion,
    *,
    at: datetime,
    known_at: datetime | None = None,
) -> dict[int, Verdict]:
    """Judge leads by a version as of an instant, and keep nothing.

    With the `at` and `known_at` of an evaluation it says again what that said.
    """
    agreement = queries.agreement_of(version)
    answers = facts.answer(lead_ids, agreement, at=at, known_at=known_at)
    return hearings.verdicts_of(agreement, answers, at=at)


def _leave(found: Dockets) -> None:
    """Look again at leads that no version takes when time alone can bring them into a segment."""
    instants = found.left_changes_at
    changed = [lead for lead in found.left if lead.reevaluate_at != instants[lead.pk]]
    for lead in changed:
        lead.reevaluate_at = instants[lead.pk]
    Lead.objects.bulk_update(changed, ["reevaluate_at"])


@dataclass(slots=True)
class _Outcome:
    """What was heard of one lead, and what is kept of it."""

    heard: Heard
    is_new: bool
    evaluation_id: int | None
    tipped_at: datetime | None = None
    judgement: Judgement | None = None


class _Sitting:
    """The leads of one docket at one instant."""

    def __init__(self, docket: Docket, *, at: datetime) -> None:
        self.docket = docket
        self.version = docket.ruling.version
        self.at = at

    def judge(self) -> list[Judged]:
        """Judge, keep, advance."""
        hearing = hearings.hear(self.docket, at=self.at)
        ids = (lead.latest_evaluation_id for lead in self.docket.leads)
        latest = evaluations.read(filter(None, ids), self.version)
        outcomes = [self._outcome(heard, latest) for heard in hearing.heard]
        self._keep(outcomes, latest, hearing)
        self._advance(outcomes)
        self._save(outcomes)
        return self._judged(outcomes, self._questions(hearing))

    def _questions(self, hearing: Hearing) -> dict[int, tuple[str, ...]]:
        heard = ((one.lead, one.verdict) for one in hearing.heard)
        agreement = self.docket.ruling.agreement
        return questions.awaited(heard, agreement, hearing.answers, at=self.at)

    def _outcome(self, heard: Heard, latest: Mapping[int, Kept]) -> _Outcome:
        before_id = heard.lead.latest_evaluation_id
        before = latest.get(before_id or 0)
        return _Outcome(
            heard=heard,
            is_new=bool(heard.steps)
            or before is None
            or before.differs(self.version, heard.verdict),
            evaluation_id=before_id,
        )

    def _keep(
        self, outcomes: Sequence[_Outcome], latest: Mapping[int, Kept], hearing: Hearing
    ) -> None:
        """Store what is new, and say of it when it was tipped."""
        new = [outcome for outcome in outcomes if outcome.is_new]
        told = attributes.heard_at([outcome.heard.lead.pk for outcome in new])
        for outcome in new:
            lead = outcome.heard.lead
            before = latest.get(outcome.evaluation_id or 0)
            received = (hearing.answers.received_at[lead.pk], told.get(lead.pk))
            outcome.tipped_at = self._tipped_at(lead, before, received)
            outcome.judgement = Judgement(
                lead_id=lead.pk,
                version=self.version,
                verdict=outcome.heard.verdict,
                at=self.at,
                tipped_at=outcome.tipped_at,
            )
        ids = evaluations.store([outcome.judgement for outcome in new if outcome.judgement])
        for outcome, pk in zip(new, ids, strict=True):
            outcome.evaluation_id = pk

    def _tipped_at(
        self, lead: Lead, before: Kept | None, received: Iterable[datetime | None]
    ) -> datetime:
        """Return when the latest new fact was received, or time alone came due; else now."""
        since = before.at if before else None
        candidates = [one for one in received if one and (since is None or one > since)]
        if lead.reevaluate_at and lead.reevaluate_at <= self.at:
            candidates.append(lead.reevaluate_at)
        return min(max(candidates, default=self.at), self.at)

    def _advance(self, outcomes: Sequence[_Outcome]) -> None:
        by_product = [
            outcome.heard.lead
            for outcome in outcomes
            if any(to == Stage.PQL for _, to, _ in outcome.heard.steps)
        ]
        moved = motions.of(by_product, at=self.at)
        lifecycle.advance(
            (
                (
                    outcome.heard.lead.pk,
                    origin,
                    to,
                    _cause_from(origin),
                    path,
                    outcome.evaluation_id,
                    moved[outcome.heard.lead.pk] if to == Stage.PQL else "",
                )
                for outcome in outcomes
                for origin, to, path in outcome.heard.steps
            ),
            at=self.at,
        )

    def _save(self, outcomes: Sequence[_Outcome]) -> None:
        """Write to each lead, and to its object, what changed of it; one statement."""
        changed = [outcome.heard.lead for outcome in outcomes if self._apply(outcome)]
        if not changed:
            return
        columns = {
            "ids": bulk.array(lead.pk for lead in changed),
            "stages": bulk.array(lead.stage for lead in changed),
            "evaluations": bulk.array(lead.latest_evaluation_id for lead in changed),
            "shortfalls": bulk.array(lead.no_longer_meets for lead in changed),
            "instants": bulk.array(lead.reevaluate_at for lead in changed),
        }
        with connection.cursor() as cursor:
            cursor.execute(_SAVE, columns | {"version": self.version.pk, "at": self.at})

    def _apply(self, outcome: _Outcome) -> bool:
        heard, lead = outcome.heard, outcome.heard.lead
        before = _state(lead)
        if heard.steps:
            lead.stage, lead.stage_at = heard.stage, self.at
            lifecycle.end_cool_off(lead)
        lead.version_id = self.version.pk
        lead.latest_evaluation_id = outcome.evaluation_id
        lead.no_longer_meets = heard.falls_short
        lead.reevaluate_at = heard.reevaluate_at
        return before != _state(lead)

    def _judged(
        self, outcomes: Sequence[_Outcome], waiting: Mapping[int, tuple[str, ...]]
    ) -> list[Judged]:
        judged = [
            Judged(
                lead=outcome.heard.lead,
                version=self.version,
                verdict=outcome.heard.verdict,
                is_handoff_due=outcome.heard.is_handoff_due,
                tipped_at=outcome.tipped_at if outcome.heard.steps else None,
                questions=waiting.get(outcome.heard.lead.pk, ()),
            )
            for outcome in outcomes
        ]
        due = [one for one in judged if one.is_handoff_due]
        just_kept = {
            outcome.evaluation_id: outcome.judgement for outcome in outcomes if outcome.judgement
        }
        _load_evaluations(due, just_kept)
        return judged


def _cause_from(stage: str) -> str:
    return (Cause.RECYCLE if stage == Stage.RECYCLED else Cause.EVALUATION).value


def _state(lead: Lead) -> tuple[Any, ...]:
    """Return what judging can change of a lead; its cool-off changes with its stage alone."""
    return (
        lead.stage,
        lead.version_id,
        lead.latest_evaluation_id,
        lead.no_longer_meets,
        lead.reevaluate_at,
    )


_COLUMNS = (
    "id",
    "account_id",
    "stage",
    "stage_at",
    "version_id",
    "latest_evaluation_id",
    "no_longer_meets",
    "recycled_at",
    "recycled_for",
    "cool_off_until",
    "is_cool_off_firm",
    "reevaluate_at",
)

_LEADS = f"""
SELECT {", ".join(_COLUMNS)} FROM leads_lead WHERE id = ANY(%s::bigint[]) ORDER BY id
"""  # noqa: S608
# Whoever needs more of a lead reads it under the lock of a handoff.

_SAVE = """
UPDATE leads_lead AS lead
SET version_id = %(version)s,
    latest_evaluation_id = new.evaluation_id,
    no_longer_meets = new.no_longer_meets,
    reevaluate_at = new.reevaluate_at,
    stage = new.stage,
    stage_at = CASE WHEN new.stage = lead.stage THEN lead.stage_at ELSE %(at)s END,
    recycled_at = CASE WHEN new.stage = lead.stage THEN lead.recycled_at END,
    cool_off_until = CASE WHEN new.stage = lead.stage THEN lead.cool_off_until END,
    is_cool_off_firm = new.stage = lead.stage AND lead.is_cool_off_firm,
    recycled_for = CASE WHEN new.stage = lead.stage THEN lead.recycled_for ELSE '{}' END
FROM unnest(
    %(ids)s::bigint[], %(stages)s::text[], %(evaluations)s::bigint[], %(shortfalls)s::boolean[],
    %(instants)s::timestamptz[]
) AS new (id, stage, evaluation_id, no_longer_meets, reevaluate_at)
WHERE lead.id = new.id
"""


def _load_evaluations(due: Sequence[Judged], just_kept: Mapping[int | None, Judgement]) -> None:
    """Give those that are due their evaluation, and when they were tipped; two queries at most."""
    if not due:
        return
    ids = [one.lead.latest_evaluation_id for one in due]
    found = {pk: evaluations.kept(pk, just_kept[pk]) for pk in ids if pk and pk in just_kept}
    if missing := [pk for pk in ids if pk not in found]:
        found |= Evaluation.objects.in_bulk(missing)
    earlier = [one for one in due if one.tipped_at is None]
    tipped = tipping.earlier([one.lead for one in earlier]) if earlier else {}
    for one in due:
        one.evaluation = found[one.lead.latest_evaluation_id or 0]
        if one.tipped_at is None:
            one.tipped_at = tipped.get(one.lead.pk, one.evaluation.tipped_at)
