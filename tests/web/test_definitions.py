"""The list of definitions: what is in force, what is coming, and what waits for me."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.people.models import User
from definitions import versions
from definitions.content import content_of
from definitions.enums import Side
from definitions.models import Definition, DefinitionReview, DefinitionVersion
from tests.web import world

SIGNED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = SIGNED_AT + timedelta(days=30)


@pytest.fixture
def revops(version: DefinitionVersion) -> User:
    return User.objects.get(email="robin.ops@example.com")


@pytest.fixture
def draft(version: DefinitionVersion, revops: User) -> DefinitionVersion:
    """The second version of the shipped definition, not submitted yet."""
    copy = versions.revise(version, by=revops)
    copy.change_note = "Fewer, but those whom sales want."
    copy.save(update_fields=["change_note"])
    return copy


@pytest.fixture
def in_review(draft: DefinitionVersion, revops: User) -> DefinitionVersion:
    return versions.submit(draft, by=revops, at=LATER)


def page(client, address="/definitions/"):
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_definitions_are_listed_in_the_order_in_which_segments_are_tried(version, robin):
    Definition.objects.create(key="public-sector", name="Public sector", position=1)

    text = page(robin)

    assert text.index("Public sector") < text.index(version.definition.name)


def test_the_list_names_the_version_in_force_and_who_signed_it(version, robin):
    text = page(robin)

    assert "Version 1" in text
    assert "Maya Lindqvist for marketing" in text
    assert "Samir Haddad for sales" in text


def test_a_version_in_review_waits_for_whoever_has_not_signed(in_review, marketer, manager, door):
    assert "waits for the signatures of marketing and sales" in page(door(marketer))
    assert "Read and sign" in page(door(marketer))

    versions.sign(in_review, side=Side.MARKETING, by=marketer, at=LATER)

    assert "Read and sign" not in page(door(marketer))
    assert "waits for the signature of sales" in page(door(manager))
    assert "Read and sign" in page(door(manager))


def test_a_signed_version_says_when_it_takes_effect(in_review, marketer, manager, door):
    versions.sign(in_review, side=Side.MARKETING, by=marketer, at=LATER)
    versions.sign(in_review, side=Side.SALES, by=manager, at=LATER)

    assert "takes effect within a minute" in page(door(marketer))


def test_a_rep_sees_no_draft(draft, dana, robin, door):
    assert "Version 2" in page(robin)
    assert "Version 2" not in page(door(dana.user))
    for view in ("", "compare/", "history/", "file/"):
        address = f"/definitions/mid-market/versions/2/{view}"
        assert robin.get(address).status_code == 200, address
        assert door(dana.user).get(address).status_code == 404, address


def test_a_definition_without_a_version_in_force_says_what_becomes_of_its_leads(version, robin):
    Definition.objects.create(key="enterprise", name="Enterprise")

    assert "No version is in force" in page(robin)


def test_an_open_review_is_offered_to_those_who_hold_it(version, dana, robin, door):
    assert "Review it" not in page(robin)

    DefinitionReview.objects.create(version=version, due_at=LATER, opened_at=LATER)

    assert "Review it" in page(robin)
    assert "Review it" not in page(door(dana.user))


def test_before_anything_is_agreed_the_list_says_what_will_appear(db, door):
    newcomer = world.person("Nia New", world.Role.REVOPS)

    assert "Nothing is agreed yet" in page(door(newcomer))


def test_the_list_asks_as_often_for_many_definitions_as_for_few(version, revops, robin):
    few = queries(robin)
    for number in range(30):
        versions.create_draft(content_of(version) | {"definition": f"twin-{number}"}, by=revops)

    assert queries(robin) == few


def queries(client, address="/definitions/"):
    page(client, address)
    with CaptureQueriesContext(connection) as captured:
        page(client, address)
    return len(captured)


def test_the_page_of_a_definition_shows_the_version_in_force(version, draft, robin):
    text = page(robin, "/definitions/mid-market/")

    assert "version 1" in text
    assert "In force" in text


def test_before_a_version_is_in_force_the_page_shows_the_one_on_its_way(version, revops, robin):
    versions.retire(version, by=revops, at=LATER)
    versions.revise(version, by=revops)

    assert "version 2" in page(robin, "/definitions/mid-market/")


def test_a_definition_without_versions_says_that_there_is_nothing_to_read(version, robin):
    Definition.objects.create(key="enterprise", name="Enterprise")

    assert "Nothing to read yet" in page(robin, "/definitions/enterprise/")


def test_an_unknown_definition_or_version_is_not_found(version, robin):
    assert robin.get("/definitions/no-such/").status_code == 404
    assert robin.get("/definitions/mid-market/versions/9/").status_code == 404


def test_the_file_is_the_text_that_was_signed(version, robin):
    response = robin.get("/definitions/mid-market/versions/1/file/")

    assert response.content.decode() == version.content
    assert response["Content-Disposition"] == 'attachment; filename="mid-market-v1.yaml"'
    assert response["Content-Type"].startswith("application/yaml")


def test_the_file_of_a_draft_has_its_present_rows(draft, robin):
    response = robin.get("/definitions/mid-market/versions/2/file/")

    assert response.content.decode() == versions.canonical_text(draft)
