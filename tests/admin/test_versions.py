"""The life of a version, by the buttons of its page."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import Definition

SIGNED_AT = datetime(2026, 1, 13, 12, tzinfo=UTC)


@pytest.fixture
def in_review(draft, robin):
    return versions.submit(draft, by=robin, at=SIGNED_AT)


@pytest.fixture
def signed(in_review, mara, saul):
    versions.sign(in_review, side=Side.MARKETING, by=mara, at=SIGNED_AT)
    versions.sign(in_review, side=Side.SALES, by=saul, at=SIGNED_AT)
    return in_review


@pytest.fixture
def active(signed, robin):
    return versions.activate(signed, by=robin, at=SIGNED_AT)


def page_of(version):
    return reverse("admin:definitions_definitionversion_change", args=[version.pk])


def step_of(version, name):
    return reverse("admin:definitions_definitionversion_step", args=[version.pk, name])


def press(client, version, name):
    """Press a button as a person does, and return what the page says then."""
    response = client.post(step_of(version, name), follow=True)
    version.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


def offered(client, version):
    response = client.get(page_of(version))
    assert response.status_code == 200
    return [step["label"] for step in response.context["steps"]]


def test_revops_submit_a_draft(sign_in, robin, draft):
    (said,) = press(sign_in(robin), draft, "submit")

    assert draft.state == VersionState.IN_REVIEW
    assert "both sides can sign it now" in said


def test_a_draft_without_operators_is_refused_in_the_words_of_the_domain(sign_in, robin, draft):
    draft.marketing_operator = draft.sales_operator = None
    draft.save()

    said = press(sign_in(robin), draft, "submit")

    assert draft.state == VersionState.DRAFT
    assert said == [
        "operators.marketing: nobody is named operator",
        "operators.sales: nobody is named operator",
    ]


def test_revops_withdraw_what_was_signed(sign_in, robin, signed):
    press(sign_in(robin), signed, "withdraw")

    assert signed.state == VersionState.DRAFT


def test_revops_retire_the_active_version(sign_in, robin, active):
    press(sign_in(robin), active, "retire")

    assert active.state == VersionState.RETIRED


OFFERED = [
    ("robin", "draft", ["Submit for review"]),
    ("robin", "in_review", ["Withdraw to draft"]),
    ("robin", "signed", ["Withdraw to draft"]),
    ("robin", "active", ["Retire"]),
    ("mara", "draft", []),
    ("mara", "in_review", []),
    ("mara", "signed", []),
    ("saul", "in_review", []),
    ("saul", "active", []),
    ("ines", "draft", []),
    ("ines", "in_review", []),
    ("ines", "signed", []),
    ("ines", "active", []),
]


@pytest.mark.parametrize(("who", "state", "labels"), OFFERED)
def test_the_page_offers_each_person_their_own_steps(request, sign_in, who, state, labels):
    version = request.getfixturevalue(state)

    assert offered(sign_in(request.getfixturevalue(who)), version) == labels


ALLOWED = {
    "robin": {"submit", "withdraw", "retire"},
    "mara": set(),
    "saul": set(),
    "ines": set(),
}
STEPS = ("submit", "withdraw", "retire")


@pytest.mark.parametrize("who", ALLOWED)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_a_person_may_not_take_is_forbidden(request, sign_in, in_review, who, step):
    client = sign_in(request.getfixturevalue(who))

    response = client.post(step_of(in_review, step))

    in_review.refresh_from_db()
    assert response.status_code == (302 if step in ALLOWED[who] else 403)
    if step not in ALLOWED[who]:
        assert in_review.state == VersionState.IN_REVIEW
        assert not in_review.signoffs.exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_not_taken_by_following_a_link(sign_in, robin, draft, step):
    assert sign_in(robin).get(step_of(draft, step)).status_code == 405


def test_a_step_needs_the_csrf_token(sign_in, robin, draft):
    client = sign_in(robin)
    client.handler.enforce_csrf_checks = True

    assert client.post(step_of(draft, "submit")).status_code == 403


def test_nobody_signs_or_activates_here(sign_in, mara, robin, in_review, signed):
    for person, step in ((mara, "sign-marketing"), (mara, "sign-sales"), (robin, "activate")):
        assert sign_in(person).post(step_of(signed, step)).status_code == 404

    signed.refresh_from_db()
    assert signed.state == VersionState.SIGNED


def test_a_version_in_review_leads_to_the_page_where_it_is_signed(sign_in, mara, in_review):
    page = sign_in(mara).get(page_of(in_review)).content.decode()

    assert reverse("web:version_sign", args=["mid-market", 1]) in page


def test_there_is_no_other_step_and_no_other_version(sign_in, robin, draft):
    client = sign_in(robin)

    assert client.post(step_of(draft, "approve")).status_code == 404
    draft.pk = 10**9
    assert client.post(step_of(draft, "submit")).status_code == 404


def test_the_text_to_be_signed_is_on_the_page(sign_in, mara, in_review):
    page = sign_in(mara).get(page_of(in_review)).content.decode()

    assert in_review.content_hash in page
    assert "definition: mid-market" in page


def test_the_key_of_a_definition_is_fixed_once_it_has_versions(sign_in, robin, draft):
    client, empty = sign_in(robin), Definition.objects.create(key="new", name="New")
    change = "admin:definitions_definition_change"
    typed = {"key": "renamed", "name": "Renamed", "position": 7, "review_every_days": 90}

    for definition in (draft.definition, empty):
        client.post(reverse(change, args=[definition.pk]), typed)

    draft.definition.refresh_from_db()
    empty.refresh_from_db()
    assert (draft.definition.key, draft.definition.name) == ("mid-market", "Renamed")
    assert empty.key == "renamed"
