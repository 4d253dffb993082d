"""The vocabulary holds together."""

from definitions.form import PARAMETERS
from definitions.vocabulary import FACTS, LEVELS, Dimension, FactType, Parameter


def test_facts_are_keyed_by_their_key() -> None:
    assert all(key == fact.key for key, fact in FACTS.items())


def test_windowed_facts_take_days_and_only_they_do() -> None:
    assert {key for key, fact in FACTS.items() if Parameter.DAYS in fact.parameters} == {
        key for key, fact in FACTS.items() if fact.is_windowed
    }


def test_level_facts_have_levels_and_only_they_do() -> None:
    assert {key for key, fact in FACTS.items() if fact.levels} == {
        key for key, fact in FACTS.items() if fact.type is FactType.LEVEL
    }


def test_every_parameter_has_a_shape_and_every_dimension_levels() -> None:
    assert set(PARAMETERS) == set(Parameter)
    assert set(LEVELS) == set(Dimension)
