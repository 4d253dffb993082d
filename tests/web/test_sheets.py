"""What of an agreement's tables is marked as changed."""

from copy import deepcopy
from pathlib import Path

import pytest
from django.conf import settings

from crm_handoff.web.sheets import Marks, marks_between
from definitions import document


@pytest.fixture
def before():
    path = Path(settings.BASE_DIR) / "definitions" / "defaults" / "mid_market.yaml"
    return document.read(path.read_text(encoding="utf-8"))


@pytest.fixture
def after(before):
    return deepcopy(before)


def rule(content, stage, path):
    return next(row for row in content["stages"] if (row["stage"], row["path"]) == (stage, path))


def test_nothing_is_marked_in_a_copy(before, after):
    assert marks_between(before, after) == Marks()


def test_a_criterion_that_wants_otherwise_is_marked(before, after):
    after["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"]["wanted"] = 5

    assert marks_between(before, after) == Marks(criteria=frozenset({"four_touchpoints"}))


def test_the_level_that_lost_a_criterion_is_marked(before, after):
    del after["levels"]["fit"]["in"]["criteria"]["target_industry"]

    assert marks_between(before, after).levels == {"fit.in"}


def test_both_levels_are_marked_between_which_a_criterion_moved(before, after):
    moved = after["levels"]["fit"]["in"]["criteria"].pop("target_industry")
    after["levels"]["fit"]["low"]["criteria"]["target_industry"] = moved

    assert marks_between(before, after).levels == {"fit.in", "fit.low"}


def test_a_level_that_matches_otherwise_is_marked(before, after):
    after["levels"]["fit"]["in"]["match"] = "any"

    assert marks_between(before, after).levels == {"fit.in"}


def test_the_field_of_a_stage_rule_is_marked(before, after):
    rule(after, "sql", "standard")["fit"] = "low"

    assert marks_between(before, after) == Marks(fields=frozenset({("sql.standard", "fit")}))


def test_a_stage_rule_that_is_new_is_marked_whole(before, after):
    after["stages"].append({"stage": "pql", "path": "product_led", "product": "high"})

    assert marks_between(before, after).rules == {"pql.product_led"}
