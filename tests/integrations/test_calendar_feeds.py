"""Calendars elsewhere that say when reps are away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from crm_handoff.clock import database_now
from crm_handoff.integrations import calendars, icalendars
from crm_handoff.integrations.fetching import AddressRefused
from crm_handoff.integrations.icalendars import CalendarUnreadable
from crm_handoff.integrations.models import AbsenceFeed
from routing import absences, mirrors
from routing.mirrors import Busy
from routing.models import Absence, Rep
from tests.integrations.websites import Site, serving
from tests.routing import sales
from tests.routing.sales import NOON

MINUTE, HOUR, DAY, WEEK = (
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(weeks=1),
)
BERLIN = ZoneInfo("Europe/Berlin")


def calendar(*events: str) -> bytes:
    """A calendar of events, each given by its lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tests//EN"]
    for number, event in enumerate(events):
        said = [line.strip() for line in event.strip().splitlines()]
        uid = [] if any(line.startswith("UID") for line in said) else [f"UID:event-{number}"]
        lines += ["BEGIN:VEVENT", *uid, *said, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def event(begins_at: datetime, ends_at: datetime, *lines: str) -> str:
    stamp = "%Y%m%dT%H%M%SZ"
    return "\n".join([f"DTSTART:{begins_at:{stamp}}", f"DTEND:{ends_at:{stamp}}", *lines])


def read(body: bytes, **options: bool) -> list[Busy]:
    return icalendars.busy_times(
        body, zone=BERLIN, begins_at=NOON, ends_at=NOON + 90 * DAY, **options
    )


def spans(found: list[Busy]) -> list[tuple[datetime, datetime]]:
    return [(one.begins_at, one.ends_at) for one in found]


def test_a_whole_day_is_one_where_the_person_lives() -> None:
    body = calendar("DTSTART;VALUE=DATE:20260202\nDTEND;VALUE=DATE:20260207")

    assert spans(read(body)) == [
        (datetime(2026, 2, 1, 23, tzinfo=UTC), datetime(2026, 2, 6, 23, tzinfo=UTC))
    ]


def test_a_time_keeps_its_own_zone_and_one_without_is_the_persons() -> None:
    body = calendar(
        "DTSTART;TZID=America/New_York:20260202T090000\nDURATION:PT2H",
        "DTSTART:20260203T090000\nDTEND:20260203T100000",
    )

    assert spans(read(body)) == [
        (datetime(2026, 2, 2, 14, tzinfo=UTC), datetime(2026, 2, 2, 16, tzinfo=UTC)),
        (datetime(2026, 2, 3, 8, tzinfo=UTC), datetime(2026, 2, 3, 9, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("", (True, False)),
        ("TRANSP:OPAQUE", (True, False)),
        ("TRANSP:TRANSPARENT", (False, False)),
        ("STATUS:CANCELLED", (False, False)),
        ("STATUS:TENTATIVE", (False, False)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", (True, True)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", (True, False)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", (False, False)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", (False, False)),
    ],
)
def test_busy_counts_and_only_out_of_office_where_that_is_wanted(
    line: str, counts: tuple[bool, bool]
) -> None:
    body = calendar(event(NOON + DAY, NOON + DAY + HOUR, line))

    found = tuple(bool(read(body, is_out_of_office_only=is_only)) for is_only in (False, True))

    assert found == counts


def test_a_whole_day_counts_also_where_only_out_of_office_is_wanted() -> None:
    body = calendar("DTSTART;VALUE=DATE:20260202\nDTEND;VALUE=DATE:20260203")

    assert len(read(body, is_out_of_office_only=True)) == 1


def test_what_comes_again_is_laid_out_with_its_exceptions() -> None:
    weekly = """
        UID:friday
        DTSTART;TZID=Europe/Berlin:20260116T130000
        DTEND;TZID=Europe/Berlin:20260116T170000
        RRULE:FREQ=WEEKLY;COUNT=4
        EXDATE;TZID=Europe/Berlin:20260123T130000
    """
    moved = """
        UID:friday
        RECURRENCE-ID;TZID=Europe/Berlin:20260130T130000
        DTSTART;TZID=Europe/Berlin:20260130T150000
        DTEND;TZID=Europe/Berlin:20260130T170000
    """

    found = read(calendar(weekly, moved))

    assert [one.begins_at.astimezone(BERLIN).strftime("%d %H") for one in found] == [
        "16 13",
        "30 15",
        "06 13",
    ]
    assert len({one.external_id for one in found}) == 3


def test_an_event_is_called_the_same_after_it_was_moved() -> None:
    before = read(calendar(event(NOON + DAY, NOON + 2 * DAY)))
    after = read(calendar(event(NOON + 3 * DAY, NOON + 4 * DAY)))

    assert before[0].external_id == after[0].external_id == "event-0"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Sign in</html>", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT"],
    ids=["nothing", "a web page", "not text", "cut off"],
)
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(CalendarUnreadable):
        read(body)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=1", "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3"],
)
def test_what_comes_back_within_a_day_is_passed_over(rule: str) -> None:
    body = calendar(
        event(NOON + DAY, NOON + DAY + MINUTE, f"RRULE:{rule}"),
        event(NOON + DAY, NOON + DAY + HOUR),
    )

    assert [one.external_id for one in read(body)] == ["event-1"]


def test_a_calendar_of_too_much_is_refused() -> None:
    one = event(NOON + DAY, NOON + DAY + HOUR)

    with pytest.raises(CalendarUnreadable, match="more events"):
        read(calendar(*[one] * (icalendars.MOST_EVENTS + 1)))


@pytest.mark.parametrize(
    "body",
    [
        calendar(event(NOON, NOON + HOUR, "RRULE:FREQ=DAILY;INTERVAL=0")),
        calendar(event(NOON, NOON + HOUR, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")),
        calendar(event(NOON, NOON + HOUR, "RRULE:FREQ=SECONDLY"))
        .replace(b"BEGIN:VEVENT", b"BEGIN:VTODO\r\nUID:a\r\nBEGIN:VEVENT")
        .replace(b"END:VEVENT", b"END:VEVENT\r\nEND:VTODO"),
        calendar(*["DTSTART:19000101T000000Z\nRRULE:FREQ=DAILY"] * 400),
    ],
    ids=["goes nowhere", "never comes", "each second, hidden", "for ages"],
)
def test_a_calendar_that_takes_for_ever_is_given_up(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icalendars, "SECONDS", 0.3)

    with pytest.raises(CalendarUnreadable):
        read(body)


@pytest.fixture
def rita(db: None) -> Rep:
    return sales.rep("Rita")


def busy(name: str, begins_at: datetime, ends_at: datetime) -> Busy:
    return Busy(name, begins_at, ends_at)


def keep(rita: Rep, *said: Busy, at: datetime = NOON) -> list[str]:
    left_out = mirrors.keep(rita, said, by=sales.user_of(rita), at=at)
    return [one.external_id for one in left_out]


def kept(rita: Rep) -> dict[str, tuple[datetime, datetime]]:
    rows = Absence.objects.filter(rep=rita).exclude(external_id="").order_by("span")
    return {row.external_id: (row.span.lower, row.span.upper) for row in rows}


def test_absences_come_move_and_vanish_with_the_calendar(rita: Rep) -> None:
    keep(rita, busy("a", NOON + DAY, NOON + 2 * DAY), busy("b", NOON + WEEK, NOON + WEEK + DAY))
    rosa = sales.rep("Rosa")
    Absence.objects.filter(external_id="a").update(delegate=rosa)

    keep(rita, busy("a", NOON + 3 * DAY, NOON + 4 * DAY))

    assert kept(rita) == {"a": (NOON + 3 * DAY, NOON + 4 * DAY)}
    assert Absence.objects.get().delegate == rosa


def test_two_that_change_places_do_not_collide(rita: Rep) -> None:
    first, second = (NOON + DAY, NOON + 2 * DAY), (NOON + 5 * DAY, NOON + 6 * DAY)
    keep(rita, busy("a", *first), busy("b", *second))

    assert keep(rita, busy("a", *second), busy("b", *first)) == []

    assert kept(rita) == {"b": first, "a": second}


def test_what_runs_ends_when_the_calendar_says_and_at_once_when_it_vanishes(rita: Rep) -> None:
    keep(rita, busy("a", NOON + HOUR, NOON + 5 * HOUR))
    during = NOON + 2 * HOUR

    keep(rita, busy("a", NOON + HOUR, NOON + 8 * HOUR), at=during)
    assert kept(rita) == {"a": (NOON + HOUR, NOON + 8 * HOUR)}
    keep(rita, at=during)
    assert kept(rita) == {"a": (NOON + HOUR, during)}


def test_what_was_ended_here_early_stays_ended(rita: Rep) -> None:
    keep(rita, busy("a", NOON + HOUR, NOON + 5 * HOUR))
    absences.end(Absence.objects.get().pk, by=sales.user_of(rita), at=NOON + 2 * HOUR)

    keep(rita, busy("a", NOON + HOUR, NOON + 5 * HOUR), at=NOON + 3 * HOUR)

    assert kept(rita) == {"a": (NOON + HOUR, NOON + 2 * HOUR)}


def test_what_overlaps_a_persons_own_entry_is_left_out_and_said(rita: Rep) -> None:
    sales.away(rita, since=NOON + DAY, until=NOON + 3 * DAY)

    left_out = keep(
        rita,
        busy("a", NOON + 2 * DAY, NOON + 4 * DAY),
        busy("b", NOON + 3 * DAY, NOON + 4 * DAY),
    )

    assert left_out == ["a"]
    assert kept(rita) == {"b": (NOON + 3 * DAY, NOON + 4 * DAY)}


def test_meetings_that_touch_or_overlap_are_one_absence(rita: Rep) -> None:
    keep(
        rita,
        busy("a", NOON + HOUR, NOON + 2 * HOUR),
        busy("b", NOON + 2 * HOUR, NOON + 4 * HOUR),
        busy("c", NOON + 3 * HOUR, NOON + 3 * HOUR + MINUTE),
        busy("d", NOON + 5 * HOUR, NOON + 6 * HOUR),
    )

    assert kept(rita) == {
        "a": (NOON + HOUR, NOON + 4 * HOUR),
        "d": (NOON + 5 * HOUR, NOON + 6 * HOUR),
    }


def test_one_that_runs_already_begins_now(rita: Rep) -> None:
    keep(rita, busy("a", NOON - DAY, NOON + DAY), busy("b", NOON - DAY, NOON - HOUR))

    assert kept(rita) == {"a": (NOON, NOON + DAY)}


def test_what_comes_from_a_calendar_is_changed_there(rita: Rep) -> None:
    keep(rita, busy("a", NOON + DAY, NOON + 2 * DAY))
    absence, user = Absence.objects.get(), sales.user_of(rita)
    rosa = sales.rep("Rosa")
    said = {"note": "", "by": user, "at": NOON}

    with pytest.raises(absences.ComesFromCalendar):
        absences.end(absence.pk, by=user, at=NOON)
    with pytest.raises(absences.ComesFromCalendar):
        absences.change(absence.pk, begins_at=NOON + DAY, ends_at=None, delegate=None, **said)
    absences.change(
        absence.pk, begins_at=NOON + DAY, ends_at=NOON + 2 * DAY, delegate=rosa, **said
    )

    absence.refresh_from_db()
    assert absence.delegate == rosa


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def feed(rita: Rep, site: Site) -> AbsenceFeed:
    """A calendar at the site with one day off, two days from now."""
    begins_at = database_now().replace(microsecond=0) + 2 * DAY
    site.body = calendar(event(begins_at, begins_at + DAY))
    return calendars.connect(
        rita,
        address=site.address(),
        by=sales.user_of(rita),
        at=database_now(),
        rules=site.rules,
    )


def again(feed: AbsenceFeed) -> None:
    """Let it be due once more."""
    AbsenceFeed.objects.filter(pk=feed.pk).update(next_fetch_at=database_now())


def is_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(calendars.DUE)
        return cursor.fetchone() is not None


@pytest.mark.django_db
def test_a_calendar_is_read_when_it_is_due_and_its_address_is_sealed(
    feed: AbsenceFeed, site: Site, rita: Rep
) -> None:
    assert is_due()

    assert calendars.read_due(rules=site.rules) == 1
    assert calendars.read_due(rules=site.rules) == 0

    feed.refresh_from_db()
    assert len(kept(rita)) == 1
    assert feed.problem == ""
    assert feed.fetched_at is not None
    assert b"127.0.0.1" not in bytes(feed.sealed_address)
    assert not is_due()
    assert Absence.objects.get().entered_by_id == feed.entered_by_id


@pytest.mark.django_db
def test_an_unchanged_calendar_is_not_sent_again_until_later_days_are_within_reach(
    feed: AbsenceFeed, site: Site
) -> None:
    site.headers = {"ETag": '"1"'}
    calendars.read_due(rules=site.rules)
    again(feed)
    site.status, site.body = 304, b""
    calendars.read_due(rules=site.rules)
    AbsenceFeed.objects.update(fetched_at=database_now() - 2 * DAY)
    again(feed)
    calendars.read_due(rules=site.rules)

    said = [headers.get("if-none-match") for _path, headers in site.asked]
    assert said == [None, '"1"', None]


@pytest.mark.django_db
def test_a_calendar_that_cannot_be_read_says_why_and_keeps_what_was_read(
    feed: AbsenceFeed, site: Site, rita: Rep
) -> None:
    calendars.read_due(rules=site.rules)
    again(feed)
    site.body = b"<html>Sign in</html>"

    calendars.read_due(rules=site.rules)

    feed.refresh_from_db()
    assert "no iCalendar" in feed.problem
    assert len(kept(rita)) == 1
    assert feed.next_fetch_at is not None
    assert feed.next_fetch_at - database_now() > 50 * MINUTE


@pytest.mark.django_db
def test_a_calendar_in_our_own_network_is_not_read(feed: AbsenceFeed, site: Site) -> None:
    calendars.read_due(rules=replace(site.rules, open_networks=()))

    feed.refresh_from_db()
    assert "closed" in feed.problem
    assert site.asked == []


@pytest.mark.django_db
def test_what_is_left_out_is_shown_until_the_own_entry_is_gone(
    feed: AbsenceFeed, site: Site, rita: Rep
) -> None:
    site.headers = {"ETag": '"1"'}
    own = sales.away(rita, since=database_now() + DAY, until=None)
    calendars.read_due(rules=site.rules)
    feed.refresh_from_db()
    assert len(feed.left_out) == 1

    absences.end(own.pk, by=sales.user_of(rita), at=database_now())
    again(feed)
    calendars.read_due(rules=site.rules)

    feed.refresh_from_db()
    assert (feed.left_out, len(kept(rita))) == ([], 1)


@pytest.mark.django_db
def test_a_calendar_that_is_stopped_is_forgotten(feed: AbsenceFeed, site: Site, rita: Rep) -> None:
    calendars.read_due(rules=site.rules)

    calendars.stop(feed, at=database_now())

    feed.refresh_from_db()
    assert (feed.is_active, bytes(feed.sealed_address)) == (False, b"")
    assert kept(rita) == {}
    assert calendars.read_due(rules=site.rules) == 0


@pytest.mark.django_db
def test_a_webcal_address_is_read_by_https(rita: Rep) -> None:
    feed = calendars.connect(
        rita,
        address=" webcal://calendar.example/rita.ics ",
        by=sales.user_of(rita),
        at=NOON,
    )

    assert feed.host == "calendar.example"
    with pytest.raises(AddressRefused):
        calendars.connect(rita, address="http://x.example/", by=sales.user_of(rita), at=NOON)


@pytest.mark.django_db
def test_a_calendar_replaced_while_it_was_read_keeps_nothing_of_the_one_before(
    feed: AbsenceFeed, site: Site, rita: Rep
) -> None:
    claimed = AbsenceFeed.objects.get()
    calendars.connect(
        rita,
        address="https://other.example/rita.ics",
        by=sales.user_of(rita),
        at=database_now(),
    )
    calendars._keep(claimed, calendars.Read((), "", ""))

    feed.refresh_from_db()
    assert (feed.host, feed.fetched_at) == ("other.example", None)
