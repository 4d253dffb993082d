"""Rows of files as facts: what somebody exported, and what becomes of it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from definitions import catalog
from leads import mappings, rows
from leads.companies import AccountFacts
from leads.enums import Stage
from leads.intake import LeadFacts
from leads.marketing import CampaignFacts
from leads.people import Person, PersonFacts
from leads.records import Record
from leads.rows import Keys, Problem, Row, RowRefused
from leads.touchpoints import Identity, TouchpointFacts

KEYS = Keys(
    kinds=frozenset({"webinar", "demo_request"}),
    assets=frozenset({"guide"}),
    personas=frozenset({"cfo"}),
)
LEADS = """
system: crm
blanks: ["", "-", "NULL"]
lead:
  external_id: Id
  email: E-mail
  phone: {column: Phone, region: US}
  country: Country
  language: Language
  product_line: Product
  persona: Persona
  expected_acv: {column: ACV, decimal: ",", thousands: "."}
  currency: Currency
  stage: Stage
  effective_at: {column: Since, formats: ["%d.%m.%Y"], zone: Europe/Berlin}
account:
  name: Company
  employee_count: Size
  tier: Tier
  country: Company country
"""
TOUCHPOINTS = """
system: web
blanks: [""]
lead: {email: E-mail}
touchpoints:
  - kind: {column: Kind, table: {Webinar: webinar, Demo: demo_request, Fax: fax}}
    occurred_at: {column: When, formats: ["%Y-%m-%d %H:%M"], zone: UTC}
    asset: Asset
    detail: {booth: Booth}
"""
DEALS = """
system: crm
blanks: [""]
people: {email: "{id}@sales.example", name: "{id}"}
lead: {external_id: Id}
opportunity:
  external_id: Deal
  stage: Stage
  amount: Amount
  currency: {value: EUR}
  closed_at: {column: Closed, formats: ["%Y-%m-%d"], zone: UTC}
  owner: Owner
"""


def take(text: str, *, line: int = 7, damage: str = "", **values: str) -> Row | RowRefused:
    """Read a row whose columns are named as the mapping names them, blank where not said."""
    mapping = mappings.parse(text, key="it")
    header = sorted(mappings.columns_of(mapping))
    said = {name.replace("_", " "): value for name, value in values.items()}
    assert set(said) <= set(header)
    record = Record(line, tuple(said.get(name, "") for name in header), damage)
    return rows.row_of(record, mapping.bound(header), keys=KEYS)


def problems(row: Row | RowRefused) -> list[tuple[str, str]]:
    assert isinstance(row, RowRefused)
    return [tuple(problem) for problem in row.problems]


def lead(**values: str) -> Row | RowRefused:
    return take(LEADS, **{name.replace("mail", "E-mail"): value for name, value in values.items()})


def test_lead_with_account_is_read_in_the_forms_that_are_stored():
    row = lead(
        Id="17",
        mail="Anna@ACME.de",
        Phone="030 901820",
        Country="Deutschland",
        Language="German",
        Product=" Payroll ",
        Persona="cfo",
        ACV="45.000,50",
        Currency="eur",
        Stage="MQL",
        Since="01.02.2026",
        Company="Acme GmbH",
        Size="1200",
        Tier="A+",
        Company_country="AUT",
    )

    assert row == Row(
        line=7,
        lead=LeadFacts(
            system="crm",
            external_id="17",
            email="Anna@acme.de",
            phone="+4930901820",
            country="DE",
            language="de",
            product_line="Payroll",
            persona="cfo",
            expected_acv=Decimal("45000.50"),
            currency="EUR",
            account=AccountFacts(name="Acme GmbH", employee_count=1200, tier="A+", country="AT"),
        ),
        effective_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
        stage=Stage.MQL,
    )


def test_blank_cells_say_nothing():
    row = lead(Id="17", mail="NULL", Company="-", Size="12")

    assert row == Row(line=7, lead=LeadFacts(system="crm", external_id="17"))


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({"Phone": "030 901820", "Country": "DE", "Company country": "AT"}, "+4930901820"),
        ({"Phone": "01 5123456", "Company country": "AT"}, "+4315123456"),
        ({"Phone": "(212) 555-0123"}, "+12125550123"),
    ],
    ids=["the lead's country", "the account's", "the mapping's"],
)
def test_phone_is_read_by_the_country_that_is_nearest(said, stored):
    row = lead(Id="17", **said)

    assert isinstance(row, Row)
    assert row.lead.phone == stored


def test_every_problem_of_a_row_is_said_at_once():
    row = lead(
        mail="anna@",
        Phone="4.91E+11",
        Country="DE",
        Persona="cto",
        ACV="1.5",
        Since="31.02.2026",
        Stage="hot",
        Size="many",
        Company="Acme",
    )

    assert [column for column, _ in problems(row)] == [
        "E-mail",
        "ACV",
        "Since",
        "Stage",
        "Currency",
        "Persona",
        "Size",
        "Phone",
    ]
    assert dict(problems(row))["Currency"] == "is blank, but the row needs it."
    assert dict(problems(row))["Persona"] == "“cto” is not a known persona."
    assert "rounded by a spreadsheet" in dict(problems(row))["Phone"]


def test_refused_row_says_its_line_and_its_reasons():
    row = lead(line=12, mail="anna@", Size="many")

    assert str(row).startswith("line 12: E-mail: “anna@” is no e-mail address")
    assert str(row).endswith("Size: “many” is no whole number.")


def test_phone_is_not_judged_by_a_country_that_cannot_be_read():
    row = lead(Id="17", Phone="030 901820", Country="Atlantis")

    assert [column for column, _ in problems(row)] == ["Country"]


def test_row_that_names_nobody_is_refused_with_the_columns_that_could():
    assert problems(lead(Company="Acme")) == [("Id, E-mail", "is blank, but the row needs it.")]


def test_damaged_row_is_refused_with_its_damage():
    row = lead(Id="17", damage="has 3 values, the header has 12.")

    assert problems(row) == [("", "has 3 values, the header has 12.")]
    assert str(row) == "line 7: has 3 values, the header has 12."


def test_touchpoint_is_read_with_its_detail():
    row = take(
        TOUCHPOINTS,
        **{"E-mail": "anna@acme.com"},
        Kind="Demo",
        When="2026-02-01 09:30",
        Asset="guide",
        Booth="17",
    )

    assert row.touchpoints == (
        TouchpointFacts(
            lead=Identity(system="web", email="anna@acme.com"),
            kind="demo_request",
            occurred_at=datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
            asset="guide",
            detail={"booth": "17"},
        ),
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Kind": ""}, [("Kind", "is blank, but the row needs it.")]),
        ({"Kind": "Fax"}, [("Kind", "“fax” is not a known kind.")]),
        ({"Kind": "Letter"}, [("Kind", "“Letter” is not in the mapping's table.")]),
        ({"When": ""}, [("When", "is blank, but the row needs it.")]),
        ({"When": "1.2.26"}, [("When", "“1.2.26” is not written as %Y-%m-%d %H:%M.")]),
        ({"Asset": "ebook"}, [("Asset", "“ebook” is not a known asset.")]),
        (
            {"Kind": "", "When": "", "E-mail": ""},
            [
                ("E-mail", "is blank, but the row needs it."),
                ("When", "is blank, but the row needs it."),
                ("Kind", "is blank, but the row needs it."),
            ],
        ),
    ],
)
def test_touchpoint_that_cannot_be_taken_says_why(change, expected):
    said = {"E-mail": "anna@acme.com", "Kind": "Demo", "When": "2026-02-01 09:30"} | change

    assert problems(take(TOUCHPOINTS, **said)) == expected


def test_optional_touchpoint_without_its_instant_is_none():
    text = TOUCHPOINTS.replace("  - kind", "  - optional: true\n    kind")

    row = take(text, **{"E-mail": "anna@acme.com"}, Kind="Demo")

    assert isinstance(row, Row)
    assert row.touchpoints == ()


def test_deal_is_read_with_its_people():
    row = take(
        DEALS, Id="17", Deal="d1", Stage="Won", Amount="500", Closed="2026-02-01", Owner="Ann"
    )

    assert row.deal == {
        "external_id": "d1",
        "stage": "won",
        "amount": Decimal(500),
        "currency": "EUR",
        "closed_at": datetime(2026, 2, 1, tzinfo=UTC),
        "owner": Person("ann@sales.example", "Ann"),
    }


def test_open_deal_has_no_end_and_others_need_one():
    still_open = take(DEALS, Id="17", Deal="d1", Stage="open", Closed="2026-02-01")

    assert still_open.deal["closed_at"] is None
    assert problems(take(DEALS, Id="17", Deal="d1", Stage="lost")) == [
        ("Closed", "is blank, but the row needs it.")
    ]
    assert problems(take(DEALS, Id="17", Deal="d1", Stage="open", Owner="Ann B")) == [
        ("Owner", "“ann b@sales.example” is no e-mail address.")
    ]


def test_accounts_campaigns_and_people_stand_alone():
    account = take(
        "system: crm\nblanks: ['']\naccount: {name: Name, domain: Site}", Site="acme.de"
    )
    campaign = take(
        """
        blanks: ['']
        campaign:
          key: {column: Campaign, slug: true}
          name: Campaign
          cost: Spend
          currency: {value: EUR}
          starts_on: {column: Start, formats: ["%d.%m.%Y"]}
        """,
        Campaign="Spring 2026",
        Spend="1200.50",
        Start="01.02.2026",
    )
    person = take("blanks: ['']\nperson: {email: Mail, full_name: Name}", Mail="a@b.com", Name="A")

    assert account == Row(line=7, account=AccountFacts(domain="acme.de"))
    assert campaign == Row(
        line=7,
        campaign=CampaignFacts(
            key="spring_2026",
            name="Spring 2026",
            cost=Decimal("1200.50"),
            currency="EUR",
            starts_on=date(2026, 2, 1),
        ),
    )
    assert person == Row(line=7, person=PersonFacts(email="a@b.com", full_name="A"))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("system: crm\nblanks: ['']\naccount: {name: Name, domain: Site}", "Name, Site"),
        ("blanks: ['']\ncampaign: {key: Key}", "Key"),
        ("blanks: ['']\nperson: {email: Mail}", "Mail"),
    ],
)
def test_what_stands_alone_needs_its_name(text, columns):
    assert problems(take(text)) == [(columns, "is blank, but the row needs it.")]


def test_stored_shows_a_row_as_it_would_be():
    row = lead(
        Id="17", Phone="030 901820", Country="Deutschland", Company="Acme", Since="1.2.2026"
    )

    assert rows.stored(row) == {
        "lead.system": "crm",
        "lead.external_id": "17",
        "lead.phone": "+4930901820",
        "lead.country": "DE",
        "lead.effective_at": "2026-01-31T23:00:00Z",
        "account.name": "Acme",
    }


def test_stored_shows_touchpoints_and_deals():
    touchpoint = take(
        TOUCHPOINTS,
        **{"E-mail": "a@b.com"},
        Kind="Demo",
        When="2026-02-01 09:30",
        Booth="17",
    )
    deal = take(DEALS, Id="17", Deal="d1", Stage="open", Amount="500", Owner="Ann")

    assert rows.stored(touchpoint) == {
        "lead.system": "web",
        "lead.email": "a@b.com",
        "touchpoint.kind": "demo_request",
        "touchpoint.occurred_at": "2026-02-01T09:30:00Z",
        "touchpoint.is_verified": "false",
        "touchpoint.is_bot": "false",
        "touchpoint.detail.booth": "17",
    }
    assert rows.stored(deal) == {
        "lead.system": "crm",
        "lead.external_id": "17",
        "opportunity.external_id": "d1",
        "opportunity.stage": "open",
        "opportunity.amount": "500",
        "opportunity.currency": "EUR",
        "opportunity.owner": "ann@sales.example",
    }


@pytest.mark.django_db
def test_keys_are_those_that_exist(django_assert_num_queries):
    catalog.load_defaults()

    with django_assert_num_queries(3):
        keys = Keys.read()

    assert "demo_request" in keys.kinds
    assert keys.personas == frozenset()


def test_problems_of_a_row_are_said_once():
    row = take(
        "system: web\nblanks: []\nlead: {external_id: Mail, email: Mail, first_name: Mail}",
        Mail="x@",
    )

    assert row == RowRefused(
        7,
        (
            Problem(
                "Mail",
                "“x@” is no e-mail address: There must be something after the @-sign.",
            ),
        ),
    )
