"""Everybody who may come into question for some leads: locked, read, and put before the rules."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from definitions.conditions import FactRef
from leads.models import Evaluation
from routing import books, roster, rules, territories
from routing.books import Book
from routing.cases import Case, Outcome, Person, Pool, Rule
from routing.enums import HandoffStatus, RuleKind
from routing.models import Absence, Queue, Rep, Territory, TerritoryMembership
from routing.territories import RoutingInputs

Home = tuple[int | None, Territory | None]
"""The place of the rule that gives a lead its territory, and the territory; None: no rule does."""


@dataclass(frozen=True, slots=True)
class Question:
    """A lead that needs an owner.

    previous: who held the lead and gave it back; they come last. barred: who does not come into
    question at all. preferred: who stands in for the last holder, and is asked first. evaluation:
    may be left out where the rules ask for no facts. territory: where it was routed before, and
    stays when no other covers it by now.
    """

    inputs: RoutingInputs
    evaluation: Evaluation | None = None
    previous: Collection[int] = frozenset()
    barred: Collection[int] = frozenset()
    preferred: int | None = None
    territory: int | None = None


@dataclass(slots=True)
class Market:
    """What the rules see while some leads are routed, one after the other.

    What one lead is given counts for the next: loads, credits, and who works an account. The
    ids of `named` and `owners` are of accounts; of an owner also the lead by which they are one,
    0 for a deal.
    """

    book: Book
    at: datetime
    reps: dict[int, Rep]
    people: dict[int, Person]
    territories: dict[int, Territory]
    pools: dict[int, Pool]
    homes: dict[int, Home]
    answers: dict[int, dict[FactRef, object]]
    named: dict[int, int]
    owners: dict[int, list[tuple[int, int]]]
    fallback: Queue | None = None
    languages: dict[str, str] = field(default_factory=dict)

    def case(self, question: Question) -> Case:
        """Put one lead before the rules."""
        inputs, book = question.inputs, self.book
        place, home = self.homes[inputs.lead_id]
        known = self.answers.get(inputs.lead_id)
        rules_asked: Sequence[Rule] = book.rules
        answers = book.answers(known) if known is not None else []
        if question.preferred is not None:
            rules_asked = (STAND_IN, *rules_asked)
            answers = [[], *answers] if answers else []
            place = None if place is None else place + 1
        return Case(
            at=self.at,
            rules=rules_asked,
            answers=answers,
            people=self.people,
            pool=self.pools[home.pk] if home else None,
            pool_rule=place,
            account=inputs.account_name,
            named=self.named.get(inputs.account_id or 0),
            owner=self._owner(inputs),
            preferred=question.preferred,
            language=inputs.language,
            language_name=self._language_name(inputs.language),
            previous=question.previous,
            barred=question.barred,
            fallback=(self.fallback.pk, str(self.fallback)) if self.fallback else None,
        )

    def take(self, question: Question, case: Case, outcome: Outcome) -> None:
        """Let an owner have what an outcome gives, so that the next case sees it."""
        rules.take(case, outcome)
        account = question.inputs.account_id
        if outcome.rep is not None and account is not None:
            row = (question.inputs.lead_id, outcome.rep)
            self.owners.setdefault(account, []).insert(0, row)

    def _owner(self, inputs: RoutingInputs) -> int | None:
        held = self.owners.get(inputs.account_id or 0, ())
        return next((rep for lead, rep in held if lead != inputs.lead_id), None)

    def _language_name(self, code: str) -> str:
        if code and code not in self.languages:
            self.languages[code] = roster.language_name(code)
        return self.languages.get(code, "")


STAND_IN = Rule(kind=RuleKind.DELEGATE, name="Stand-in")
"""Asked before all others when a lead moves on because its rep is away."""


def lock(questions: Sequence[Question], *, at: datetime, book: Book | None = None) -> Market:
    """Lock the territories of some leads, then everybody in question, each by ascending id.

    They stay locked until the transaction ends. About ten queries, whatever the number of leads.
    book: the rules to go by, None for those in force.
    """
    return _market(questions, at=at, book=book or books.in_force(), is_locking=True)


def preview(questions: Sequence[Question], *, at: datetime, book: Book) -> Market:
    """Read what `lock` reads without locking anything: to say who would receive leads."""
    return _market(questions, at=at, book=book, is_locking=False)


def _market(
    questions: Sequence[Question], *, at: datetime, book: Book, is_locking: bool
) -> Market:
    answers = books.ask(
        book, [one.evaluation for one in questions if one.evaluation is not None], at=at
    )
    homes, held = _homes(questions, book, answers, is_locking=is_locking)
    named, owners = _of_accounts({one.inputs.account_id for one in questions} - {None})
    absences = roster.absences_at(at)
    others = {rule.rep for rule in book.rules} | {*named.values()}
    others |= {rep for rows in owners.values() for _, rep in rows}
    others |= {one.preferred for one in questions} | {each.secondary_id for each in held.values()}
    others |= {absences[rep].delegate_id for rep in others if rep in absences}
    others |= {rep for one in questions for rep in one.barred}
    asked = {rep for rep in others if rep is not None}
    read = roster.lock_members if is_locking else roster.read_members
    reps = read(held, also=asked)
    if is_locking:  # Who went away while their lock was waited for receives nothing any more.
        absences = roster.absences_at(at)
    people = _people(reps, absences)
    return Market(
        book=book,
        at=at,
        reps=reps,
        people=people,
        territories=held,
        pools=_pools(held, people),
        homes=homes,
        answers=answers,
        named=named,
        owners=owners,
        fallback=_fallback(homes.values()),
    )


def _homes(
    questions: Sequence[Question],
    book: Book,
    answers: dict[int, dict[FactRef, object]],
    *,
    is_locking: bool,
) -> tuple[dict[int, Home], dict[int, Territory]]:
    """Find each lead's territory and take the rotations of all of them."""
    while True:
        tried = territories.active()
        covering = territories.first_for([one.inputs for one in questions], tried=tried)
        by_id = {each.pk: each for each in tried}
        homes: dict[int, Home] = {}
        for question, (inputs, covers) in zip(questions, covering, strict=True):
            place = covers or by_id.get(question.territory or 0)
            homes[inputs.lead_id] = _home(book, answers.get(inputs.lead_id), place, by_id)
        ids = {home.pk for _, home in homes.values() if home is not None}
        held = territories.lock(ids) if is_locking else territories.read(ids)
        # One that was retired while its lock was waited for takes nothing any more.
        if all(each.is_active for each in held.values()):
            return homes, held


def _home(
    book: Book,
    known: dict[FactRef, object] | None,
    covering: Territory | None,
    by_id: dict[int, Territory],
) -> Home:
    """Find the first rule that gives a lead its territory, unless a queue takes it before."""
    for place, rule in enumerate(book.rules):
        if rule.kind not in (RuleKind.TERRITORY, RuleKind.FALLBACK_QUEUE):
            continue
        asked = [(known or {})[condition.ref] for condition in rule.conditions]
        if rules.unmet(rule, asked):
            continue
        if rule.kind == RuleKind.FALLBACK_QUEUE:
            return None, None
        home = by_id.get(rule.territory) if rule.territory else covering
        if home is not None:
            return place, home
    return None, None


def _people(reps: dict[int, Rep], absences: dict[int, Absence]) -> dict[int, Person]:
    """Return what the rules see of reps; a stand-in who was not locked with them is nobody."""
    out = roster.suspended(reps)
    people = {
        pk: roster.person(rep, absence=absences.get(pk), is_suspended=pk in out)
        for pk, rep in reps.items()
    }
    for person in people.values():
        if person.delegate not in people:
            person.delegate = None
    return people


def _pools(held: dict[int, Territory], people: dict[int, Person]) -> dict[int, Pool]:
    """Read the members of territories, whose reps are locked: so their loads are true."""
    pools = {pk: _pool(territory) for pk, territory in held.items()}
    rows = TerritoryMembership.objects.filter(territory__in=list(held)).order_by("pk")
    for row in rows if held else ():
        if row.rep_id in people:
            pools[row.territory_id].members[row.rep_id] = roster.member(row, people[row.rep_id])
    return pools


def _pool(territory: Territory) -> Pool:
    return Pool(
        territory=territory.pk,
        key=territory.key,
        name=str(territory),
        queue=territory.queue_id,
        queue_name=str(territory.queue),
        zone=territory.calendar.time_zone,
        language_is_required=territory.language_is_required,
        make_up_turns=territory.make_up_turns,
        secondary=territory.secondary_id,
    )


def _fallback(homes: Iterable[Home]) -> Queue | None:
    if all(home is not None for _, home in homes):
        return None
    return Queue.objects.filter(is_fallback=True).first()


_OF_ACCOUNTS = """
SELECT account_id, NULL AS lead_id, rep_id, 0 AS place
FROM routing_namedaccount WHERE account_id = ANY(%(accounts)s)
UNION ALL
SELECT account_id, lead_id, rep_id, place FROM (
    SELECT *, row_number() OVER (
        PARTITION BY account_id ORDER BY since DESC, lead_id DESC, id DESC) AS place
    FROM (
        SELECT lead.account_id, lead.id AS lead_id, rep_id, assigned_at AS since, handoff.id
        FROM routing_handoff AS handoff JOIN leads_lead AS lead ON lead.id = lead_id
        WHERE lead.account_id = ANY(%(accounts)s) AND status = ANY(%(held)s)
        UNION ALL
        SELECT deal.account_id, 0, rep.id, coalesce(deal.opened_at, deal.created_at), deal.id
        FROM leads_opportunity AS deal JOIN routing_rep AS rep ON rep.user_id = deal.owner_id
        WHERE deal.account_id = ANY(%(accounts)s) AND deal.stage = 'open'
    ) AS working
) AS latest WHERE place <= 2
ORDER BY account_id, place
"""
# A lead has one open handoff: of the latest two one at least is a deal or of another lead.


def _of_accounts(
    ids: Collection[int | None],
) -> tuple[dict[int, int], dict[int, list[tuple[int, int]]]]:
    """Return whom accounts are named for, and who works them; one query.

    Who holds leads of an account or owns an open deal with it works it, the latest of both first.
    """
    named: dict[int, int] = {}
    owners: dict[int, list[tuple[int, int]]] = {}
    if not ids:
        return named, owners
    asked: dict[str, Any] = {
        "accounts": sorted(filter(None, ids)),
        "held": sorted(HandoffStatus.HELD),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_ACCOUNTS, asked)
        for account, lead, rep, _ in cursor.fetchall():
            if lead is None:
                named[account] = rep
            else:
                owners.setdefault(account, []).append((lead, rep))
    return named, owners
