"""A small company at work: people with roles, the shipped agreement in force, qualified leads."""

from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from crm_handoff.people import roles
from crm_handoff.people.models import Organization, User
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.engine import judge
from definitions.enums import Side
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from leads import facts, intake, touchpoints
from leads.companies import AccountFacts
from leads.intake import LeadFacts
from leads.models import Asset, Evaluation, Lead
from leads.touchpoints import Identity, TouchpointFacts
from routing import defaults, handoffs
from routing.models import (
    BusinessCalendar,
    CalendarWindow,
    Handoff,
    Queue,
    Rep,
    Territory,
    TerritoryMembership,
)
from tests import recipes

PASSWORD = "correct horse battery staple"

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

serial = count(1)


def person(name: str, role: Role | None = None) -> User:
    """Somebody who can sign in with `PASSWORD`."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    user = User.objects.create_user(email, PASSWORD, full_name=name)
    if role is not None:
        roles.grant(user, role)
    return user


def rep(name: str, territory: Territory, **fields: Any) -> Rep:
    """A rep of a territory."""
    found = Rep.objects.create(user=person(name, Role.REP), **fields)
    TerritoryMembership.objects.create(territory=territory, rep=found)
    return found


def always_open() -> BusinessCalendar:
    """A calendar whose promises run around the clock, so that tests need no office hours."""
    calendar = BusinessCalendar.objects.create(
        key=f"always-{next(serial)}", name="Around the clock", time_zone="UTC"
    )
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=time(0), closes=time(0))
        for day in range(7)
    )
    return calendar


def territory(name: str = "DACH", countries: tuple[str, ...] = ("DE", "AT", "CH")) -> Territory:
    """A territory with a queue of its own."""
    key = f"{name.lower().replace(' ', '-')}-{next(serial)}"
    manager = User.objects.filter(groups__name=Role.SALES_MANAGER).first()
    return Territory.objects.create(
        key=key,
        name=name,
        countries=list(countries),
        queue=Queue.objects.create(
            key=key, name=f"{name} queue", manager=manager or person(f"{name} Manager")
        ),
        calendar=always_open(),
    )


def company(agreement: str = "mid_market") -> DefinitionVersion:
    """An organization with RevOps, a marketing lead, a sales manager, and a signed agreement.

    The agreement is what ships, without its cadences: tasks are those that a test sets.
    """
    Organization.objects.get_or_create(id=1, defaults={"name": "Northwind", "time_zone": "UTC"})
    revops = person("Robin Ops", Role.REVOPS)
    marketing = person("Maya Lindqvist", Role.MARKETING_LEAD)
    sales = person("Samir Haddad", Role.SALES_MANAGER)
    recipes.small_catalog()
    defaults.load_defaults(manager=sales)
    path = Path(settings.BASE_DIR) / "definitions" / "defaults" / f"{agreement}.yaml"
    version = versions.load(path.read_text(encoding="utf-8"), by=revops)
    version.slaterm_set.update(cadence=[])
    version.marketing_operator, version.sales_operator = marketing, sales
    version.save(update_fields=["marketing_operator", "sales_operator"])
    signed_at = datetime(2026, 1, 1, tzinfo=UTC)
    versions.submit(version, by=revops, at=signed_at)
    versions.sign(version, side=Side.MARKETING, by=marketing, at=signed_at)
    versions.sign(version, side=Side.SALES, by=sales, at=signed_at)
    versions.activate(version, by=revops, at=signed_at)
    version.refresh_from_db()
    return version


def asset(key: str = "webinar-forecast", **fields: Any) -> Asset:
    """Something with talking points."""
    values = {
        "title": "Webinar: forecasting without spreadsheets",
        "pain": "The forecast is wrong every quarter.",
        "question": "How do you reconcile marketing's numbers with sales'?",
        "proof": "A carrier cut its forecast error from 30 to 8 percent.",
    }
    found, _ = Asset.objects.get_or_create(key=key, defaults=values | fields)
    return found


def lead(first: str = "Maria", last: str = "", **fields: Any) -> Lead:
    """A decision-maker of a company that fits."""
    number = next(serial)
    last = last or f"Keller {number}"
    values: dict[str, Any] = {
        "job_title": "Chief Operating Officer",
        "country": "DE",
        "language": "en",
        "phone": "+49 30 901820",
        "source": "paid_search",
        "account": AccountFacts(
            name=f"Nordlicht Logistik {number}",
            domain=f"nordlicht{number}.example",
            industry="logistics",
            employee_count=420,
            country="DE",
        ),
    }
    outcome = intake.record_lead(
        LeadFacts(
            system="website",
            external_id=f"lead-{number}",
            email=f"{first}.{number}@nordlicht{number}.example".lower(),
            first_name=first,
            last_name=last,
            **values | fields,
        ),
        received_at=timezone.now() - 10 * DAY,
    )
    return outcome.lead


def did(who: Lead, kind: str, *, at: datetime, channel: str = "web", asset: str = "") -> None:
    """Let a lead do something."""
    identity = who.identities.get()
    touchpoints.record(
        [
            TouchpointFacts(
                lead=Identity(system=identity.system, external_id=identity.external_id),
                kind=kind,
                channel=channel,
                occurred_at=at,
                external_id=f"touch-{next(serial)}",
                asset=asset,
                is_verified=True,
            )
        ],
        system=identity.system,
        received_at=at,
    )


def interested(who: Lead, *, at: datetime, last: str = "demo_request") -> None:
    """Let a lead show, over days and channels, everything that the shipped agreement wants."""
    did(who, "content_download", at=at - 6 * DAY, asset=asset().key)
    did(who, "webinar_attended", at=at - 5 * DAY, channel="event", asset=asset().key)
    did(who, "email_click", at=at - 4 * DAY, channel="email")
    did(who, "pricing_page_view", at=at - DAY)
    did(who, last, at=at)


def judged(who: Lead, version: DefinitionVersion, *, at: datetime) -> Evaluation:
    """Judge a lead by the version as the product does, and keep the evaluation."""
    agreement = agreement_of(version)
    found = facts.answer([who.pk], agreement, at=at)
    verdict = judge(agreement, found.values[who.pk], at=at, latest=found.latest.get(who.pk, ()))
    evaluation = Evaluation.objects.create(
        lead=who,
        version=version,
        at=at,
        known_at=at,
        tipped_at=at,
        stage=verdict.stage,
        path=verdict.path,
        points=verdict.points,
        results=[{"key": k, "met": met, "seen": _plain(seen)} for k, met, seen in verdict.results],
        score=[{"key": key, "points": float(points)} for key, points in verdict.score],
        **verdict.levels,
    )
    who.latest_evaluation, who.version = evaluation, version
    who.stage, who.stage_at = verdict.stage or "new", at
    who.save(update_fields=["latest_evaluation", "version", "stage", "stage_at"])
    return evaluation


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | str | int) else str(value)


class Due:
    """What qualification says of a lead that is to be handed over."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.lead = evaluation.lead
        self.version = evaluation.version
        self.evaluation = evaluation
        self.tipped_at = evaluation.at


def handed_over(
    version: DefinitionVersion, who: Lead | None = None, *, at: datetime | None = None
) -> Handoff:
    """A qualified lead with its open handoff, routed as leads are; a minute old by default."""
    at = at or timezone.now() - MINUTE
    who = who or lead()
    if not who.touchpoints.exists():
        interested(who, at=at)
    handoff = handoffs.open(Due(judged(who, version, at=at)), at=at)
    assert handoff is not None
    return handoff


def unbroken(text: str) -> str:
    """Return a text as pages write it: no line ends between a number and its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")
