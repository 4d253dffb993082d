"""A document becomes rows and comes back exactly as it was."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm_handoff.people.models import User
from definitions import document, versions
from definitions.content import content_of
from definitions.models import DefinitionVersion
from definitions.validity import problems_in
from definitions.vocabulary import LEVELS, Authority, Category, Dimension

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1)
LABELS = WORDS.map(lambda text: text[:200])
NUMBERS = st.integers(-(10**9), 10**9) | st.decimals(-(10**6), 10**6, places=2).map(float)
KINDS = ("alpha", "beta", "gamma")
WINDOWS = st.fixed_dictionaries(
    {"days": st.integers(1, 3650)},
    optional={
        "kinds": st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
        "categories": st.lists(st.sampled_from(list(Category)), min_size=1, unique=True).map(
            lambda values: [str(value) for value in values]
        ),
        "channels": st.lists(LABELS.map(lambda text: text[:64]), min_size=1, unique=True),
        "min_intent": st.sampled_from(["low", "medium", "high"]),
        "direct_only": st.booleans(),
    },
)


def fixed(**parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            name: part if isinstance(part, st.SearchStrategy) else st.just(part)
            for name, part in parts.items()
        }
    )


CONDITIONS = st.one_of(
    fixed(
        fact=st.sampled_from(["touchpoint_count", "touchpoint_days", "account_people_engaged"]),
        parameters=WINDOWS,
        operator=st.sampled_from(["at_least", "at_most", "is", "is_not"]),
        wanted=NUMBERS,
    ),
    fixed(
        fact=st.sampled_from(["employee_count", "revenue"]),
        operator="between",
        wanted=st.tuples(NUMBERS, NUMBERS).map(sorted),
    ),
    fixed(
        fact=st.sampled_from(["country", "industry", "source"]),
        operator=st.sampled_from(["one_of", "none_of"]),
        wanted=st.lists(LABELS, min_size=1, max_size=3, unique=True),
    ),
    fixed(
        fact="title_authority",
        operator="at_least",
        wanted=st.sampled_from(list(Authority)).map(str),
    ),
    fixed(fact="email_is_known", operator="is", wanted=st.booleans()),
    fixed(fact="persona", operator=st.sampled_from(["known", "unknown"])),
    fixed(
        fact="asserted",
        parameters=fixed(what="budget"),
        operator="is",
        wanted=st.booleans() | LABELS,
    ),
)
CRITERIA = st.tuples(LABELS, CONDITIONS).map(lambda pair: {"label": pair[0], **pair[1]})
DURATIONS = st.sampled_from(["5 minutes", "1 hour", "24 hours", "90 seconds", "2 days"])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Sound documents with something in every part."""
    levels: dict[str, Any] = {}
    for dimension in draw(st.lists(st.sampled_from(list(Dimension)), unique=True, max_size=3)):
        for level in draw(st.sets(st.sampled_from(LEVELS[dimension][1:]), min_size=1)):
            levels.setdefault(str(dimension), {})[str(level)] = {
                "match": draw(st.sampled_from(["all", "any"])),
                "criteria": {f"{dimension}-{level}": draw(CRITERIA)},
            }
    signals = {f"signal-{n}": draw(CRITERIA) for n in range(1, draw(st.integers(2, 4)))}
    return {
        "schema": 1,
        "definition": "any",
        "process": "criteria_led",
        "handoff_stage": "sql",
        "effective_at": draw(st.none() | st.just("2026-03-01T00:00:00+02:00")),
        "change_note": draw(st.none() | LABELS),
        "in_flight": draw(
            st.just({"plan": "requalify"}) | st.just({"plan": "sunset", "sunset_days": 30})
        ),
        "limits": {"criteria_pct": draw(st.sampled_from([5, 7.25, 0])), "response_pct": 10},
        "handover_fields": draw(st.lists(st.sampled_from(["country", "industry"]), unique=True)),
        "segment": draw(st.lists(CONDITIONS, max_size=2)),
        "levels": levels,
        "signals": signals,
        "score": {
            f"rule-{n}": draw(CRITERIA) | {"points": draw(st.sampled_from([-9, 3]))}
            for n in range(draw(st.integers(0, 2)))
        },
        "stages": [{"stage": "sql", "path": "direct", "criteria": sorted(signals)}],
        "floor": {"criteria": ["signal-1"], "exempt_paths": ["account_based"]},
        "sla_terms": {
            "first": {
                "label": "First",
                "when": {"stage": "sql", "min_points": 0, "criteria": ["signal-1"]},
                "is_high_intent": draw(st.booleans()),
                "respond_within": draw(DURATIONS),
                "is_business_time": draw(st.booleans()),
                "stop_kinds": ["chat", "call"],
                "escalate_after": draw(st.none() | DURATIONS),
            },
            "other": {"label": "Other", "respond_within": draw(DURATIONS)},
        },
        "kinds": {key: {"category": "web"} for key in KINDS},
        "title_rules": [{"phrase": "chief", "authority": "decision_maker", "confidence": 90}],
    }


class TestRoundTrip(TestCase):
    """Whatever is sound is kept."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(documents())
    def test_document_survives_rows_and_text(self, content: dict[str, Any]) -> None:
        author = User.objects.create_user("author@example.com")
        assert problems_in(content) == []

        first = versions.create_draft(content, by=author)
        text = versions.canonical_text(first)
        second = versions.load(text, by=author)

        assert versions.canonical_text(second) == text
        assert document.read(text) == content_of(first) == content_of(second)
        written = document.read(text)
        for part in ("levels", "signals", "stages", "kinds", "title_rules", "segment", "score"):
            assert len(written.get(part, ())) == len(content[part]), part


def test_canonical_order_does_not_depend_on_the_order_of_writing(
    draft: DefinitionVersion, small: dict[str, Any], rita: User
) -> None:
    backwards = dict(reversed(small.items()))
    parameters = backwards["levels"]["engagement"]["high"]["criteria"]["pricing_twice"]
    parameters["parameters"] = dict(reversed(parameters["parameters"].items()))

    again = versions.create_draft(backwards, by=rita)

    assert versions.canonical_text(again) == versions.canonical_text(draft)


@pytest.mark.parametrize(("typed", "kept"), [(2.0, 2), (2.50, 2.5), (10**16, 10**16)])
def test_number_is_kept_however_it_was_typed(
    small: dict[str, Any], rita: User, marta: User, sam: User, typed: float, kept: float
) -> None:
    small["score"]["touchpoints"]["wanted"] = typed

    version = versions.create_draft(small, by=rita)

    assert (
        document.read(versions.canonical_text(version))["score"]["touchpoints"]["wanted"] == kept
    )
    assert type(version.scorerule_set.get().wanted) is type(kept)


def test_parameter_that_nobody_knows_stays_visible(draft: DefinitionVersion) -> None:
    draft.criterion_set.filter(key="german").update(parameters={"since": 3})

    problems = problems_in(content_of(draft))

    assert problems == ["criteria.german: fact country takes no since"]
