"""Examples of whom a definition must and must not qualify, judged by any of its versions."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Case, QuerySet, Value, When
from django.utils.translation import gettext as _

from definitions import queries
from definitions.agreement import Agreement, CompiledCriterion, CompiledStageRule
from definitions.engine import Verdict
from definitions.models import Definition, DefinitionVersion
from definitions.vocabulary import LEVELS, Dimension, Path, RuleStage
from leads import judgements
from leads.judgements import Look
from leads.models import Example
from leads.portraits import Portrait

STAGES = [str(stage) for stage in RuleStage]

MOST_NAMED = 3
"""Criteria that a sentence names; the others are left to the page of the example."""


class ExampleNameTaken(ValueError):
    """The definition has an active example of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An example as somebody describes it; `why` may be blank."""

    name: str
    stage: str
    is_expected: bool
    portrait: Portrait
    why: str = ""


@dataclass(frozen=True, slots=True)
class Decisive:
    """A criterion that decides about an example, with the value seen."""

    criterion: CompiledCriterion
    is_met: bool
    seen: Any


@dataclass(frozen=True, slots=True)
class Result:
    """An example judged by a version.

    `is_kept`: it reaches its stage exactly when it must. `verdict` is None when a draft cannot be
    judged by yet. `decisive` are the exclusions met, or what the stage lacks, by the nearest way.
    `is_in_segment`: by the version's own segment; a catch-all takes everybody.
    """

    example: Example
    is_kept: bool
    verdict: Verdict | None
    sentence: str
    decisive: tuple[Decisive, ...] = ()
    is_in_segment: bool = True


def active(definition: Definition) -> QuerySet[Example]:
    """Return the examples in use: those that must reach their stage first, highest stage first."""
    order = Case(*(When(stage=stage, then=Value(-rank)) for rank, stage in enumerate(STAGES)))
    return Example.objects.filter(definition=definition, is_active=True).order_by(
        "-is_expected", order, "name", "pk"
    )


def results(version: DefinitionVersion, *, at: datetime) -> list[Result]:
    """Judge the active examples of a version's definition by the version's rows or text.

    All are judged in one savepoint that is rolled back; the number of queries does not grow with
    them, and without any it is one.
    """
    found = list(active(version.definition))
    if not found:
        return []
    try:
        looks = judgements.looks([portrait_of(one) for one in found], version, at=at)
    except judgements.VersionUnreadable:
        words = _("Cannot be tried before the draft is mended.")
        return [Result(one, False, None, words) for one in found]
    agreement = queries.agreement_of(version)
    return [
        _result(one, look, agreement, is_catch_all=version.definition.is_catch_all)
        for one, look in zip(found, looks, strict=True)
    ]


def portrait_of(example: Example) -> Portrait:
    """Return whom an example imagines."""
    return Portrait(example.profile, example.touchpoints, example.answers)


def create(definition: Definition, said: Said, *, by: AbstractBaseUser, at: datetime) -> Example:
    """Keep a new example.

    Raises:
        ExampleNameTaken: the definition has an active one of that name.
    """
    example = Example(definition=definition, created_by_id=by.pk, created_at=at)
    return _save(example, said, at=at)


def edit(example: Example, said: Said, *, at: datetime) -> Example:
    """Describe an example anew.

    Raises:
        ExampleNameTaken: the definition has another active one of that name.
    """
    return _save(example, said, at=at)


def retire(example: Example, *, at: datetime) -> None:
    """Take an example out of use; it stays on record."""
    Example.objects.filter(pk=example.pk).update(is_active=False, updated_at=at)


def reaches(verdict: Verdict, stage: str) -> bool:
    """Say whether a verdict reaches a stage or one above it."""
    return verdict.stage in STAGES[STAGES.index(stage) :]


def decisive_for(agreement: Agreement, verdict: Verdict, stage: str) -> tuple[Decisive, ...]:
    """Return what keeps somebody from a stage; nothing when a verdict reaches it.

    The exclusions that are met; else the criteria that the nearest rule of the stage, or of the
    lowest above it that has any rule, still wants.
    """
    if reaches(verdict, stage):
        return ()
    seen = {key: (is_met, value) for key, is_met, value in verdict.results}
    keys = [one for one in agreement.criteria if one.is_exclusion and seen[one.key][0]]
    found = keys if stage != RuleStage.IQL and keys else _lacking(agreement, verdict, stage)
    return tuple(Decisive(one, *seen[one.key]) for one in found)


def _lacking(agreement: Agreement, verdict: Verdict, stage: str) -> list[CompiledCriterion]:
    """Return the unmet criteria of the rule that lacks least, of the lowest stage that has any."""
    met = {key for key, is_met, _ in verdict.results if is_met}
    for goal in STAGES[STAGES.index(stage) :]:
        ways = [
            _wanted(agreement, rule, verdict, met)
            for rule in agreement.stage_rules
            if rule.stage == goal
        ]
        if ways:
            return min(ways, key=len)
    return []


def _wanted(
    agreement: Agreement, rule: CompiledStageRule, verdict: Verdict, met: Collection[str]
) -> list[CompiledCriterion]:
    """Return the unmet criteria of the levels that a rule asks for, and its own."""
    mask = rule.mask
    for place, least in rule.minimums:
        ladder = agreement.ladders[place]
        levels = LEVELS[Dimension(ladder.dimension)]
        if levels.index(verdict.levels[ladder.dimension]) < least:
            rungs = [rung for rung in reversed(ladder.rungs) if rung.rank >= least]
            mask |= rungs[0].mask if rungs else 0
    return [one for one in agreement.criteria if mask & one.bit and one.key not in met]


def _save(example: Example, said: Said, *, at: datetime) -> Example:
    example.name = said.name.strip()
    example.stage = said.stage
    example.is_expected = said.is_expected
    example.why = said.why.strip()
    example.profile = dict(said.portrait.profile)
    example.touchpoints = [dict(one) for one in said.portrait.touchpoints]
    example.answers = dict(said.portrait.answers)
    example.updated_at = at
    try:
        with transaction.atomic():
            example.save()
    except IntegrityError as refusal:
        if "one_active_example_per_name" not in str(refusal):
            raise
        raise ExampleNameTaken(
            _("There is an example “%(name)s” already.") % {"name": example.name}
        ) from refusal
    return example


def _result(example: Example, look: Look, agreement: Agreement, *, is_catch_all: bool) -> Result:
    decisive = decisive_for(agreement, look.verdict, example.stage)
    is_reached = reaches(look.verdict, example.stage)
    return Result(
        example=example,
        is_kept=is_reached == example.is_expected,
        verdict=look.verdict,
        sentence=_sentence(look.verdict, decisive, is_reached=is_reached),
        decisive=decisive,
        is_in_segment=is_catch_all or look.is_in_segment,
    )


REACHED: dict[str, Callable[[], str]] = {
    Path.STANDARD: lambda: _("Reaches %(stage)s by the standard path."),
    Path.DIRECT: lambda: _("Reaches %(stage)s by the direct path."),
    Path.ACCOUNT_BASED: lambda: _("Reaches %(stage)s by the account-based path."),
    Path.PRODUCT_LED: lambda: _("Reaches %(stage)s by the product-led path."),
}
"""What a verdict reached, by its path; total."""


def _sentence(verdict: Verdict, decisive: Sequence[Decisive], *, is_reached: bool) -> str:
    said = {
        "stage": verdict.stage.upper(),
        "criteria": ", ".join(one.criterion.label for one in decisive[:MOST_NAMED]),
        "points": verdict.points,
    }
    if is_reached:
        return REACHED[verdict.path]() % said
    kept_out = bool(decisive) and decisive[0].criterion.is_exclusion
    why = "excluded" if kept_out else "lacking" if decisive else "scored"
    return SHORT[why, bool(verdict.stage)]() % said


SHORT: dict[tuple[str, bool], Callable[[], str]] = {
    ("excluded", True): lambda: _("Stays at %(stage)s, kept out by: %(criteria)s."),
    ("excluded", False): lambda: _("Reaches no stage, kept out by: %(criteria)s."),
    ("lacking", True): lambda: _("Stays at %(stage)s, lacks: %(criteria)s."),
    ("lacking", False): lambda: _("Reaches no stage, lacks: %(criteria)s."),
    ("scored", True): lambda: _("Stays at %(stage)s with %(points)s points."),
    ("scored", False): lambda: _("Reaches no stage with %(points)s points."),
}
"""Why a stage is not reached, and whether one below it is; total."""
