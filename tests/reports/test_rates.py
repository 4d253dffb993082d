import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.reports.rates import ENOUGH, Rate, change_of

COUNTS = st.integers(0, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def test_no_case_is_no_share():
    assert Rate(0, 0).pct is None
    assert (Rate(0, 0).low_pct, Rate(0, 0).high_pct) == (0, 100)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 20, 0, 16.11), (10, 20, 29.93, 70.07), (20, 20, 83.89, 100), (15, 100, 9.31, 23.28)],
)
def test_the_interval_is_wilsons(count, of, low, high):
    rate = Rate(count, of)

    assert (round(rate.low_pct, 2), round(rate.high_pct, 2)) == (low, high)


@settings(max_examples=60)
@given(COUNTS)
def test_the_interval_holds_the_share_and_stays_between_nothing_and_all(counts):
    rate = Rate(*counts)

    assert 0 <= rate.low_pct <= rate.high_pct <= 100
    if rate.pct is not None:
        assert rate.low_pct - 1e-9 <= rate.pct <= rate.high_pct + 1e-9


@pytest.mark.parametrize(
    ("count", "of", "is_broken"),
    [
        pytest.param(3, 20, True, id="15 % of twenty"),
        pytest.param(2, 20, False, id="exactly the limit is kept"),
        pytest.param(19, 19, False, id="all, but too few"),
    ],
)
def test_a_signed_limit_compares_the_raw_share_of_cases_enough(count, of, is_broken):
    assert Rate(count, of).breaks(10) is is_broken


def test_an_alarm_needs_the_lower_bound_above():
    assert not Rate(5, 20).is_surely_above(20)
    assert Rate(50, 100).is_surely_above(20)
    assert not Rate(19, 19).is_surely_above(20)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        pytest.param(Rate(30, 50), Rate(10, 50), -40.0, id="a fall that is none of chance"),
        pytest.param(Rate(10, 50), Rate(12, 50), None, id="may be chance"),
        pytest.param(Rate(0, 19), Rate(50, 50), None, id="too few before"),
        pytest.param(Rate(50, 50), Rate(0, 19), None, id="too few after"),
    ],
)
def test_a_change_is_told_when_it_is_more_than_chance(before, after, moved):
    assert change_of(before, after) == moved


@settings(max_examples=60)
@given(COUNTS, COUNTS)
def test_a_change_is_the_same_both_ways(before, after):
    there, back = change_of(Rate(*before), Rate(*after)), change_of(Rate(*after), Rate(*before))

    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there == pytest.approx(-back)
        assert before[1] >= ENOUGH
        assert after[1] >= ENOUGH
