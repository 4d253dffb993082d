"""Absences as reps and their managers enter them."""

from datetime import timedelta

import pytest

from crm_handoff.people.models import User
from routing import absences
from routing.models import Absence, Rep
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def rita() -> Rep:
    return sales.rep("Rita")


@pytest.fixture
def user(rita: Rep) -> User:
    return sales.user_of(rita)


def test_enter_says_who_is_away_and_who_stands_in(rita: Rep, user: User) -> None:
    rosa = sales.rep("Rosa")

    absence = absences.enter(
        rita, begins_at=NOON, ends_at=NOON + DAY, by=user, delegate=rosa, note=" Dentist "
    )

    assert (absence.delegate, absence.note, absence.entered_by_id) == (rosa, "Dentist", user.pk)
    assert absences.current(rita.user, at=NOON) == absence


def test_enter_refuses_what_overlaps(rita: Rep, user: User) -> None:
    sales.away(rita, since=NOON, until=NOON + DAY)

    with pytest.raises(absences.AbsenceOverlaps):
        absences.enter(rita, begins_at=NOON + HOUR, ends_at=None, by=user)
    absences.enter(rita, begins_at=NOON + DAY, ends_at=None, by=user)

    assert Absence.objects.count() == 2


def test_enter_refuses_an_end_before_the_beginning(rita: Rep, user: User) -> None:
    with pytest.raises(absences.AbsenceEndsBeforeItBegins):
        absences.enter(rita, begins_at=NOON, ends_at=NOON, by=user)


def test_nobody_stands_in_for_themselves(rita: Rep, user: User) -> None:
    with pytest.raises(absences.CannotStandInForThemselves):
        absences.enter(rita, begins_at=NOON, ends_at=None, by=user, delegate=rita)


@pytest.mark.parametrize("until", [None, NOON + DAY], ids=["until further notice", "a day"])
def test_end_brings_a_rep_back_at_once(rita: Rep, user: User, until: object) -> None:
    absence = sales.away(rita, since=NOON, until=until)  # type: ignore[arg-type]

    absences.end(absence.pk, by=user, at=NOON + HOUR)

    absence.refresh_from_db()
    assert absence.span.upper == NOON + HOUR
    assert absences.current(rita.user, at=NOON + HOUR) is None


def test_end_calls_off_what_has_not_begun(rita: Rep, user: User) -> None:
    absence = sales.away(rita, since=NOON + DAY, until=NOON + 2 * DAY)

    absences.end(absence.pk, by=user, at=NOON)

    assert not Absence.objects.exists()


def test_end_leaves_what_is_over(rita: Rep, user: User) -> None:
    absence = sales.away(rita, since=NOON, until=NOON + HOUR)

    absences.end(absence.pk, by=user, at=NOON + DAY)

    absence.refresh_from_db()
    assert absence.span.upper == NOON + HOUR


def test_current_is_the_one_now_else_the_next(rita: Rep) -> None:
    sales.away(rita, since=NOON - DAY, until=NOON)
    later = sales.away(rita, since=NOON + 2 * DAY, until=None)
    sooner = sales.away(rita, since=NOON + HOUR, until=NOON + DAY)

    assert absences.current(rita.user, at=NOON) == sooner
    assert absences.current(rita.user, at=NOON + 3 * DAY) == later
