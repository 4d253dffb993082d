"""What the demo lacks for three rows of every kind."""

from datetime import date, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff import rounds
from crm_handoff.demo.companies import SYSTEM
from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import (
    AbsenceFeed,
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
from definitions import discussions, refusals, reviews, versions
from definitions.enums import Side
from definitions.models import (
    Definition,
    DefinitionReview,
    DefinitionVersion,
    Question,
)
from leads import examples, notes
from leads.examples import Said
from leads.models import (
    Account,
    Assertion,
    Campaign,
    Impact,
    ImpactLine,
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
from leads.portraits import Portrait
from routing import drafts, plans
from routing.models import (
    Absence,
    AbsenceSeries,
    Acceptance,
    Attempt,
    BulkRejection,
    BusinessCalendar,
    Confirmation,
    FloorCheck,
    FollowUp,
    Handoff,
    NamedAccount,
    Notice,
    Queue,
    Rejection,
    RejectionReason,
    Rep,
    Reversal,
    ReviewTask,
    RoutingCondition,
    SlaAlert,
    Suspension,
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
    _batches(at=at)
    _rules(at=at)
    _promises(at=at)
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
        AbsenceSeries.objects.create(
            rep=rep,
            weekdays=[4],
            starts_on=date(2026, 1, number),
            time_zone="UTC",
            delegate=Rep.objects.first(),
            entered_by=revops,
        )
        AbsenceFeed.objects.create(
            rep=rep,
            host="calendar.example",
            sealed_address=b"sealed",
            next_fetch_at=at,
            entered_by=revops,
        )
        Absence.objects.create(
            rep=rep,
            span=DateTimeTZRange(at, at + timedelta(days=number)),
            delegate=Rep.objects.first(),
            entered_by=revops,
        )
        NamedAccount.objects.create(
            account=Account.objects.filter(named_assignment=None).order_by("pk")[0], rep=rep
        )


def _rules(*, at):
    revops = User.objects.get(email="revops@demo.example")
    for _ in NUMBERS:
        plan = plans.draft() or drafts.start(by=revops, at=at)
        rule = plan.rules.filter(kind="territory").first()
        condition = RoutingCondition(rule=rule, fact="points", operator="at_least", wanted=10)
        drafts.save_condition(condition, by=revops)
        plan = plans.draft()
        drafts.publish(plan, by=revops, at=at, seen=drafts.fingerprint_of(plan))


def _rep(number):
    user = User.objects.create_user(f"rep{number}@tests.example", full_name=f"Rep {number}")
    roles.grant(user, Role.REP)
    return user


def _agreements(*, at):
    for number in NUMBERS:
        Definition.objects.create(key=f"segment-{number}", name=f"Segment {number}")
    active = DefinitionVersion.objects.filter(state="active").earliest("pk")
    version = versions.revise(active, by=active.author)
    _said(version, at=at)
    versions.submit(version, by=active.author, at=at)
    for person in User.objects.order_by("pk")[:3]:
        refusals.refuse(version, side=Side.SALES, by=person, reason="Too early.", at=at)
    versions.sign(version, side=Side.MARKETING, by=active.marketing_operator, at=at)
    versions.sign(version, side=Side.SALES, by=active.sales_operator, at=at)
    draft = versions.revise(active, by=active.author)
    for number in NUMBERS:
        Question.objects.create(
            version=draft,
            position=number,
            key=f"question_{number}",
            question=f"Is it an ideal customer of kind {number}?",
            side=Side.MARKETING,
            answer_within=timedelta(hours=8),
        )
    _reviewed(active, at=at)
    _foreseen(active, at=at)


def _foreseen(version, *, at):
    for number in NUMBERS:
        impact = Impact.objects.create(
            version=version,
            content=version.content,
            content_hash=version.content_hash,
            asked_by=version.author,
            asked_at=at,
            at=at,
            state="done",
            finished_at=at,
        )
        ImpactLine.objects.create(
            impact=impact,
            lead=Lead.objects.all()[number],
            change="up",
            stage_before="new",
            stage_after="mql",
            is_handoff=False,
            version_after=version,
        )


def _reviewed(version, *, at):
    for number in NUMBERS:
        review = DefinitionReview.objects.create(version=version, due_at=at, opened_at=at)
        people = {Side.MARKETING: version.marketing_operator, Side.SALES: version.sales_operator}
        for side, by in people.items():
            if number < 3 or side == Side.MARKETING:
                reviews.sign(
                    review, side=side, outcome="confirmed", looked_at=["won"], by=by, at=at
                )


def _said(version, *, at):
    by = version.author
    for number in NUMBERS:
        said = Said(name=f"Row {number}", stage="sql", is_expected=True, portrait=Portrait())
        examples.create(version.definition, said, by=by, at=at)
        discussions.remark(version, text=f"Remark {number}", by=by, at=at)
        discussions.record_workshop(
            version,
            held_on=at.date(),
            attendees="Marketing and sales",
            ideal_customer="",
            decisions=f"Decision {number}",
            by=by,
            at=at,
        )
        discussions.propose(
            version.definition, field=f"Field {number}", why="It helps.", by=by, at=at
        )


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
        ReviewTask.objects.create(
            lead=handoff.lead,
            version=handoff.version,
            key="ideal_customer",
            question="Is it an ideal customer?",
            side="marketing",
            valid_days=30,
            owner=manager,
            opened_at=at,
        )
        Rejection.objects.create(reason=reason, comment="Not now.", **said)
        Reversal.objects.create(acceptance=Acceptance.objects.create(**said), by=manager, at=at)


def _promises(*, at):
    rounds.look(at=at)
    manager = User.objects.get(email="sales.manager@demo.example")
    definition = Definition.objects.earliest("pk")
    for number in NUMBERS:
        begins_at = at - timedelta(weeks=10 + number)
        SlaAlert.objects.create(
            definition=definition,
            side="sales",
            window_begins_at=begins_at,
            window_ends_at=begins_at + timedelta(weeks=1),
            counted=40,
            missed_count=4 + number,
            limit_pct=10,
            told=manager,
            at=begins_at,
            acknowledged_at=begins_at + timedelta(days=1),
            acknowledged_by=manager,
            comment="The phones were down.",
        )
    for rep in Rep.objects.order_by("pk")[: len(NUMBERS)]:
        Suspension.objects.create(
            rep=rep, began_at=at, missed_count=5, ended_at=at, ended_by=manager
        )


def _batches(*, at):
    manager = User.objects.get(email="sales.manager@demo.example")
    handoff = Handoff.objects.earliest("pk")
    for number in NUMBERS:
        BulkRejection.objects.create(
            definition=handoff.version.definition,
            batch_kind="campaign",
            batch_key=str(number),
            batch_name=f"Campaign {number}",
            handed_over_count=20,
            missed_count=2,
            limit_pct=5,
            reason=RejectionReason.objects.first(),
            comment="Bought list.",
            by=manager,
            at=at,
        )
        FloorCheck.objects.create(handoff=handoff, at=at, cause="correction", missed=["size"])


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
