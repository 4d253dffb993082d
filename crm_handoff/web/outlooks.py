"""What a lead is missing, in sentences: the smallest change, or what stands in its way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from crm_handoff.agreements.values import wanted_words, words
from crm_handoff.agreements.words import DIMENSIONS
from definitions.models import TouchpointKind
from definitions.vocabulary import FACTS
from leads.enums import Stage
from leads.outlook import Blocker, Goal, Outlook, Status
from leads.plans import Act

STATUSES: dict[Status, str | Promise] = {
    Status.OPEN: lazy("What is missing"),
    Status.COMPLETE: lazy("Nothing is missing"),
    Status.RESTING: lazy("Resting"),
    Status.UNJUDGED: lazy("Nothing to reach yet"),
}
"""Headings; total."""

ANSWERS: dict[str, str | Promise] = {
    "buying_team_confirmed": lazy("Confirm that they belong to the buying team"),
}
"""What to ask for, by what is answered; anything else is named as it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, with a `hint` beside it.

    `such_as` names kinds that do, `serves` the criteria for which it is done, `marks` say what
    must be new about it.
    """

    text: str
    hint: str = ""
    such_as: str = ""
    serves: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A stage, and how it is reached: by `steps`, or why not: `refusal` with `blockers`.

    `is_at_once`: the steps can be completed now; else `earliest` says when at the soonest. `by`
    None: there is no last moment.
    """

    stage: str
    steps: tuple[Step, ...] = ()
    path: str = ""
    earliest: datetime | None = None
    by: datetime | None = None
    refusal: str = ""
    blockers: tuple[str, ...] = ()


def heading_of(outlook: Outlook) -> str:
    """Say in two or three words what there is to say."""
    return str(STATUSES[outlook.status])


def ways_of(outlook: Outlook, *, at: datetime) -> list[Way]:
    """Write each stage that the outlook speaks of; one query."""
    names = dict(TouchpointKind.objects.values_list("key", "name")) if outlook.goals else {}
    return [_way(goal, names, at=at) for goal in outlook.goals]


def _way(goal: Goal, names: dict[str, str], *, at: datetime) -> Way:
    stage = str(Stage(goal.reaches or goal.stage).label)
    if goal.acts:
        return Way(
            stage,
            steps=tuple(_steps(goal.acts, names)),
            path=goal.path,
            earliest=goal.earliest if goal.earliest and goal.earliest > at else None,
            by=goal.by,
        )
    return Way(
        stage,
        refusal=_refusal(goal),
        blockers=tuple(_blocker(one) for one in goal.blockers),
    )


def _refusal(goal: Goal) -> str:
    if goal.is_due:
        return _("Everything is there. The lead is judged anew within seconds.")
    if goal.blockers:
        return _blocked(goal.blockers)
    if goal.accused:
        dimensions = ", ".join(str(DIMENSIONS[one]) for one in goal.accused)
        return _(
            "It was recycled for this: %(dimensions)s. It returns only once that has changed."
        ) % {"dimensions": dimensions}
    return _("No small change reaches it: too many criteria are open. See them below.")


def _blocked(blockers: Sequence[Blocker]) -> str:
    if any(one.criterion.is_exclusion for one in blockers):
        return _("Nothing this lead does reaches it: it is on the do-not-pass list.")
    if all(not one.is_known for one in blockers):
        return _("Nothing this lead does reaches it before this is known:")
    return _("Nothing this lead does reaches it, because this does not fit:")


def _blocker(blocker: Blocker) -> str:
    criterion = blocker.criterion
    if criterion.is_exclusion:
        return criterion.label
    unit = FACTS[criterion.ref.fact].unit
    said = {
        "criterion": criterion.label,
        "wanted": wanted_words(criterion.operator, criterion.wanted, unit),
        "seen": words(blocker.seen, unit),
    }
    if not blocker.is_known:
        return _("%(criterion)s: not known. Wanted: %(wanted)s.") % said
    return _("%(criterion)s: it is %(seen)s. Wanted: %(wanted)s.") % said


def _steps(acts: Sequence[Act], names: dict[str, str]) -> Iterable[Step]:
    """Write the acts, those alike as one step."""
    alike = Counter(replace(act, days_before=0, channel="", asset_id=None) for act in acts)
    for act, count in alike.items():
        yield _touch(act, count, names) if act.kind else _answer(act)


def _touch(act: Act, count: int, names: dict[str, str]) -> Step:
    kinds = [names.get(key, key) for key in (act.kind, *act.others)]
    text = ngettext("%(count)s more touchpoint", "%(count)s more touchpoints", count)
    is_named = len(kinds) == count == 1
    return Step(
        kinds[0] if is_named else text % {"count": count},
        such_as="" if is_named else ", ".join(kinds),
        serves=" · ".join(dict.fromkeys(act.serves)),
        marks=_marks(act, count),
    )


def _marks(act: Act, count: int) -> tuple[str, ...]:
    marks = []
    if act.is_new_channel:
        marks.append(
            ngettext("on a channel not used yet", "each on a channel not used yet", count)
        )
    if act.is_new_day:
        marks.append(ngettext("on another day", "each on another day", count))
    if act.campaign:
        marks.append(_("for the campaign %(campaign)s") % {"campaign": act.campaign})
    return tuple(marks)


def _answer(act: Act) -> Step:
    known = ANSWERS.get(act.what)
    if known and act.value is True:
        return Step(str(known), _("by a person of sales or marketing, with how they know"))
    said = {"what": words(act.what), "answer": words(act.value)}
    return Step(_("An answer to “%(what)s”: %(answer)s") % said)
