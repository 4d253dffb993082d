"""Who owns the next step with a lead at each stage, by the process of an agreement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from definitions.enums import Side
from definitions.vocabulary import Process, RuleStage


@dataclass(frozen=True, slots=True)
class Step:
    """A stage, the side that owns what comes next, and what that is."""

    stage: str
    side: str
    owner: str
    what: str


def steps_of(content: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return a step for each stage that the agreement knows, in order of the lifecycle."""
    return (*_before(content), _handover(content), *_after(content), *_afterwards())


def _step(stage: str, side: Side, what: str) -> Step:
    return Step(stage=stage, side=side.value, owner=str(side.label), what=what)


def _before(content: Mapping[str, Any]) -> Iterable[Step]:
    reached = {row["stage"] for row in content.get("stages") or ()}
    order = [*map(str, RuleStage)]
    below = order[: order.index(content["handoff_stage"])]
    first = next((stage for stage in order if stage in reached), content["handoff_stage"])
    yield _step(
        _("New"),
        Side.MARKETING,
        _("Wins their interest until the criteria of %(stage)s are met.")
        % {"stage": first.upper()},
    )
    for stage in below:
        if stage in reached:
            further = next(one for one in order[order.index(stage) + 1 :] if one in reached)
            said = {"stage": further.upper()}
            what = _("Stays in touch until the criteria of %(stage)s are met.") % said
            yield _step(stage.upper(), Side.MARKETING, what)


def _handover(content: Mapping[str, Any]) -> Step:
    return _step(
        content["handoff_stage"].upper(),
        Side.SALES,
        _(
            "The rep makes the first contact within the promised time, then accepts the lead or"
            " rejects it with a reason."
        ),
    )


def _after(content: Mapping[str, Any]) -> Iterable[Step]:
    if content["process"] == Process.SALES_CONFIRMED:
        yield _step(_("SAL"), Side.SALES, _("The rep asks what the checklist asks."))
        yield _step(_("SQL"), Side.SALES, _("Confirmed by the rep: opens an opportunity."))
    else:
        yield _step(_("SAL"), Side.SALES, _("The rep works towards an opportunity."))


def _afterwards() -> Iterable[Step]:
    yield _step(_("Opportunity"), Side.SALES, _("The owner of the opportunity wins or loses it."))
    yield _step(
        _("Recycled"),
        Side.MARKETING,
        _("Stays in touch until the cool-off is over and what was missing has changed."),
    )
