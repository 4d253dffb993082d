"""Which account is meant, and by what; the one matcher of files, API and routing."""

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from leads import account_batches, intake, matching
from leads.accounts import AccountOwnsItself
from leads.companies import AccountFacts, AccountItem
from leads.matching import Company, match_account, match_accounts
from leads.models import Account


@pytest.fixture
def known(db: None) -> dict[str, Account]:
    said = {
        "Acme GmbH": "acme.de",
        "Acme Europe": "eu.acme.com",
        "ACME Corp.": "acme.com",
        "Müller Maschinenbau": "",
        "Landesbank Hessen": "landesbank.example",
        "Bayerische Motoren Werke AG": "bmw.example",
        "Studio 54": "",
        "Nordwind AG": "nordwind.example",
        "Nordwind Ltd": "nordwind.co.example",
    }
    return {name: Account.objects.create(name=name, domain=said[name]) for name in said}


def found(**said: str) -> tuple[str, str] | None:
    match = match_account(**said)
    return match and (match.account.name, match.reason)


@pytest.mark.parametrize(
    ("said", "account", "reason"),
    [
        ({"domain": "https://www.Acme.de/kontakt"}, "Acme GmbH", "domain acme.de"),
        ({"email": "Anna@ACME.de"}, "Acme GmbH", "domain acme.de"),
        ({"email": "anna@eu.acme.com"}, "Acme Europe", "domain eu.acme.com"),
        (
            {"email": "anna@us.acme.com"},
            "ACME Corp.",
            "domain us.acme.com, below acme.com",
        ),
        ({"name": "ACME G.m.b.H."}, "Acme GmbH", "name Acme GmbH"),
        ({"name": "muller  maschinenbau"}, "Müller Maschinenbau", "name Müller Maschinenbau"),
        (
            {"name": "Müller Maschinenbau GmbH & Co. KG"},
            "Müller Maschinenbau",
            "name “Müller Maschinenbau GmbH & Co. KG” but for the legal form of "
            "“Müller Maschinenbau”",
        ),
        (
            {"name": "Müler Maschinenbau"},
            "Müller Maschinenbau",
            "name “Müler Maschinenbau” 85 % like “Müller Maschinenbau”",
        ),
        (
            {"name": "BMW", "email": "max@bmw.example"},
            "Bayerische Motoren Werke AG",
            "domain bmw.example",
        ),
        ({"name": "Acme Deutschland", "email": "anna@acme.de"}, "Acme GmbH", "domain acme.de"),
    ],
)
def test_an_account_is_found_and_it_is_said_by_what(
    known: dict[str, Account], said: dict[str, str], account: str, reason: str
) -> None:
    assert found(**said) == (account, reason)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": "anna@gmail.com"},
        {"domain": "gmail.com"},
        {"email": "no address"},
        {"name": "Acme Ltd"},  # Another legal form is another company.
        {"name": "Nordwind"},  # Which one?
        {"name": "Landesbank Essen"},  # Like, but not like enough.
        {"name": "Studio 55"},  # A number is no slip of the pen.
        {"name": "Acme Gmbh", "domain": "acme.example"},  # Another domain is another company.
        {"name": "Beta Ltd", "email": "consultant@acme.de"},  # The name contradicts the address.
        {"name": "–"},
        {"domain": "eu.bmw.example"},  # A subsidiary is an account of its own.
    ],
)
def test_nothing_is_found_where_it_would_be_a_guess(
    known: dict[str, Account], said: dict[str, str]
) -> None:
    assert found(**said) is None


def test_a_domain_is_given_to_the_account_of_that_name_without_one(
    known: dict[str, Account],
) -> None:
    assert found(name="Studio 54", domain="studio54.example") == ("Studio 54", "name Studio 54")


def test_of_two_names_alike_none_is_taken(known: dict[str, Account]) -> None:
    Account.objects.create(name="Müller Maschinenbaus")

    assert found(name="Müller Maschinenbaut") is None


@pytest.mark.parametrize(
    ("name", "core", "form"),
    [
        ("Acme", "acme", ""),
        ("ACME, Inc.", "acme", "inc"),
        ("Acme Incorporated", "acme", "inc"),
        ("Acme Company Limited", "acme", "co ltd"),
        ("Tiffany & Co.", "tiffany", "co"),
        ("Acme GmbH & Co. KG", "acme", "gmbh co kg"),
        ("Siemens Aktiengesellschaft", "siemens", "ag"),
        ("Nord UG (haftungsbeschränkt)", "nord", "ug"),
        ("Żabka Polska Sp. z o.o.", "zabka polska", "spzoo"),
        ("Acme S. A.", "acme", "sa"),
        ("Smith & Sons", "smith and sons", ""),
        ("Limited", "limited", ""),
        ("株式会社", "株式会社", ""),
    ],
)
def test_the_core_of_a_name_and_its_legal_form(db: None, name: str, core: str, form: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_core(%s), company_form(%s)", [name, name])

        assert cursor.fetchone() == (core, form)


def test_many_are_matched_in_as_many_queries_as_one(
    known: dict[str, Account], django_assert_num_queries
) -> None:
    companies = [
        Company(email="anna@acme.de"),
        Company(name="Acme", email="anna@acme.de"),
        Company(name="ACME Gmbh"),
        Company(name="Müler Maschinenbau"),
        Company(name="Unheard of"),
    ]

    # By domain, whether names agree, by name, and by likeness in a savepoint of two.
    with django_assert_num_queries(7):
        matches = match_accounts(companies * 20)

    assert [match and match.account.name for match in matches[:5]] == [
        "Acme GmbH", "Acme GmbH", "Acme GmbH", "Müller Maschinenbau", None,
    ]  # fmt: skip


def test_a_lead_says_by_what_it_was_matched(known: dict[str, Account], noon: datetime) -> None:
    said = [
        intake.LeadFacts(system="crm", external_id="1", email="anna@us.acme.com"),
        intake.LeadFacts(system="crm", external_id="2", account=AccountFacts(name="Acme Gmbh")),
        intake.LeadFacts(system="crm", external_id="3", account=AccountFacts(name="Brand New")),
        intake.LeadFacts(system="crm", external_id="4", email="anna@web.de"),
        intake.LeadFacts(
            system="crm", external_id="5", account=AccountFacts(domain="googlemail.com")
        ),
    ]

    leads = [intake.record_lead(facts, received_at=noon).lead for facts in said]

    assert [lead.account_reason for lead in leads] == [
        "domain us.acme.com, below acme.com", "name Acme GmbH", "name Brand New", "", "",
    ]  # fmt: skip
    assert [lead.account_id for lead in leads[3:]] == [None, None]


def test_a_known_lead_is_matched_by_its_first_address(
    known: dict[str, Account], noon: datetime
) -> None:
    lead = intake.LeadFacts(system="crm", external_id="1")
    intake.record_lead(lead, received_at=noon)

    outcome = intake.record_lead(
        intake.LeadFacts(system="crm", external_id="1", email="anna@acme.de"), received_at=noon
    )

    assert outcome.changes == {
        "email": ("", "anna@acme.de"),
        "account_id": (None, known["Acme GmbH"].pk),
    }
    outcome.lead.refresh_from_db()
    assert outcome.lead.account_reason == "domain acme.de"


def test_an_account_found_by_name_keeps_its_name(
    known: dict[str, Account], noon: datetime
) -> None:
    said = AccountFacts(name="ACME gmbh", industry="software")

    outcome = intake.record_account(said, received_at=noon)

    assert outcome.account == known["Acme GmbH"]
    assert outcome.changes == {"industry": ("", "software")}
    assert outcome.reason == "name Acme GmbH"


def test_a_subsidiary_is_an_account_of_its_own_below_its_parent(
    known: dict[str, Account], noon: datetime
) -> None:
    said = AccountFacts(name="Acme Österreich", domain="at.acme.de")

    outcome = intake.record_account(said, received_at=noon)

    assert outcome.is_created
    assert outcome.account.parent == known["Acme GmbH"]


def test_an_account_cannot_own_itself(known: dict[str, Account], noon: datetime) -> None:
    intake.record_account(
        AccountFacts(domain="eu.acme.com", parent_domain="acme.com"), received_at=noon
    )

    with pytest.raises(AccountOwnsItself, match=r"ACME Corp\. would own itself"):
        intake.record_account(
            AccountFacts(domain="acme.com", parent_domain="eu.acme.com"), received_at=noon
        )
    with pytest.raises(IntegrityError, match="would own itself"), transaction.atomic():
        Account.objects.filter(domain="acme.com").update(parent=known["Acme Europe"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_domain_that_an_account_gains_is_its_own_from_then_on(
    db: None, noon: datetime, order: tuple[int, int]
) -> None:
    Account.objects.create(name="Acme GmbH")
    said = [AccountFacts(name="Acme GmbH", domain="acme.de"), AccountFacts(domain="acme.de")]
    items = [AccountItem(facts=said[place]) for place in order]

    outcomes = account_batches.record(items, received_at=noon)

    assert len({outcome.account.pk for outcome in outcomes}) == 1
    assert Account.objects.filter(domain="acme.de").count() == 1


def test_free_providers_are_known() -> None:
    assert matching.is_free_mail("anna@gmail.com")
    assert not matching.domains_of("anna@mail.gmail.com")
