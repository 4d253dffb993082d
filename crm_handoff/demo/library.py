"""What the demo's marketing made: sources, campaigns with their cost, personas and assets."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from leads import marketing
from leads.marketing import CampaignFacts
from leads.models import Asset, Campaign, Persona, Source

CURRENCY = "EUR"

SOURCES = (
    ("organic_search", "Organic search"),
    ("paid_search", "Paid search"),
    ("paid_social", "Paid social"),
    ("content", "Content"),
    ("webinar", "Webinar"),
    ("event", "Event"),
    ("referral", "Referral"),
    ("partner", "Partner"),
    ("outbound", "Outbound"),
)
PERSONAS = (
    (
        "operations-leader",
        "Operations leader",
        "One process that every team keeps to, and a number that proves it.",
        "Too many hand-offs, no owner, and meetings about whose fault it was.",
    ),
    (
        "revenue-leader",
        "Revenue leader",
        "A forecast that holds, and reps who spend their mornings selling.",
        "Leads that go cold, a forecast that is wrong every quarter.",
    ),
)


@dataclass(frozen=True, slots=True)
class Drive:
    """A campaign of the demo. from_day, to_day: days after the demo's year began.

    pull: share of that time's leads that it brings. quality: from 0 (nobody whom sales wants) to
    1. titles: whether it reaches those who decide, likewise. countries: blank: everywhere.
    """

    key: str
    name: str
    source: str
    from_day: int
    to_day: int
    cost: int
    pull: float
    quality: float
    titles: float
    countries: tuple[str, ...] = ()


DRIVES = (
    Drive(
        "brand-search", "Brand search, always on", "paid_search", 0, 400, 28_800, 20, 0.75, 0.65
    ),
    Drive("handoff-guide", "The handoff guide", "content", 0, 400, 9_400, 22, 0.6, 0.5),
    Drive(
        "winter-webinars", "Winter webinars: forecasting", "webinar", 20, 130, 6_200, 14, 0.65, 0.6
    ),
    Drive(
        "hannover-fair",
        "Hannover fair",
        "event",
        135,
        165,
        31_500,
        55,
        0.5,
        0.55,
        ("DE", "AT", "CH"),
    ),
    Drive(
        "spring-giveaway",
        "Spring giveaway: win a coffee machine",
        "paid_social",
        150,
        215,
        18_900,
        95,
        0.1,
        0.3,
    ),
    Drive(
        "france-launch",
        "Lancement France",
        "paid_search",
        120,
        400,
        14_300,
        12,
        0.6,
        0.6,
        ("FR", "BE", "LU"),
    ),
    Drive(
        "operations-linkedin",
        "Operations leaders on LinkedIn",
        "paid_social",
        200,
        330,
        22_750,
        16,
        0.35,
        0.55,
    ),
    Drive(
        "logistics-roundtable",
        "Logistics roundtable, by invitation",
        "event",
        225,
        268,
        4_600,
        60,
        0.97,
        0.95,
    ),
    Drive("partner-referrals", "Partner referrals", "partner", 60, 400, 7_800, 5, 0.9, 0.85),
    Drive(
        "abm-target-accounts",
        "Target accounts, first wave",
        "outbound",
        180,
        400,
        16_200,
        9,
        0.8,
        0.9,
    ),
    Drive(
        "autumn-webinars",
        "Autumn webinars: one definition",
        "webinar",
        275,
        366,
        5_900,
        16,
        0.7,
        0.6,
    ),
    Drive("trial-in-product", "Free trial", "organic_search", 90, 400, 3_200, 7, 0.6, 0.3),
)
NO_CAMPAIGN = Drive("", "", "organic_search", 0, 400, 0, 14, 0.55, 0.45)


@dataclass(frozen=True, slots=True)
class Piece:
    """An asset of the demo, and the kind of touchpoint by which leads meet it."""

    key: str
    title: str
    kind: str
    stage: str
    persona: str
    pain: str = ""
    question: str = ""
    proof: str = ""


PIECES = (
    Piece(
        "guide-handoff",
        "The revenue handoff guide",
        "content_download",
        "awareness",
        "operations-leader",
        "Leads go cold between marketing and sales.",
        "Where do leads wait longest in your funnel today?",
        "Teams that answered within five minutes opened five times as many opportunities.",
    ),
    Piece(
        "checklist-definitions",
        "Checklist: what do we call qualified?",
        "content_download",
        "awareness",
        "revenue-leader",
        "Marketing and sales each have their own idea of a good lead.",
        "If I asked your reps and your marketers for the definition, would I hear one answer?",
        "After one signed definition, a software team's reps rejected half as many leads.",
    ),
    Piece(
        "ebook-first-response",
        "E-book: the first five minutes",
        "ebook",
        "awareness",
        "operations-leader",
        "Nobody knows how long a new lead waits for its first call.",
        "How fast do you call back somebody who asks for a demo on a Friday afternoon?",
        "Median first response fell from nine hours to eleven minutes in a quarter.",
    ),
    Piece(
        "video-two-teams",
        "Video: two teams, one funnel",
        "video_watched",
        "awareness",
        "revenue-leader",
        "The weekly meeting is about whose numbers are right.",
        "Which number do the two teams argue about most?",
        "A fintech dropped its Monday argument: both teams read one page.",
    ),
    Piece(
        "webinar-forecast",
        "Webinar: forecasting without spreadsheets",
        "webinar_attended",
        "consideration",
        "revenue-leader",
        "The forecast is wrong every quarter.",
        "How do you reconcile marketing's numbers with sales'?",
        "A logistics company cut its forecast error from 30 to 8 percent.",
    ),
    Piece(
        "webinar-routing",
        "Webinar: who gets the lead?",
        "webinar_attended",
        "consideration",
        "operations-leader",
        "Leads land on somebody's desk who is on holiday.",
        "What happens today to a lead whose rep is away?",
        "Unowned leads went from one in nine to none in six weeks.",
    ),
    Piece(
        "paper-sla",
        "White paper: an SLA that both sides keep",
        "whitepaper",
        "consideration",
        "operations-leader",
        "There is an SLA in a slide, and nobody measures it.",
        "Who hears of it when a promise to a lead is missed?",
        "A manufacturer's missed promises fell from 38 to 6 percent once one person was told.",
    ),
    Piece(
        "paper-territories",
        "White paper: territories that work in two languages",
        "whitepaper",
        "consideration",
        "revenue-leader",
        "Customers get called in the wrong language.",
        "How do you make sure that a French lead meets a French speaker?",
        "Answers in the customer's language doubled booked meetings in Switzerland.",
    ),
    Piece(
        "comparison-crm",
        "Comparison: CRM assignment rules and real routing",
        "comparison_page_view",
        "consideration",
        "operations-leader",
        "Assignment rules in the CRM grew for years and nobody dares touch them.",
        "When did somebody last change your assignment rules, and what broke?",
        "Forty rules became seven, each with a reason that a rep can read.",
    ),
    Piece(
        "case-logistics",
        "Case study: a carrier's sales team",
        "case_study",
        "decision",
        "operations-leader",
        "Reps spend mornings on research instead of calls.",
        "What would your reps do with two more hours a day?",
        "The carrier's reps held 40 percent more first meetings.",
    ),
    Piece(
        "case-software",
        "Case study: a software company of 300",
        "case_study",
        "decision",
        "revenue-leader",
        "Half of what marketing sends is never called.",
        "Which of last month's leads did nobody call, and why?",
        "Acceptance rose from 48 to 74 percent in two quarters.",
    ),
    Piece(
        "roi-calculator",
        "ROI calculator: what slow answers cost",
        "roi_calculator",
        "decision",
        "revenue-leader",
        "It is hard to say what a slow first call costs.",
        "What is one more opportunity a month worth to you?",
        "On average, users found 2.1 lost opportunities a month.",
    ),
    Piece(
        "guide-buyers",
        "Buyer's guide: lead handoff software",
        "buyers_guide",
        "decision",
        "operations-leader",
        "Vendors' lists of features all look the same.",
        "Which three things must it do in the first month?",
        "Comes with the questions that the auditors of two insurers asked.",
    ),
    Piece("event-booth-demo", "Demo at the booth", "event_visit", "consideration", ""),
    Piece("newsletter-october", "Newsletter: October", "email_click", "awareness", ""),
    Piece(
        "newsletter-benchmarks",
        "Newsletter: benchmarks of the quarter",
        "email_click",
        "consideration",
        "revenue-leader",
        "Nobody knows whether their conversion is good or bad.",
        "What share of your qualified leads does sales accept?",
        "Benchmarks of 140 teams, by industry.",
    ),
)


def stock(*, began_on: date) -> None:
    """Make sources, campaigns with what was spent on them, personas and assets."""
    Source.objects.bulk_create(Source(key=key, name=name) for key, name in SOURCES)
    marketing.record_campaigns(
        [
            CampaignFacts(
                key=drive.key,
                name=drive.name,
                source=drive.source,
                starts_on=began_on + timedelta(days=drive.from_day),
                ends_on=began_on + timedelta(days=drive.to_day) if drive.to_day < 366 else None,
                cost=Decimal(drive.cost),
                currency=CURRENCY,
            )
            for drive in DRIVES
        ]
    )
    personas = {
        key: Persona.objects.create(key=key, name=name, goals=goals, pains=pains)
        for key, name, goals, pains in PERSONAS
    }
    campaigns = dict(Campaign.objects.values_list("key", "pk"))
    Asset.objects.bulk_create(
        Asset(
            key=piece.key,
            title=piece.title,
            url=f"https://www.northwind.example/{piece.key}",
            persona=personas.get(piece.persona),
            campaign_id=campaigns["handoff-guide"] if piece.key == "guide-handoff" else None,
            journey_stage=piece.stage,
            pain=piece.pain,
            question=piece.question,
            proof=piece.proof,
        )
        for piece in PIECES
    )
