"""Leads judged by the agreement of their segment: claimed, judged in batches, advanced."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from definitions import engine, queries
from definitions.agreement import Agreement
from definitions.engine import Verdict
from definitions.models import DefinitionVersion
from leads import attributes, bulk, evaluations, facts, lifecycle, returns, tipping
from leads.claims import Claim, claim, finish
from leads.enums import Cause, Stage
from leads.evaluations import Judgement, Kept
from leads.facts import Facts
from leads.models import Evaluation, Lead

__all__ = ["Claim", "Judged", "claim", "finish", "judge", "verdicts_at", "version_for"]


@dataclass(slots=True)
class Judged:
    """A lead that was judged.

    `version` and `verdict` are None when no active version takes the lead. `is_handoff_due`: it
    qualifies for the handoff to sales; whether one is open already, routing knows. For those
    `evaluation` is the one to hand over by, and `tipped_at` when the latest fact that was new to
    the judgement was received, or time alone came due: `tipping` looks for the very fact.
    """

    lead: Lead
    version: DefinitionVersion | None = None
    verdict: Verdict | None = None
    evaluation: Evaluation | None = None
    is_handoff_due: bool = False
    tipped_at: datetime | None = None


@transaction.atomic
def judge(lead_ids: Sequence[int], *, at: datetime) -> list[Judged]:
    """Judge leads by what is true and known at `at`, and keep what changed; in order of their ids.

    The leads should be locked (`claim` does). For each: an evaluation where one is worth keeping,
    transitions to stages newly reached, `no_longer_meets`, `reevaluate_at`. A lead is judged by
    the first active version whose segment it is in, or, while sales has it, by the version that
    judged it before. The number of queries does not grow with the leads.
    """
    leads = {lead.pk: lead for lead in Lead.objects.raw(_LEADS, [bulk.array(lead_ids)])}
    judged = {pk: Judged(lead) for pk, lead in leads.items()}
    for version, members, changes_at in _by_version(leads, at=at):
        for one in _Sitting(version, members, changes_at, at=at).judge():
            judged[one.lead.pk] = one
    return list(judged.values())


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
    return _verdicts(agreement, answers, at=at)


@transaction.atomic
def version_for(lead: Lead, *, at: datetime) -> DefinitionVersion | None:
    """Return the version by which `judge` judges a lead at an instant, None when none takes it.

    Nothing is kept of having looked.
    """
    found = next((version for version, *_ in _by_version({lead.pk: copy(lead)}, at=at)), None)
    transaction.set_rollback(True)
    return found


def _verdicts(agreement: Agreement, answers: Facts, *, at: datetime) -> dict[int, Verdict]:
    return {
        pk: engine.judge(agreement, values, at=at, latest=answers.latest.get(pk, ()))
        for pk, values in answers.values.items()
    }


Assigned = tuple[DefinitionVersion, list[Lead], dict[int, datetime | None]]
"""A version, whom it judges, and when passing time alone can change that."""


def _by_version(leads: Mapping[int, Lead], *, at: datetime) -> Iterable[Assigned]:
    kept = _kept_versions(leads.values())
    rest = []
    by_kept: dict[int, list[Lead]] = {}
    for lead in leads.values():
        version = kept.get(lead.version_id or 0)
        if version and lifecycle.is_with_sales(
            version.process, lead.stage, handoff_stage=version.handoff_stage
        ):
            by_kept.setdefault(version.pk, []).append(lead)
        else:
            rest.append(lead)
    for pk, members in by_kept.items():
        yield kept[pk], members, {}
    yield from _by_segment(rest, at=at)


def _kept_versions(leads: Iterable[Lead]) -> dict[int, DefinitionVersion]:
    ids = {lead.version_id for lead in leads if lead.version_id}
    versions = DefinitionVersion.objects.filter(pk__in=ids).defer("content") if ids else ()
    return {version.pk: version for version in versions}


def _by_segment(leads: Sequence[Lead], *, at: datetime) -> Iterable[Assigned]:
    rest = list(leads)
    changes_at: dict[int, datetime | None] = {}
    for version in queries.versions_active_at(at).select_related("definition"):
        if not rest:
            return
        if version.definition.is_catch_all:
            yield version, rest, changes_at
            return
        agreement = queries.agreement_of(version)
        answers = facts.answer_segment([lead.pk for lead in rest], agreement, at=at, known_at=at)
        for pk, instant in answers.changes_at.items():
            changes_at[pk] = _sooner(changes_at.get(pk), instant)
        inside = [lead for lead in rest if agreement.matches_segment(answers.values[lead.pk])]
        if inside:
            yield version, inside, changes_at
        taken = {lead.pk for lead in inside}
        rest = [lead for lead in rest if lead.pk not in taken]
    _leave(rest, changes_at)


def _leave(leads: Sequence[Lead], changes_at: Mapping[int, datetime | None]) -> None:
    """Look again at leads that no version takes when time alone can bring them into a segment."""
    changed = [lead for lead in leads if lead.reevaluate_at != changes_at.get(lead.pk)]
    for lead in changed:
        lead.reevaluate_at = changes_at.get(lead.pk)
    Lead.objects.bulk_update(changed, ["reevaluate_at"])


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


@dataclass(slots=True)
class _Outcome:
    """What becomes of one lead: its verdict, the steps it takes, whether that is kept."""

    lead: Lead
    verdict: Verdict
    steps: tuple[tuple[str, str, str], ...]
    is_new: bool
    reevaluate_at: datetime | None
    evaluation_id: int | None
    tipped_at: datetime | None = None
    judgement: Judgement | None = None

    @property
    def stage(self) -> str:
        return self.steps[-1][1] if self.steps else self.lead.stage


class _Sitting:
    """Some leads before one version at one instant."""

    def __init__(
        self,
        version: DefinitionVersion,
        leads: Sequence[Lead],
        changes_at: Mapping[int, datetime | None],
        *,
        at: datetime,
    ) -> None:
        self.version = version
        self.agreement = queries.agreement_of(version)
        self.leads = leads
        self.changes_at = changes_at
        self.at = at

    def judge(self) -> list[Judged]:
        """Judge, keep, advance."""
        answers = facts.answer(
            [lead.pk for lead in self.leads], self.agreement, at=self.at, known_at=self.at
        )
        latest = evaluations.read(
            lead.latest_evaluation_id for lead in self.leads if lead.latest_evaluation_id
        )
        verdicts = {
            pk: engine.judge(self.agreement, values, at=self.at, latest=answers.latest.get(pk, ()))
            for pk, values in answers.values.items()
        }
        back = self._returning(verdicts)
        outcomes = [
            self._outcome(lead, verdicts[lead.pk], latest, answers, is_back=lead.pk in back)
            for lead in self.leads
        ]
        self._keep(outcomes, latest, answers)
        self._advance(outcomes)
        self._save(outcomes)
        return self._judged(outcomes)

    def _returning(self, verdicts: Mapping[int, Verdict]) -> frozenset[int]:
        least = lifecycle.RANKS[self.version.handoff_stage]
        candidates = {
            lead.pk: (lead, verdicts[lead.pk])
            for lead in self.leads
            if lead.stage == Stage.RECYCLED
            and lifecycle.RANKS.get(verdicts[lead.pk].stage, 0) >= least
        }
        return returns.returning(candidates, self.agreement, at=self.at)

    def _outcome(
        self,
        lead: Lead,
        verdict: Verdict,
        latest: Mapping[int, Kept],
        answers: Facts,
        *,
        is_back: bool,
    ) -> _Outcome:
        process = self.version.process
        steps = (
            lifecycle.step_back_in(process, verdict.reached)
            if is_back
            else lifecycle.climb(process, lead.stage, verdict.reached)
        )
        before = latest.get(lead.latest_evaluation_id or 0)
        return _Outcome(
            lead=lead,
            verdict=verdict,
            steps=steps,
            is_new=bool(steps) or before is None or before.differs(self.version, verdict),
            reevaluate_at=self._reevaluate_at(lead, answers, is_back=is_back),
            evaluation_id=lead.latest_evaluation_id,
        )

    def _reevaluate_at(self, lead: Lead, answers: Facts, *, is_back: bool) -> datetime | None:
        if lead.stage in Stage.TERMINAL:
            return None
        soonest = _sooner(answers.changes_at[lead.pk], self.changes_at.get(lead.pk))
        until = lead.cool_off_until
        if until and until > self.at and not is_back:
            return _sooner(soonest, until)
        return soonest

    def _keep(
        self, outcomes: Sequence[_Outcome], latest: Mapping[int, Kept], answers: Facts
    ) -> None:
        """Store what is new, and say of it when it was tipped."""
        new = [outcome for outcome in outcomes if outcome.is_new]
        heard = attributes.heard_at([outcome.lead.pk for outcome in new])
        for outcome in new:
            pk = outcome.lead.pk
            before = latest.get(outcome.evaluation_id or 0)
            received = (answers.received_at[pk], heard.get(pk))
            outcome.tipped_at = self._tipped_at(outcome.lead, before, received)
            outcome.judgement = Judgement(
                lead_id=pk,
                version=self.version,
                verdict=outcome.verdict,
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
        lifecycle.advance(
            (
                (outcome.lead.pk, origin, to, _cause_from(origin), path, outcome.evaluation_id)
                for outcome in outcomes
                for origin, to, path in outcome.steps
            ),
            at=self.at,
        )

    def _save(self, outcomes: Sequence[_Outcome]) -> None:
        """Write to each lead, and to its object, what changed of it; one statement."""
        changed = [outcome.lead for outcome in outcomes if self._apply(outcome)]
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
        lead = outcome.lead
        before = _state(lead)
        if outcome.steps:
            lead.stage, lead.stage_at = outcome.stage, self.at
            lifecycle.end_cool_off(lead)
        lead.version_id = self.version.pk
        lead.latest_evaluation_id = outcome.evaluation_id
        lead.no_longer_meets = lifecycle.falls_short(
            self.version.process,
            lead.stage,
            outcome.verdict.stage,
            handoff_stage=self.version.handoff_stage,
        )
        lead.reevaluate_at = outcome.reevaluate_at
        return before != _state(lead)

    def _judged(self, outcomes: Sequence[_Outcome]) -> list[Judged]:
        judged = [
            Judged(
                lead=outcome.lead,
                version=self.version,
                verdict=outcome.verdict,
                is_handoff_due=lifecycle.is_handoff_due(
                    self.version.process,
                    outcome.lead.stage,
                    outcome.verdict.stage,
                    handoff_stage=self.version.handoff_stage,
                ),
                tipped_at=outcome.tipped_at if outcome.steps else None,
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


_LEADS = """
SELECT id, account_id, stage, stage_at, version_id, latest_evaluation_id, no_longer_meets,
    recycled_at, recycled_for, cool_off_until, is_cool_off_firm, reevaluate_at
FROM leads_lead WHERE id = ANY(%s::bigint[]) ORDER BY id
"""
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
