"""The rows of an agreement in words: criteria, points, stage rules, questions, plans, copies."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from crm_handoff.agreements import values
from crm_handoff.agreements.conditions import at_least, condition
from definitions.agreement import CompiledCriterion
from definitions.document import criteria_of
from definitions.enums import Checklist, InFlightPlan, Side
from definitions.shapes import duration_of
from definitions.vocabulary import FACTS, LEVELS, Dimension, IntentLevel, Path, Process

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
