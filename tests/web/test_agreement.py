"""The agreement to read: MQL beside SQL, promises, signatures, and what former versions said."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.people.models import User
from definitions import refusals, versions
from definitions.content import content_of
from definitions.enums import Side
from definitions.models import Criterion, DefinitionReview, DefinitionVersion
from leads import examples
from leads.examples import Said
from leads.portraits import Portrait
from tests.web import world

SIGNED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = SIGNED_AT + timedelta(days=30)

ADDRESS = "/definitions/mid-market/versions/{number}/{view}"


@pytest.fixture
def revops(version: DefinitionVersion) -> User:
    return User.objects.get(email="robin.ops@example.com")


@pytest.fixture
def stricter(version: DefinitionVersion, revops: User) -> DefinitionVersion:
    """A draft that wants five touchpoints of an SQL where four were enough."""
    draft = versions.revise(version, by=revops)
    draft.change_note = "Sales refused those who had done little."
    draft.save(update_fields=["change_note"])
    Criterion.objects.filter(version=draft, key="four_touchpoints").update(wanted=5)
    return draft


def text_of(client, number=1, view=""):
    address = ADDRESS.format(number=number, view=view)
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def queries(client, number=1, view=""):
    return queries_at(client, ADDRESS.format(number=number, view=view))


def queries_at(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_agreement_shows_mql_beside_sql_criterion_by_criterion(version, robin):
    text = text_of(robin)

    assert text.index(">MQL") < text.index(">SQL")
    assert "Company size: 25 to 4,000 people" in text
    assert "Company size: 50 to 2,000 people" in text
    assert "4+ touchpoints in 30 days" in text


def test_the_agreement_keeps_each_path_apart(version, robin):
    text = text_of(robin)

    for path in ("Standard path", "Direct path", "Account-based path"):
        assert path in text


def test_the_agreement_says_what_is_promised_and_to_whom_a_miss_goes(version, robin):
    text = text_of(robin)

    assert "5 minutes of business time, 24 hours at the latest" in text
    assert "15 minutes after the miss: escalated to the operator" in text
    assert "Escalated to Samir Haddad." in text


def test_the_agreement_bears_both_signatures_with_date_and_hash(version, robin):
    text = text_of(robin)

    assert "Maya Lindqvist" in text
    assert "Thu 1 Jan 2026, 00:00 UTC" in text
    assert version.content_hash in text


def test_a_draft_bears_no_signature(stricter, robin):
    text = text_of(robin, number=2)

    assert text.count("not signed yet") == 2
    assert "A draft has no fixed text yet" in text


def test_cells_that_change_are_marked_until_the_version_is_in_force(stricter, robin):
    assert 'class="changed"' not in text_of(robin, number=1)
    assert text_of(robin, number=2).count('<td role="cell" class="changed">') == 1


def test_the_agreement_tells_what_the_version_says_otherwise_and_why(stricter, robin):
    text = text_of(robin, number=2)

    assert "Sales refused those who had done little." in text
    assert "→ 5+ in 30 days" in text


def test_examples_are_judged_while_one_reads(version, revops, robin):
    keep(version, revops, "Intern at a bank", stage="sql", is_expected=False)
    keep(version, revops, "Nobody in particular", stage="sql", is_expected=True)

    text = text_of(robin)

    assert "Must qualify" in text
    assert "Must not pass" in text
    assert "Intern at a bank" in text
    assert "1 is judged otherwise than agreed" in text


def keep(version, by, name, **said):
    portrait = Portrait({"job_title": "Intern"}, [], {})
    said = Said(name=name, portrait=portrait, **said)
    return examples.create(version.definition, said, by=by, at=LATER)


def test_a_rep_reads_the_agreement(version, dana, door):
    assert "What qualifies" in text_of(door(dana.user))


def test_the_page_asks_as_often_however_much_was_agreed(version, revops, marketer, manager, robin):
    renew(version, revops, marketer, manager, times=2)
    few = queries(robin)
    renew(version, revops, marketer, manager, times=4)
    for number in range(30):
        keep(version, revops, f"Example {number}", stage="sql", is_expected=False)

    with_examples = queries(robin, number=7)

    assert with_examples <= few + 25
    assert queries(robin, number=7, view="history/") == queries(robin, number=2, view="history/")
    assert queries(robin, number=7, view="compare/") == queries(robin, number=2, view="compare/")


def renew(version, revops, marketer, manager, *, times):
    """Put further versions in force, one after the other."""
    for _ in range(times):
        number = version.definition.versions.count()
        at = LATER + timedelta(days=number)
        latest = version.definition.versions.order_by("-number")[0]
        content = content_of(latest) | {"change_note": f"Round {number}."}
        draft = versions.create_draft(content, by=revops)
        versions.submit(draft, by=revops, at=at)
        versions.sign(draft, side=Side.MARKETING, by=marketer, at=at)
        versions.sign(draft, side=Side.SALES, by=manager, at=at)
        versions.activate(draft, by=revops, at=at)


def test_a_draft_is_compared_with_the_version_in_force(stricter, robin):
    text = text_of(robin, number=2, view="compare/")

    assert "What changes from version 1 to version 2" in text
    assert "→ 5+ in 30 days" in text
    assert "Side by side" in text


def test_a_version_compared_with_its_copy_says_the_same(version, revops, robin):
    versions.revise(version, by=revops)

    assert "both say the same" in text_of(robin, number=2, view="compare/")


def test_any_two_versions_can_be_compared(stricter, revops, robin):
    versions.revise(stricter, by=revops)

    text = text_of(robin, number=3, view="compare/?with=2")

    assert "What changes from version 2 to version 3" in text
    assert robin.get(ADDRESS.format(number=3, view="compare/?with=9")).status_code == 404
    assert robin.get(ADDRESS.format(number=3, view="compare/?with=x")).status_code == 404


def test_the_only_version_has_nothing_to_compare_with(version, robin):
    assert "Nothing to compare with" in text_of(robin, view="compare/")


def test_the_history_tells_who_signed_refused_and_withdrew(
    stricter, revops, marketer, manager, robin
):
    versions.submit(stricter, by=revops, at=LATER)
    versions.sign(stricter, side=Side.MARKETING, by=marketer, at=LATER, comment="Fine by us.")
    refusals.refuse(stricter, side=Side.SALES, by=manager, reason="Five are too many.", at=LATER)
    versions.withdraw(stricter, by=revops)

    text = text_of(robin, number=2, view="history/")

    assert "Maya Lindqvist signed for marketing" in text
    assert "Samir Haddad refused to sign for sales" in text
    assert "Five are too many." in text
    assert "Round 1 was submitted and withdrawn" in text
    assert "Counts no longer" in text


def test_the_history_tells_how_reviews_ended(version, robin):
    DefinitionReview.objects.create(
        version=version, due_at=LATER, opened_at=LATER, findings="Acceptance rose to 74 percent."
    )

    assert "Acceptance rose to 74 percent." in text_of(robin, view="history/")


def test_the_head_says_whose_signature_is_missing(stricter, revops, marketer, robin):
    versions.submit(stricter, by=revops, at=LATER)
    assert "It waits for the signatures of marketing and sales." in text_of(robin, number=2)

    versions.sign(stricter, side=Side.MARKETING, by=marketer, at=LATER)

    assert "It waits for the signature of sales." in text_of(robin, number=2)


def test_the_head_says_when_a_signed_version_takes_effect(
    stricter, revops, marketer, manager, robin
):
    stricter.effective_at = datetime(2100, 1, 1, 9, tzinfo=UTC)
    stricter.save(update_fields=["effective_at"])
    versions.submit(stricter, by=revops, at=LATER)
    versions.sign(stricter, side=Side.MARKETING, by=marketer, at=LATER)
    versions.sign(stricter, side=Side.SALES, by=manager, at=LATER)

    assert "It takes effect" in text_of(robin, number=2)


@pytest.mark.parametrize(
    ("who", "tabs"),
    [
        ("dana", ["Agreement", "Compare", "Discussion", "History"]),
        (
            "marketer",
            ["Agreement", "Compare", "Test", "Discussion", "Sign", "History", "Review"],
        ),
    ],
)
def test_each_role_has_the_tabs_it_can_open(who, tabs, request, version, dana, door):
    found = request.getfixturevalue(who)
    client = door(getattr(found, "user", found))
    text = text_of(client)
    bar = text[text.index('<nav class="tabs"') :]
    bar = bar[: bar.index("</nav>")]

    assert [part.partition("<")[0] for part in bar.split('">')[2:]] == tabs


def test_the_page_of_a_lead_says_which_version_judges_it_and_why(version, dana, marketer, door):
    lead = world.lead()

    text = door(marketer).get(f"/leads/{lead.public_id}/").content.decode()

    assert "Judged by" in text
    assert "It takes everyone whom no other definition takes." in text


def test_while_sales_has_a_lead_the_page_says_that_it_keeps_its_version(version, dana, door):
    handoff = world.handed_over(version)

    text = door(dana.user).get(f"/handoffs/{handoff.public_id}/").content.decode()

    assert "it stays with the version under which it was handed over" in text


def test_the_page_of_a_lead_names_the_segments_that_passed_it_over_and_what_was_seen(
    version, revops, marketer, manager, door
):
    lead = world.lead()
    address = f"/leads/{lead.public_id}/"
    few = queries_at(door(marketer), address)
    for number in range(3):
        band = [1_000_000 * (number + 1), 1_000_000 * (number + 2) - 1]
        segment = [{"fact": "expected_acv", "operator": "between", "wanted": band}]
        content = content_of(version) | {"definition": f"giants-{number}", "segment": segment}
        draft = versions.create_draft(content, by=revops, about={"position": number})
        versions.submit(draft, by=revops, at=LATER)
        versions.sign(draft, side=Side.MARKETING, by=marketer, at=LATER)
        versions.sign(draft, side=Side.SALES, by=manager, at=LATER)
        versions.activate(draft, by=revops, at=LATER)

    text = door(marketer).get(address).content.decode()

    assert text.count("Its segment does not take this lead.") == 3
    assert "seen: <b>not known</b>" in text
    assert few <= 40
    assert queries_at(door(marketer), address) <= few + 3 * 4
