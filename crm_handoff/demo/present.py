"""What happens at the demo's company right now: leads of the last hours, whose clocks run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from crm_handoff.demo import journeys
from crm_handoff.demo.biographies import Biography, mailbox, number_in
from crm_handoff.demo.companies import BY_DOMAIN
from crm_handoff.demo.journeys import DAY, MINUTE, Did
from crm_handoff.demo.library import DRIVES
from leads.models import Account
from routing.models import NamedAccount, Rep

CAMPAIGNS = {drive.key: drive for drive in DRIVES}


@dataclass(frozen=True, slots=True)
class Now:
    """A lead of the last hours. kind: what they asked for, `ago` minutes before the end.

    rep: for whom their company is named; blank: the rotation decides. script: as of biographies.
    """

    first_name: str
    last_name: str
    title: str
    domain: str
    kind: str
    ago: float
    rep: str = ""
    campaign: str = "brand-search"
    script: str = "waits"


TAKEN = "accepted"
DANA, ALEX, JONAS = "sdr@demo.example", "ae@demo.example", "jonas.weber@demo.example"

NOW = (
    Now(
        "Birgit",
        "Seidel",
        "Geschäftsführerin",
        "kurpfalz",
        "demo_request",
        1250,
        DANA,
        script=TAKEN,
    ),
    Now(
        "Svenja",
        "Kruse",
        "Inhaberin",
        "allgaeu-outdoor",
        "webinar_attended",
        400,
        DANA,
        script=TAKEN,
    ),
    Now(
        "Bastien",
        "Leroy",
        "Gérant",
        "petitmarche",
        "webinar_attended",
        430,
        ALEX,
        script=TAKEN,
    ),
    Now("Moritz", "Lorenz", "COO", "rheinbogen", "quote_request", 1190, DANA, script=TAKEN),
    Now("Amandine", "Perrin", "PDG", "savoie", "demo_request", 1230, ALEX, script=TAKEN),
    Now("Guillaume", "Colin", "Gérant", "rivegauche", "quote_request", 1100, ALEX, script=TAKEN),
    Now("Maria", "Keller", "VP Operations", "nordlicht", "demo_request", 1.5, DANA),
    Now("Anton", "Vogel", "Inhaber", "spreewald", "calendar_booking", 6, DANA, "handoff-guide"),
    Now("Sophie", "Gruber", "Managing Director", "donau", "contact_sales_form", 24, DANA),
    Now("Greta", "Olsen", "Inhaberin", "ostsee-handel", "product_page_view", 22, DANA),
    Now(
        "Lena",
        "Brandt",
        "Chief Revenue Officer",
        "hansekontor",
        "quote_request",
        8,
        JONAS,
        "partner-referrals",
    ),
    Now(
        "Nele",
        "Petersen",
        "Geschäftsführerin",
        "weserblick",
        "webinar_attended",
        41,
        DANA,
        "autumn-webinars",
    ),
    Now("Jonas", "Huber", "Geschäftsführer", "alpenwerk", "contact_sales_form", 3, ""),
    Now("Felix", "Roth", "CTO", "isarfintech", "trial_request", 12, ""),
    Now(
        "Claire",
        "Dubois",
        "Directrice générale",
        "verdant",
        "demo_request",
        2,
        ALEX,
        "france-launch",
    ),
    Now("Thierry", "Garnier", "PDG", "garonne", "contact_sales_form", 26, ALEX, "france-launch"),
    Now("Solène", "Faure", "Gérante", "vosges", "email_click", 18, ALEX, "handoff-guide"),
    Now(
        "Luc",
        "Bernard",
        "Directeur commercial",
        "lumiere",
        "quote_request",
        5,
        ALEX,
        "abm-target-accounts",
    ),
    Now(
        "Karim",
        "Vidal",
        "Directeur général",
        "dinant",
        "webinar_attended",
        37,
        ALEX,
        "autumn-webinars",
    ),
    Now("Tom", "Whitaker", "CEO", "pennine", "demo_request", 33, "", "brand-search"),
    Now(
        "Aoife", "Byrne", "Founder", "liffey", "contact_sales_form", 64, "", "abm-target-accounts"
    ),
    Now("Ulrike", "Brenner", "COO", "kaiserstuhl", "demo_request", 19, "", "handoff-guide"),
    Now("Marcus", "Holt", "VP Operations", "cascade", "demo_request", 47, "", "brand-search"),
    Now(
        "Ravi",
        "Patel",
        "Chief Operating Officer",
        "prairie",
        "trial_request",
        95,
        "",
        "handoff-guide",
    ),
)


def of_today(*, at: datetime, random: Random) -> Iterator[Biography]:
    """Yield the leads of the last hours, who looked around for a week before."""
    for number, now in enumerate(NOW):
        company = BY_DOMAIN[f"{now.domain}.example"]
        asked_at = at - now.ago * MINUTE
        arrives_at = asked_at - random.uniform(5, 9) * DAY
        did = [*journeys.warming_up(arrives_at, random, until=asked_at - 3 * timedelta(hours=1))]
        if company.is_small:
            # One look is on record already; the second makes them qualified.
            did = did[:1]
        channel = "email" if now.kind == "email_click" else "web"
        did.append(Did(asked_at, now.kind, channel, is_live=True))
        yield Biography(
            key=f"N-{100 + number}",
            first_name=now.first_name,
            last_name=now.last_name,
            email=f"{mailbox(now.first_name, now.last_name)}@{company.domain}",
            title=now.title,
            company=company,
            drive=CAMPAIGNS[now.campaign],
            arrives_at=arrives_at,
            quality=0.8,
            acv=company.acv,
            phone=number_in(company.country, random),
            did=did,
            script=now.script,
        )


def name_accounts() -> None:
    """Name the companies of some for the rep who knows them."""
    for now in NOW:
        if now.rep:
            NamedAccount.objects.create(
                account=Account.objects.get(domain=f"{now.domain}.example"),
                rep=Rep.objects.get(user__email=now.rep),
            )
