from pathlib import Path

import pytest

from leads import mappings
from leads.enums import ImportMode
from leads.mappings import MappingUnreadable

SMALLEST = """
name: Web forms
system: forms
mode: live
file: {delimiter: ";", encoding: cp1252}
blanks: ["", "-"]
lead: {email: E-Mail}
"""


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
    assert not mapping.is_multiline


def test_load_of_an_unknown_name_says_what_ships():
    with pytest.raises(MappingUnreadable, match=r"Shipped: olist_deals, olist_leads"):
        mappings.load("salesforce")


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
        ("file: {delimiter: ';'}", "encoding is missing"),
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
