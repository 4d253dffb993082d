"""Reviews of versions in force: when they are due, who signs, and how they end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from crm_handoff.people.models import User
from definitions import reviews, versions
from definitions.enums import Side, VersionState
from definitions.models import Definition, DefinitionReview, DefinitionVersion

InState = Callable[[str], DefinitionVersion]

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
ALL = reviews.PARTS


@pytest.fixture
def active(in_state: InState) -> DefinitionVersion:
    """A version that took effect at noon."""
    return in_state("active")


@pytest.fixture
def review(active: DefinitionVersion, noon: datetime) -> DefinitionReview:
    """Its first review, opened on the day it was due."""
    found = reviews.begin(active, at=noon + 90 * DAY)
    assert found is not None
    return found


def sign(review: DefinitionReview, side: str, by: User, *, at: datetime, **said: object) -> None:
    reviews.sign(
        review,
        **{"outcome": "confirmed", "looked_at": ALL, "side": side, "by": by, "at": at} | said,
    )


@pytest.mark.parametrize(
    ("after", "is_due"),
    [
        pytest.param(90 * DAY - SECOND, False, id="a second early"),
        pytest.param(90 * DAY, True, id="on the dot"),
        pytest.param(400 * DAY, True, id="long after"),
    ],
)
def test_a_version_is_due_ninety_days_after_it_took_effect(active, noon, after, is_due):
    assert (reviews.due(at=noon + after) == [active]) is is_due


def test_a_definition_says_how_often_its_versions_are_reviewed(active, noon):
    Definition.objects.update(review_every_days=30)

    assert reviews.due(at=noon + 30 * DAY) == [active]


@pytest.mark.parametrize("state", ["draft", "in_review", "signed", "retired"])
def test_only_what_is_in_force_is_due(in_state, noon, state):
    in_state(state)

    assert reviews.due(at=noon + 400 * DAY) == []


def test_a_review_keeps_since_when_it_was_due(active, noon):
    review = reviews.begin(active, at=noon + 95 * DAY)

    assert review is not None
    assert (review.due_at, review.opened_at) == (noon + 90 * DAY, noon + 95 * DAY)


def test_while_a_review_is_open_no_other_is_due(review, active, noon):
    assert reviews.due(at=noon + 400 * DAY) == []
    assert reviews.begin(active, at=noon + 400 * DAY) is None


def test_what_is_not_due_is_not_opened(active, noon):
    assert reviews.begin(active, at=noon + 89 * DAY) is None


def test_both_sides_confirm_and_the_next_is_due_ninety_days_later(
    review, active, marta, sam, noon
):
    closed_at = noon + 100 * DAY
    sign(review, Side.MARKETING, marta, at=noon + 99 * DAY)
    assert review.closed_at is None
    sign(review, Side.SALES, sam, at=closed_at)

    review.refresh_from_db()
    assert (review.outcome, review.closed_at) == ("confirmed", closed_at)
    assert review.next_version is None
    assert reviews.due(at=closed_at + 90 * DAY - SECOND) == []
    assert reviews.due(at=closed_at + 90 * DAY) == [active]


@pytest.mark.parametrize(("first", "second"), [("confirmed", "revised"), ("revised", "confirmed")])
def test_one_side_that_wants_a_change_is_enough_for_a_draft_that_copies_the_version(
    review, active, marta, sam, noon, first, second
):
    at = noon + 100 * DAY
    sign(review, Side.MARKETING, marta, at=at, outcome=first, comment="Webinars should count.")
    sign(review, Side.SALES, sam, at=at, outcome=second, comment="Webinars should count.")

    review.refresh_from_db()
    draft = review.next_version
    assert review.outcome == "revised"
    assert (draft.number, draft.state, draft.author) == (2, VersionState.DRAFT, sam)
    assert versions.canonical_text(draft) == active.content
    active.refresh_from_db()
    assert active.state == VersionState.ACTIVE


def test_a_next_version_that_is_under_way_is_linked_in_place_of_another_copy(
    review, active, rita, marta, sam, noon
):
    under_way = versions.revise(active, by=rita)
    for side, by in ((Side.MARKETING, marta), (Side.SALES, sam)):
        sign(review, side, by, at=noon + 100 * DAY, outcome="revised", comment="Change it.")

    review.refresh_from_db()
    assert review.next_version == under_way
    assert active.definition.versions.count() == 2


def test_a_version_to_be_revised_is_due_again_when_nothing_came_of_it(
    review, active, marta, sam, noon
):
    at = noon + 100 * DAY
    for side, by in ((Side.MARKETING, marta), (Side.SALES, sam)):
        sign(review, side, by, at=at, outcome="revised", comment="Change it.")

    assert reviews.due(at=at + 90 * DAY) == [active]


def test_a_signature_keeps_what_was_looked_at_and_said(review, marta, noon):
    sign(
        review,
        Side.MARKETING,
        marta,
        at=noon + 91 * DAY,
        looked_at=["won", "acceptance", "gossip"],
        comment=" Holds. ",
    )

    signature = review.signatures.get()
    assert signature.looked_at == ["acceptance", "won"]
    assert (signature.comment, signature.signer, signature.side) == ("Holds.", marta, "marketing")


def test_who_looked_at_nothing_signs_nothing(review, marta, noon):
    with pytest.raises(reviews.NothingLookedAt):
        sign(review, Side.MARKETING, marta, at=noon, looked_at=[])


def test_who_wants_a_change_says_which(review, marta, noon):
    with pytest.raises(reviews.ReasonRequired):
        sign(review, Side.MARKETING, marta, at=noon, outcome="revised", comment="  ")


def test_a_side_signs_once(review, marta, rita, noon):
    sign(review, Side.MARKETING, marta, at=noon)

    with pytest.raises(versions.SideAlreadySigned):
        sign(review, Side.MARKETING, rita, at=noon)


def test_two_people_sign(review, marta, noon):
    sign(review, Side.MARKETING, marta, at=noon)

    with pytest.raises(versions.SignerMayNotSign):
        sign(review, Side.SALES, marta, at=noon)


def test_who_left_does_not_sign(review, marta, noon):
    marta.is_active = False

    with pytest.raises(versions.SignerMayNotSign):
        sign(review, Side.MARKETING, marta, at=noon)


def test_a_closed_review_is_neither_signed_nor_written(review, rita, marta, sam, noon):
    sign(review, Side.MARKETING, marta, at=noon)
    sign(review, Side.SALES, sam, at=noon)

    with pytest.raises(reviews.ReviewIsClosed):
        sign(review, Side.SALES, rita, at=noon)
    with pytest.raises(reviews.ReviewIsClosed):
        reviews.record_findings(review, text="Late.", seen="")


def test_a_review_of_a_version_that_was_replaced_ends_without_an_outcome(
    review, active, rita, marta, noon
):
    versions.retire(active, by=rita, at=noon + 92 * DAY)

    with pytest.raises(reviews.ReviewIsClosed):
        sign(review, Side.MARKETING, marta, at=noon + 93 * DAY)
    assert reviews.overdue(at=noon + 400 * DAY) == []


def test_findings_of_two_writers_do_not_replace_each_other_unseen(review):
    reviews.record_findings(review, text="Webinars lead nowhere.", seen="")

    with pytest.raises(reviews.FindingsChanged):
        reviews.record_findings(review, text="Pricing views win.", seen="")

    reviews.record_findings(review, text="Both.", seen="Webinars lead nowhere.")
    review.refresh_from_db()
    assert review.findings == "Both."


@pytest.mark.parametrize(
    ("after", "is_overdue"),
    [
        pytest.param(14 * DAY - SECOND, False, id="a second early"),
        pytest.param(14 * DAY, True, id="on the dot"),
    ],
)
def test_a_review_is_overdue_two_weeks_after_it_opened(review, after, is_overdue):
    assert (reviews.overdue(at=review.opened_at + after) == [review]) is is_overdue


def test_who_tells_that_a_review_is_overdue_does_it_once(review):
    at = review.opened_at + 14 * DAY

    assert reviews.claim_reminder(review, at=at)
    assert not reviews.claim_reminder(review, at=at)
    assert reviews.overdue(at=at) == []


@pytest.mark.django_db(transaction=True)
def test_two_relays_open_one_review(in_state: InState, noon: datetime):
    version = in_state("active")

    def begin(_turn: int) -> DefinitionReview | None:
        try:
            return reviews.begin(version, at=noon + 90 * DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as relays:
        opened = list(relays.map(begin, range(2)))

    assert sum(review is not None for review in opened) == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_sign_for_one_side_at_once_leave_one_signature(
    in_state: InState, marta: User, rita: User, noon: datetime
):
    review = reviews.begin(in_state("active"), at=noon + 90 * DAY)
    assert review is not None

    def enter(by: User) -> bool:
        try:
            mine = DefinitionReview.objects.get(pk=review.pk)
            sign(mine, Side.MARKETING, by, at=noon + 91 * DAY)
        except versions.SideAlreadySigned:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as people:
        signed = list(people.map(enter, [marta, rita]))

    assert sorted(signed) == [False, True]
    assert review.signatures.count() == 1
