"""Who works at the demo's company: its people, territories, calendars and absences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.demo import DEMO_LOGINS, DEMO_PASSWORD
from crm_handoff.people.roles import Role
from routing import recounting, series
from routing.enums import RepKind
from routing.models import (
    Absence,
    BusinessCalendar,
    CalendarWindow,
    Queue,
    Rep,
    Territory,
    TerritoryMembership,
)
from routing.series import Pattern

REVOPS = "revops@demo.example"
MARKETING = "marketing.lead@demo.example"
MANAGER = "sales.manager@demo.example"
DANA = "sdr@demo.example"
ALEX = "ae@demo.example"
OLIVER = "oliver.bennett@demo.example"
JONAS = "jonas.weber@demo.example"
SOPHIE = "sophie.lang@demo.example"
CAMILLE = "camille.laurent@demo.example"
TOM = "tom.harris@demo.example"
LUKAS = "lukas.steiner@demo.example"

PEOPLE = (
    (REVOPS, "Robin Ops", Role.REVOPS),
    (MARKETING, "Maya Lindqvist", Role.MARKETING_LEAD),
    (MANAGER, "Samir Haddad", Role.SALES_MANAGER),
    (DANA, "Dana Fischer", Role.REP),
    (ALEX, "Alex Moreau", Role.REP),
    ("auditor@demo.example", "Ines Audit", Role.AUDITOR),
    (LUKAS, "Lukas Steiner", Role.REP),
    ("emma.clarke@demo.example", "Emma Clarke", Role.REP),
    (SOPHIE, "Sophie Lang", Role.REP),
    (JONAS, "Jonas Weber", Role.REP),
    (OLIVER, "Oliver Bennett", Role.REP),
    ("niamh.kelly@demo.example", "Niamh Kelly", Role.REP),
    (CAMILLE, "Camille Laurent", Role.REP),
    (TOM, "Tom Harris", Role.REP),
)
"""Those without a published login (see `people.demo`) cannot sign in."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A rep of the demo. weight: turns in the rotation, in proportion.

    in_time_pct: how many of a hundred leads they answer within the promise. ignored_pct: how many
    they leave alone until somebody takes them away.
    """

    email: str
    kind: RepKind
    languages: tuple[str, ...]
    territory: str
    weight: int = 1
    in_time_pct: int = 92
    ignored_pct: int = 1


SELLERS = (
    Seller(DANA, RepKind.SDR, ("en", "de"), "dach", in_time_pct=95, ignored_pct=1),
    Seller(LUKAS, RepKind.SDR, ("en", "de", "fr"), "dach", in_time_pct=74, ignored_pct=8),
    Seller(SOPHIE, RepKind.SDR, ("de", "en"), "dach"),
    Seller(JONAS, RepKind.AE, ("de", "en"), "dach", in_time_pct=92),
    Seller(OLIVER, RepKind.AE, ("en",), "uk-ireland", weight=5, in_time_pct=90),
    Seller("emma.clarke@demo.example", RepKind.SDR, ("en",), "uk-ireland", in_time_pct=96),
    Seller("niamh.kelly@demo.example", RepKind.SDR, ("en", "fr"), "uk-ireland"),
    Seller(TOM, RepKind.SDR, ("en",), "uk-ireland", in_time_pct=84, ignored_pct=4),
    Seller(ALEX, RepKind.AE, ("en", "fr"), "france", in_time_pct=93, ignored_pct=1),
    Seller(CAMILLE, RepKind.SDR, ("fr", "en"), "france", in_time_pct=87),
)

GERMAN = (SOPHIE, JONAS)
"""Who reads pages and messages in German."""

CALENDARS = (
    ("dach", "DACH office hours", "Europe/Berlin", "DE", time(9), time(18)),
    ("uk-ireland", "UK and Ireland office hours", "Europe/London", "GB", time(9), time(17, 30)),
    ("france", "France office hours", "Europe/Paris", "FR", time(9), time(18)),
)
AROUND_THE_CLOCK = "demo"
FRIDAY = 4
TERRITORIES: tuple[tuple[str, str, int, list[str]], ...] = (
    ("dach", "DACH", 10, ["DE", "AT", "CH"]),
    ("uk-ireland", "UK & Ireland", 20, ["GB", "IE"]),
    ("france", "France & Benelux", 30, ["FR", "BE", "LU"]),
)
ENTERPRISE = "enterprise"
ENTERPRISE_COUNTRIES = [country for *_, countries in TERRITORIES for country in countries]
ENTERPRISE_TEAM = ((ALEX, 4), (JONAS, None), (OLIVER, None))
"""Who works the accounts of tier A, and how many of them they hold at most beside their own."""
ANSWERED_FOR_WITHIN = timedelta(hours=4)
"""Business time in which a lead that waits for somebody gets an owner."""
ALWAYS_AWAKE = ("dach", "france", ENTERPRISE)
"""Territories whose clocks run around the clock at last, so that there is always one to watch."""


def arrive() -> dict[str, User]:
    """Make the people, each with their role; returns them by e-mail address."""
    people = {}
    for email, name, role in PEOPLE:
        language = "de" if email in GERMAN else ""
        people[email] = User.objects.create_user(email, full_name=name, language=language)
        roles.grant(people[email], role)
    published = User.objects.filter(email__in=[login.email for login in DEMO_LOGINS])
    published.update(password=make_password(DEMO_PASSWORD))
    return people


def settle(people: Mapping[str, User], *, began_at: datetime, at: datetime) -> None:
    """Lay out territories, calendars, reps and their absences of the time until `at`."""
    for key, name, zone, country, opens, closes in CALENDARS:
        calendar = BusinessCalendar.objects.create(
            key=key, name=name, time_zone=zone, holiday_country=country
        )
        _open(calendar, range(5), opens, closes)
    sleepless = BusinessCalendar.objects.create(
        key=AROUND_THE_CLOCK, name="Around the clock (demo)", time_zone="Europe/Berlin"
    )
    _open(sleepless, range(7), time(0), time(0))
    for key, name, position, countries in TERRITORIES:
        Territory.objects.create(
            key=key,
            name=name,
            position=position,
            countries=countries,
            queue=Queue.objects.create(key=key, name=f"{name} queue", manager=people[MANAGER]),
            calendar=BusinessCalendar.objects.get(key=key),
        )
    Queue.objects.update(assign_within=ANSWERED_FOR_WITHIN)
    _hire(people)
    _found_enterprise(people)
    # Nothing counted by these hours before: none of it is to be counted anew.
    recounting.recount(at=began_at, limit=1)
    _go_away(people, began_at=began_at, at=at)


def wake_up() -> None:
    """Let some territories' new clocks run around the clock; earlier ones keep their hours."""
    sleepless = BusinessCalendar.objects.get(key=AROUND_THE_CLOCK)
    Territory.objects.filter(key__in=ALWAYS_AWAKE).update(calendar=sleepless)


def leave(email: str) -> None:
    """Let a rep leave the company: they receive nothing any more and cannot sign in."""
    Rep.objects.filter(user__email=email).update(is_active=False)
    User.objects.filter(email=email).update(is_active=False)


def _open(calendar: BusinessCalendar, weekdays: range, opens: time, closes: time) -> None:
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=opens, closes=closes)
        for day in weekdays
    )


def _hire(people: Mapping[str, User]) -> None:
    territories = {territory.key: territory for territory in Territory.objects.all()}
    for seller in SELLERS:
        rep = Rep.objects.create(
            user=people[seller.email],
            kind=seller.kind,
            languages=list(seller.languages),
            manager=people[MANAGER],
        )
        TerritoryMembership.objects.create(
            territory=territories[seller.territory], rep=rep, weight=seller.weight
        )
    Territory.objects.filter(key="dach").update(secondary=_rep(DANA))


def _found_enterprise(people: Mapping[str, User]) -> None:
    """Make the territory to which a rule of routing sends; no lead is covered by it before."""
    territory = Territory.objects.create(
        key=ENTERPRISE,
        name="Enterprise",
        position=90,
        countries=ENTERPRISE_COUNTRIES,
        language_is_required=True,
        may_pull=True,
        queue=Queue.objects.create(
            key=ENTERPRISE,
            name="Enterprise queue",
            manager=people[MANAGER],
            assign_within=ANSWERED_FOR_WITHIN,
        ),
        calendar=BusinessCalendar.objects.get(key="dach"),
    )
    for email, capacity in ENTERPRISE_TEAM:
        TerritoryMembership.objects.create(territory=territory, rep=_rep(email), capacity=capacity)


def _go_away(people: Mapping[str, User], *, began_at: datetime, at: datetime) -> None:
    """Enter holidays: one for now with somebody who stands in, one to come, others long past."""
    day = timedelta(days=1)
    dana = _rep(DANA)
    absences = [
        (JONAS, at - 2 * day, at + 9 * day, dana, "Parental leave"),
        ("niamh.kelly@demo.example", at + 5 * day, at + 12 * day, None, "Holiday"),
        (DANA, at - 100 * day, at - 90 * day, None, "Holiday"),
        (ALEX, at - 121 * day, at - 108 * day, None, "Holiday"),
        (SOPHIE, at - 63 * day, at - 60 * day, None, "Ill"),
        ("emma.clarke@demo.example", at - 210 * day, at - 200 * day, None, "Holiday"),
        (SOPHIE, *_afternoon(at), _rep(LUKAS), "Dentist"),
    ]
    Absence.objects.bulk_create(
        Absence(
            rep=_rep(email),
            span=DateTimeTZRange(start, end),
            delegate=delegate,
            note=note,
            entered_by=people[MANAGER],
        )
        for email, start, end, delegate, note in absences
        if start > began_at
    )
    friday_afternoons = Pattern(
        weekdays=[FRIDAY],
        starts_on=max(began_at, at - 70 * day).date(),
        time_zone="Europe/Paris",
        begins=time(13),
        ends=time(18),
    )
    series.enter(
        _rep(CAMILLE),
        friday_afternoons,
        by=people[MANAGER],
        at=max(began_at, at - 70 * day),
        note="Works four and a half days",
    )


def _afternoon(at: datetime) -> tuple[datetime, datetime]:
    """Return when the afternoon of the next working day begins and ends, in Berlin."""
    day = at.astimezone(ZoneInfo("Europe/Berlin")) + timedelta(days=1)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    noon = day.replace(hour=13, minute=0, second=0, microsecond=0)
    return noon, noon.replace(hour=18)


def _rep(email: str) -> Rep:
    return Rep.objects.get(user__email=email)
