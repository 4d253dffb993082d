"""The life of a version, by the buttons of its page."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions import catalog, versions
from definitions.enums import Side, VersionState
from definitions.models import Definition
from tests import recipes

SIGNED_AT = datetime(2026, 1, 13, 12, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def member(name, *given):
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, full_name=name.title())
    for role in given:
        roles.grant(user, role)
    return user


@pytest.fixture
def mara(db):
    return member("mara", Role.MARKETING_LEAD)


@pytest.fixture
def saul(db):
    return member("saul", Role.SALES_MANAGER)


@pytest.fixture
def robin(db):
    return member("robin", Role.REVOPS)


@pytest.fixture
def ines(db):
    return member("ines", Role.AUDITOR)


@pytest.fixture
def draft(mara, saul, robin):
    catalog.load_defaults()
    version = versions.load(recipes.shipped_text(), by=robin)
    version.marketing_operator, version.sales_operator = mara, saul
    version.save()
    return version


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


def press(client, version, name, **typed):
    """Press a button as a person does, and return what the page says then."""
    response = client.post(step_of(version, name), typed, follow=True)
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


def test_two_people_sign_and_revops_activate(sign_in, mara, saul, robin, in_review):
    press(sign_in(mara), in_review, "sign-marketing", password=PASSWORD, comment="Agreed.")
    press(sign_in(saul), in_review, "sign-sales", password=PASSWORD)
    press(sign_in(robin), in_review, "activate")

    marketing, sales = in_review.signoffs.order_by("pk")
    assert (marketing.side, marketing.signer, marketing.comment) == ("marketing", mara, "Agreed.")
    assert (sales.side, sales.signer) == ("sales", saul)
    assert in_review.state == VersionState.ACTIVE


@pytest.mark.parametrize("password", ["", "wrong", None], ids=["blank", "wrong", "missing"])
def test_a_signature_needs_the_signers_password(sign_in, mara, in_review, password):
    typed = {} if password is None else {"password": password}

    (said,) = press(sign_in(mara), in_review, "sign-marketing", **typed)

    assert said == "That is not your password; nothing was signed."
    assert not in_review.signoffs.exists()


def test_one_person_does_not_sign_for_both_sides(sign_in, in_review):
    both = member("both", Role.MARKETING_LEAD, Role.SALES_MANAGER)
    press(sign_in(both), in_review, "sign-marketing", password=PASSWORD)

    (said,) = press(sign_in(both), in_review, "sign-sales", password=PASSWORD)

    assert said == "The two sides are signed for by two people, both active."
    assert in_review.signoffs.count() == 1


def test_a_side_signs_once(sign_in, mara, in_review):
    press(sign_in(mara), in_review, "sign-marketing", password=PASSWORD)

    (said,) = press(sign_in(mara), in_review, "sign-marketing", password=PASSWORD)

    assert "Marketing has signed" in said
    assert in_review.signoffs.count() == 1


def test_revops_withdraw_what_was_signed(sign_in, robin, signed):
    press(sign_in(robin), signed, "withdraw")

    assert signed.state == VersionState.DRAFT


def test_revops_retire_the_active_version(sign_in, robin, active):
    press(sign_in(robin), active, "retire")

    assert active.state == VersionState.RETIRED


def test_a_version_without_both_signatures_is_not_activated(sign_in, robin, in_review):
    (said,) = press(sign_in(robin), in_review, "activate")

    assert in_review.state == VersionState.IN_REVIEW
    assert said.endswith("is in review.")


OFFERED = [
    ("robin", "draft", ["Submit for review"]),
    ("robin", "in_review", ["Withdraw to draft"]),
    ("robin", "signed", ["Activate", "Withdraw to draft"]),
    ("robin", "active", ["Retire"]),
    ("mara", "draft", []),
    ("mara", "in_review", ["Sign for marketing"]),
    ("mara", "signed", []),
    ("saul", "in_review", ["Sign for sales"]),
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
    "robin": {"submit", "activate", "withdraw", "retire"},
    "mara": {"sign-marketing"},
    "saul": {"sign-sales"},
    "ines": set(),
}
STEPS = ("submit", "sign-marketing", "sign-sales", "activate", "withdraw", "retire")


@pytest.mark.parametrize("who", ALLOWED)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_a_person_may_not_take_is_forbidden(request, sign_in, in_review, who, step):
    client = sign_in(request.getfixturevalue(who))

    response = client.post(step_of(in_review, step), {"password": PASSWORD})

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
    typed = {"key": "renamed", "name": "Renamed", "position": 7}

    for definition in (draft.definition, empty):
        client.post(reverse(change, args=[definition.pk]), typed)

    draft.definition.refresh_from_db()
    empty.refresh_from_db()
    assert (draft.definition.key, draft.definition.name) == ("mid-market", "Renamed")
    assert empty.key == "renamed"
