"""What changes between two contents, in sentences: "SQL engagement: 4+ … → 5+ in 30 days"."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.agreements import conditions, criteria_changes, row_changes, values, words
from crm_handoff.agreements.conditions import fact_name
from crm_handoff.agreements.contexts import Context
from crm_handoff.agreements.row_changes import changed
from definitions.differences import ORDER, Change, compare, moved

Row = Mapping[str, Any]

PARTS: dict[str, str | Promise] = {
    "about": lazy("About the version"),
    "segment": lazy("Whom it takes"),
    "criteria": lazy("Criteria"),
    "exclusions": lazy("Do not pass on"),
    "stages": lazy("Ways to a stage"),
    "score": lazy("Points"),
    "questions": lazy("Questions to people"),
    "floor": lazy("Criteria floor"),
    "sla_terms": lazy("Promises in time"),
    "limits": lazy("Limits"),
    "operators": lazy("Named people"),
    "handover": lazy("Handover"),
    "plan": lazy("Taking effect"),
    "kinds": lazy("Kinds of touchpoint"),
    "title_rules": lazy("Authority by title"),
}
"""Parts under which differences are grouped, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A change in one sentence; `part` is a key of `PARTS`.

    `where` names the row as problems do ("criteria.company_size", "stages.sql.standard",
    "segment[1]"), the part alone where there is no row.
    """

    part: str
    where: str
    sentence: str


def differences(before: Row, after: Row) -> list[Difference]:
    """Return what changes between two contents, in the order of `PARTS`; [] when nothing does.

    One query where the people named differ.
    """
    context = Context(before, after)
    found = [
        Difference(_part(changes[0]), _where(changes[0]), sentence)
        for changes in _by_row(compare(before, after))
        for sentence in _sentences(context, changes)
    ]
    order = list(PARTS)
    return sorted(found, key=lambda one: order.index(one.part))


def _by_row(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes of each row together; an order stands alone."""
    rows: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        key = change.path if change.path[-1] == ORDER else change.path[:2]
        rows.setdefault(key, []).append(change)
    return list(rows.values())


def _sentences(context: Context, changes: Sequence[Change]) -> Iterator[str]:
    part, path = changes[0].path[0], changes[0].path
    if path[-1] == ORDER:
        yield _reordered(context, changes[0])
    elif part in ROWS:
        yield from ROWS[part](context, path[1], changes)
    else:
        for change in changes:
            yield from FIELDS[part](context, change)


def _part(change: Change) -> str:
    part = change.path[0]
    if part == "criteria":
        places = [row.get("place") for row in (change.before, change.after) if _is_row(row)]
        return "exclusions" if "exclusions" in places else "criteria"
    return PART_OF.get(part, part)


def _is_row(value: Any) -> bool:
    return isinstance(value, Mapping)


def _where(change: Change) -> str:
    part, *rest = change.path
    if change.path[-1] == ORDER or part not in ROWS:
        return ".".join(name for name in change.path if name != ORDER)
    if part in ("segment", "title_rules"):
        return f"{part}[{rest[0]}]"
    return f"{part}.{rest[0]}"


def _reordered(context: Context, change: Change) -> str:
    part = change.path[0]
    said = {"rows": values.listed(_row_name(context, part, key) for key in moved(change))}
    if part == "sla_terms":
        return _("Moved in the order in which promises are tried: %(rows)s.") % said
    if part == "title_rules":
        return _("Moved in the order in which titles are read: %(rows)s.") % said
    return _("Moved in the order of the list: %(rows)s.") % said


def _row_name(context: Context, part: str, key: str) -> str:
    if part == "title_rules":
        return words.quoted(context.after[part][int(key) - 1]["phrase"])
    if part == "segment":
        return words.quoted(conditions.row(context.after[part][int(key) - 1]))
    if part == "stages":
        return words.stage_name(*key.split("."))
    row = (context.after.get(part) or {}).get(key) or {}
    text = row.get("label") or row.get("question") or context.labels.get(key, key)
    return words.quoted(text)


def _process(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Process"), *(str(words.PROCESSES[one]) for one in _both(change)))


def _handoff(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Hands over at"), *(str(one).upper() for one in _both(change)))


def _day_zone(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Days are counted in"), *(str(one or "UTC") for one in _both(change)))


def _effective(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Takes effect"), *(words.effective(one) for one in _both(change)))


def _note(_context: Context, change: Change) -> Iterator[str]:
    notes = (words.quoted(one) if one else _("none") for one in _both(change))
    yield changed(_("Change note"), *notes)


def _name(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Definition"), *(words.quoted(str(one)) for one in _both(change)))


def _schema(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Form of the text"), *(values.words(one) for one in _both(change)))


def _plan(context: Context, change: Change) -> Iterator[str]:
    # The plan and its days change together: said once, with whichever comes first.
    plans = [content.get("in_flight") or {} for content in (context.before, context.after)]
    is_second = change.path[1] == "sunset_days" and plans[0].get("plan") != plans[1].get("plan")
    if not is_second:
        yield changed(_("Leads under way"), *map(words.plan, plans))


def _checklist(_context: Context, change: Change) -> Iterator[str]:
    yield changed(_("Checklist"), *map(words.checklist, _both(change)))


def _handover_fields(_context: Context, change: Change) -> Iterator[str]:
    before, after = change.before or [], change.after or []
    came = _facts(key for key in after if key not in before)
    went = _facts(key for key in before if key not in after)
    if came:
        yield _("The packet must now also hold: %(facts)s.") % {"facts": came}
    if went:
        yield _("The packet need no longer hold: %(facts)s.") % {"facts": went}
    if not came and not went:
        yield _("The packet must hold the same facts in another order.")


def _facts(keys: Iterable[str]) -> str:
    return values.listed(fact_name(key) for key in keys)


def _limit(_context: Context, change: Change) -> Iterator[str]:
    where = {
        "criteria_pct": _("Share of a batch below the floor at which sales may reject it"),
        "response_pct": _("Share of late first responses at which marketing escalates"),
    }[change.path[1]]
    yield changed(where, *(values.words(one, "percent") for one in _both(change)))


def _operator(_context: Context, change: Change) -> Iterator[str]:
    if len(change.path) == 2:
        return
    where = {
        ("marketing", "operator"): _("Operator of marketing"),
        ("marketing", "deputy"): _("Deputy of marketing"),
        ("sales", "operator"): _("Operator of sales"),
        ("sales", "deputy"): _("Deputy of sales"),
    }[change.path[1], change.path[2]]
    emails = [one for one in _both(change) if one]
    found = get_user_model().objects.annotate(address=Lower("email"))
    names = {
        person.address: str(person)
        for person in found.filter(address__in=[email.lower() for email in emails])
    }
    said = [names.get(one.lower(), one) if one else _("nobody") for one in _both(change)]
    yield changed(where, *said)


def _floor(context: Context, change: Change) -> Iterator[str]:
    if change.path[1] == "criteria":
        yield from row_changes.named(_("The criteria floor"), change, context)
        return
    paths = (
        values.listed(str(words.PATH_NAMES[path]) for path in one or ()) or _("none")
        for one in _both(change)
    )
    yield changed(_("Paths spared what is asked of accounts"), *paths)


def _both(change: Change) -> tuple[Any, Any]:
    return change.before, change.after


ROWS: dict[str, Callable[[Context, str, Sequence[Change]], Iterator[str]]] = {
    "criteria": criteria_changes.criterion,
    "levels": criteria_changes.level,
    "score": row_changes.score,
    "questions": row_changes.question,
    "stages": row_changes.stage,
    "segment": row_changes.segment,
    "sla_terms": row_changes.term,
    "kinds": row_changes.kind,
    "title_rules": row_changes.title_rule,
}
"""Who writes the changes of a row, by the part it stands in."""

FIELDS: dict[str, Callable[[Context, Change], Iterator[str]]] = {
    "schema": _schema,
    "definition": _name,
    "process": _process,
    "handoff_stage": _handoff,
    "day_zone": _day_zone,
    "effective_at": _effective,
    "change_note": _note,
    "in_flight": _plan,
    "checklist": _checklist,
    "handover_fields": _handover_fields,
    "limits": _limit,
    "operators": _operator,
    "floor": _floor,
}
"""Who writes the change of a part that has no rows; with `ROWS` total over a content."""

PART_OF = {
    "schema": "about",
    "definition": "about",
    "process": "about",
    "day_zone": "about",
    "change_note": "about",
    "handoff_stage": "handover",
    "checklist": "handover",
    "handover_fields": "handover",
    "effective_at": "plan",
    "in_flight": "plan",
    "levels": "criteria",
    "signals": "criteria",
}
"""The part of `PARTS` under which a part of a content is read, where it is another."""
