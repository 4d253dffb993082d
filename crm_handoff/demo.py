"""A small demo organization, played through the product's own operations at past instants."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db import transaction

from crm_handoff import defaults, pipeline, stories
from crm_handoff.models import Organization, User
from crm_handoff.people import roles
from crm_handoff.people.demo import DEMO_LOGINS, DEMO_PASSWORD
from definitions import versions
from definitions.enums import AttemptKind, Side
from definitions.models import DefinitionVersion
from leads import intake, touchpoints
from leads.accounts import AccountFacts
from leads.intake import LeadFacts
from leads.models import Asset, Campaign, Lead, Persona, Source
from leads.touchpoints import Identity, TouchpointFacts
from routing import answers, attempts, opportunities
from routing.enums import AttemptOutcome
from routing.models import (
    BusinessCalendar,
    CalendarWindow,
    Handoff,
    NamedAccount,
    Queue,
    RejectionReason,
    Rep,
    SlaTimerStep,
    Territory,
    TerritoryMembership,
)


def load(*, at: datetime) -> bool:
    """Load the demo into an empty product, as if the stories had been lived until `at`.

    Returns:
        False when there is an organization already; then nothing is changed.
    """
    if Organization.objects.exists():
        return False
    with transaction.atomic():
        Organization.objects.create(
            name="Northwind Demo", time_zone="Europe/Berlin", currency="EUR"
        )
        people = _people()
        defaults.load(by=people["revops@demo.example"])
        _sales_team(people)
        _named_account(at=at)
        _assets()
        _sign(people, at=at - timedelta(days=60))
        _play(at=at)
    return True


def _people() -> dict[str, User]:
    people = {}
    published = {login.email for login in DEMO_LOGINS}
    for email, name, role in stories.PEOPLE:
        password = DEMO_PASSWORD if email in published else None
        user = User.objects.create_user(email, password, full_name=name)
        roles.grant(user, role)
        people[email] = user
    return people


def _sales_team(people: dict[str, User]) -> None:
    manager = people["sales.manager@demo.example"]
    # Around the clock, so that the demo's clocks run whenever somebody looks.
    calendar = BusinessCalendar.objects.create(
        key="demo", name="Around the clock (demo)", time_zone="Europe/Berlin"
    )
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=time(0), closes=time(0))
        for day in range(7)
    )
    territories = {}
    for key, name, position, countries in stories.TERRITORIES:
        queue = Queue.objects.create(key=key, name=f"{name} queue", manager=manager)
        territories[key] = Territory.objects.create(
            key=key,
            name=name,
            position=position,
            countries=countries,
            queue=queue,
            calendar=calendar,
        )
    for email, kind, languages, territory in stories.REPS:
        rep = Rep.objects.create(
            user=people[email], kind=kind, languages=languages, manager=manager
        )
        TerritoryMembership.objects.create(territory=territories[territory], rep=rep)


def _named_account(*, at: datetime) -> None:
    """Name a company for the rep whose login is published, whoever's turn it is.

    It is the company of the lead that the documentation's first steps send.
    """
    facts = AccountFacts(name="Acme GmbH", domain="acme.example")
    account = intake.record_account(facts, received_at=at, system=stories.SYSTEM).account
    NamedAccount.objects.create(
        account=account, rep=Rep.objects.get(user__email="sdr@demo.example")
    )


def _assets() -> None:
    persona = Persona.objects.create(
        key="operations-leader", name="Operations leader", pains="Too many hand-offs, no owner."
    )
    search = Source.objects.create(key="paid_search", name="Paid search")
    campaign = Campaign.objects.create(
        key="autumn-handoff",
        name="Autumn: the handoff guide",
        source=search,
        cost=Decimal("4200.00"),
        currency="EUR",
    )
    Asset.objects.bulk_create(
        Asset(
            key=key,
            title=title,
            persona=persona,
            campaign=campaign,
            journey_stage=stage,
            pain=pain,
            question=question,
            proof=proof,
        )
        for key, title, stage, pain, question, proof in stories.ASSETS
    )


def _sign(people: dict[str, User], *, at: datetime) -> None:
    """Put the shipped mid-market definition in force, signed by both leads of the demo."""
    revops = people["revops@demo.example"]
    version = DefinitionVersion.objects.get(definition__key="mid-market")
    version.marketing_operator = people["marketing.lead@demo.example"]
    version.sales_operator = people["sales.manager@demo.example"]
    version.save(update_fields=["marketing_operator", "sales_operator"])
    versions.submit(version, by=revops, at=at)
    for side, email in (
        (Side.MARKETING, "marketing.lead@demo.example"),
        (Side.SALES, "sales.manager@demo.example"),
    ):
        versions.sign(version, side=side, by=people[email], at=at)
    versions.activate(version, by=revops, at=at)


def _play(*, at: datetime) -> None:
    events: list[tuple[datetime, Callable[[datetime], None]]] = []
    for story in stories.STORIES:
        arrival = at - story.did[0].ago - timedelta(minutes=5)
        events.append((arrival, _arrives(story)))
        events += [(at - did.ago, _does(story, number)) for number, did in enumerate(story.did)]
        if story.answer:
            events.append((at - story.did[-1].ago + timedelta(minutes=3), _answered(story)))
    for instant, happens in sorted(events, key=lambda event: event[0]):
        _pass_time(until=instant)
        happens(instant)
        while pipeline.judge_pending(at=instant):
            pass
    _pass_time(until=at)


def _pass_time(*, until: datetime) -> None:
    """Let every step that comes due fire at its own instant."""
    armed = SlaTimerStep.objects.filter(state="armed", due_at__lte=until).order_by("due_at")
    while step := armed.first():
        pipeline.fire_due_steps(at=step.due_at)


def _arrives(story: stories.Story) -> Callable[[datetime], None]:
    def happen(at: datetime) -> None:
        first, last = story.name
        intake.record_lead(
            LeadFacts(
                system=stories.SYSTEM,
                external_id=story.key,
                email=f"{first}.{last}@{story.account.domain}".lower(),
                first_name=first,
                last_name=last,
                job_title=story.job_title,
                country=story.country,
                language=story.language,
                source=story.source,
                account=story.account,
            ),
            received_at=at,
        )

    return happen


def _does(story: stories.Story, number: int) -> Callable[[datetime], None]:
    did = story.did[number]

    def happen(at: datetime) -> None:
        touchpoints.record(
            [
                TouchpointFacts(
                    lead=Identity(system=stories.SYSTEM, external_id=story.key),
                    kind=did.kind,
                    channel=did.channel,
                    occurred_at=at,
                    external_id=f"{story.key}-{number}",
                    asset=did.asset,
                    is_verified=True,
                )
            ],
            system=stories.SYSTEM,
            received_at=at,
        )

    return happen


def _answered(story: stories.Story) -> Callable[[datetime], None]:
    def happen(at: datetime) -> None:
        lead = Lead.objects.get(
            identities__system=stories.SYSTEM, identities__external_id=story.key
        )
        handoff = Handoff.objects.select_related("rep__user").get(lead=lead)
        assert handoff.rep is not None  # noqa: S101 - the demo's reps are free when stories begin
        user = handoff.rep.user
        if story.answer == "rejected":
            reason = RejectionReason.objects.get(key="bad_timing")
            answers.reject(
                handoff.pk,
                reason=reason,
                comment="Renewed with their current vendor last month; call in spring.",
                by=user,
                at=at,
            )
            return
        attempts.attempt(
            handoff.pk,
            by=user,
            kind=AttemptKind.CALL,
            outcome=AttemptOutcome.REACHED,
            note="Wants to see routing with their own territories.",
            at=at,
        )
        answers.accept(handoff.pk, by=user, at=at)
        if story.answer == "won":
            deal = opportunities.open_opportunity(
                handoff.pk,
                name="Handoff for the whole team",
                amount=Decimal("48000.00"),
                currency="EUR",
                by=user,
                at=at + timedelta(days=1),
            )
            opportunities.close_opportunity(deal.pk, is_won=True, at=at + timedelta(days=2))

    return happen
