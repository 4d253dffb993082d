from decimal import Decimal

import pytest
from django.utils import timezone

from crm_handoff.web.explanation import explain, wanted_words, words
from definitions.vocabulary import Operator
from tests.web import world


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "people", "not known"),
        (True, "", "yes"),
        (False, "", "no"),
        (1, "touchpoints", "1 touchpoint"),
        (1990, "people", "1,990 people"),
        (Decimal("48000.50"), "", "48,000.50"),
        ("decision_maker", "", "decision maker"),
        (["a", "b"], "", "a, b"),
        ([], "", "none"),
        (["a", "b", "c", "d", "e", "f"], "", "a, b, c, d and 2 more"),
    ],
)
def test_values_are_written_for_people(value, unit, text):
    assert words(value, unit) == text


@pytest.mark.parametrize("operator", Operator)
def test_every_operator_is_written_in_words(operator):
    wanted = {Operator.BETWEEN: [50, 2000], Operator.ONE_OF: ["a"], Operator.IS: True}

    text = wanted_words(operator, wanted.get(operator, 4), "people")

    assert text
    assert "_" not in text


def test_between_names_its_unit_once():
    assert wanted_words(Operator.BETWEEN, [50, 2000], "people") == "50 to 2,000 people"


def test_a_qualified_lead_meets_every_threshold(version):
    who = world.lead()
    world.interested(who, at=timezone.now())

    explained = explain(world.judged(who, version, at=timezone.now()))

    assert [bar.key for bar in explained.bars] == ["fit", "engagement", "intent", "authority"]
    assert not any(bar.is_short for bar in explained.bars)
    assert all(bar.filled_pct == 100 for bar in explained.bars)
    assert explained.missing == []


def test_a_lead_that_falls_short_is_told_what_the_next_stage_wants(version):
    who = world.lead(job_title="Student")
    world.interested(who, at=timezone.now(), last="blog_view")

    explained = explain(world.judged(who, version, at=timezone.now()))

    short = {bar.key for bar in explained.bars if bar.is_short}
    assert "authority" in short
    assert any(sentence.startswith("Authority is") for sentence in explained.missing)


def test_every_criterion_has_what_was_seen_and_what_is_wanted(version):
    who = world.lead()
    world.interested(who, at=timezone.now())

    explained = explain(world.judged(who, version, at=timezone.now()))

    lines = [line for bar in explained.bars for line in bar.lines] + explained.signals
    assert all(line.seen and line.wanted for line in lines)
