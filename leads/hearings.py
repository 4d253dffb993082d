"""Leads heard by one version at one instant: what they reach, and nothing of it kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from definitions import engine
from definitions.agreement import Agreement
from definitions.engine import Verdict
from leads import facts, lifecycle, returns
from leads.enums import Stage
from leads.facts import Facts
from leads.models import Lead
from leads.segments import Docket, sooner

Steps = tuple[tuple[str, str, str], ...]
"""From, to and path of each step that a lead takes."""


@dataclass(slots=True)
class Heard:
    """What becomes of one lead: its verdict, the steps it takes, when to look at it again.

    `falls_short`: it no longer meets what its stage asks. `is_handoff_due`: it qualifies for the
    handoff to sales; whether one is open already, routing knows.
    """

    lead: Lead
    verdict: Verdict
    steps: Steps
    stage: str
    falls_short: bool
    is_handoff_due: bool
    reevaluate_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hearing:
    """Some leads as one version finds them, in their order, with the facts that it went by."""

    docket: Docket
    answers: Facts
    heard: list[Heard]


def hear(docket: Docket, *, at: datetime) -> Hearing:
    """Judge the leads of a docket by what is true and known at an instant.

    The number of queries does not grow with the leads.
    """
    agreement = docket.ruling.agreement
    answers = facts.answer([lead.pk for lead in docket.leads], agreement, at=at, known_at=at)
    verdicts = verdicts_of(agreement, answers, at=at)
    back = _returning(docket, verdicts, at=at)
    clerk = _Clerk(docket, answers, at)
    heard = [clerk.hear(lead, verdicts[lead.pk], is_back=lead.pk in back) for lead in docket.leads]
    return Hearing(docket, answers, heard)


def verdicts_of(agreement: Agreement, answers: Facts, *, at: datetime) -> dict[int, Verdict]:
    """Judge leads by the answers to an agreement's questions; by lead."""
    latest = answers.latest
    return {
        pk: engine.judge(agreement, values, at=at, latest=latest.get(pk, ()))
        for pk, values in answers.values.items()
    }


def _returning(docket: Docket, verdicts: Mapping[int, Verdict], *, at: datetime) -> frozenset[int]:
    least = lifecycle.RANKS[docket.ruling.version.handoff_stage]
    candidates = {
        lead.pk: (lead, verdicts[lead.pk])
        for lead in docket.leads
        if lead.stage == Stage.RECYCLED
        and lifecycle.RANKS.get(verdicts[lead.pk].stage, 0) >= least
    }
    return returns.returning(candidates, docket.ruling.agreement, at=at)


class _Clerk:
    """Writes down what becomes of each lead of a docket."""

    def __init__(self, docket: Docket, answers: Facts, at: datetime) -> None:
        self.process = docket.ruling.version.process
        self.handoff_stage = docket.ruling.version.handoff_stage
        self.changes_at = docket.changes_at
        self.answers = answers
        self.at = at

    def hear(self, lead: Lead, verdict: Verdict, *, is_back: bool) -> Heard:
        steps = (
            lifecycle.step_back_in(self.process, verdict.reached)
            if is_back
            else lifecycle.climb(self.process, lead.stage, verdict.reached)
        )
        stage = steps[-1][1] if steps else lead.stage
        asked = (self.process, stage, verdict.stage)
        return Heard(
            lead=lead,
            verdict=verdict,
            steps=steps,
            stage=stage,
            falls_short=lifecycle.falls_short(*asked, handoff_stage=self.handoff_stage),
            is_handoff_due=lifecycle.is_handoff_due(*asked, handoff_stage=self.handoff_stage),
            reevaluate_at=self._reevaluate_at(lead, is_back=is_back),
        )

    def _reevaluate_at(self, lead: Lead, *, is_back: bool) -> datetime | None:
        if lead.stage in Stage.TERMINAL:
            return None
        soonest = sooner(self.answers.changes_at[lead.pk], self.changes_at.get(lead.pk))
        until = lead.cool_off_until
        if until and until > self.at and not is_back:
            return sooner(soonest, until)
        return soonest
