"""What the demo lacks for three rows of every kind."""

from datetime import date, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff.demo.companies import SYSTEM
from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryNotice,
    InboundEvent,
    NoticePreference,
    QuietHours,
)
from crm_handoff.models import ConversionRate, Heartbeat, User
from crm_handoff.people import invitations, keys, roles
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.enums import Side
from definitions.models import Definition, DefinitionVersion
from leads import notes
from leads.models import (
    Account,
    Assertion,
    Campaign,
    ImportBatch,
    ImportChunk,
    ImportMapping,
    ImportRow,
    ImportRun,
    Lead,
    Opportunity,
    Persona,
    SuspectedDuplicate,
)
from leads.models import PendingMark as Mark
from routing.models import (
    Absence,
    Acceptance,
    Attempt,
    BusinessCalendar,
    Confirmation,
    FollowUp,
    Handoff,
    NamedAccount,
    Notice,
    Queue,
    Rejection,
    RejectionReason,
    Rep,
    Reversal,
    Territory,
    TerritoryMembership,
)

NUMBERS = (1, 2, 3)


def fill(*, at):
    """Add rows beside the demo's until every kind has three."""
    _people(at=at)
    _agreements(at=at)
    _facts(at=at)
    _answers(at=at)
    _messages(at=at)


def _people(*, at):
    revops = User.objects.get(email="revops@demo.example")
    for number in NUMBERS:
        invitee = invitations.Invitee(f"new{number}@tests.example", "", [Role.AUDITOR])
        invitations.invite(invitee, by=revops, at=at)
    calendar, queue = BusinessCalendar.objects.first(), Queue.objects.first()
    for number in NUMBERS:
        keys.issue(f"Form {number}", system="website", created_by=revops)
        source, _ = inbound.create_source(
            name=f"Calendar {number}", system="calendar", preset="generic", by=revops
        )
        InboundEvent.objects.create(
            source=source,
            event_id=f"call-{number}",
            received_at=at,
            read_at=at,
            body=b"{}",
            state="processed",
        )
        ConversionRate.objects.create(
            currency="EUR", effective_on=date(2026, 1, number), rate="1.1"
        )
        Heartbeat.objects.get_or_create(
            name=f"relay-{number}", defaults={"kind": "relay", "at": at}
        )
        BusinessCalendar.objects.create(
            key=f"calendar-{number}", name=f"Calendar {number}", time_zone="UTC"
        )
        territory = Territory.objects.create(
            key=f"part-{number}", name=f"Part {number}", queue=queue, calendar=calendar
        )
        rep = Rep.objects.create(user=_rep(number), manager=revops)
        for place in (territory, Territory.objects.get(key="dach")):
            TerritoryMembership.objects.create(territory=place, rep=rep)
        Absence.objects.create(
            rep=rep,
            span=DateTimeTZRange(at, at + timedelta(days=number)),
            delegate=Rep.objects.first(),
            entered_by=revops,
        )
        NamedAccount.objects.create(
            account=Account.objects.filter(named_assignment=None).order_by("pk")[0], rep=rep
        )


def _rep(number):
    user = User.objects.create_user(f"rep{number}@tests.example", full_name=f"Rep {number}")
    roles.grant(user, Role.REP)
    return user


def _agreements(*, at):
    for number in NUMBERS:
        Definition.objects.create(key=f"segment-{number}", name=f"Segment {number}")
    active = DefinitionVersion.objects.filter(state="active").earliest("pk")
    version = versions.revise(active, by=active.author)
    versions.submit(version, by=active.author, at=at)
    versions.sign(version, side=Side.MARKETING, by=active.marketing_operator, at=at)
    versions.sign(version, side=Side.SALES, by=active.sales_operator, at=at)
    versions.revise(active, by=active.author)


def _facts(*, at):
    manager = User.objects.get(email="sales.manager@demo.example")
    for number in NUMBERS:
        lead = Lead.objects.all()[number]
        Campaign.objects.create(key=f"campaign-{number}", name=f"Campaign {number}")
        Persona.objects.create(key=f"persona-{number}", name=f"Persona {number}")
        run = ImportRun.objects.create(
            mapping="leads",
            file_name=f"{number}.csv",
            file_hash=str(number),
            mode="history",
            state="importing",
            content={},
            received_at=at,
            started_by=manager,
            started_at=at,
        )
        ImportRow.objects.create(run=run, line=number, state="updated", values=[], changes={})
        ImportBatch.objects.create(run=run, slice=number)
        ImportChunk.objects.create(run=run, place=0, data=b"a,b")
        ImportMapping.objects.create(key=f"fair-{number}", name=f"Fair {number}", content={})
        Mark.objects.create(lead=lead)
        notes.add(lead.pk, text=f"Call {number} went well.", by=manager, at=at)
        SuspectedDuplicate.objects.create(
            lead=Lead.objects.earliest("pk"),
            other=Lead.objects.order_by("-pk")[number],
            reason="name Ada Berg at Acme",
        )
        Opportunity.objects.create(
            lead=lead, system=SYSTEM, external_id=f"deal-{number}", owner=manager
        )
        Assertion.objects.create(
            lead=lead,
            what="buying_team_confirmed",
            value=True,
            evidence="Said so on the phone.",
            asserted_by=manager,
            asserted_at=at,
            received_at=at,
        )


def _answers(*, at):
    manager = User.objects.get(email="sales.manager@demo.example")
    reason = RejectionReason.objects.first()
    for handoff in Handoff.objects.all()[:3]:
        said = {"handoff": handoff, "by": manager, "at": at}
        Attempt.objects.create(kind="call", outcome="reached", **said)
        Confirmation.objects.create(checklist="bant", **said)
        FollowUp.objects.create(
            handoff=handoff,
            kind="call",
            what="Call again",
            due_at=at,
            created_by=manager,
            created_at=at,
        )
        Rejection.objects.create(reason=reason, comment="Not now.", **said)
        Reversal.objects.create(acceptance=Acceptance.objects.create(**said), by=manager, at=at)


def _messages(*, at):
    for number, notice in enumerate(Notice.objects.all()[:3]):
        delivery = Delivery.objects.create(
            key=f"key-{number}",
            channel="email",
            address="dana@demo.example",
            payload={},
            state="dead",
            next_at=at,
            finished_at=at,
        )
        DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=at)
        DeliveryNotice.objects.create(delivery=delivery, notice=notice, channel="email")
    for person in User.objects.order_by("pk")[:3]:
        NoticePreference.objects.create(
            person=person, kind="accepted", channel="email", is_wanted=False
        )
        QuietHours.objects.create(person=person, starts=time(20), ends=time(7))
