"""Changes of an agreement's other rows in sentences: points, stages, promises, copies."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.agreements import conditions, criteria_changes, terms, values, words
from crm_handoff.agreements.contexts import Context
from crm_handoff.agreements.criteria_changes import CONDITION, fields_of
from definitions.differences import Change
from definitions.enums import Milestone, Side, StartEvent
from definitions.vocabulary import Dimension

Row = Mapping[str, Any]
Say = Callable[[Any, Context], str]

TERM_FIELDS: dict[str, tuple[str | Promise, Say]] = {
    "milestone": (
        lazy("promised"),
        lambda value, _context: str(Milestone(value or Milestone.FIRST_RESPONSE).label),
    ),
    "when": (
        lazy("applies to"),
        lambda value, context: terms.when(value, labels=context.labels),
    ),
    "is_high_intent": (lazy("high intent"), lambda value, _context: values.words(bool(value))),
    "counts_from": (
        lazy("counted from"),
        lambda value, _context: str(StartEvent(value).label) if value else _("as usual"),
    ),
    "respond_within": (lazy("time"), lambda value, _context: words.span(value)),
    "is_business_time": (
        lazy("counted in business time"),
        lambda value, _context: values.words(value is not False),
    ),
    "at_latest_within": (lazy("at the latest after"), lambda value, _context: _span(value)),
    "calendar": (
        lazy("calendar"),
        lambda value, _context: value or _("that of the territory"),
    ),
    "stop_kinds": (
        lazy("kept by"),
        lambda value, _context: terms.stops({"stop_kinds": value}),
    ),
    "warn_at_pct": (
        lazy("warned at"),
        lambda value, _context: values.words(50 if value is None else value, "percent"),
    ),
    "later_warnings": (
        lazy("warned again at"),
        lambda value, _context: (
            values.listed([values.words(one, "percent") for one in value])
            if value
            else _("no time")
        ),
    ),
    "remind_after": (lazy("owner reminded after a miss"), lambda value, _context: _span(value)),
    "manager_after": (
        lazy("manager told after a miss"),
        lambda value, _context: words.span(value) if value else _("at once"),
    ),
    "escalate_after": (lazy("escalated after a miss"), lambda value, _context: _span(value)),
    "reassign_after": (lazy("to another rep after a miss"), lambda value, _context: _span(value)),
    "cadence": (
        lazy("cadence of tasks"),
        lambda value, _context: (
            values.listed(terms.cadence({"cadence": value})) if value else _("none")
        ),
    ),
}
"""Fields of an SLA term: what they are called, and how a value of each is written; total."""

KIND_FIELDS: dict[str, str | Promise] = {
    "category": lazy("category"),
    "intent_level": lazy("intent"),
    "is_direct_intent": lazy("asks for sales outright"),
    "is_product_use": lazy("product use"),
}
"""Fields of a kind of touchpoint in words; total."""


def changed(where: str, before: str, after: str) -> str:
    """Write that something was one thing and is another."""
    said = {"where": capfirst(where), "before": before, "after": after}
    return _("%(where)s: %(before)s → %(after)s") % said


def came_or_went(change: Change, new: str, gone: str, said: Mapping[str, str]) -> str:
    """Write that a row is new or gone, by one of two sentences."""
    return (new if change.before is None else gone) % said


def score(context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a score rule."""
    change = changes[0]
    if len(change.path) == 2:
        row = change.after or change.before
        said = {
            "points": words.score_rule(row),
            "condition": conditions.row(row, questions=context.questions),
        }
        new, gone = _("New: %(points)s: %(condition)s"), _("Gone: %(points)s: %(condition)s")
        yield came_or_went(change, new, gone, said)
        return
    before, after = context.rows("score", key)
    touched = fields_of(changes)
    where = words.quoted(after["label"])
    if touched.keys() & CONDITION:
        yield criteria_changes.condition(where, before, after, questions=context.questions)
    if touched.keys() - CONDITION - {"label"}:
        yield changed(where, words.score_rule(before), words.score_rule(after))
    if "label" in touched:
        yield criteria_changes.renamed(_("Points"), before["label"], after["label"])


def question(context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a question."""
    change = changes[0]
    if len(change.path) == 2:
        row = change.after or change.before
        said = {"question": row["question"], "how": words.question(row)}
        new = _("New question: “%(question)s” %(how)s")
        yield came_or_went(change, new, _("No longer asked: “%(question)s” %(how)s"), said)
        return
    before, after = context.rows("questions", key)
    where = words.quoted(after["question"])
    touched = fields_of(changes)
    if "question" in touched:
        yield criteria_changes.renamed(_("Question"), before["question"], after["question"])
    if "side" in touched:
        sides = [str(Side(row["side"]).label) for row in (before, after)]
        yield changed(_("%(question)s, asked of") % {"question": where}, *sides)
    if "answer_within" in touched:
        spans = [words.span(row["answer_within"]) for row in (before, after)]
        yield changed(_("%(question)s, answered within") % {"question": where}, *spans)
    if "valid_days" in touched:
        days = [values.words(row["valid_days"], "days") for row in (before, after)]
        yield changed(_("%(question)s, the answer holds") % {"question": where}, *days)


def stage(context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a way to a stage."""
    name = words.stage_name(*key.split("."))
    if len(changes[0].path) == 2:
        row = changes[0].after or changes[0].before
        said = {"stage": name, "demands": words.stage_rule(row, labels=context.labels)}
        new = _("New way to %(stage)s: %(demands)s")
        yield came_or_went(changes[0], new, _("No longer a way to %(stage)s: %(demands)s"), said)
        return
    for change in changes:
        field = change.path[2]
        if field in list(Dimension):
            yield _least_level(name, field, change)
        elif field == "min_points":
            points = [_least_points(value) for value in (change.before, change.after)]
            yield changed(_("%(stage)s points") % {"stage": name}, *points)
        else:
            yield from named(name, change, context)


def named(where: str, change: Change, context: Context) -> Iterator[str]:
    """Write how a list of criteria changed that something names by key."""

    def labels(keys: Iterable[str]) -> str:
        return values.listed(words.quoted(context.labels.get(key, key)) for key in keys)

    before, after = change.before or [], change.after or []
    came = [key for key in after if key not in before]
    went = [key for key in before if key not in after]
    said = {"where": capfirst(where), "came": labels(came), "went": labels(went)}
    if came:
        yield _("%(where)s now also needs %(came)s.") % said
    if went:
        yield _("%(where)s no longer needs %(went)s.") % said
    if not came and not went:
        yield _("%(where)s needs the same criteria in another order.") % said


def segment(context: Context, number: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a condition of belonging."""
    change = changes[0]
    if len(change.path) == 2:
        said = {"condition": conditions.row(change.after or change.before)}
        new = _("Now only those with: %(condition)s")
        yield came_or_went(change, new, _("No longer only those with: %(condition)s"), said)
        return
    after = context.after["segment"][int(number) - 1]
    before = dict(after)
    parameters = dict(after.get("parameters") or {})
    for one in changes:
        if one.path[2] == "parameters":
            parameters[one.path[3]] = one.before
        else:
            before[one.path[2]] = one.before
    before["parameters"] = {name: value for name, value in parameters.items() if value is not None}
    yield criteria_changes.condition(_("Takes"), before, after)


def term(context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of an SLA term."""
    if len(changes[0].path) == 2:
        row = changes[0].after or changes[0].before
        said = {"label": row["label"], "term": terms.line(row, labels=context.labels)}
        new = _("New promise “%(label)s”: %(term)s")
        yield came_or_went(changes[0], new, _("No longer promised, “%(label)s”: %(term)s"), said)
        return
    before, after = context.rows("sla_terms", key)
    for field in fields_of(changes):
        if field == "label":
            yield criteria_changes.renamed(_("Promise"), before["label"], after["label"])
            continue
        name, say = TERM_FIELDS[field]
        where = _("Promise “%(label)s”, %(field)s") % {"label": after["label"], "field": name}
        yield changed(where, say(before.get(field), context), say(after.get(field), context))


def kind(_context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of the copy of a kind of touchpoint."""
    if len(changes[0].path) == 2:
        said = {
            "kind": values.plain(key),
            "meaning": words.kind(changes[0].after or changes[0].before),
        }
        new = _("New kind “%(kind)s”: %(meaning)s")
        yield came_or_went(changes[0], new, _("No longer a kind, “%(kind)s”: %(meaning)s"), said)
        return
    for change in changes:
        said = {"kind": values.plain(key), "field": str(KIND_FIELDS[change.path[2]])}
        where = _("“%(kind)s”, %(field)s") % said
        yield changed(where, values.words(change.before), values.words(change.after))


def title_rule(context: Context, number: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a rule that reads authority from titles."""
    change = changes[0]
    if len(change.path) == 2:
        said = {"rule": words.title_rule(change.after or change.before)}
        yield came_or_went(change, _("New rule: %(rule)s"), _("Gone: %(rule)s"), said)
        return
    after = context.after["title_rules"][int(number) - 1]
    before = {**after, **{one.path[2]: one.before for one in changes}}
    yield changed(_("Title rule"), words.title_rule(before), words.title_rule(after))


def _least_level(name: str, dimension: str, change: Change) -> str:
    said = {"stage": name, "dimension": values.plain(dimension)}
    if not change.after:
        return _("%(stage)s no longer looks at %(dimension)s.") % said
    level = words.level(dimension, change.after)
    if not change.before:
        return _("%(stage)s now wants %(dimension)s %(level)s.") % (said | {"level": level})
    where = _("%(stage)s %(dimension)s") % said
    return changed(where, words.level(dimension, change.before), level)


def _least_points(count: int | None) -> str:
    return _("any") if count is None else words.at_least_points(count)


def _span(value: str | None) -> str:
    return words.span(value) if value else _("never")
