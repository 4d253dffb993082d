"""Who the demo's people are, and what its leads did: data that `demo` plays."""

from dataclasses import dataclass
from datetime import timedelta

from crm_handoff.people.roles import Role
from leads.accounts import AccountFacts
from routing.enums import RepKind

SYSTEM = "demo"

PEOPLE = (
    ("revops@demo.example", "Robin Ops", Role.REVOPS),
    ("marketing.lead@demo.example", "Maya Lindqvist", Role.MARKETING_LEAD),
    ("sales.manager@demo.example", "Samir Haddad", Role.SALES_MANAGER),
    ("sdr@demo.example", "Dana Fischer", Role.REP),
    ("ae@demo.example", "Alex Moreau", Role.REP),
    ("auditor@demo.example", "Ines Audit", Role.AUDITOR),
    ("lukas.steiner@demo.example", "Lukas Steiner", Role.REP),
    ("emma.clarke@demo.example", "Emma Clarke", Role.REP),
)
"""Those without a published login (see `people.demo`) cannot sign in."""
REPS = (
    ("sdr@demo.example", RepKind.SDR, ["en", "de"], "dach"),
    ("lukas.steiner@demo.example", RepKind.SDR, ["en", "de", "fr"], "dach"),
    ("ae@demo.example", RepKind.AE, ["en", "fr"], "rest-of-world"),
    ("emma.clarke@demo.example", RepKind.SDR, ["en"], "rest-of-world"),
)
TERRITORIES: tuple[tuple[str, str, int, list[str]], ...] = (
    ("dach", "DACH", 10, ["DE", "AT", "CH"]),
    ("rest-of-world", "Rest of world", 90, []),
)
ASSETS = (
    (
        "guide-handoff",
        "The revenue handoff guide",
        "awareness",
        "Leads go cold between marketing and sales.",
        "Where do leads wait longest in your funnel today?",
        "Teams that answered within five minutes opened five times as many opportunities.",
    ),
    (
        "webinar-forecast",
        "Webinar: forecasting without spreadsheets",
        "consideration",
        "The forecast is wrong every quarter.",
        "How do you reconcile marketing's numbers with sales'?",
        "A logistics company cut its forecast error from 30 to 8 percent.",
    ),
    (
        "case-logistics",
        "Case study: a carrier's sales team",
        "decision",
        "Reps spend mornings on research instead of calls.",
        "What would your reps do with two more hours a day?",
        "The carrier's reps held 40 percent more first meetings.",
    ),
)


@dataclass(frozen=True)
class Did:
    """One thing that a lead of the demo did, so long before the demo was loaded."""

    ago: timedelta
    kind: str
    channel: str
    asset: str = ""


@dataclass(frozen=True)
class Story:
    """A lead of the demo; `answer` is what sales did about it."""

    key: str
    name: tuple[str, str]
    job_title: str
    account: AccountFacts
    country: str
    language: str
    source: str
    did: tuple[Did, ...]
    answer: str = ""


def _days(number: float) -> timedelta:
    return timedelta(days=number)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def _account(name: str, industry: str, people: int, country: str) -> AccountFacts:
    domain = f"{name.split()[0].lower()}.example"
    return AccountFacts(
        name=name,
        domain=domain,
        industry=industry,
        employee_count=people,
        country=country,
    )


INTERESTED = (
    Did(_days(9), "content_download", "web", "guide-handoff"),
    Did(_days(6), "email_click", "email", "webinar-forecast"),
    Did(_days(5), "webinar_attended", "event", "webinar-forecast"),
    Did(_days(1.2), "pricing_page_view", "web"),
)

STORIES = (
    Story(
        "nordlicht",
        ("Maria", "Keller"),
        "VP Operations",
        _account("Nordlicht Logistik GmbH", "logistics", 420, "DE"),
        "DE",
        "de",
        "paid_search",
        (*INTERESTED, Did(_minutes(1), "demo_request", "web")),
    ),
    Story(
        "alpenwerk",
        ("Jonas", "Huber"),
        "Geschäftsführer",
        _account("Alpenwerk AG", "manufacturing", 180, "CH"),
        "CH",
        "de",
        "organic_search",
        (*INTERESTED[:3], Did(_minutes(3), "contact_sales_form", "web")),
    ),
    Story(
        "hansekontor",
        ("Lena", "Brandt"),
        "Chief Revenue Officer",
        _account("Hansekontor SE", "professional services", 950, "DE"),
        "DE",
        "de",
        "referral",
        (*INTERESTED, Did(_minutes(26), "referral", "referral")),
    ),
    Story(
        "spreewald",
        ("Anton", "Vogel"),
        "Inhaber",
        _account("Spreewald Software", "software", 64, "DE"),
        "DE",
        "de",
        "content",
        (*INTERESTED[1:], Did(_minutes(6), "calendar_booking", "web")),
    ),
    Story(
        "donau",
        ("Sophie", "Gruber"),
        "Managing Director",
        _account("Donau Versicherung", "insurance", 1_100, "AT"),
        "AT",
        "de",
        "webinar",
        (*INTERESTED, Did(_minutes(9), "quote_request", "web")),
    ),
    Story(
        "isar",
        ("Felix", "Roth"),
        "CTO",
        _account("Isar Fintech", "fintech", 130, "DE"),
        "DE",
        "de",
        "paid_search",
        (*INTERESTED[:3], Did(_minutes(12), "trial_request", "web")),
    ),
    Story(
        "verdant",
        ("Claire", "Dubois"),
        "Directrice générale",
        _account("Verdant Santé", "healthcare", 310, "FR"),
        "FR",
        "fr",
        "webinar",
        (*INTERESTED, Did(_minutes(4), "calendar_booking", "web")),
    ),
    Story(
        "brightwell",
        ("Tom", "Whitaker"),
        "CEO",
        _account("Brightwell Software", "software", 75, "GB"),
        "GB",
        "en",
        "paid_search",
        (*INTERESTED, Did(_days(3), "demo_request", "web")),
        answer="won",
    ),
    Story(
        "cascade",
        ("Priya", "Raman"),
        "Head of Sales Development",
        _account("Cascade Retail", "retail", 1_400, "US"),
        "US",
        "en",
        "content",
        (*INTERESTED[:2],),
    ),
    Story(
        "kestrel",
        ("Owen", "Price"),
        "Founder",
        _account("Kestrel Telecom", "telecommunications", 60, "GB"),
        "GB",
        "en",
        "paid_social",
        (*INTERESTED, Did(_days(2), "trial_request", "web")),
        answer="rejected",
    ),
    Story(
        "montagne",
        ("Luc", "Bernard"),
        "Étudiant",
        _account("Montagne Université", "education", 2_600, "FR"),
        "FR",
        "fr",
        "organic_search",
        (Did(_days(4), "content_download", "web", "guide-handoff"),),
    ),
    Story(
        "ostsee",
        ("Greta", "Olsen"),
        "Inhaberin",
        _account("Ostsee Handel", "retail", 52, "DE"),
        "DE",
        "de",
        "paid_search",
        (*INTERESTED, Did(_days(1), "demo_request", "web")),
        answer="accepted",
    ),
)
