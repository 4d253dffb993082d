"""Companies that the demo's leads work for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_handoff.demo.library import CURRENCY
from leads import account_batches
from leads.companies import AccountFacts, AccountItem

SYSTEM = "demo"
"""The system by whose name the demo's facts are known."""
ENTERPRISE, LARGE = 800, 300
"""People from whom on a company is of tier A, and B."""
KNOWN_VALUE, A_SEAT = 1_200, 90
"""People from whom on somebody has estimated what a company would pay; euros for each a year."""
ANALYSTS = frozenset({"fintech", "insurance", "financial services"})


@dataclass(frozen=True, slots=True)
class Company:
    """A company. acv: yearly contract value that one estimates, in euros; 0: unknown."""

    name: str
    domain: str
    industry: str
    people: int
    country: str
    parent: str = ""
    is_target: bool = False
    acv: int = 0

    @property
    def is_small(self) -> bool:
        """Whether the agreement for small business is theirs."""
        return self.acv > 0

    @property
    def tier(self) -> str:
        """What an account is to sales: A is enterprise, B a target or of some size, C the rest."""
        if self.people >= ENTERPRISE and self.industry != "education":
            return "A"
        return "B" if self.is_target or self.people >= LARGE else "C"

    @property
    def product_line(self) -> str:
        """What its people ask for."""
        if self.is_small:
            return "Starter"
        return "Insights" if self.industry in ANALYSTS else "Platform"

    @property
    def value(self) -> int:
        """Yearly contract value that one estimates, in euros; 0: unknown."""
        is_big = self.people >= KNOWN_VALUE and self.industry != "education"
        return self.people * A_SEAT if is_big else self.acv

    @property
    def facts(self) -> AccountFacts:
        """What the demo's CRM says about it."""
        return AccountFacts(
            name=self.name,
            domain=self.domain,
            industry=self.industry,
            employee_count=self.people,
            country=self.country,
            expected_acv=Decimal(self.value) if self.value else None,
            currency=CURRENCY if self.value else None,
            tier=self.tier,
            parent_domain=self.parent or None,
            is_target=True if self.is_target else None,
        )


COMPANIES = (
    Company(
        "Nordlicht Logistik GmbH", "nordlicht.example", "logistics", 420, "DE", is_target=True
    ),
    Company(
        "Nordlicht Spedition Kiel GmbH",
        "nordlicht-kiel.example",
        "logistics",
        65,
        "DE",
        parent="nordlicht.example",
    ),
    Company("Alpenwerk AG", "alpenwerk.example", "manufacturing", 180, "CH", is_target=True),
    Company(
        "Alpenwerk Österreich GmbH",
        "alpenwerk-austria.example",
        "manufacturing",
        70,
        "AT",
        parent="alpenwerk.example",
    ),
    Company(
        "Hansekontor SE", "hansekontor.example", "professional services", 950, "DE", is_target=True
    ),
    Company("Spreewald Software GmbH", "spreewald.example", "software", 64, "DE"),
    Company("Donau Versicherung AG", "donau.example", "insurance", 1_100, "AT", is_target=True),
    Company(
        "Donau Vorsorge Service GmbH",
        "donau-vorsorge.example",
        "insurance",
        140,
        "AT",
        parent="donau.example",
    ),
    Company("Isar Fintech GmbH", "isarfintech.example", "fintech", 130, "DE"),
    Company("Ostsee Handel GmbH", "ostsee-handel.example", "retail", 24, "DE", acv=14_000),
    Company("Rheinbogen Maschinenbau GmbH", "rheinbogen.example", "manufacturing", 760, "DE"),
    Company("Taunus Medizintechnik AG", "taunus-med.example", "healthcare", 310, "DE"),
    Company("Elbkraft Energie GmbH", "elbkraft.example", "energy", 540, "DE"),
    Company("Havel Data GmbH", "haveldata.example", "software", 95, "DE"),
    Company(
        "Schwarzwald Präzision KG", "schwarzwald-praezision.example", "manufacturing", 230, "DE"
    ),
    Company("Zürichberg Treuhand AG", "zuerichberg.example", "professional services", 85, "CH"),
    Company(
        "Bodensee Pharma AG", "bodensee-pharma.example", "healthcare", 1_400, "CH", is_target=True
    ),
    Company("Inntal Bau GmbH", "inntal.example", "construction", 160, "AT"),
    Company("Wiener Kontor Software GmbH", "wienerkontor.example", "software", 58, "AT"),
    Company("Frankenwald Logistik GmbH", "frankenwald.example", "logistics", 120, "DE"),
    Company("Lausitz Telekom GmbH", "lausitz-telekom.example", "telecommunications", 220, "DE"),
    Company("Kurpfalz Finanz AG", "kurpfalz.example", "financial services", 340, "DE"),
    Company(
        "Weserblick Studio", "weserblick.example", "professional services", 12, "DE", acv=7_200
    ),
    Company("Münster Apps UG", "muensterapps.example", "software", 16, "DE", acv=9_600),
    Company("Allgäu Outdoor GmbH", "allgaeu-outdoor.example", "retail", 38, "DE", acv=18_000),
    Company(
        "Leipziger Lichtwerk GmbH", "lichtwerk.example", "manufacturing", 45, "DE", acv=21_000
    ),
    Company("Salzach Solutions GmbH", "salzach.example", "software", 22, "AT", acv=12_000),
    Company("Aare Consulting GmbH", "aare.example", "professional services", 9, "CH", acv=6_000),
    Company("Eifel Imkerei GmbH", "eifel-imkerei.example", "retail", 7, "DE", acv=4_800),
    Company("Harz Holding SE", "harz.example", "manufacturing", 5_200, "DE", is_target=True),
    Company(
        "Harz Komponenten GmbH",
        "harz-komponenten.example",
        "manufacturing",
        480,
        "DE",
        parent="harz.example",
    ),
    Company(
        "Harz Logistik GmbH",
        "harz-logistik.example",
        "logistics",
        210,
        "DE",
        parent="harz.example",
    ),
    Company("Universität Lahntal", "uni-lahntal.example", "education", 2_600, "DE"),
    Company("Brightwell Software Ltd", "brightwell.example", "software", 75, "GB"),
    Company(
        "Brightwell Ireland Ltd",
        "brightwell-ireland.example",
        "software",
        55,
        "IE",
        parent="brightwell.example",
    ),
    Company(
        "Kestrel Telecom plc", "kestrel.example", "telecommunications", 860, "GB", is_target=True
    ),
    Company(
        "Kestrel Business Services Ltd",
        "kestrel-business.example",
        "professional services",
        150,
        "GB",
        parent="kestrel.example",
    ),
    Company("Pennine Freight Ltd", "pennine.example", "logistics", 310, "GB"),
    Company("Severn Insurance plc", "severn.example", "insurance", 1_750, "GB", is_target=True),
    Company(
        "Severn Claims Ltd",
        "severn-claims.example",
        "insurance",
        190,
        "GB",
        parent="severn.example",
    ),
    Company("Thistle Manufacturing Ltd", "thistle.example", "manufacturing", 260, "GB"),
    Company("Liffey Payments Ltd", "liffey.example", "fintech", 140, "IE", is_target=True),
    Company("Camden Retail Group plc", "camden.example", "retail", 1_900, "GB"),
    Company("Ashdown Health Ltd", "ashdown.example", "healthcare", 420, "GB"),
    Company("Tyne Analytics Ltd", "tyne.example", "software", 88, "GB"),
    Company("Cotswold Advisory LLP", "cotswold.example", "professional services", 62, "GB"),
    Company("Harbour Financial Ltd", "harbour.example", "financial services", 510, "GB"),
    Company("Galway Devices Ltd", "galway.example", "healthcare", 230, "IE"),
    Company("Mersey Couriers Ltd", "mersey.example", "logistics", 95, "GB"),
    Company("Fenland Foods Ltd", "fenland.example", "food", 340, "GB"),
    Company("Islington Labs Ltd", "islington.example", "software", 18, "GB", acv=8_400),
    Company("Corrib Studio Ltd", "corrib.example", "professional services", 11, "IE", acv=5_400),
    Company("Dartmoor Goods Ltd", "dartmoor.example", "retail", 28, "GB", acv=15_600),
    Company("Clyde Apps Ltd", "clyde.example", "software", 34, "GB", acv=19_200),
    Company("Peak Outdoor Ltd", "peak.example", "retail", 46, "GB", acv=24_000),
    Company("Solent Print Ltd", "solent.example", "manufacturing", 19, "GB", acv=9_000),
    Company("Northgate College", "northgate.example", "education", 900, "GB"),
    Company("Verdant Santé SAS", "verdant.example", "healthcare", 310, "FR", is_target=True),
    Company(
        "Verdant Diagnostics SAS",
        "verdant-diagnostics.example",
        "healthcare",
        85,
        "FR",
        parent="verdant.example",
    ),
    Company("Lumière Assurances SA", "lumiere.example", "insurance", 1_250, "FR", is_target=True),
    Company("Garonne Logistique SAS", "garonne.example", "logistics", 280, "FR"),
    Company("Atelier Beaumont SAS", "beaumont.example", "manufacturing", 150, "FR"),
    Company("Loire Télécom SA", "loire.example", "telecommunications", 640, "FR"),
    Company("Mistral Énergie SA", "mistral.example", "energy", 700, "FR"),
    Company("Rive Gauche Conseil SAS", "rivegauche.example", "professional services", 72, "FR"),
    Company("Calanque Logiciels SAS", "calanque.example", "software", 115, "FR"),
    Company("Bretagne Distribution SA", "bretagne-distribution.example", "retail", 1_600, "FR"),
    Company("Ardenne Finance SA", "ardenne.example", "financial services", 190, "BE"),
    Company("Meuse Fintech SRL", "meuse.example", "fintech", 68, "BE", is_target=True),
    Company("Luxor Conseil SARL", "luxor.example", "professional services", 54, "LU"),
    Company("Savoie Mécanique SAS", "savoie.example", "manufacturing", 330, "FR"),
    Company("Vosges Textile SAS", "vosges.example", "manufacturing", 41, "FR", acv=20_400),
    Company("Petit Marché SARL", "petitmarche.example", "retail", 15, "FR", acv=6_600),
    Company(
        "Studio Belleville SARL", "belleville.example", "professional services", 8, "FR", acv=4_200
    ),
    Company("Tilleul Apps SAS", "tilleul.example", "software", 27, "FR", acv=13_200),
    Company(
        "Dinant Services SRL", "dinant.example", "professional services", 31, "BE", acv=16_800
    ),
    Company("Montagne Université", "montagne.example", "education", 2_600, "FR"),
    Company("Cascade Retail Inc", "cascade.example", "retail", 1_400, "US"),
    Company("Polder Software BV", "polder.example", "software", 210, "NL"),
    Company("Fjord Shipping AS", "fjord.example", "logistics", 480, "NO"),
    Company("Prairie Data Inc", "prairie.example", "software", 160, "US"),
)
NEWCOMERS = (Company("Kaiserstuhl Logistik AG", "kaiserstuhl.example", "logistics", 980, "DE"),)
"""Companies of whom nobody came before today."""
BY_DOMAIN = {company.domain: company for company in (*COMPANIES, *NEWCOMERS)}


def make_known(*, at: datetime) -> None:
    """Let the CRM tell of parents and target accounts, before anybody of theirs is known."""
    parents = {company.parent for company in COMPANIES}
    known = [one for one in COMPANIES if one.is_target or one.domain in parents or one.parent]
    known.sort(key=lambda company: bool(company.parent))
    account_batches.record(
        [AccountItem(facts=company.facts, system=SYSTEM) for company in known], received_at=at
    )
