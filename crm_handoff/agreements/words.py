"""The rows of an agreement in words: criteria, points, stage rules, promises, plans."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from crm_handoff.agreements import values
from crm_handoff.agreements.conditions import at_least, condition, row
from definitions.agreement import CompiledCriterion
from definitions.document import criteria_of
from definitions.enums import (
    STARTS,
    AttemptKind,
    Checklist,
    InFlightPlan,
    Milestone,
    Side,
    StartEvent,
)
from definitions.shapes import duration_of
from definitions.vocabulary import FACTS, LEVELS, Dimension, IntentLevel, Path, Process

__all__ = ["condition", "row"]

Row = Mapping[str, Any]
Text = str | Promise

DIMENSIONS: dict[str, Text] = {
    Dimension.FIT: lazy("Fit"),
    Dimension.ENGAGEMENT: lazy("Engagement"),
    Dimension.INTENT: lazy("Intent"),
    Dimension.AUTHORITY: lazy("Authority"),
    Dimension.PRODUCT: lazy("Product use"),
}
"""Dimensions in words; total."""

PATHS: dict[str, Text] = {
    Path.STANDARD: lazy("standard"),
    Path.DIRECT: lazy("direct"),
    Path.ACCOUNT_BASED: lazy("account-based"),
    Path.PRODUCT_LED: lazy("product-led"),
}
"""Paths in words, within a sentence; total."""

PATH_NAMES: dict[str, Text] = {
    Path.STANDARD: lazy("Standard path"),
    Path.DIRECT: lazy("Direct path"),
    Path.ACCOUNT_BASED: lazy("Account-based path"),
    Path.PRODUCT_LED: lazy("Product-led path"),
}
"""Paths as headings; total."""

PATH_NOTES: dict[str, Text] = {
    Path.STANDARD: lazy("What everybody is asked who comes by no other path."),
    Path.DIRECT: lazy("A strong intent action opens it: what the table leaves out is skipped."),
    Path.ACCOUNT_BASED: lazy("For people of target accounts, judged by their account first."),
    Path.PRODUCT_LED: lazy("By what people do in the product."),
}
"""What each path is for; total."""

PROCESSES: dict[str, Text] = {
    Process.CRITERIA_LED: lazy("The criteria make an SQL"),
    Process.SALES_CONFIRMED: lazy("Sales confirms an SQL by a checklist"),
}
"""Processes in a line; total."""

PLANS: dict[str, Text] = {
    InFlightPlan.GRANDFATHER: lazy(
        "Leads that are qualified already stay with the version that qualified them."
    ),
    InFlightPlan.REQUALIFY: lazy(
        "Every lead that is not with sales is judged anew as soon as this version is in force."
    ),
}
"""What becomes of leads under way; a sunset is said with its days."""

KEPT_BY: dict[str, Text] = {
    Milestone.ACCEPTANCE: lazy("acceptance or rejection"),
    Milestone.OUTCOME: lazy("an opportunity, a rejection, or a return"),
}
"""What keeps a promise that attempts do not keep."""

START_WORDS: dict[str, Text] = {
    StartEvent.ASSIGNED: lazy("the assignment to a rep"),
    StartEvent.FIRST_ATTEMPT: lazy("the first attempt"),
    StartEvent.ACCEPTED: lazy("acceptance"),
}
"""From what a promise is counted, where that is not the qualification."""

SINGLES: dict[str, Text] = {
    "assets": lazy("asset"),
    "channels": lazy("channel"),
    "days": lazy("day"),
    "people": lazy("person"),
    "touchpoints": lazy("touchpoint"),
}
"""What one of a counted unit is called."""

KEPT: Text = lazy("Handovers that are open stay with sales, whatever the plan.")
"""What holds for every in-flight plan."""


def criterion(compiled: CompiledCriterion, *, questions: Mapping[str, str] | None = None) -> str:
    """Write a criterion of an agreement: "4+ touchpoints in 30 days"."""
    return condition(
        compiled.ref.fact,
        operator=compiled.operator,
        wanted=compiled.wanted,
        parameters={
            name: list(value) if isinstance(value, tuple) else value
            for name, value in compiled.ref.parameters
        },
        questions=questions,
    )


def questions_of(content: Row) -> dict[str, str]:
    """Return the texts of a content's questions by key."""
    return {key: one["question"] for key, one in (content.get("questions") or {}).items()}


def labels_of(content: Row) -> dict[str, str]:
    """Return the labels of a content's criteria by key."""
    return {key: one["label"] for _dimension, _level, key, one in criteria_of(content)}


def level(dimension: str, key: str) -> str:
    """Write a least level of a dimension: "medium or above", the highest alone."""
    return at_least(key, LEVELS[Dimension(dimension)])


def stage_name(stage: str, path: str = Path.STANDARD) -> str:
    """Name a stage with its path, which goes without saying where it is the standard one."""
    if path == Path.STANDARD:
        return stage.upper()
    return _("%(stage)s %(path)s") % {"stage": stage.upper(), "path": PATHS[path]}


def stage_rule(rule: Row, *, labels: Mapping[str, str]) -> str:
    """Write what a stage rule demands; `labels` are those of the criteria by key."""
    demands = [
        _("%(dimension)s %(level)s")
        % {"dimension": values.plain(dimension), "level": level(dimension, rule[dimension])}
        for dimension in Dimension
        if rule.get(dimension)
    ]
    demands += [quoted(labels.get(key, key)) for key in rule.get("criteria") or ()]
    if rule.get("min_points") is not None:
        demands.append(at_least_points(rule["min_points"]))
    return capfirst(values.listed(demands))


def quoted(text: str) -> str:
    """Write in quotation marks what somebody named or wrote."""
    return _("“%(text)s”") % {"text": text}


def points(count: int) -> str:
    """Write points with their unit."""
    return ngettext("%(points)s point", "%(points)s points", abs(count)) % {
        "points": values.words(count)
    }


def at_least_points(count: int) -> str:
    """Write the least points that are demanded."""
    return _("at least %(value)s") % {"value": points(count)}


def score_rule(rule: Row) -> str:
    """Write how many points a rule gives: "3 points for each touchpoint, at most 24"."""
    unit = FACTS[rule["fact"]].unit
    parts = [points(rule["points"])]
    if rule.get("per") is not None:
        parts = [points_each(points(rule["points"]), rule["per"], unit)]
    return ", ".join(parts + score_limits(rule.get, points=rule["points"]))


def points_each(given: str, per: int, unit: str) -> str:
    """Write that points are given for each so many of a fact; `unit` is the fact's."""
    if per == 1 and unit in SINGLES:
        return _("%(points)s for each %(one)s") % {"points": given, "one": SINGLES[unit]}
    said = {"points": given, "each": values.words(per, unit)}
    return _("%(points)s for each %(each)s") % said


def score_limits(field: Callable[[str], Any], *, points: int) -> list[str]:
    """Write the cap and the half-life of a score rule, where it has them.

    field: returns the value of a field of the rule by name.
    """
    said = []
    if field("cap") is not None:
        limit = _("at most %(value)s") if points > 0 else _("at least %(value)s")
        said.append(limit % {"value": values.words(field("cap"))})
    if field("half_life_days") is not None:
        days = {"days": values.words(field("half_life_days"), "days")}
        said.append(_("halves every %(days)s") % days)
    return said


def question(asked: Row) -> str:
    """Write whom a question is asked, within which time, and how long the answer holds."""
    sentence = (
        _("Asked of marketing, to be answered within %(time)s; the answer holds %(days)s.")
        if asked["side"] == Side.MARKETING
        else _("Asked of sales, to be answered within %(time)s; the answer holds %(days)s.")
    )
    return sentence % {
        "time": span(asked["answer_within"]),
        "days": values.words(asked["valid_days"], "days"),
    }


def span(text: str) -> str:
    """Write a duration of a content ("24 hours") in the reader's language."""
    return values.duration(duration_of(text))


def term_when(when: Row | None, *, labels: Mapping[str, str]) -> str:
    """Write to whom an SLA term applies; `labels` are those of the criteria by key."""
    when = when or {}
    conditions = []
    if when.get("stage") and when.get("path"):
        said = {"stage": when["stage"].upper(), "path": PATHS[when["path"]]}
        conditions.append(_("%(stage)s %(path)s") % said)
    elif when.get("stage"):
        conditions.append(when["stage"].upper())
    elif when.get("path"):
        conditions.append(str(PATH_NAMES[when["path"]]))
    if when.get("min_points") is not None:
        conditions.append(at_least_points(when["min_points"]))
    if when.get("intent"):
        said = {"level": level(Dimension.INTENT, when["intent"])}
        conditions.append(_("intent %(level)s") % said)
    conditions += [quoted(labels.get(key, key)) for key in when.get("criteria") or ()]
    return values.listed(conditions) if conditions else _("everyone")


def term_promise(term: Row) -> str:
    """Write what an SLA term promises: "5 minutes of business time, 24 hours at the latest"."""
    start = START_WORDS.get(term_start(term))
    if start is None:
        return _term_time(term)
    return _("%(time)s, counted from %(start)s") % {"time": _term_time(term), "start": start}


def term_start(term: Row) -> StartEvent:
    """Return from what an SLA term is counted."""
    milestone = Milestone(term.get("milestone") or Milestone.FIRST_RESPONSE)
    return StartEvent(term.get("counts_from") or STARTS[milestone][0])


def _term_time(term: Row) -> str:
    promised = {"time": span(term["respond_within"])}
    business = term.get("is_business_time", True)
    if not term.get("at_latest_within"):
        return (
            _("%(time)s of business time") if business else _("%(time)s around the clock")
        ) % promised
    promised["latest"] = span(term["at_latest_within"])
    sentence = (
        _("%(time)s of business time, %(latest)s at the latest")
        if business
        else _("%(time)s around the clock, %(latest)s at the latest")
    )
    return sentence % promised


def term_stops(term: Row) -> str:
    """Write what keeps the promise of an SLA term: "a call or a two-way chat"."""
    milestone = Milestone(term.get("milestone") or Milestone.FIRST_RESPONSE)
    if milestone in KEPT_BY:
        return str(KEPT_BY[milestone])
    kinds = term.get("stop_kinds") or ()
    if not kinds:
        return _("any attempt")
    return values.listed([values.within(AttemptKind(kind).label) for kind in kinds], style="or")


def term_steps(term: Row) -> list[str]:
    """Write what happens before and after an SLA term is missed, in order of time."""
    steps = [
        _("%(percent)s percent of the time gone: the owner is warned")
        % {"percent": values.words(term.get("warn_at_pct", 50))}
    ]
    steps += [
        _("%(percent)s percent of the time gone: the owner is warned again")
        % {"percent": values.words(percent)}
        for percent in term.get("later_warnings") or ()
    ]
    rungs = {
        "remind_after": _("%(time)s after the miss: the owner is reminded"),
        "manager_after": _("%(time)s after the miss: the owner's manager is told"),
        "escalate_after": _("%(time)s after the miss: escalated to the operator"),
        "reassign_after": _("%(time)s after the miss: given to another rep"),
    }
    return steps + [
        sentence % {"time": span(term[name])} for name, sentence in rungs.items() if term.get(name)
    ]


def term_cadence(term: Row) -> list[str]:
    """Write the tasks that whoever receives the lead gets: "After 4 hours: call, “Say hello”"."""
    return [cadence_task(task) for task in term.get("cadence") or ()]


def cadence_task(task: Row) -> str:
    """Write one task of a cadence."""
    return _("After %(time)s: %(kind)s, “%(what)s”") % {
        "time": span(task["after"]),
        "kind": values.within(AttemptKind(task["kind"]).label),
        "what": task["what"],
    }


def term(promised: Row, *, labels: Mapping[str, str]) -> str:
    """Write an SLA term in a line; `labels` are those of the criteria by key."""
    milestone = Milestone(promised.get("milestone") or Milestone.FIRST_RESPONSE)
    said = _("%(milestone)s for %(whom)s: %(promise)s") % {
        "milestone": milestone.label,
        "whom": term_when(promised.get("when"), labels=labels),
        "promise": term_promise(promised),
    }
    count = len(promised.get("cadence") or ())
    if not count:
        return said
    return ngettext(
        "%(term)s; cadence of %(count)s task", "%(term)s; cadence of %(count)s tasks", count
    ) % {"term": said, "count": values.words(count)}


def plan(in_flight: Row | None) -> str:
    """Write what becomes of leads under way when a version takes effect."""
    given = in_flight or {}
    chosen = given.get("plan") or InFlightPlan.GRANDFATHER
    if chosen != InFlightPlan.SUNSET:
        return str(PLANS[chosen])
    days = {"days": values.words(given.get("sunset_days"), "days")}
    return (
        _(
            "Leads that are qualified already stay with the version that qualified them for"
            " %(days)s, then this version judges them."
        )
        % days
    )


def effective(instant: str | None) -> str:
    """Write when a version takes effect; `instant` is ISO 8601, None without a date."""
    if not instant:
        return _("As soon as both sides have signed")
    return values.absolute(datetime.fromisoformat(instant))


def kind(copied: Row) -> str:
    """Write what a kind of touchpoint means: its category and how strongly it speaks of buying."""
    said = [values.plain(copied["category"])]
    level = copied["intent_level"]
    said.append(
        _("no intent")
        if level == IntentLevel.NONE
        else _("%(level)s intent") % {"level": values.plain(level)}
    )
    if copied.get("is_direct_intent"):
        said.append(_("asks for sales outright"))
    if copied.get("is_product_use"):
        said.append(_("product use"))
    return ", ".join(said)


def title_rule(rule: Row) -> str:
    """Write what a title rule reads: "“chief”: decision maker, 90 percent sure"."""
    said = {
        "phrase": rule["phrase"],
        "authority": values.plain(rule["authority"]),
        "confidence": values.words(rule["confidence"]),
        "unless": values.listed(map(quoted, rule.get("unless") or ()), style="or"),
        "language": values.language(rule.get("language") or ""),
    }
    if rule.get("unless") and rule.get("language"):
        sentence = _(
            "%(language)s “%(phrase)s” but not %(unless)s: %(authority)s, %(confidence)s percent"
        )
    elif rule.get("unless"):
        sentence = _("“%(phrase)s” but not %(unless)s: %(authority)s, %(confidence)s percent")
    elif rule.get("language"):
        sentence = _("%(language)s “%(phrase)s”: %(authority)s, %(confidence)s percent")
    else:
        sentence = _("“%(phrase)s”: %(authority)s, %(confidence)s percent")
    return sentence % said


def checklist(key: str | None) -> str:
    """Name the checklist by which a rep confirms."""
    return str(Checklist(key or Checklist.NONE).label)
