"""Changes of criteria and levels in sentences, named by the stages that feel them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_handoff.agreements import conditions, values, words
from crm_handoff.agreements.contexts import Context
from definitions.differences import Change
from definitions.enums import Match
from definitions.vocabulary import FACTS, LIST_OPERATORS, Operator

Row = Mapping[str, Any]

CONDITION = frozenset({"fact", "parameters", "operator", "wanted"})


def fields_of(changes: Sequence[Change]) -> dict[str, Change]:
    """Return the changes of a row by the field that each touches."""
    return {change.path[2]: change for change in changes}


def criterion(context: Context, key: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a criterion."""
    if len(changes[0].path) == 2:
        yield _came_or_went(context, key, changes[0])
        return
    before, after = context.rows("criteria", key)
    touched = fields_of(changes)
    place = context.place(_place(key, context.after), key)
    if moved := touched.get("place"):
        yield _("%(criterion)s counts for %(after)s; before: %(before)s.") % {
            "criterion": words.quoted(after["label"]),
            "before": context.place(moved.before, key),
            "after": context.place(moved.after, key),
        }
    if touched.keys() & CONDITION:
        yield condition(place, before, after, questions=context.questions)
    if "label" in touched:
        yield renamed(place, before["label"], after["label"])


def level(context: Context, name: str, changes: Sequence[Change]) -> Iterator[str]:
    """Write what became of a level; its criteria are said apart."""
    change = changes[0]
    if len(change.path) == 2:
        said = {"level": context.level_name(name)}
        if change.before is None:
            yield _("New level: %(level)s.") % said
        else:
            yield _("No longer a level: %(level)s.") % said
    new = change.after["match"] if isinstance(change.after, Mapping) else change.after
    if change.before is None and new != Match.ANY:
        return
    if new is not None:
        said = {"where": ", ".join(context.level_users(name))}
        if new == Match.ANY:
            yield _("%(where)s: any one of the criteria is enough.") % said
        else:
            yield _("%(where)s: all criteria must be met.") % said


def condition(
    where: str, before: Row, after: Row, *, questions: Mapping[str, str] | None = None
) -> str:
    """Write how a condition changed, shortly where its fact and what narrows it stayed."""
    said = {
        "where": capfirst(where),
        "before": conditions.row(before, questions=questions),
        "after": conditions.row(after, questions=questions),
    }
    if _is_about_the_same(before, after):
        if _is_choice(before, after):
            return _choices(where, before, after)
        said["after"] = conditions.brief(after)
    return _("%(where)s: %(before)s → %(after)s") % said


def renamed(where: str, before: str, after: str) -> str:
    """Write that a label changed and nothing else by that."""
    said = {"where": capfirst(where), "before": before, "after": after}
    return _("%(where)s: “%(before)s” is now called “%(after)s”.") % said


def _came_or_went(context: Context, key: str, change: Change) -> str:
    row = change.after or change.before
    is_new = change.before is None
    said = {
        "where": context.place(
            row["place"], key, within=[context.after if is_new else context.before]
        ),
        "label": row["label"],
        "condition": conditions.row(row, questions=context.questions),
    }
    if row["place"] == "exclusions":
        sentence = (
            _("New reason not to pass on: %(condition)s")
            if is_new
            else _("No longer a reason not to pass on: %(condition)s")
        )
    elif said["where"] == words.quoted(row["label"]):
        sentence = (
            _("New signal “%(label)s”: %(condition)s")
            if is_new
            else _("No longer a signal, “%(label)s”: %(condition)s")
        )
    else:
        sentence = (
            _("New for %(where)s: %(condition)s")
            if is_new
            else _("No longer asked for %(where)s: %(condition)s")
        )
    return sentence % said


def _place(key: str, content: Row) -> str:
    for dimension, levels in (content.get("levels") or {}).items():
        for level_key, row in (levels or {}).items():
            if key in row["criteria"]:
                return f"{dimension}.{level_key}"
    return "exclusions" if key in (content.get("exclusions") or {}) else "signals"


def _is_about_the_same(before: Row, after: Row) -> bool:
    return before["fact"] == after["fact"] and _narrowed(before) == _narrowed(after)


def _narrowed(row: Row) -> dict[str, Any]:
    parameters = row.get("parameters") or {}
    return {name: value for name, value in parameters.items() if name != "days"}


def _is_choice(before: Row, after: Row) -> bool:
    operators = {before["operator"], after["operator"]}
    return len(operators) == 1 and operators <= LIST_OPERATORS - {Operator.BETWEEN}


def _choices(where: str, before: Row, after: Row) -> str:
    """Write how a list of choices changed: what came and what went."""
    fact = FACTS[after["fact"]]
    came, went = (
        [one for one in more["wanted"] if one not in less["wanted"]]
        for more, less in ((after, before), (before, after))
    )
    said = {
        "where": capfirst(where),
        "fact": conditions.fact_name(fact.key),
        "came": _names(fact.key, came),
        "went": _names(fact.key, went),
    }
    if came and went:
        return _("%(where)s, %(fact)s: the list gains %(came)s and no longer has %(went)s.") % said
    if came:
        return _("%(where)s, %(fact)s: the list gains %(came)s.") % said
    if went:
        return _("%(where)s, %(fact)s: the list no longer has %(went)s.") % said
    return _("%(where)s, %(fact)s: the same list in another order.") % said


def _names(fact: str, choices: Sequence[Any]) -> str:
    name = conditions.NAMES.get(fact)
    return values.listed([name(one) if name else values.words(one) for one in choices])
