from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leads import addresses, cells
from leads.cells import Cell, Reader

NEW_YORK = ZoneInfo("America/New_York")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
EMAIL = cells.plain(addresses.normalize_email)


def read(text: str, reader: Reader, *, blanks: frozenset[str] = frozenset({""}), **how) -> Any:
    cell = Cell(column="it", **how)
    return cells.reading(cell, reader, position=0, blanks=blanks)((text,))


def refusal(text: str, reader: Reader, **how) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the message is looked at
        read(text, reader, **how)
    return str(refused.value)


def test_only_declared_texts_are_blank():
    assert read("", cells.key) is None
    assert read("  ", cells.key) is None
    assert read("unknown", cells.key) == "unknown"
    assert read("unknown", cells.key, blanks=frozenset({"unknown"})) is None
    assert read("", cells.key, blank="other") == "other"


def test_a_fixed_value_needs_no_column():
    fixed = cells.reading(Cell(value="won"), cells.key, position=None, blanks=frozenset())

    assert fixed(()) == "won"


def test_table_says_what_texts_stand_for():
    assert read("Organic Search", cells.key, table={"Organic Search": "seo"}) == "seo"
    assert read("Fax", cells.key, table={"Organic Search": "seo"}, otherwise="other") == "other"
    assert "not in the mapping's table" in refusal("Fax", cells.key, table={"Web": "web"})


def test_prefix_goes_before_the_text():
    assert read("17", cells.text(20), prefix="first:") == "first:17"
    assert read("", cells.text(20), prefix="first:") is None


@pytest.mark.parametrize(
    ("text", "form", "zone", "expected"),
    [
        ("2018-02-01", "%Y-%m-%d", UTC, "2018-02-01T00:00Z"),
        ("01/02/2018", "%d/%m/%Y", UTC, "2018-02-01T00:00Z"),
        ("01/02/2018", "%m/%d/%Y", UTC, "2018-01-02T00:00Z"),
        ("2018-02-01", "%Y-%m-%d", NEW_YORK, "2018-02-01T05:00Z"),
        ("2018-02-01 09:30", "%Y-%m-%d %H:%M", NEW_YORK, "2018-02-01T14:30Z"),
        ("2018-02-01T09:30+02:00", "%Y-%m-%dT%H:%M%z", None, "2018-02-01T07:30Z"),
    ],
)
def test_instant_is_read_as_declared(text, form, zone, expected):
    read_at = read(text, cells.instant, formats=(form,), zone=zone)

    assert read_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize("day", ["2017-10-15", "2018-02-18"], ids=["no midnight", "two nights"])
def test_a_day_begins_with_its_first_instant(day):
    began_at = read(day, cells.instant, formats=("%Y-%m-%d",), zone=SAO_PAULO)

    assert began_at.astimezone(SAO_PAULO).date().isoformat() == day
    assert (began_at - timedelta(seconds=1)).astimezone(SAO_PAULO).date().isoformat() < day


def test_instant_in_another_format_is_refused_never_guessed():
    assert refusal("2018-31-01", cells.instant, formats=("%Y-%m-%d",), zone=UTC) == (
        "“2018-31-01” is not written as %Y-%m-%d."
    )


def test_instant_that_two_formats_read_differently_is_refused():
    both = ("%d/%m/%Y", "%m/%d/%Y")

    assert "can be read as" in refusal("01/02/2018", cells.instant, formats=both, zone=UTC)
    assert read("31/01/2018", cells.instant, formats=both, zone=UTC).day == 31
    assert read("02/02/2018", cells.instant, formats=both, zone=UTC).month == 2


def test_instant_when_the_clocks_change_is_refused_or_declared():
    how = {"formats": ("%Y-%m-%d %H:%M",), "zone": NEW_YORK}

    assert "clocks went forward" in refusal("2026-03-08 02:30", cells.instant, **how)
    assert "two instants" in refusal("2026-11-01 01:30", cells.instant, **how)
    assert read("2026-11-01 01:30", cells.instant, fold=0, **how).hour == 5
    assert read("2026-11-01 01:30", cells.instant, fold=1, **how).hour == 6


def test_instant_beyond_the_calendar_is_refused():
    how = {"formats": ("%Y-%m-%d",), "zone": ZoneInfo("Asia/Tokyo")}

    assert "out of the calendar's range" in refusal("0001-01-01", cells.instant, **how)


@pytest.mark.parametrize(
    ("text", "marks", "amount"),
    [
        ("100.0", {}, "100"),
        ("1,234.56", {"thousands": ","}, "1234.56"),
        ("1.234,56", {"thousands": ".", "decimal": ","}, "1234.56"),
        ("-12,5", {"decimal": ","}, "-12.5"),
    ],
)
def test_money_is_read_with_the_declared_marks(text, marks, amount):
    assert read(text, cells.money, **marks) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["1,234.56", "12.3456", "0.345", "1e3", "NaN", "€ 5", "9999999999999", "٣"]
)
def test_money_refuses_anything_else(text):
    assert "is no amount" in refusal(text, cells.money)


@pytest.mark.parametrize(
    ("text", "marks"),
    [("1,234", {"decimal": ","}), ("1.234", {"thousands": ","})],
)
def test_three_digits_behind_the_declared_decimal_mark_are_named(text, marks):
    said = refusal(text, cells.money, **marks)

    assert f"“{text}” has three digits behind" in said
    assert "the declared decimal mark" in said


def test_money_with_a_point_is_refused_where_the_comma_is_declared():
    assert "is no amount" in refusal("1.234", cells.money, decimal=",")


@pytest.mark.parametrize(
    ("text", "reader", "reason"),
    [
        ("12.5", cells.whole, "is no whole number"),
        ("99999999999", cells.whole, "is no whole number"),
        ("anna@", EMAIL, "is no e-mail address"),
        ("Organic Search", cells.key, "give it one in a table"),
        ("EURO", cells.plain(cells.currency), "is no currency of ISO 4217"),
        ("XQX", cells.plain(cells.currency), "is no currency of ISO 4217"),
        ("yes", cells.plain(cells.flag), "is none of false, true"),
        ("abcdef", cells.text(5), "is longer than 5 characters"),
        ("a\0b", cells.text(5), "has characters that are no text"),
        ("a\udcffb", cells.text(5), "has characters that are no text"),
        ("Berlin", cells.plain(cells.zone), "is no IANA time zone"),
        ("1.23457E+14", cells.plain(cells.identifier), "was rounded by a spreadsheet"),
        ("x" * 201, cells.plain(cells.identifier), "is longer than 200 characters"),
        ("1,200", cells.whole, "is no whole number"),
        ("-5", cells.whole, "is no whole number"),
    ],
)
def test_value_that_cannot_be_taken_says_why(text, reader, reason):
    assert reason in refusal(text, reader)


def test_words_are_split_at_the_declared_separator():
    assert read("crm | erp|", cells.words, separator="|") == ("crm", "erp")
    assert "an entry that is longer" in refusal("x" * 65, cells.words)


def test_whole_numbers_written_with_a_point_are_taken():
    assert read("100.0", cells.whole) == 100


@pytest.mark.parametrize("reader", [cells.money, cells.whole])
def test_number_that_may_be_a_thousand_times_as_much_is_refused(reader):
    assert "a thousand times as much" in refusal("1.000", reader)
    assert read("1.000", reader, thousands=".", decimal=",") == 1000


@pytest.mark.parametrize("text", ["1.23", "1.2345", "12.3.456", "1.234.56"])
def test_marks_of_thousands_stand_before_three_digits(text):
    assert "is no amount" in refusal(text, cells.money, thousands=".", decimal=",")


def test_numbers_are_read_whatever_space_stands_between_the_digits():
    for space in (" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
        assert read(
            f"1{space}234{space}567,5", cells.money, thousands=" ", decimal=","
        ) == Decimal("1234567.5")
    assert read("1,23,456", cells.whole, thousands=",") == 123456


def test_words_and_flags_are_read_in_any_case():
    assert read("MQL", cells.one_of({"mql", "sql"})) == "mql"
    assert read("TRUE", cells.plain(cells.flag)) is True


def test_key_is_made_of_a_name_where_that_is_declared():
    assert read("Organic Search", cells.key, slug=True) == "organic_search"
    assert read("Messe München", cells.key, slug=True) == "messe_munchen"
    assert "is no key" in refusal("展示会", cells.key, slug=True)


def test_invisible_characters_around_a_text_do_not_count():
    assert read("\ufeff anna@acme.com\u200b", EMAIL) == "anna@acme.com"
    assert read(" \u200b ", EMAIL) is None


def test_day_is_read_without_a_zone():
    assert read("31.01.2026", cells.day, formats=("%d.%m.%Y",)) == date(2026, 1, 31)
    assert "can be read as" in refusal("02/01/2026", cells.day, formats=("%d/%m/%Y", "%m/%d/%Y"))


def test_formula_stays_the_text_that_it_is():
    assert read("=A1+B1", cells.text(20)) == "=A1+B1"


def test_long_text_is_shortened_in_the_reason():
    assert len(refusal("x" * 1000, cells.key)) < 200


def test_text_that_is_refused_once_is_refused_again():
    reading = cells.reading(Cell(column="it"), cells.key, position=0, blanks=frozenset())

    for _ in range(2):
        with pytest.raises(ValueError, match="is no key"):
            reading(("a b",))
    assert [reading((text,)) for text in ("a", "b", "a")] == ["a", "b", "a"]
