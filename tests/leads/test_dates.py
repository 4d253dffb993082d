from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads import dates, samples

EARLY = datetime.fromisoformat("1000-01-01")
FORMS = (
    *(form for day in samples.FIRSTS for form in samples.formats_of(day)),
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%H:%M %d.%m.%Y",
    "%d%m%Y",
)


def slowly(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # what the parser stands in for
    except ValueError:
        return None


@settings(max_examples=200)
@given(st.datetimes(EARLY), st.sampled_from(FORMS), st.data())
def test_parser_reads_what_strptime_reads(moment, form, data):
    text = moment.strftime(
        form.replace("%z", data.draw(st.sampled_from(["Z", "+02:00", "-0330"])))
    )
    place = data.draw(st.integers(0, len(text)))
    slip = data.draw(st.sampled_from(["", "", "0", "9", "-", " ", "T", ":", ".5", "W"]))
    cut = data.draw(st.sampled_from([0, 0, 1]))

    for written in (text, text[:place] + slip + text[place + cut :]):
        assert dates.parser(form)(written) == slowly(written, form)


@pytest.mark.parametrize(
    "text", ["2018-W05-4", "20180201", "2018-02", "2018-02-01T09", "٢٠١٨-٠٢-٠١x"]
)
def test_other_ways_of_iso_8601_are_no_format_that_was_declared(text):
    assert dates.parser("%Y-%m-%d")(text) is None


def test_a_day_has_no_clock():
    assert not dates.has_clock("%d.%m.%Y")
    assert dates.has_clock("%d.%m.%Y %H:%M")
