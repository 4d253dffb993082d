"""The leads of the demo's year: who they are, what brings them, and what they do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from crm_handoff.demo import journeys, names
from crm_handoff.demo.companies import COMPANIES, SYSTEM, Company
from crm_handoff.demo.journeys import DAY, Did
from crm_handoff.demo.library import CURRENCY, DRIVES, NO_CAMPAIGN, Drive
from leads.intake import LeadFacts

YEAR = 364
"""Days."""
LEADS_A_WEEK = (
    (7, 1.5),
    (13, 28.0),
    (66, 34.0),
    (120, 8.0),
    (140, 4.0),
    (215, 8.5),
    (YEAR + 1, 3.2),
)
"""By so many days before the end. The last weeks are dense, so that a week says something; in the
last one, those of today come in addition. The giveaway of spring brought more, too."""
BUSY_FOR = 80
"""So many days before the end marketing began to ask for meetings, not for addresses."""
SEASONS = (0.95, 1.0, 1.1, 1.0, 0.95, 0.95, 0.9, 0.75, 1.0, 1.0, 1.05, 0.7)
"""January to December."""
WEEKDAYS = (1.0, 1.1, 1.1, 1.0, 0.75, 0.14, 0.12)
ZONES = {"DE": "Europe/Berlin", "GB": "Europe/London", "FR": "Europe/Paris"}
NUMBERS = {"DE": "+493023125{:03}", "GB": "+442079460{:03}", "FR": "+33199000{:03}"}
"""Telephone numbers that belong to nobody: their countries keep them for films and books."""
FREE_MAIL = ("gmail.com", "outlook.com", "web.de")


@dataclass(frozen=True, slots=True)
class Biography:
    """A lead of the demo. quality: how much sales will like them, from 0 to 1.

    script: `waits` when nobody has answered them by the end, `accepted` when somebody takes them.
    """

    key: str
    first_name: str
    last_name: str
    email: str
    title: str
    company: Company
    drive: Drive
    arrives_at: datetime
    quality: float
    acv: int = 0
    did: list[Did] = field(default_factory=list)
    script: str = ""
    phone: str = ""

    @property
    def facts(self) -> LeadFacts:
        """What intake is told of them."""
        return LeadFacts(
            system=SYSTEM,
            external_id=self.key,
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            job_title=self.title,
            phone=self.phone or None,
            persona=names.persona_of(self.title),
            country=self.company.country,
            language=names.language_in(self.company.country),
            product_line=self.company.product_line,
            source=self.drive.source,
            campaign=self.drive.key or None,
            expected_acv=Decimal(self.acv) if self.acv else None,
            currency=CURRENCY if self.acv else None,
            account=self.company.facts,
        )


def of_the_year(*, began_at: datetime, at: datetime, random: Random) -> Iterator[Biography]:
    """Yield the leads who arrive between two instants, day after day."""
    taken: set[str] = set()
    first = YEAR - (at - began_at).days
    for day in range(first, YEAR):
        date = began_at + (day - first) * DAY
        for _ in range(_arrivals(date, day, random)):
            yield _biography(date, day, taken, random)


def mailbox(first_name: str, last_name: str) -> str:
    """Return the first part of somebody's e-mail address."""
    said = f"{first_name}.{last_name}".lower()
    for letter, plain in zip("äöüéèëçïôœß", "aoueeecioos", strict=True):
        said = said.replace(letter, plain)
    return said.encode("ascii", "ignore").decode().replace(" ", "")


def number_in(country: str, random: Random) -> str:
    """Return a telephone number that cannot be anybody's; blank for some, as on forms."""
    number = NUMBERS.get(country, "").format(random.randint(0, 999))
    return number if random.random() < 0.8 else ""


def _arrivals(date: datetime, day: int, random: Random) -> int:
    """Return how many leads come on a day: more in season, and more as the year goes on."""
    weight = WEEKDAYS[date.weekday()] * SEASONS[date.month - 1] / sum(WEEKDAYS)
    expected = weight * next(a_week for days, a_week in LEADS_A_WEEK if YEAR - day <= days)
    return int(expected) + (random.random() < expected % 1)


def _biography(date: datetime, day: int, taken: set[str], random: Random) -> Biography:
    number = len(taken)
    drive = _drive(day, random)
    company = _company(drive, random)
    language = names.language_in(company.country)
    mood = _mood(drive, company, random, is_busy=YEAR - day <= BUSY_FOR)
    title, is_learner = _title(language, drive, mood, random)
    first, last, email = _person(company, language, taken, is_learner, random)
    arrives_at = _office_hour(date, company.country, random)
    return Biography(
        key=f"D-{1000 + number}",
        first_name=first,
        last_name=last,
        email=email,
        title=title,
        company=company,
        drive=drive,
        arrives_at=arrives_at,
        quality=min(1.0, max(0.05, random.gauss(drive.quality, 0.15))),
        acv=round(company.acv * random.uniform(0.7, 1.3)) // 100 * 100 if company.is_small else 0,
        phone=number_in(company.country, random),
        did=journeys.of(mood, begins_at=arrives_at, is_small=company.is_small, random=random),
    )


def _drive(day: int, random: Random) -> Drive:
    running = [drive for drive in (*DRIVES, NO_CAMPAIGN) if drive.from_day <= day <= drive.to_day]
    return random.choices(running, weights=[drive.pull for drive in running])[0]


def _company(drive: Drive, random: Random) -> Company:
    found = [
        company
        for company in COMPANIES
        if (not drive.countries or company.country in drive.countries)
        and (drive.key != "abm-target-accounts" or company.is_target)
        and (drive.key != "trial-in-product" or company.is_small)
        and (drive.key != "logistics-roundtable" or company.industry == "logistics")
    ]
    weights = [2.4 if company.is_target else 0.9 if company.is_small else 1 for company in found]
    return random.choices(found, weights=weights)[0]


def _mood(drive: Drive, company: Company, random: Random, *, is_busy: bool) -> str:
    if drive.key == "trial-in-product":
        return "trial"
    keen = 0.35 + 0.75 * drive.quality
    if drive.quality < 0.2:
        # A prize for a form: they ask for a demo, and mean the coffee machine.
        keen = 0.75
    weights = (8, 12, 40 * keen, 34 * keen) if is_busy else (24, 26, 34 * keen, 18 * keen)
    if company.industry == "education":
        weights = (60, 40, 0, 0)
    return random.choices(("glance", "curious", "asks", "direct"), weights=weights)[0]


def _title(language: str, drive: Drive, mood: str, random: Random) -> tuple[str, bool]:
    reach = drive.titles + (0.25 if mood in ("asks", "direct") else 0)
    roll = random.random()
    if roll < reach:
        return random.choice(names.DECIDERS[language]), False
    if roll < reach + (1 - reach) * 0.6:
        return random.choice(names.INFLUENCERS[language]), False
    if roll < reach + (1 - reach) * 0.9:
        return random.choice(names.USERS[language]), False
    return random.choice(names.LEARNERS[language]), True


def _person(
    company: Company, language: str, taken: set[str], is_learner: bool, random: Random
) -> tuple[str, str, str]:
    while True:
        first = random.choice(names.FIRST_NAMES[language])
        last = random.choice(names.LAST_NAMES[language])
        host = random.choice(FREE_MAIL) if is_learner or random.random() < 0.02 else company.domain
        email = f"{mailbox(first, last)}@{host}"
        if email not in taken:
            taken.add(email)
            return first, last, email


def _office_hour(date: datetime, country: str, random: Random) -> datetime:
    """Return an instant of that day at which somebody of a country sits at their desk."""
    zone = ZoneInfo(ZONES.get(country, "Europe/Berlin"))
    hour = random.choices(range(7, 22), weights=(1, 3, 8, 10, 9, 5, 6, 9, 9, 7, 5, 2, 1, 1, 1))[0]
    local = datetime.combine(date.astimezone(zone).date(), time(hour), tzinfo=zone)
    return local + timedelta(minutes=random.randint(0, 59), seconds=random.randint(0, 59))
