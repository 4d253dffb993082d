"""A rep says that they are away, and back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import absences
from routing.models import Absence
from tests.web import world

DAY = timedelta(days=1)


def test_a_rep_is_away_for_the_rest_of_the_day(dana, door):
    response = door(dana.user).post("/queue/away/", {"span_kind": "today"}, follow=True)

    assert "You are away." in response.content.decode()
    absence = Absence.objects.get()
    assert absence.entered_by == dana.user
    assert timezone.localtime(absence.span.upper).time().isoformat() == "00:00:00"
    assert absence.span.upper - timezone.now() <= DAY


def test_a_rep_is_away_from_the_first_through_the_last_day(dana, dach, door):
    boris, today = world.rep("Boris Lang", dach), timezone.localdate()
    dates = {"first": today + DAY, "last": today + 3 * DAY}

    door(dana.user).post("/queue/away/", {"span_kind": "dates", "delegate": boris.pk} | dates)

    absence = Absence.objects.get()
    assert absence.delegate == boris
    assert absence.span.upper - absence.span.lower == 3 * DAY


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("", "", "Say on which day you leave."),
        ("2020-01-01", "2020-01-02", "Choose today or a day to come."),
        ("2999-01-02", "2999-01-01", "not before you leave"),
        ("2999-01-02", "", "not before you leave"),
        ("2999-01-02", "9999-12-31", "within ten years"),
    ],
    ids=["none", "past", "backwards", "no last day", "too far"],
)
def test_days_that_make_no_absence_are_refused_beside_the_field(dana, door, first, last, said):
    form = {"span_kind": "dates", "first": first, "last": last}

    response = door(dana.user).post("/queue/away/", form)

    assert response.status_code == 422
    assert said in response.content.decode()


def test_who_stands_in_works_in_the_same_territory(dana, alex, dach, door):
    boris = world.rep("Boris Lang", dach)
    client = door(dana.user)

    page = client.get("/queue/away/").content.decode()

    assert f'value="{boris.pk}"' in page
    assert f'value="{alex.pk}"' not in page
    assert f'value="{dana.pk}"' not in page


def test_an_overlap_is_said(dana, door):
    client = door(dana.user)
    client.post("/queue/away/", {"span_kind": "today"})

    response = client.post("/queue/away/", {"span_kind": "tomorrow"}, follow=True)

    assert "overlaps another absence" in response.content.decode()


def test_a_rep_comes_back(dana, alex, door):
    at = timezone.now()
    absence = absences.enter(dana, begins_at=at - DAY, ends_at=at + DAY, by=dana.user)
    address = f"/queue/away/{absence.public_id}/end/"

    assert door(alex.user).post(address).status_code == 404
    page = door(dana.user).post(address, follow=True).content.decode()

    assert "Welcome back." in page
    assert "You are away" not in page


def test_who_is_no_rep_is_never_away(manager, door):
    assert door(manager).get("/queue/away/").status_code == 403
