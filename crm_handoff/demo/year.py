"""A year at the demo's company, played through the product's own operations at past instants."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction
from django.db.models import F

from crm_handoff import defaults
from crm_handoff import rounds as checkups
from crm_handoff.demo import (
    agreement,
    biographies,
    cast,
    companies,
    library,
    present,
    rulebook,
    talks,
)
from crm_handoff.demo.companies import SYSTEM
from crm_handoff.demo.desk import Desk
from crm_handoff.demo.journeys import DAY, HOUR
from crm_handoff.demo.management import Management
from crm_handoff.demo.promises import Promises
from crm_handoff.demo.systems import Systems
from crm_handoff.demo.timeline import ALL, Timeline, rounds
from crm_handoff.models import Organization, User
from leads import intake
from leads.companies import AccountFacts
from leads.models import AttributeChange, Evaluation, Lead, PendingMark, Touchpoint
from routing import notices, series, sweeps
from routing.models import Absence, Handoff, NamedAccount, Notice, Rep, SlaTimerStep

WEEKS = 52
WEEK = 7 * DAY
SEED = 20260105
GROWING = (Lead, PendingMark, AttributeChange, Touchpoint, Evaluation, Handoff, SlaTimerStep)
"""What there is soon so much of that the database should count it meanwhile."""


def load(*, at: datetime, weeks: int = WEEKS) -> bool:
    """Load the demo into an empty product, as if its people had worked with it until `at`.

    weeks: for how long they have. The same `at` and weeks make the same leads, handoffs and deals.

    Returns:
        False when there is an organization already; then nothing is changed.
    """
    if Organization.objects.exists():
        return False
    with transaction.atomic():
        Organization.objects.create(
            name="Northwind Demo", time_zone="Europe/Berlin", currency=library.CURRENCY
        )
        people = cast.arrive()
        began_at = (at - timedelta(weeks=weeks)).replace(hour=4, minute=0, second=0, microsecond=0)
        defaults.load(by=people[cast.REVOPS], at=began_at - 20 * DAY)
        cast.settle(people, began_at=began_at, at=at)
        library.stock(began_on=(at - timedelta(weeks=WEEKS)).date())
        talks.prepare(people, at=began_at - 12 * DAY)
        agreement.sign(people, at=began_at - HOUR)
        rulebook.begin(people, at=began_at - HOUR)
        companies.make_known(at=began_at - HOUR)
        _name_acme(at=began_at)
        _play(people, began_at=began_at, at=at)
        talks.foresee(people, at=at)
        _clean_up(at=at)
        _mail_nothing()
        _examine(at=at)
    return True


def _name_acme(*, at: datetime) -> None:
    """Name a company for the rep whose login is published, whoever's turn it is.

    It is the company of the lead that the documentation's first steps send.
    """
    facts = AccountFacts(name="Acme GmbH", domain="acme.example")
    account = intake.record_account(facts, received_at=at, system=SYSTEM).account
    NamedAccount.objects.create(account=account, rep=Rep.objects.get(user__email=cast.DANA))


def _play(people: Mapping[str, User], *, began_at: datetime, at: datetime) -> None:
    random = Random(SEED)  # noqa: S311 - the same year each time
    timeline = Timeline(until=at)
    leads = [
        *biographies.of_the_year(began_at=began_at, at=at, random=random),
        *present.of_today(at=at, random=random),
    ]
    desk = Desk(timeline, {lead.email: lead for lead in leads}, people)
    timeline.on_handoff = desk.take_up
    for lead in leads:
        timeline.arrive(lead)
    _keep_house(timeline, began_at=began_at)
    _manage(timeline, people, began_at=began_at)
    Promises(timeline, people).keep(began_at=began_at)
    _review(timeline, people, began_at=began_at)
    Systems(people).speak(timeline, began_at=began_at)
    for weeks in (40, 24, 8, 4):
        if at - timedelta(weeks=weeks) > began_at:
            timeline.put(at - timedelta(weeks=weeks), lambda instant: _count())
    timeline.run()


def _keep_house(timeline: Timeline, *, began_at: datetime) -> None:
    """Synchronize and tidy up on working days; what people were told by then, they have read."""
    for instant in rounds(began_at=began_at + 6 * HOUR, until=timeline.until):
        timeline.put(instant, timeline.keep_house)
        if timeline.until - instant > DAY:
            timeline.put(instant, lambda at: _read_all(at=at))
    timeline.put(timeline.until - DAY, lambda at: _read_all(at=at))


def _manage(timeline: Timeline, people: Mapping[str, User], *, began_at: datetime) -> None:
    """Let the leads of marketing and sales, and RevOps, do their part."""
    management, at = Management(timeline, people), timeline.until
    timeline.on_waiting = management.hand_out
    timeline.put(max(began_at, at - 9 * WEEK), lambda instant: rulebook.revise(people, at=instant))
    for begins_at in Absence.objects.filter(span__startswith__lte=at).values_list(
        "span__startswith", flat=True
    ):
        timeline.put(begins_at, management.let_go)
    timeline.put(at - 44 * DAY, management.say_farewell)
    timeline.put(at - 3 * DAY, lambda instant: agreement.propose(people, at=instant))
    timeline.put(at - 2 * DAY, lambda instant: talks.discuss(people, at=instant))
    timeline.put(at - 27 * HOUR, lambda instant: agreement.draft(people, at=instant))
    timeline.put(at - 27 * HOUR, lambda instant: rulebook.draft(people, at=instant))
    timeline.put(at - 26 * HOUR, management.fill_up)
    timeline.put(at - 25 * HOUR, lambda instant: cast.wake_up())
    timeline.put(at - 24 * HOUR, lambda instant: present.name_accounts())


def _review(timeline: Timeline, people: Mapping[str, User], *, began_at: datetime) -> None:
    """Let both sides review their agreements when they are due; the last review is still open."""
    nine = began_at + 5 * HOUR
    due = [nine + number * talks.REVIEW_EVERY + (number - 1) * DAY for number in range(1, 5)]
    past = [instant for instant in due if instant + DAY <= timeline.until]
    for instant in past[:-1]:
        timeline.put(instant, lambda at: talks.review(people, at=at))
    for instant in past[-1:]:
        timeline.put(instant, lambda at: talks.begin_review(people, at=at))


def _count() -> None:
    """Let the database see how much there is: nobody else does before the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in GROWING)}")


def _read_all(*, at: datetime) -> None:
    notices.read(Notice.objects.all(), at=at)


def _clean_up(*, at: datetime) -> None:
    """Do what relays do each second: hand out what waits, and plan absences ahead."""
    while sweeps.drain(at=at, limit=ALL):
        pass
    series.plan_ahead(at=at)


def _examine(*, at: datetime) -> None:
    """Ask every invariant once, so that the page of health shows answers."""
    while checkups.look(at=at):
        pass


def _mail_nothing() -> None:
    """Owe no e-mail for what was told in the demo's past."""
    Notice.objects.filter(handled_at=None).update(handled_at=F("at"))
