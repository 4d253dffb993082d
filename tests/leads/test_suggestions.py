"""What columns may mean: files as CRMs and spreadsheets of several countries write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads import cells, mappings, samples, suggestions
from leads.fields import SECTIONS, Holds
from leads.records import Record
from leads.suggestions import FieldSuggestion, Suggestion


def suggest(columns: dict[str, list[str]], *, holds: Holds = Holds.LEADS) -> Suggestion:
    rows = zip(*columns.values(), strict=True)
    sample = [Record(line, tuple(row)) for line, row in enumerate(rows, start=2)]
    return suggestions.suggest(tuple(columns), sample, holds=holds)


def columns_of(said: Suggestion) -> dict[str, str]:
    return {f"{each.section}.{each.field}": each.column for each in said.fields if each.column}


def field_of(said: Suggestion, section: str, field: str) -> FieldSuggestion:
    return next(each for each in said.fields if (each.section, each.field) == (section, field))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            [
                "E-mail address",
                "First Name",
                "Last Name",
                "Company",
                "Company size",
                "Phone Number",
            ],
            {
                "lead.email": "E-mail address",
                "lead.first_name": "First Name",
                "lead.last_name": "Last Name",
                "lead.phone": "Phone Number",
                "account.name": "Company",
                "account.employee_count": "Company size",
            },
        ),
        (
            [
                *("E-MAIL ", "Vorname", "Nachname", "Firma", "Telefon", "Land", "Branche"),
                *("Herkunft", "Produktlinie", "ABC-Klasse"),
            ],
            {
                "lead.email": "E-MAIL ",
                "lead.first_name": "Vorname",
                "lead.last_name": "Nachname",
                "lead.phone": "Telefon",
                "lead.country": "Land",
                "lead.source": "Herkunft",
                "lead.product_line": "Produktlinie",
                "account.name": "Firma",
                "account.industry": "Branche",
                "account.tier": "ABC-Klasse",
            },
        ),
        (
            ["Courriel", "Prénom", "Nom", "Société", "Téléphone", "Pays", "Chiffre d'affaires"],
            {
                "lead.email": "Courriel",
                "lead.first_name": "Prénom",
                "lead.last_name": "Nom",
                "lead.phone": "Téléphone",
                "lead.country": "Pays",
                "account.name": "Société",
                "account.revenue": "Chiffre d'affaires",
            },
        ),
        (
            ["Correo electrónico", "Nombre", "Apellidos", "Empresa", "Teléfono", "Cargo"],
            {
                "lead.email": "Correo electrónico",
                "lead.first_name": "Nombre",
                "lead.last_name": "Apellidos",
                "lead.job_title": "Cargo",
                "lead.phone": "Teléfono",
                "account.name": "Empresa",
            },
        ),
        (
            [
                *("lead_id", "utm_source", "utm_campaign", "Emial", "Job-Title"),
                *("annual.revenue", "product_interest", "Account_Tier"),
            ],
            {
                "lead.external_id": "lead_id",
                "lead.source": "utm_source",
                "lead.campaign": "utm_campaign",
                "lead.job_title": "Job-Title",
                "lead.product_line": "product_interest",
                "account.revenue": "annual.revenue",
                "account.tier": "Account_Tier",
            },
        ),
    ],
    ids=["English", "German", "French", "Spanish", "machines"],
)
def test_columns_are_known_by_what_people_call_them(header, expected):
    assert columns_of(suggest({name: [] for name in header})) == expected


@pytest.mark.parametrize(
    ("holds", "header", "expected"),
    [
        (Holds.LEADS, ["id"], {"lead.external_id": "id"}),
        (
            Holds.LEADS,
            ["Vorname", "Name", "E-Mail", "Firma"],
            {
                "lead.email": "E-Mail",
                "lead.first_name": "Vorname",
                "lead.last_name": "Name",
                "account.name": "Firma",
            },
        ),
        (
            Holds.LEADS,
            ["Name", "Vorname", "Nachname", "E-Mail"],
            {"lead.email": "E-Mail", "lead.first_name": "Vorname", "lead.last_name": "Nachname"},
        ),
        (
            Holds.ACCOUNTS,
            ["Name", "Website"],
            {"account.name": "Name", "account.domain": "Website"},
        ),
        (
            Holds.TOUCHPOINTS,
            ["id", "E-mail", "Type", "Timestamp", "First name"],
            {
                "lead.email": "E-mail",
                "touchpoints.kind": "Type",
                "touchpoints.occurred_at": "Timestamp",
                "touchpoints.external_id": "id",
            },
        ),
        (
            Holds.OPPORTUNITIES,
            ["Deal ID", "Contact ID", "Deal Name", "Close Date", "Created", "SDR", "Owner"],
            {
                "lead.external_id": "Contact ID",
                "opportunity.external_id": "Deal ID",
                "opportunity.name": "Deal Name",
                "opportunity.closed_at": "Close Date",
                "opportunity.opened_at": "Created",
                "opportunity.owner": "Owner",
                "opportunity.sourced_by": "SDR",
            },
        ),
        (
            Holds.CAMPAIGNS,
            ["Campaign", "Name", "Spend", "Start", "End"],
            {
                "campaign.key": "Campaign",
                "campaign.name": "Name",
                "campaign.cost": "Spend",
                "campaign.starts_on": "Start",
                "campaign.ends_on": "End",
            },
        ),
        (
            Holds.PEOPLE,
            ["Mail", "Name", "Zeitzone"],
            {"person.email": "Mail", "person.full_name": "Name", "person.time_zone": "Zeitzone"},
        ),
    ],
)
def test_names_mean_what_fits_what_rows_are_about(holds, header, expected):
    assert columns_of(suggest({name: [] for name in header}, holds=holds)) == expected


def test_each_suggestion_says_why_and_what_is_left_over():
    said = suggest(
        {
            "E-mail": ["anna@acme.com", "-"],
            "Telephon": ["030 901820", ""],
            "Shoe size": ["42", "NaN"],
        }
    )

    assert field_of(said, "lead", "email").why == "Its name says so."
    assert field_of(said, "lead", "email").values == ("anna@acme.com",)
    phone = field_of(said, "lead", "phone")
    assert (phone.column, phone.why) == ("Telephon", "Its name is like “telephone”.")
    assert suggestions.LIKE <= phone.score < field_of(said, "lead", "email").score
    assert field_of(said, "lead", "last_name").cell is None
    assert said.unused == ("Shoe size",)
    assert said.found == ("", "-", "NaN")


def test_column_of_addresses_is_known_by_its_values():
    said = field_of(suggest({"Who": ["anna@acme.com", "b@b.de", "NULL"]}), "lead", "email")

    assert (said.column, said.why) == ("Who", "Its values are e-mail addresses.")


def test_column_whose_values_a_field_cannot_take_is_not_offered():
    said = suggest(
        {"Country": ["yes", "nope"], "Created": ["soon", "later"], "E-mail": ["x", "y"]}
    )

    assert columns_of(said) == {}


def test_content_is_a_mapping_as_far_as_it_is_known():
    said = suggest(
        {
            "E-mail": ["anna@acme.com", "b@b.de"],
            "Lead Source": ["Organic Search", "Fair"],
            "Created": ["01.02.2026", "28.02.2026"],
            "Revenue": ["1.234,50", "500"],
            "Currency": ["EUR", "EUR"],
            "Target account": ["Ja", "nein"],
        }
    )

    assert said.content() == {
        "blanks": [*suggestions.BLANKS],
        "lead": {
            "email": {"column": "E-mail"},
            "source": {"column": "Lead Source", "slug": True},
            "currency": {"column": "Currency"},
            "effective_at": {"column": "Created", "formats": ["%d.%m.%Y"]},
        },
        "account": {
            "revenue": {"column": "Revenue", "decimal": ",", "thousands": "."},
            "is_target": {"column": "Target account", "table": {"Ja": "true", "nein": "false"}},
        },
    }


def test_content_can_be_followed_once_the_rest_is_said():
    said = suggest(
        {
            "E-mail": ["anna@acme.com"],
            "Event": ["page view"],
            "When": ["2026-02-01T10:00:00Z"],
        },
        holds=Holds.TOUCHPOINTS,
    )

    mapping = mappings.read(said.content() | {"system": "web"}, key="web")

    assert mapping.holds == Holds.TOUCHPOINTS
    assert mapping.touchpoints[0].cells["kind"].slug


def test_stages_of_deals_are_put_in_a_table():
    said = suggest(
        {
            "Deal": ["1", "2", "3"],
            "Contact ID": ["7", "8", "9"],
            "Deal stage": ["Closed Won", "verloren", "Negotiation"],
        },
        holds=Holds.OPPORTUNITIES,
    )

    assert field_of(said, "opportunity", "stage").cell == {
        "column": "Deal stage",
        "table": {"Closed Won": "won", "verloren": "lost", "Negotiation": "open"},
    }


def test_date_with_two_readings_is_left_to_be_asked():
    said = suggest({"E-mail": ["a@b.com"], "Created": ["01/02/2026"]})

    since = field_of(said, "lead", "effective_at")
    assert since.is_ambiguous
    assert since.dates.formats == ("%d/%m/%Y", "%m/%d/%Y")
    assert since.cell == {"column": "Created"}


def test_describe_tells_what_is_known_of_a_column_that_somebody_chose():
    sample = [Record(2, ("31/01/2026", "a")), Record(3, ("x",), "has 1 value.")]

    said = suggestions.describe("lead", "effective_at", "Since", ("Since", "Who"), sample)

    assert (said.column, said.why) == ("Since", "You said so.")
    assert said.cell == {"column": "Since", "formats": ["%d/%m/%Y"]}
    with pytest.raises(KeyError):
        suggestions.describe("lead", "email", "Mail", ("Since", "Who"), sample)


@pytest.mark.parametrize(
    ("values", "formats", "is_ambiguous"),
    [
        (["2026-02-01", "2026-12-31"], ("%Y-%m-%d",), False),
        (["2026-02-01T10:00:00Z"], ("%Y-%m-%dT%H:%M:%S%z",), False),
        (["2026-02-01 10:00:00.123 +0100"], ("%Y-%m-%d %H:%M:%S.%f %z",), False),
        (["01.02.2026", "13.02.2026"], ("%d.%m.%Y",), False),
        (["01/02/2026", "02/13/2026"], ("%m/%d/%Y",), False),
        (["01/02/2026 3:15 PM", "02/13/2026 11:00 AM"], ("%m/%d/%Y %I:%M %p",), False),
        (["1.2.2026", "31.1.2026"], ("%d.%m.%Y",), False),
        (["01/02/2026", "03/04/2026"], ("%d/%m/%Y", "%m/%d/%Y"), True),
        (["02/02/2026"], ("%d/%m/%Y", "%m/%d/%Y"), True),
        (["01.02.2026 10:30"], ("%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"), True),
        (["13/02/26"], ("%d/%m/%y", "%y/%m/%d"), True),
        (["5 May 2026"], ("%d %b %Y", "%d %B %Y"), False),
        (
            ["2026-02-01", "2026-02-01T10:00:00Z", "2026-02-01T10:00:00.5+01:00"],
            ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
            False,
        ),
        (["13.02.2026", "13.02.2026 10:30"], ("%d.%m.%Y", "%d.%m.%Y %H:%M"), False),
        (["Feb 1, 2026"], ("%b %d, %Y",), False),
        (["20260201"], ("%Y%m%d",), False),
        (["soon"], (), False),
        ([], (), False),
    ],
)
def test_dates_of_a_column(values, formats, is_ambiguous):
    found = samples.dates_of(values)

    assert set(found.formats) == set(formats)
    assert found.is_ambiguous == is_ambiguous


def test_one_bad_date_does_not_hide_how_the_others_are_written():
    found = samples.dates_of(
        ["13.02.2026", "14.02.2026", "15.02.2026", "16.02.2026", "31.02.2026"]
    )

    assert found.formats == ("%d.%m.%Y",)


def test_ways_to_write_days_are_kept_apart():
    found = samples.dates_of(["01/02/2026", "03/02/2026 10:30"])

    assert found.is_ambiguous
    assert found.ways == (("%d/%m/%Y", "%d/%m/%Y %H:%M"), ("%m/%d/%Y", "%m/%d/%Y %H:%M"))


@settings(max_examples=30)
@given(st.lists(st.dates(), min_size=1, max_size=20), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_dates_are_never_guessed(days, form):
    found = samples.dates_of([day.strftime(form).zfill(10) for day in days if day.year > 1000])

    if any(day.day > 12 for day in days if day.year > 1000):
        assert not found.is_ambiguous or form in found.formats
    if found.formats and not found.is_ambiguous:
        assert found.formats == (form,)


@pytest.mark.parametrize(
    ("values", "marks", "is_ambiguous"),
    [
        (["1234.50", "12"], (".", ""), False),
        (["1,234.50"], (".", ","), False),
        (["1.234,50"], (",", "."), False),
        (["12,50", "7"], (",", ""), False),
        (["1 234,50"], (",", " "), False),
        (["1'234.50"], (".", "'"), False),
        (["17"], (".", ""), False),
        (["1.234"], (",", "."), False),
    ],
)
def test_marks_of_a_column_of_numbers(values, marks, is_ambiguous):
    found = samples.numbers_of(values)

    assert (found.marks[0], found.is_ambiguous) == (marks, is_ambiguous)


def test_counts_have_marks_of_thousands_alone():
    assert samples.numbers_of(["1.200", "15"], reader=cells.whole).marks[0] == (",", ".")
    assert samples.numbers_of(["50-100"], reader=cells.whole).marks == ()


@pytest.mark.parametrize("holds", Holds)
def test_every_name_in_the_table_is_of_a_field_and_of_one_alone(holds):
    names = suggestions.names_of(holds)

    assert set(names) == {
        (section, field)
        for section, fields in suggestions.sections_of(holds).items()
        for field in fields
    }
    written = suggestions.written()
    assert set(written) - {"alone", "words"} == set(SECTIONS)
    for section, fields in SECTIONS.items():
        assert set(written[section]) <= set(fields)
    for section in suggestions.sections_of(holds):
        said = [name for (where, _), known in names.items() if where == section for name in known]
        assert sorted({name for name in said if said.count(name) > 1}) == []
