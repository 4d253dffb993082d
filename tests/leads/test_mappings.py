from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads import declarations, mappings
from leads.enums import FieldPolicy, ImportMode
from leads.fields import SECTIONS, Holds
from leads.mappings import ColumnsMissing, MappingUnreadable
from leads.models import ImportMapping
from leads.records import FileFormat, Layout

SMALLEST = """
name: Web forms
system: forms
mode: live
file: {delimiter: ";", encoding: cp1252}
blanks: ["", "-"]
lead: {email: E-Mail}
"""

pytestmark = pytest.mark.django_db


def test_shipped_mappings_can_be_read():
    assert mappings.shipped() == ["olist_deals", "olist_leads"]

    for name in mappings.shipped():
        mapping = mappings.load(name)
        assert (mapping.key, mapping.system, mapping.mode) == (name, "olist", ImportMode.HISTORY)


def test_load_reads_a_file_by_its_path(tmp_path):
    path = tmp_path / "forms.yaml"
    path.write_text(SMALLEST, encoding="utf-8")

    mapping = mappings.load(str(path))

    assert mapping.key == "forms"
    assert mapping.blanks == {"", "-"}
    assert mapping.lead.cells["email"].column == "E-Mail"
    assert (mapping.holds, mapping.must_exist) == (Holds.LEADS, False)


def test_load_of_an_unknown_name_says_what_ships():
    with pytest.raises(MappingUnreadable, match=r"Shipped: olist_deals, olist_leads"):
        mappings.load("salesforce")


@pytest.mark.parametrize("name", ["nowhere.yaml", "./nowhere", "\0", "x" * 5000, ""])
def test_load_of_a_path_that_is_no_file_says_so(name):
    with pytest.raises(MappingUnreadable, match="no such file"):
        mappings.load(name)


def test_columns_of_names_every_column_once():
    assert mappings.columns_of(mappings.load("olist_leads")) == {
        "mql_id",
        "first_contact_date",
        "origin",
        "landing_page_id",
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("colour: red", "colour is unknown"),
        ("lead: {email: a, nickname: b}", "nickname is unknown"),
        ("lead: {first_name: a}", "needs external_id or email"),
        ("lead: {email: {column: a, value: b}}", "either a column, or a value"),
        ("lead: {email: {}}", "either a column, or a value"),
        ("lead: {email: a, expected_acv: b}", "expected_acv needs a currency"),
        ("lead: {email: a, effective_at: b}", "formats is missing"),
        ("lead: {email: a, effective_at: {column: b, formats: ['%d.%m.%Y']}}", "zone is missing"),
        (
            "lead: {email: a, effective_at: {column: b, formats: ['%d.%m.%Y'], zone: CET+1}}",
            "zone must be an IANA time zone",
        ),
        (
            "lead: {email: a, effective_at: {column: b, formats: ['%d.%m.'], zone: UTC}}",
            "must say the year, the month and the day",
        ),
        (
            "lead: {email: a, effective_at: {column: b, formats: ['%d.%d.%m.%Y'], zone: UTC}}",
            "must say nothing twice",
        ),
        (
            "lead: {email: a, effective_at: {column: b, formats: ['%d.%m.%Y %Z'], zone: UTC}}",
            "must have directives out of %%",
        ),
        (
            "lead: {email: a, effective_at: {column: b, formats: ['%d.%m.%Y %'], zone: UTC}}",
            "must have directives out of %%",
        ),
        ("lead: {email: a, expected_acv: {column: b, thousands: .}}", "must be different marks"),
        ("lead: {email: a, expected_acv: {column: b, decimal: '1'}}", "that is no digit"),
        ("touchpoints: [{kind: a, detail: [b]}]", "detail must be a mapping"),
        ("lead: {email: {column: a, zone: [UTC]}}", "zone must be an IANA time zone"),
        ("lead: {email: a, stage: {value: hot}}", "“hot” is none of"),
        ("lead: {email: a, source: {column: b, table: {Web: the web}}}", "“the web” is no key"),
        ("lead: {email: a, source: {column: b, otherwise: web}}", "otherwise needs a table"),
        ("touchpoints: [{kind: {value: webinar}}]", "occurred_at is missing"),
        ("touchpoints: webinar", "touchpoints must be a list of mappings"),
        ("account: {industry: a}", "needs name or domain"),
        (
            "opportunity: {external_id: a, stage: {value: won}, owner: b}",
            "people: email is missing",
        ),
        ("opportunity: {external_id: a}", "stage is missing"),
        ("people: {email: nobody@example.com}", "email must be a text with {id} in it"),
        ("file: {delimiter: ';;', encoding: utf-8}", "delimiter must be one character"),
        ("file: {delimiter: ';', encoding: klingon}", "encoding must be an encoding"),
        ("file: {format: xlsx}", "format is unknown"),
        ("system: web forms", "system must be a key"),
        ("lead: {email: {column: a, region: Germany}}", "region must be a country"),
        ("lead: {email: a, keep: {phone: sometimes}}", "phone must be one of overwrite, fill"),
        ("lead: {email: a, keep: {external_id: fill}}", "external_id is unknown"),
        ("lead: {email: a, keep: all}", "keep must be a mapping"),
        ("campaign: {key: a}", "campaign stands alone, without lead"),
        ("person: {email: a}", "person stands alone, without lead"),
        ("campaign: {name: a}", "key is missing"),
        ("campaign: {key: a, cost: b}", "cost needs a currency"),
        ("campaign: {key: a, starts_on: b}", "starts_on: formats is missing"),
        ("person: {full_name: a}", "email is missing"),
        ("mode: sometimes", "mode must be one of history, live"),
        ("blanks: nothing", "blanks must be a list"),
    ],
)
def test_parse_refuses_what_cannot_be_followed(change, problem):
    name = change.partition(":")[0]
    kept = [line for line in SMALLEST.strip().splitlines() if not line.startswith(f"{name}:")]

    with pytest.raises(MappingUnreadable) as refused:
        mappings.parse("\n".join([*kept, change]), key="forms")

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("blanks: []", "needs a section that says what rows are about: lead, account"),
        ("blanks: []\naccount: {name: a}", "system is missing"),
        ("blanks: []\nlead: {email: a}", "system is missing"),
        ("system: a\nlead: {email: a}", "blanks is missing"),
        (
            "system: a\nblanks: []\nopportunity: {external_id: a, stage: {value: open}}",
            "opportunity needs a lead",
        ),
    ],
)
def test_parse_says_what_is_missing(text, problem):
    with pytest.raises(MappingUnreadable, match=problem):
        mappings.parse(text, key="forms")


def test_parse_lists_every_problem():
    text = SMALLEST.replace("email: E-Mail", "nickname: a, first_name: {table: {}}")

    with pytest.raises(MappingUnreadable) as refused:
        mappings.parse(text, key="forms")

    assert str(refused.value).count("forms: ") == 3


@pytest.mark.parametrize("text", ["- a list", "name: [", "name: a\nname: b"])
def test_parse_refuses_what_is_no_document(text):
    with pytest.raises(MappingUnreadable, match=r"^forms: The text is no"):
        mappings.parse(text, key="forms")


def test_the_mapping_in_the_documentation_can_be_read():
    page = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]

    mapping = mappings.parse(text, key="fairs")

    assert [touchpoint.is_optional for touchpoint in mapping.touchpoints] == [False, True]


@pytest.mark.parametrize(
    ("sections", "holds", "must_exist"),
    [
        ("lead: {email: a}", Holds.LEADS, False),
        ("lead: {email: a}\naccount: {name: b}", Holds.LEADS, False),
        ("account: {name: b}", Holds.ACCOUNTS, False),
        ("lead: {email: a}\ntouchpoints: [%s]", Holds.TOUCHPOINTS, True),
        ("lead: {email: a, must_exist: false}\ntouchpoints: [%s]", Holds.TOUCHPOINTS, False),
        ("lead: {email: a, last_name: b}\ntouchpoints: [%s]", Holds.LEADS, False),
        (
            "lead: {email: a}\nopportunity: {external_id: a, stage: {value: open}}",
            Holds.OPPORTUNITIES,
            True,
        ),
        ("campaign: {key: a}", Holds.CAMPAIGNS, False),
        ("person: {email: a}", Holds.PEOPLE, False),
    ],
)
def test_sections_say_what_rows_are_about(sections, holds, must_exist):
    touchpoint = (
        "{kind: {value: demo}, occurred_at: {column: b, formats: ['%d.%m.%Y'], zone: UTC}}"
    )

    mapping = mappings.parse(
        f"system: forms\nblanks: []\n{sections.replace('%s', touchpoint)}", key="forms"
    )

    assert (mapping.holds, mapping.must_exist) == (holds, must_exist)
    assert (mapping.name, mapping.mode) == ("forms", None)


def test_what_becomes_of_known_values_is_said_by_field():
    mapping = mappings.parse(
        SMALLEST.replace(
            "{email: E-Mail}", "{email: a, phone: b, keep: {phone: fill, email: keep}}"
        ),
        key="forms",
    )

    assert mapping.lead.policies == {"phone": FieldPolicy.FILL, "email": FieldPolicy.KEEP}


def test_layout_is_what_was_found_but_what_is_declared_wins():
    mapping = mappings.parse(
        SMALLEST.replace("encoding: cp1252", "encoding: cp1252, multiline: true, sheet: Leads"),
        key="forms",
    )

    assert mapping.layout(Layout(format=FileFormat.CSV)) == Layout(
        format=FileFormat.CSV, delimiter=";", encoding="cp1252", is_multiline=True
    )
    workbook = Layout(format=FileFormat.XLSX, encoding="", delimiter="")
    assert mapping.layout(workbook) == Layout(
        format=FileFormat.XLSX, encoding="", delimiter="", sheet="Leads"
    )


def test_columns_are_found_whatever_their_case_and_spaces():
    mapping = mappings.parse(SMALLEST, key="forms")

    bound = mapping.bound(["Name", " e-MAIL "])

    ((name, column, read),) = bound.lead.readings
    assert (name, column) == ("email", "E-Mail")
    assert read(("Anna", "anna@acme.com")) == "anna@acme.com"


def test_missing_columns_are_named_with_the_nearest():
    mapping = mappings.parse(
        SMALLEST.replace("E-Mail", "E-Mail, last_name: Familienname, phone: Fax"), key="forms"
    )

    with pytest.raises(ColumnsMissing) as missing:
        mapping.bound(["Email", "Family name"])

    assert missing.value.missing == {
        "E-Mail": "Email",
        "Familienname": "Family name",
        "Fax": "",
    }
    assert str(missing.value) == (
        "The file has no column “E-Mail” (is “Email” meant?), “Familienname” (is “Family name” "
        "meant?), “Fax”; its columns are Email, Family name."
    )


CONTENT = {"system": "forms", "blanks": [""], "lead": {"email": "E-Mail"}}


def test_a_saved_mapping_is_found_by_its_key():
    saved = mappings.save(CONTENT, key="forms", name="Web forms", by=None)

    mapping = mappings.load("forms")

    assert (mapping.key, mapping.name, mapping.system) == ("forms", "Web forms", "forms")
    assert mappings.content_of("forms") == CONTENT | {"name": "Web forms"}
    assert saved.key == "forms"


def test_a_saved_mapping_takes_the_place_of_what_was_saved_before():
    first = mappings.save(CONTENT, key="forms", name="Web forms", by=None)
    again = mappings.save(CONTENT | {"system": "web"}, key="forms", name="Forms", by=None)

    kept = ImportMapping.objects.get()
    assert again.pk == first.pk == kept.pk
    assert kept.updated_at > kept.created_at
    assert mappings.load("forms").system == "web"


def test_a_saved_mapping_goes_before_one_that_ships():
    mappings.save(CONTENT, key="olist_leads", name="Ours", by=None)

    assert mappings.load("olist_leads").name == "Ours"


@pytest.mark.parametrize(
    ("key", "content", "problem"),
    [
        ("web forms", CONTENT, "the key must be a key"),
        ("forms", CONTENT | {"lead": {}}, "needs a section"),
        ("forms", CONTENT | {"colour": "red"}, "colour is unknown"),
    ],
)
def test_nothing_is_saved_that_cannot_be_followed(key, content, problem):
    with pytest.raises(MappingUnreadable, match=problem):
        mappings.save(content, key=key, name="Web forms", by=None)

    assert not ImportMapping.objects.exists()


NAMES = st.sampled_from(
    [*declarations.WHOLE, *declarations.CELL, *declarations.OPTIONS, *SECTIONS["lead"], "kind"]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.sampled_from(["a", "UTC", "%Y-%m-%d", "live", ";", "utf-8", "DE"]),
)
ANYTHING = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*declarations.WHOLE]), ANYTHING, max_size=6))
def test_whatever_somebody_posts_is_a_mapping_or_a_list_of_problems(content):
    sound = {"system": "forms", "blanks": [""], "lead": {"email": "E-Mail"}}
    for said in (content, sound | content):
        with suppress(MappingUnreadable):
            mapping = mappings.read(said, key="posted")
            mapping.bound(sorted(mappings.columns_of(mapping)))


def test_content_of_reads_no_files(tmp_path):
    path = tmp_path / "forms.yaml"
    path.write_text(SMALLEST, encoding="utf-8")

    with pytest.raises(MappingUnreadable, match="no such mapping"):
        mappings.content_of(str(path))
