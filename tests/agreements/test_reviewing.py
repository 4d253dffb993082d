"""Reviews that fall due are opened with the day's figures, and both sides are told."""

from datetime import UTC, datetime, timedelta

import pytest

from crm_handoff import relay
from crm_handoff.agreements import reviewing
from crm_handoff.people.models import User
from crm_handoff.reports import agreement
from definitions import reviews
from definitions.enums import Side
from definitions.models import DefinitionReview, DefinitionVersion
from routing import handoffs
from routing.models import Notice, RejectionReason
from tests.web import world

DAY = timedelta(days=1)
DUE = datetime(2026, 4, 1, tzinfo=UTC)
"""Ninety days after the shipped agreement took effect."""

SIDES = {"Maya Lindqvist", "Samir Haddad", "Robin Ops"}


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    return world.company()


def told(kind: str) -> list[str]:
    names = Notice.objects.filter(kind=kind).values_list("recipient__full_name", flat=True)
    return sorted(names)


def test_nothing_is_due_before_ninety_days(version, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert reviewing.attend(at=DUE - DAY) == 0

    assert not DefinitionReview.objects.exists()


def test_what_is_due_is_opened_once_and_both_sides_are_told_once(version):
    assert reviewing.attend(at=DUE) == 1
    assert reviewing.attend(at=DUE + DAY) == 0

    review = DefinitionReview.objects.get()
    assert (review.version, review.due_at, review.opened_at) == (version, DUE, DUE)
    assert told("review_due") == sorted(SIDES)


def test_the_figures_are_those_of_the_day(version):
    rep = world.rep("Dana Fischer", world.territory())
    taken, refused = (world.handed_over(version, at=DUE - 2 * DAY) for _ in range(2))
    handoffs.accept(taken.pk, by=rep.user, at=DUE - DAY)

    reviewing.attend(at=DUE)
    reason = RejectionReason.objects.filter(category="no_fit").first()
    handoffs.reject(refused.pk, reason=reason, comment="No.", by=rep.user, at=DUE + DAY)

    figures = agreement.from_json(DefinitionReview.objects.get().figures)
    assert figures is not None
    assert (figures.accepted, figures.rejected, figures.pending) == (1, 0, 1)
    assert figures.until == DUE


def test_a_review_that_waits_for_two_weeks_is_told_once_more_with_who_is_missing(version):
    reviewing.attend(at=DUE)
    maya = User.objects.get(full_name="Maya Lindqvist")
    reviews.sign(
        DefinitionReview.objects.get(),
        side=Side.MARKETING,
        outcome="confirmed",
        looked_at=reviews.PARTS,
        by=maya,
        at=DUE + DAY,
    )

    assert reviewing.attend(at=DUE + 13 * DAY) == 0
    assert reviewing.attend(at=DUE + 14 * DAY) == 1
    assert reviewing.attend(at=DUE + 30 * DAY) == 0

    assert told("review_overdue") == sorted(SIDES)
    detail = Notice.objects.filter(kind="review_overdue").first().detail
    assert detail["missing"] == ["sales"]


def test_a_confirmed_version_is_reviewed_again_ninety_days_later(version):
    reviewing.attend(at=DUE)
    review = DefinitionReview.objects.get()
    for side, name in ((Side.MARKETING, "Maya Lindqvist"), (Side.SALES, "Samir Haddad")):
        reviews.sign(
            review,
            side=side,
            outcome="confirmed",
            looked_at=reviews.PARTS,
            by=User.objects.get(full_name=name),
            at=DUE + DAY,
        )

    assert reviewing.attend(at=DUE + 90 * DAY) == 0
    assert reviewing.attend(at=DUE + 91 * DAY) == 1
    assert len(told("review_due")) == 2 * len(SIDES)


def test_the_relay_attends_to_reviews():
    assert reviewing.attend in [job.run for job in relay.SLOW_JOBS]
