"""A rep says that they are away, and back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff import absences as jobs
from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.people.models import User
from crm_handoff.web import absences as pages
from crm_handoff.web import tags
from routing import absences, mirrors, series
from routing.mirrors import Busy
from routing.models import Absence, AbsenceSeries, BusinessCalendar, CalendarWindow, Handoff
from routing.series import Pattern
from tests.web import world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_rep_is_away_for_the_rest_of_the_day(dana, door):
    response = door(dana.user).post("/queue/away/", {"span_kind": "today"}, follow=True)

    assert "You are away." in response.content.decode()
    absence = Absence.objects.get()
    assert absence.entered_by == dana.user
    assert timezone.localtime(absence.span.upper).time().isoformat() == "00:00:00"
    assert absence.span.upper - timezone.now() <= DAY
    page = door(dana.user).get("/queue/").content.decode()
    assert "until <time" in page
    assert ">24:00</time>" in page, "midnight belongs to the day that it ends"


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (13 * HOUR, 17 * HOUR, "{first}, 13:00 to 17:00"),
        (13 * HOUR, 24 * HOUR, "{first}, 13:00 to 24:00"),
        (0 * HOUR, 24 * HOUR, "{first}, the whole day"),
        (13 * HOUR, 72 * HOUR, "{first} 13:00 to {third} 24:00"),
    ],
    ids=["hours", "through the day", "a day", "through three days"],
)
def test_an_absence_ends_on_its_last_day(begins, ends, said):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)

    when = pages.when_of(midnight + begins, midnight + ends)

    first, third = tags.weekday_of(midnight), tags.weekday_of(midnight + 2 * DAY)
    assert when == said.format(first=first, third=third)


def test_whole_days_are_over_at_the_end_of_the_last_one():
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)

    assert tags.over_at(midnight + DAY) == "24:00"
    assert tags.over_at(midnight + 2 * DAY) == "tomorrow 24:00"
    assert tags.over_at(midnight + 12 * HOUR) == "12:00"
    assert tags.over_at(midnight + 20 * DAY) == tags.day_of(midnight + 19 * DAY)


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
        ("2999-01-02", "", "within ten years"),
        ("2999-01-02", "9999-12-31", "within ten years"),
    ],
    ids=["none", "past", "backwards", "one day too far", "too far"],
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

    response = client.post("/queue/away/", {"span_kind": "open"})

    assert response.status_code == 422
    assert "This overlaps the absence from" in response.content.decode()


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


@pytest.fixture
def office(dach):
    """DACH works from 8 to 12 and from 13 to 17, UTC, on every day."""
    calendar = BusinessCalendar.objects.create(key="office", name="Office", time_zone="UTC")
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=opens, closes=closes)
        for day in range(7)
        for opens, closes in ((time(8), time(12)), (time(13), time(17)))
    )
    dach.calendar = calendar
    dach.save()
    return calendar


@pytest.mark.parametrize(("part", "begins", "ends"), [("morning", 8, 12), ("afternoon", 13, 17)])
def test_half_a_day_is_one_of_the_calendars(dana, office, door, part, begins, ends):
    day = timezone.localdate() + DAY

    door(dana.user).post("/queue/away/", {"span_kind": "half", "day": day, "part": part})

    span = Absence.objects.get().span
    assert span.lower == datetime.combine(day, time(begins), tzinfo=UTC)
    assert span.upper == datetime.combine(day, time(ends), tzinfo=UTC)


def test_half_a_day_of_a_day_that_is_closed_is_refused(dana, office, door):
    day = timezone.localdate() + DAY
    office.closures.create(on=day)

    response = door(dana.user).post("/queue/away/", {"span_kind": "half", "day": day})

    assert "Nothing is open on that day" in response.content.decode()


def test_until_i_am_back_has_no_end(dana, door):
    door(dana.user).post("/queue/away/", {"span_kind": "open"})

    assert Absence.objects.get().span.upper is None


def test_every_week_is_entered_in_the_zone_of_the_rep(dana, door):
    User.objects.filter(pk=dana.user_id).update(time_zone="Europe/Berlin")
    weekly = {"span_kind": "weekly", "weekdays": ["4"], "begins": "13:00", "ends": "17:00"}

    page = door(dana.user).post("/queue/away/", weekly | {"back": "absences"}, follow=True)

    entered = AbsenceSeries.objects.get()
    assert (entered.rep, entered.time_zone, entered.entered_by) == (
        dana,
        "Europe/Berlin",
        dana.user,
    )
    assert entered.absences.count() == 13
    assert "Every Friday, 13:00 to 17:00" in page.content.decode()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "Choose at least one day"),
        ({"weekdays": ["4"], "begins": "13:00"}, "Say both times"),
        ({"weekdays": ["4"], "begins": "13:00", "ends": "12:00"}, "after the beginning"),
        ({"weekdays": ["4"], "ends_on": "2020-01-01"}, "not before the first"),
        ({"weekdays": ["9"]}, "not one of the available"),
    ],
)
def test_a_week_that_makes_no_sense_says_why(dana, door, said, words):
    response = door(dana.user).post("/queue/away/", {"span_kind": "weekly"} | said)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Absence.objects.exists()


def test_what_will_happen_is_said_before_and_then_it_happens(
    version, dana, dach, door, routed_to_dana
):
    boris = world.rep("Boris Lang", dach)
    client = door(dana.user)
    form = {"span_kind": "today", "delegate": boris.pk}

    said = client.get("/queue/away/effect/", form).content.decode()
    client.post("/queue/away/", form)
    jobs.begin()

    assert "2 untouched leads go to Boris Lang, or to the rotation of DACH." in said
    assert not Handoff.objects.filter(rep=dana).exists()
    assert Handoff.objects.filter(rep=boris).count() == 2


def test_it_is_said_when_nobody_else_is_there(version, dana, dach, door, routed_to_dana):
    said = door(dana.user).get("/queue/away/effect/", {"span_kind": "today"}).content.decode()

    assert "2 untouched leads go to the rotation of DACH." in said
    assert "Nobody else of DACH is there then: leads wait in DACH queue" in said


def test_nothing_is_said_while_the_form_is_amiss(dana, door):
    said = door(dana.user).get("/queue/away/effect/", {"span_kind": "dates"}).content.decode()

    assert said.strip() == ""


@pytest.fixture
def routed_to_dana(version, dana):
    """Two leads that Dana holds untouched."""
    at = timezone.now()
    return [world.handed_over(version, world.lead(f"Lead{n}"), at=at) for n in range(2)]


def next_week(rep, **said):
    begins_at = timezone.now().replace(microsecond=0) + 7 * DAY
    values = {"begins_at": begins_at, "ends_at": begins_at + DAY, "by": rep.user}
    return absences.enter(rep, **values | said)


def test_a_rep_changes_an_absence_of_their_own_alone(dana, alex, door):
    own, other = next_week(dana), next_week(alex)
    said = {"begins_at": "2030-05-06T08:00", "ends_at": "", "note": "Fair", "back": "absences"}

    changed = door(dana.user).post(f"/absences/{own.public_id}/", said, follow=True)
    hidden = door(dana.user).post(f"/absences/{other.public_id}/", said)

    own.refresh_from_db()
    assert "The absence is changed." in changed.content.decode()
    assert (own.span.lower, own.span.upper) == (datetime(2030, 5, 6, 8, tzinfo=UTC), None)
    assert own.note == "Fair"
    assert hidden.status_code == 404


def test_a_manager_changes_an_absence_of_the_team(dana, manager, door):
    absence = next_week(dana)
    client = door(manager)

    page = client.get(f"/absences/{absence.public_id}/?back=team").content.decode()
    client.post(
        f"/absences/{absence.public_id}/",
        {"begins_at": "2030-05-06T08:00", "ends_at": "2030-05-07T08:00", "back": "team"},
    )

    assert "Absence of Dana Fischer" in page
    absence.refresh_from_db()
    assert absence.span.lower == datetime(2030, 5, 6, 8, tzinfo=UTC)


def test_times_of_a_calendar_do_not_change_here_but_who_stands_in(dana, dach, door):
    boris, at = world.rep("Boris Lang", dach), timezone.now()
    mirrors.keep(dana, [Busy("a", at + DAY, at + 2 * DAY)], by=dana.user, at=at)
    absence = Absence.objects.get()
    client = door(dana.user)

    client.post(
        f"/absences/{absence.public_id}/",
        {"begins_at": "2030-05-06T08:00", "delegate": boris.pk},
    )
    called_off = client.post(f"/queue/away/{absence.public_id}/end/", follow=True)

    absence.refresh_from_db()
    assert (absence.span.lower, absence.delegate) == (at + DAY, boris)
    assert "comes from a calendar" in called_off.content.decode()


@pytest.fixture
def fridays(dana):
    pattern = Pattern(weekdays=[4], starts_on=date(2026, 1, 1), time_zone="UTC")
    return series.enter(dana, pattern, by=dana.user, at=timezone.now())


def test_a_recurring_absence_is_changed_and_ended(dana, alex, fridays, door):
    address = f"/absences/series/{fridays.public_id}/"
    client = door(dana.user)

    client.post(address, {"weekdays": ["0", "2"], "every_weeks": "2", "starts_on": "2026-01-01"})
    page = client.get("/queue/absences/").content.decode()
    assert "Every 2 weeks on Monday and Wednesday, the whole day" in page
    assert door(alex.user).post(f"{address}end/").status_code == 404
    client.post(f"{address}end/")

    fridays.refresh_from_db()
    assert fridays.ended_at is not None
    assert client.post(f"{address}end/").status_code == 404


def test_a_rep_without_absences_reads_how_they_appear(dana, door):
    page = door(dana.user).get("/queue/absences/").content.decode()

    assert "You are there." in page
    assert "Paste the iCalendar address" in page


def test_a_calendar_is_connected_and_stopped(dana, door):
    client, address = door(dana.user), "https://calendar.example/secret-7/rita.ics"

    page = client.post("/queue/calendar/", {"address": address}, follow=True).content.decode()
    assert "Read from calendar.example every 15 minutes." in page
    assert "secret-7" not in page
    client.post("/queue/calendar/stop/")

    feed = AbsenceFeed.objects.get()
    assert (feed.is_active, feed.rep) == (False, dana)
    assert client.post("/queue/calendar/stop/").status_code == 404


@pytest.mark.parametrize(
    "address", ["", "http://calendar.example/", "file:///etc/passwd", "https://a:b@c.example/"]
)
def test_an_address_that_may_not_be_read_is_refused_beside_the_field(dana, door, address):
    response = door(dana.user).post("/queue/calendar/", {"address": address})

    assert response.status_code == 422
    assert 'id="id_address_wrong"' in response.content.decode()
    assert not AbsenceFeed.objects.exists()


def test_problems_and_what_is_left_out_are_shown(dana, door, manager):
    AbsenceFeed.objects.create(
        rep=dana,
        host="calendar.example",
        sealed_address=b"x",
        next_fetch_at=timezone.now(),
        problem="The address answers 500.",
        left_out=[{"begins_at": "2026-12-01T08:00:00+00:00", "ends_at": "2026-12-02T08:00:00Z"}],
        entered_by=dana.user,
    )

    own = door(dana.user).get("/queue/absences/").content.decode()
    team = door(manager).get("/team/away/").content.decode()

    assert "The address answers 500." in own
    assert "Left out, because you entered" in own
    assert "The calendar of Dana Fischer cannot be read: The address answers 500." in team


def test_the_team_sees_who_is_away_when(dana, alex, fridays, manager, door):
    at = timezone.now()
    absences.enter(alex, begins_at=at - HOUR, ends_at=None, by=manager, note="Sick")

    page = door(manager).get("/team/away/").content.decode()

    assert "1 rep is away now" in page
    assert page.index(str(alex)) < page.index(str(dana))
    assert "Every Friday, the whole day" in page
    assert door(dana.user).get("/team/away/").status_code == 403


@pytest.mark.parametrize("path", ["/team/away/", "/queue/absences/"])
def test_pages_of_absences_ask_the_same_for_3_and_for_30(path, dana, dach, manager, door):
    client = door(manager if "team" in path else dana.user)
    at = timezone.now()
    asked = []
    for count in (3, 27):
        for number in range(count):
            rep = dana if "queue" in path else world.rep(f"Rep {count}-{number}", dach)
            begins_at = at + (count + number) * DAY
            absences.enter(rep, begins_at=begins_at, ends_at=begins_at + HOUR, by=manager)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        asked.append(len(queries))

    assert asked[0] == asked[1]
    assert asked[1] <= 15
