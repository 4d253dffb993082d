"""What changed between two contents: every row and field that differs, by its place."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from definitions.document import criteria_of

Content = Mapping[str, Any]

ORDER = "(order)"
"""Ends the path of a change of order; no key can be spelled like it."""

KEYED = ("criteria", "levels", "score", "questions", "stages", "sla_terms", "kinds")
"""Parts of a spread content whose rows are known by key."""

ORDERED = ("signals", "exclusions", "score", "questions", "stages", "sla_terms")
"""Parts in which the order of rows is agreed too; so it is for the criteria of each level."""

SAMENESS: dict[str, tuple[Callable[[Content], Any], ...]] = {
    "segment": (
        lambda row: (row.get("fact"), repr(row.get("parameters")), row.get("operator")),
        lambda row: (row.get("fact"), repr(row.get("parameters"))),
        lambda row: row.get("fact"),
    ),
    "title_rules": (
        lambda row: (row.get("language"), row.get("phrase"), repr(row.get("unless"))),
        lambda row: (row.get("language"), row.get("phrase")),
    ),
}
"""By what a changed row of a list is recognized, best first; rows without a key."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row or a field that differs; `before` or `after` is None where there is none.

    `path` names rows as problems do: ("score", "visits") is a whole row that came or went,
    ("stages", "sql.standard", "fit") a field of one that stayed. A criterion is ("criteria", key)
    wherever it stands; its field `place` says where: "fit.in", "signals" or "exclusions". Rows of
    a list are known by their number, counted after the change where they still are. A path that
    ends with `ORDER` has the keys of the rows that stayed, in the order of before and of after.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def compare(before: Content, after: Content) -> tuple[Change, ...]:
    """Return what differs between two canonical contents; nothing when they are the same text."""
    old, new = _spread(before), _spread(after)
    return tuple(
        change for part in {**old, **new} for change in _part(part, old.get(part), new.get(part))
    ) + tuple(_reordered(before, after))


def moved(change: Change) -> tuple[str, ...]:
    """Return the keys of the fewest rows that explain a change of order."""
    places = [change.before.index(key) for key in change.after]
    kept = _longest_rise(places)
    return tuple(key for key, place in zip(change.after, places, strict=True) if place not in kept)


def _spread(content: Content) -> dict[str, Any]:
    """Return the content with each criterion and each level under a key of its own."""
    places = {
        key: f"{dimension}.{level}" if dimension else _part_of(key, content)
        for dimension, level, key, _ in criteria_of(content)
    }
    criteria = {key: {**row, "place": places[key]} for _, _, key, row in criteria_of(content)}
    levels = {
        f"{dimension}.{level}": {"match": row.get("match", "all")}
        for dimension, rows in (content.get("levels") or {}).items()
        for level, row in (rows or {}).items()
    }
    stages = {f"{row['stage']}.{row['path']}": row for row in content.get("stages") or ()}
    rest = {part: content[part] for part in content if part not in ("signals", "exclusions")}
    return {**rest, "levels": levels, "criteria": criteria, "stages": stages}


def _part_of(key: str, content: Content) -> str:
    return "signals" if key in (content.get("signals") or {}) else "exclusions"


def _part(part: str, before: Any, after: Any) -> Iterator[Change]:
    if part in KEYED:
        return _keyed(part, before or {}, after or {})
    if part in SAMENESS:
        return _listed(part, before or [], after or [])
    return _fields((part,), before, after)


def _keyed(part: str, before: Content, after: Content) -> Iterator[Change]:
    for key in {**before, **after}:
        if key in before and key in after:
            yield from _fields((part, key), before[key], after[key])
        else:
            yield Change((part, key), before.get(key), after.get(key))


def _fields(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        old, new = before or {}, after or {}
        for name in {**old, **new}:
            yield from _fields((*path, name), old.get(name), new.get(name))
    # By their writing, since 1 and true are two texts but one value to Python.
    elif repr(before) != repr(after):
        yield Change(path, before, after)


def _listed(part: str, before: Sequence[Content], after: Sequence[Content]) -> Iterator[Change]:
    pairs = _paired(before, after, SAMENESS[part])
    for old, new in pairs:
        number = str((new if new is not None else old or 0) + 1)
        if old is None or new is None:
            row = before[old] if old is not None else None
            yield Change((part, number), row, after[new] if new is not None else None)
        else:
            yield from _fields((part, number), before[old], after[new])
    stayed = [str(new + 1) for old, new in pairs if old is not None and new is not None]
    yield from _order((part,), stayed, sorted(stayed, key=int))


def _paired(
    before: Sequence[Content],
    after: Sequence[Content],
    sameness: Iterable[Callable[[Content], Any]],
) -> list[tuple[int | None, int | None]]:
    """Pair the places of rows that are the same or were changed; None: came or went."""
    first, last = _frame(before, after)
    pairs: dict[int, int] = {place: place for place in range(first)}
    pairs |= {len(before) - n: len(after) - n for n in range(1, last + 1)}
    old = list(range(first, len(before) - last))
    new = list(range(first, len(after) - last))
    for key_of in (repr, *sameness) if old and new else ():
        found = _matches(old, new, [key_of(row) for row in before], [key_of(row) for row in after])
        pairs |= found
        old = [place for place in old if place not in found]
        taken = set(found.values())
        new = [place for place in new if place not in taken]
    pairs |= {place: place for place in set(old) & set(new)}
    stayed: list[tuple[int | None, int | None]] = [
        (place, pairs.get(place)) for place in range(len(before))
    ]
    came = set(new) - set(pairs.values())
    return stayed + [(None, place) for place in new if place in came]


def _frame(before: Sequence[Content], after: Sequence[Content]) -> tuple[int, int]:
    """Count the rows that are alike at the beginning, and of the rest those at the end."""
    old, new = [*map(repr, before)], [*map(repr, after)]
    shorter = min(len(old), len(new))
    first = 0
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return first, last


def _matches(
    old: Iterable[int], new: Iterable[int], before: Sequence[Any], after: Sequence[Any]
) -> dict[int, int]:
    waiting: dict[Any, deque[int]] = {}
    for place in old:
        waiting.setdefault(before[place], deque()).append(place)
    return {waiting[after[place]].popleft(): place for place in new if waiting.get(after[place])}


def _reordered(before: Content, after: Content) -> Iterator[Change]:
    old, new = _sequences(before), _sequences(after)
    for path, keys in new.items():
        yield from _order(path, old.get(path, ()), keys)


def _sequences(content: Content) -> dict[tuple[str, ...], list[str]]:
    spread = _spread(content)
    sequences: dict[tuple[str, ...], list[str]] = {
        (part,): list(content.get(part) or ()) for part in ORDERED
    }
    sequences["stages",] = list(spread["stages"])
    for key, row in spread["criteria"].items():
        if row["place"] in spread["levels"]:
            sequences.setdefault(("levels", row["place"]), []).append(key)
    return sequences


def _order(path: tuple[str, ...], before: Iterable[str], after: Iterable[str]) -> Iterator[Change]:
    old, new = tuple(before), tuple(after)
    stayed = set(old) & set(new)
    old, new = (tuple(key for key in keys if key in stayed) for keys in (old, new))
    if old != new:
        yield Change((*path, ORDER), old, new)


def _longest_rise(places: Sequence[int]) -> set[int]:
    """Return the members of a longest rising run of distinct numbers (patience sorting)."""
    ends: list[int] = []
    runs: list[tuple[int, ...]] = []
    for place in places:
        pile = bisect_left(ends, place)
        run = (*(runs[pile - 1] if pile else ()), place)
        ends[pile : pile + 1] = [place]
        runs[pile : pile + 1] = [run]
    return set(runs[-1]) if runs else set()
