from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_handoff.agreements.values import UNITS, wanted_words, words
from crm_handoff.web.explanation import explain
from definitions.queries import agreement_of
from definitions.vocabulary import FACTS, Operator
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


def test_every_number_of_the_vocabulary_has_a_way_to_write_its_unit():
    assert {fact.unit for fact in FACTS.values()} == set(UNITS)


def test_both_thresholds_are_marked_and_named(version):
    who = world.lead()
    world.interested(who, at=timezone.now())

    explained = explain(world.judged(who, version, at=timezone.now()))

    engagement = next(bar for bar in explained.bars if bar.key == "engagement")
    marks = {line.mark: line.place_pct for line in engagement.thresholds if line.mark}
    assert marks == {"IQL": 33, "MQL": 67, "SQL": 100}
    assert "SQL direct" in engagement.not_asked
    assert {line.anchor for line in engagement.thresholds if line.place_pct == 100} == {"end"}


def test_each_criterion_names_the_touchpoints_behind_it(version):
    who = world.lead()
    world.interested(who, at=timezone.now())

    explained = explain(world.judged(who, version, at=timezone.now()))

    lines = {line.key: line for bar in explained.bars for line in bar.lines}
    assert [one.kind.key for one in lines["buying_signal"].cited.touchpoints] == ["demo_request"]
    assert len(lines["four_touchpoints"].cited.touchpoints) == 5
    assert lines["company_size"].cited.field == "Size of the company"
    assert lines["company_size"].cited.value == "420"
    assert lines["title_influencer"].cited.value == "Chief Operating Officer"


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.lists(st.integers(0, 40), max_size=8),
    kind=st.sampled_from(["webinar_attended", "pricing_page_view", "demo_request", "unsubscribe"]),
)
def test_points_add_up_on_the_page_to_what_was_kept(version, days, kind):
    who, now = world.lead(), timezone.now()
    for ago in days:
        world.did(who, kind, at=now - ago * world.DAY)

    explained = explain(world.judged(who, version, at=now))

    assert sum(row.points for row in explained.points) == explained.total
    assert [row.running for row in explained.points][-1:] in ([], [explained.total])
    assert len(explained.points) + len(explained.idle) == len(agreement_of(version).score_rules)


def test_points_say_by_what_they_count_and_how_they_fade(version):
    who = world.lead()
    world.did(who, "webinar_attended", at=timezone.now())

    explained = explain(world.judged(who, version, at=timezone.now()))

    how = {row.label: row.how for row in explained.points}
    assert how["Signals of medium intent or more in 30 days"] == (
        "5 for each touchpoint",
        "at most 20",
        "halves every 14 days",
    )


def test_who_meets_no_exclusion_is_told_of_none(version):
    explained = explain(world.judged(world.lead(), version, at=timezone.now()))

    assert explained.barring == []


def test_points_of_now_stand_beside_those_that_were_kept_when_they_differ(version):
    who, now = world.lead(), timezone.now()
    world.did(who, "webinar_attended", at=now - world.HOUR)
    kept = world.judged(who, version, at=now)

    assert explain(kept, at=now).now is None
    faded = explain(kept, at=now + 10 * world.DAY).now
    assert faded is not None
    assert faded < kept.points
