"""What people want by e-mail, and the hours in which they are left alone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.clock import database_now
from crm_handoff.integrations import deliveries, preferences
from crm_handoff.integrations.models import Delivery, NoticePreference, QuietHours
from crm_handoff.integrations.models.preference import ALWAYS_WANTED
from crm_handoff.integrations.preferences import Quiet, quiet_until
from crm_handoff.models import User
from routing.models import Notice
from tests.web import world

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_DAY = tuple(range(7))
NIGHTS = Quiet(time(20), time(7), EVERY_DAY, True)
LUNCH = Quiet(time(12), time(13), EVERY_DAY, True)
FRIDAY_NIGHTS = Quiet(time(20), time(7), (4,), True)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        pytest.param(NIGHTS, "2026-01-13 19:59:59", None, id="a second before they begin"),
        pytest.param(NIGHTS, "2026-01-13 20:00", "2026-01-14 07:00", id="as they begin"),
        pytest.param(NIGHTS, "2026-01-14 03:00", "2026-01-14 07:00", id="after midnight"),
        pytest.param(NIGHTS, "2026-01-14 07:00", None, id="as they end"),
        pytest.param(LUNCH, "2026-01-14 12:30", "2026-01-14 13:00", id="within a day"),
        pytest.param(LUNCH, "2026-01-14 00:30", None, id="within a day, not after midnight"),
        pytest.param(FRIDAY_NIGHTS, "2026-01-17 06:59", "2026-01-17 07:00", id="from Friday on"),
        pytest.param(FRIDAY_NIGHTS, "2026-01-16 06:59", None, id="not from Thursday on"),
        pytest.param(FRIDAY_NIGHTS, "2026-01-17 21:00", None, id="not on Saturday"),
        pytest.param(NIGHTS, "2026-03-28 23:00", "2026-03-29 07:00", id="the short night"),
        pytest.param(NIGHTS, "2026-10-24 23:00", "2026-10-25 07:00", id="the long night"),
    ],
)
def test_quiet_until_says_when_the_hours_around_an_instant_end(hours, at, until):
    end = quiet_until(hours, zone=BERLIN, at=berlin(at).astimezone(UTC))

    assert end == (berlin(until) if until else None)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])
MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))


@settings(max_examples=60, deadline=None)
@given(
    starts=MINUTES,
    ends=MINUTES,
    days=st.sets(st.integers(0, 6), min_size=1),
    zone=ZONES.map(ZoneInfo),
    at=st.integers(0, 525_600).map(lambda minute: YEAR + timedelta(minutes=minute)),
)
def test_quiet_hours_end_within_a_day_and_leave_the_instant_after_them_free(
    starts, ends, days, zone, at
):
    if starts == ends:
        return

    end = quiet_until(Quiet(starts, ends, tuple(days), True), zone=zone, at=at)

    if end is not None:
        assert at < end <= at + timedelta(hours=25)
        assert quiet_until(Quiet(starts, ends, tuple(days), True), zone=zone, at=end) is None


@pytest.fixture
def mona(db) -> User:
    return User.objects.create_user(
        "mona@example.com", full_name="Mona Manager", time_zone="Europe/Berlin"
    )


def tell(person: User, kind: str = "rejected", handoff=None) -> Notice:
    return Notice.objects.create(
        key=f"test:{Notice.objects.count()}",
        kind=kind,
        recipient=person,
        handoff=handoff,
        at=database_now(),
    )


def around_now(*, through: bool = True) -> Quiet:
    """Quiet hours of UTC that began an hour ago and end in two."""
    now = database_now().astimezone(UTC).replace(second=0, microsecond=0)
    hour = timedelta(hours=1)
    return Quiet((now - hour).time(), (now + 2 * hour).time(), EVERY_DAY, through)


def keep(person: User, *, refused=(), quiet=None) -> None:
    preferences.save(person, refused=refused, quiet=quiet, at=database_now())


def test_a_kind_that_is_refused_is_told_in_the_app_alone(mona):
    keep(mona, refused=["rejected"])
    notice = tell(mona)

    deliveries.owe()

    notice.refresh_from_db()
    assert notice.handled_at is not None
    assert not Delivery.objects.exists()


def test_other_kinds_and_other_people_are_told_all_the_same(mona):
    keep(mona, refused=["rejected"])
    tell(mona, "expired")
    tell(User.objects.create_user("otto@example.com"))

    deliveries.owe()

    assert Delivery.objects.count() == 2


def test_a_kind_can_be_wanted_again(mona):
    keep(mona, refused=["rejected"])
    keep(mona)

    tell(mona)
    deliveries.owe()

    assert Delivery.objects.count() == 1


def test_escalations_cannot_be_refused(mona):
    with pytest.raises(ValueError, match="escalated"):
        keep(mona, refused=["escalated"])

    assert not NoticePreference.objects.exists()


def test_only_what_the_constraint_forbids_is_mandatory():
    assert set(ALWAYS_WANTED) == preferences.MANDATORY


def test_what_is_owed_in_quiet_hours_waits_until_they_end_as_one_mail(mona):
    User.objects.update(time_zone="UTC")
    mona.refresh_from_db()
    hours = around_now()
    keep(mona, quiet=hours)
    for _ in range(3):
        tell(mona)
        deliveries.owe()

    delivery = Delivery.objects.get()
    assert delivery.told.count() == 3
    assert delivery.next_at.astimezone(UTC).time() == hours.ends
    assert deliveries.send_due() == 0


@pytest.mark.parametrize(("through", "sent"), [(True, 1), (False, 0)])
def test_high_intent_goes_at_once_unless_its_reader_said_otherwise(dana, version, through, sent):
    keep(dana.user, quiet=around_now(through=through))

    world.handed_over(version)
    deliveries.owe()

    assert deliveries.send_due() == sent


def test_leads_of_no_high_intent_wait_in_quiet_hours(dana, version):
    keep(dana.user, quiet=around_now())

    world.handed_over(version).timers.update(is_high_intent=False)
    deliveries.owe()

    assert deliveries.send_due() == 0


def test_what_waits_leaves_when_quiet_hours_are_taken_away(mona):
    User.objects.update(time_zone="UTC")
    mona.refresh_from_db()
    keep(mona, quiet=around_now())
    tell(mona)
    deliveries.owe()
    assert deliveries.send_due() == 0

    keep(mona)

    assert not QuietHours.objects.exists()
    assert deliveries.send_due() == 1


def test_saving_leaves_what_is_tried_again_alone(mona):
    tell(mona)
    deliveries.owe()
    later = database_now() + timedelta(hours=1)
    Delivery.objects.update(attempt_count=1, next_at=later)

    keep(mona)

    assert Delivery.objects.get().next_at == later
