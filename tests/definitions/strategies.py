"""Contents with something in every part, and single edits of them."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from definitions.differences import ORDER
from definitions.enums import STARTS, AttemptKind, Checklist, Milestone, StartEvent
from definitions.vocabulary import (
    FACTS,
    LEVELS,
    Authority,
    Category,
    Dimension,
    IntentLevel,
    Path,
    Process,
    RuleStage,
)

Content = dict[str, Any]

FEW = settings(
    max_examples=30,
    deadline=None,
    # A content is large: making it smaller takes longer than reading it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
KINDS = ("alpha", "beta", "gamma")
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1)
LABELS = WORDS.map(lambda text: text[:200])
NUMBERS = st.integers(1, 10**6) | st.decimals(1, 10**4, places=2).map(float)
DURATIONS = st.sampled_from(["5 minutes", "1 hour", "24 hours", "90 seconds", "2 days"])
CHANNELS = st.lists(LABELS.map(lambda text: text[:64]), min_size=1, max_size=2, unique=True)


def words(enumeration: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([str(word) for word in enumeration])


def some(values: Any, *, least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(words(values), min_size=least, unique=True)


def fixed(**parts: Any) -> st.SearchStrategy[Content]:
    return st.fixed_dictionaries(
        {
            name: part if isinstance(part, st.SearchStrategy) else st.just(part)
            for name, part in parts.items()
        }
    )


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "kinds": some(KINDS),
        "categories": some(Category),
        "channels": CHANNELS,
        "min_intent": words(list(IntentLevel)[1:]),
        "direct_only": st.just(True),
    },
)


def counted(days: int) -> st.SearchStrategy[Content]:
    """A condition on what happened in a window."""
    return fixed(
        fact=st.sampled_from(["touchpoint_count", "touchpoint_assets", "account_people_engaged"]),
        parameters=FILTERS.map(lambda filters: {"days": days, **filters}),
        operator=st.sampled_from(["at_least", "is"]),
        wanted=NUMBERS,
    )


ATTRIBUTES = (
    fixed(
        fact="employee_count",
        operator="between",
        wanted=st.tuples(NUMBERS, NUMBERS).map(sorted),
    ),
    fixed(fact="revenue", operator="at_most", wanted=NUMBERS),
    fixed(
        fact="country",
        operator=st.sampled_from(["one_of", "none_of"]),
        wanted=some(["DE", "FR", "AT", "Ruritania"]),
    ),
    fixed(fact="industry", operator="one_of", wanted=st.lists(LABELS, min_size=1, unique=True)),
    fixed(
        fact="technologies", operator="any_of", wanted=st.lists(LABELS, min_size=1, unique=True)
    ),
    fixed(fact="title_authority", operator="at_least", wanted=words(list(Authority)[1:])),
    fixed(fact="email_is_known", operator="is", wanted=st.booleans()),
    fixed(fact="persona", operator=st.sampled_from(["known", "unknown"])),
    fixed(fact="asserted", parameters=fixed(what="budget"), operator="is", wanted=st.just(True)),
)
"""Conditions on different facts, so that no two of a content contradict each other."""


@st.composite
def conditions(draw: st.DrawFn, count: int) -> list[Content]:
    """So many conditions, no two of which ask the same question; one asks people for a budget."""
    windows = draw(st.lists(st.integers(1, 3650), min_size=count, max_size=count, unique=True))
    drawn = [draw(one) for one in ATTRIBUTES[:-1]] + [draw(counted(days)) for days in windows]
    return [draw(ATTRIBUTES[-1]), *draw(st.permutations(drawn))][:count]


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Sound contents with something in every part."""
    deck = iter([{"label": draw(LABELS), **row} for row in draw(conditions(14))])
    signals = {f"signal-{n}": next(deck) for n in range(3)}
    levels = {
        str(dimension): {
            str(level): {
                "match": draw(st.sampled_from(["all", "any"])),
                "criteria": {f"{dimension}-{level}-{n}": next(deck) for n in range(2)},
            }
            for level in draw(st.sampled_from([LEVELS[dimension][1:2], LEVELS[dimension][-2:]]))
        }
        for dimension in (Dimension.FIT, Dimension.INTENT)
    }
    highest = {dimension: [*rungs][-1] for dimension, rungs in levels.items()}
    return {
        "schema": 1,
        "definition": "any",
        "process": "criteria_led",
        "handoff_stage": "sql",
        "day_zone": draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        "effective_at": "2026-03-01T00:00:00+00:00",
        "change_note": draw(LABELS),
        "in_flight": draw(
            st.just({"plan": "requalify"}) | st.just({"plan": "sunset", "sunset_days": 30})
        ),
        "checklist": draw(words(Checklist.values)),
        "handover_fields": draw(some(["country", "industry", "persona"])),
        "limits": {"criteria_pct": draw(st.sampled_from([5, 7.25, 0])), "response_pct": 10},
        "operators": {
            "marketing": {"operator": "mo@example.com", "deputy": "ada@example.com"},
            "sales": {"operator": "sol@example.com"},
        },
        "segment": [
            {"fact": "expected_acv", "operator": "at_least", "wanted": draw(NUMBERS)},
            {"fact": "source", "operator": "none_of", "wanted": draw(some(["fair", "web"]))},
        ],
        "levels": levels,
        "signals": signals,
        "exclusions": {f"exclusion-{n}": next(deck) for n in range(2)},
        "score": {
            "counted": draw(
                st.integers(1, 2).flatmap(
                    lambda per: fixed(per=per, cap=st.sampled_from([9, 12]), points=3)
                )
            )
            | {"label": draw(LABELS), **draw(counted(7))},
            "negative": {**next(deck), "points": -9},
        },
        "questions": {
            "budget": {
                "question": draw(LABELS),
                "side": draw(st.sampled_from(["marketing", "sales"])),
                "answer_within": draw(st.sampled_from(["4 hours", "30 minutes"])),
                "valid_days": draw(st.integers(1, 365)),
            }
        },
        "stages": [
            {"stage": "mql", "path": "standard", "intent": highest["intent"]},
            {"stage": "sql", "path": "standard", **highest, "criteria": ["signal-0"]},
            {"stage": "sql", "path": "direct", "criteria": sorted(signals)},
        ],
        "floor": {"criteria": ["signal-1"], "exempt_paths": ["account_based"]},
        "sla_terms": {
            "first": {
                "label": draw(LABELS),
                "when": {
                    "stage": "sql",
                    "min_points": 0,
                    "intent": "medium",
                    "criteria": ["signal-1"],
                },
                "is_high_intent": draw(st.booleans()),
                "respond_within": draw(DURATIONS),
                "is_business_time": draw(st.booleans()),
                "counts_from": "qualified",
                "stop_kinds": ["chat", "call"],
                "later_warnings": draw(st.sampled_from([[60], [80, 99]])),
                "remind_after": draw(st.sampled_from(["1 minute", "90 seconds"])),
                "manager_after": "2 minutes",
                "escalate_after": draw(DURATIONS.filter(lambda span: span != "90 seconds")),
                "cadence": [
                    {
                        "kind": draw(words(AttemptKind.values)),
                        "after": after,
                        "what": draw(LABELS),
                    }
                    for after in draw(st.sampled_from([["60 seconds"], ["1 hour", "2 days"]]))
                ],
            },
            "other": {"label": "Other", "respond_within": draw(DURATIONS)},
            "close": {
                "label": "Close",
                "milestone": "outcome",
                "respond_within": draw(DURATIONS),
                "counts_from": draw(words(STARTS[Milestone.OUTCOME])),
            },
        },
        "kinds": {
            key: {
                "category": draw(words(Category)),
                "intent_level": "high",
                "is_direct_intent": draw(st.booleans()),
                "is_product_use": draw(st.booleans()),
            }
            for key in KINDS
        },
        "title_rules": [
            {"phrase": "chief", "authority": "decision_maker", "confidence": 90},
            {"language": "de", "phrase": "leiter", "authority": "influencer", "confidence": 80},
            {
                "phrase": "office",
                "unless": ["home"],
                "authority": draw(words(Authority)),
                "confidence": draw(st.integers(1, 100)),
            },
        ],
    }


@dataclass(frozen=True)
class Edit:
    """A content after a single edit; `path` is the field or row touched."""

    path: tuple[str, ...]
    before: Content
    after: Content


TERM = {
    "label": LABELS,
    "milestone": words(Milestone.values),
    "is_high_intent": st.booleans(),
    "respond_within": DURATIONS,
    "is_business_time": st.booleans(),
    "at_latest_within": DURATIONS,
    "calendar": st.sampled_from(["germany", "brazil"]),
    "stop_kinds": some(AttemptKind.values),
    "counts_from": words(StartEvent.values),
    "warn_at_pct": st.integers(1, 99),
    "later_warnings": st.sampled_from([[55], [70, 90]]),
    "remind_after": DURATIONS,
    "manager_after": DURATIONS,
    "escalate_after": DURATIONS,
    "reassign_after": DURATIONS,
    "cadence": st.sampled_from([[{"kind": "chat", "after": "3 hours", "what": "Chat"}]]),
}
RULE = {
    **{str(dimension): words(LEVELS[dimension][1:]) for dimension in Dimension},
    "min_points": st.integers(-9, 99),
    "criteria": some(["signal-0", "signal-1", "signal-2"]),
}
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "": {
        "schema": st.integers(1, 2),
        "definition": st.sampled_from(["any", "other"]),
        "process": words(Process),
        "handoff_stage": words(RuleStage),
        "day_zone": st.sampled_from(["UTC", "Asia/Tokyo"]),
        "effective_at": st.sampled_from(
            ["2026-03-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"]
        ),
        "change_note": LABELS,
        "checklist": words(Checklist.values),
        "handover_fields": some(FACTS),
    },
    "in_flight": {"sunset_days": st.integers(31, 99)},
    "limits": dict.fromkeys(("criteria_pct", "response_pct"), st.sampled_from([1, 2.5, 99])),
    "floor": {"criteria": RULE["criteria"], "exempt_paths": some(Path)},
    "criteria": {"label": LABELS},
    "levels": {"match": st.sampled_from(["all", "any"])},
    "score": {
        "label": LABELS,
        "points": st.integers(-9, 9).filter(bool),
        "per": st.integers(1, 9),
        "cap": st.integers(1, 99),
        "half_life_days": st.integers(1, 99),
    },
    "questions": {
        "question": LABELS,
        "side": st.sampled_from(["marketing", "sales"]),
        "answer_within": DURATIONS,
        "valid_days": st.integers(1, 99),
    },
    "stages": RULE,
    "sla_terms": TERM,
    "kinds": {
        "category": words(Category),
        "intent_level": words(IntentLevel),
        "is_direct_intent": st.booleans(),
        "is_product_use": st.booleans(),
    },
    "title_rules": {
        "language": st.sampled_from(["de", "fr"]),
        "phrase": LABELS,
        "unless": st.lists(LABELS, min_size=1, max_size=2, unique=True),
        "authority": words(Authority),
        "confidence": st.integers(1, 100),
    },
}
"""Fields that a single edit can touch, by part, with values that they can take."""

PEOPLE = st.sampled_from(["mo@example.com", "nina@example.com", "otto@example.com"])
WHEN = {
    "stage": words(RuleStage),
    "path": words(Path),
    "min_points": st.integers(-9, 99),
    "intent": words(LEVELS[Dimension.INTENT][1:]),
    "criteria": RULE["criteria"],
}


def slots(content: Content) -> Iterator[tuple[tuple[str, ...], Content, st.SearchStrategy[Any]]]:
    """Yield every field: its path, the mapping that holds it under the path's end, its values."""
    for path, row in rows(content):
        for name, values in FIELDS[path[0] if path else ""].items():
            yield (*path, name), row, values
        if path and path[0] == "sla_terms":
            for name, values in WHEN.items():
                yield (*path, "when", name), row.setdefault("when", {}), values
        if "fact" in row and "days" in row.get("parameters", {}):
            yield (*path, "parameters", "days"), row["parameters"], st.integers(1, 3650)
            yield (*path, "parameters", "kinds"), row["parameters"], some(KINDS)
            yield (*path, "wanted"), row, NUMBERS
    for side in ("marketing", "sales"):
        for role in ("operator", "deputy"):
            yield ("operators", side, role), content["operators"][side], PEOPLE


def rows(content: Content) -> Iterator[tuple[tuple[str, ...], Content]]:
    """Yield every row with its path; the content itself first."""
    yield (), content
    yield from (((part,), content[part]) for part in ("in_flight", "limits", "floor"))
    for dimension, levels in content["levels"].items():
        yield from ((("levels", f"{dimension}.{level}"), row) for level, row in levels.items())
    keyed = [("criteria", holder) for holder in criteria_holders(content)]
    keyed += [(part, content[part]) for part in ("score", "questions", "sla_terms", "kinds")]
    for part, holder in keyed:
        yield from (((part, key), row) for key, row in holder.items())
    for row in content["stages"]:
        yield ("stages", f"{row['stage']}.{row['path']}"), row
    for number, row in enumerate(content["title_rules"], 1):
        yield ("title_rules", str(number)), row


def criteria_holders(content: Content) -> list[Content]:
    """Return the mappings that hold criteria by key."""
    rungs = [row["criteria"] for levels in content["levels"].values() for row in levels.values()]
    return [*rungs, content["signals"], content["exclusions"]]


@st.composite
def field_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with one field changed, added or left out."""
    before = draw(contents())
    after = deepcopy(before)
    path, row, values = draw(st.sampled_from([*slots(after)]))
    old = row.get(path[-1])
    new = draw((values | st.none()).filter(lambda value: repr(value) != repr(old)))
    row[path[-1]] = new
    if new is None:
        del row[path[-1]]
    return Edit(path, before, after)


@st.composite
def condition_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with the condition of one row replaced."""
    before = draw(contents())
    after = deepcopy(before)
    holders = [("criteria", holder) for holder in criteria_holders(after)]
    holders += [("score", after["score"])]
    part, holder = draw(st.sampled_from(holders))
    key = draw(st.sampled_from(sorted(holder)))
    keep = {k: v for k, v in holder[key].items() if k not in CONDITION}
    holder[key] = keep | draw(counted(4000))
    return Edit((part, key), before, after)


CONDITION = ("fact", "parameters", "operator", "wanted")


def either_way(path: tuple[str, ...], one: Content, other: Content) -> st.SearchStrategy[Edit]:
    return st.sampled_from([Edit(path, one, other), Edit(path, other, one)])


@st.composite
def row_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with one row more or less."""
    after = draw(contents())
    holders = [("criteria", holder) for holder in criteria_holders(after)]
    holders += [(part, after[part]) for part in ("score", "sla_terms", "kinds", "questions")]
    part, holder = draw(st.sampled_from(holders))
    before = deepcopy(after)
    key = draw(st.sampled_from(sorted(holder)))
    if len(holder) == 1:
        holder["another"] = holder[key]
        return Edit((part, "another"), before, after)
    del holder[key]
    return draw(either_way((part, key), before, after))


@st.composite
def list_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with a row of a list more or less."""
    before = draw(contents())
    after = deepcopy(before)
    part = draw(st.sampled_from(["segment", "title_rules"]))
    place = draw(st.integers(0, len(after[part]) - 1))
    new = {
        "segment": {"fact": "country", "operator": "known"},
        "title_rules": {"phrase": "new", "authority": "end_user", "confidence": 1},
    }[part]
    if draw(st.booleans()):
        after[part].insert(place, new)
    else:
        del after[part][place]
    return Edit((part, str(place + 1)), before, after)


@st.composite
def stage_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with one way to a stage more or less."""
    before = draw(contents())
    after = deepcopy(before)
    row = after["stages"].pop(draw(st.integers(0, 2)))
    path = ("stages", f"{row['stage']}.{row['path']}")
    return draw(either_way(path, before, after))


@st.composite
def place_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with one criterion standing elsewhere."""
    before = draw(contents())
    after = deepcopy(before)
    holders = criteria_holders(after)
    source, target = draw(st.permutations(range(len(holders))).map(lambda order: order[:2]))
    key = draw(st.sampled_from(sorted(holders[source])))
    holders[target][key] = holders[source].pop(key)
    return Edit(("criteria", key, "place"), before, after)


@st.composite
def order_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with the rows of one part in another order."""
    before = draw(contents())
    after = deepcopy(before)
    parts = ("signals", "exclusions", "score", "sla_terms", "stages", "level")
    part = draw(st.sampled_from(parts))
    if part == "stages":
        after[part].reverse()
        return Edit((part, ORDER), before, after)
    if part == "level":
        dimension = draw(st.sampled_from(sorted(after["levels"])))
        level, row = draw(st.sampled_from([*after["levels"][dimension].items()]))
        row["criteria"] = dict(reversed(row["criteria"].items()))
        return Edit(("levels", f"{dimension}.{level}", ORDER), before, after)
    after[part] = dict(reversed(after[part].items()))
    return Edit((part, ORDER), before, after)


@st.composite
def list_order_edits(draw: st.DrawFn) -> Edit:
    """A content, and the same with one row of a list moved to its end."""
    before = draw(contents())
    after = deepcopy(before)
    part = draw(st.sampled_from(["segment", "title_rules"]))
    after[part].append(after[part].pop(0))
    return Edit((part, ORDER), before, after)


EXACT = st.one_of(
    field_edits(),
    row_edits(),
    list_edits(),
    stage_edits(),
    place_edits(),
    order_edits(),
    list_order_edits(),
)
"""Edits that touch a single field, row or order."""
