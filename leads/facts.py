"""Answers to every fact of the vocabulary, for any leads, as of any instant, in a few queries."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from definitions.agreement import Agreement
from definitions.conditions import FactRef
from definitions.titles import TitleRules
from definitions.vocabulary import Parameter
from leads import bulk, matching, profiles, tallies
from leads.models import Campaign
from leads.profiles import AsOf, Profile
from leads.tallies import ACCOUNT_FACTS, AGGREGATES, CHANGES, MOST_QUESTIONS, RECEIVED, Tallies

DAY = timedelta(hours=24)

Column = Sequence[Any]
"""The answers to one question, lead by lead."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers by lead, in the order of the agreement's refs; only leads that exist.

    `latest`: when the latest touchpoint counted occurred, for questions whose points fade; empty
    when none do. `changes_at`: the instant at which passing time alone can change an answer, None
    when it cannot. `received_at`: when the latest touchpoint or answer looked at was received.
    """

    values: dict[int, tuple[Any, ...]]
    latest: dict[int, tuple[datetime | None, ...]]
    changes_at: dict[int, datetime | None]
    received_at: dict[int, datetime | None]


def answer(
    lead_ids: Sequence[int],
    agreement: Agreement,
    *,
    at: datetime,
    known_at: datetime | None = None,
) -> Facts:
    """Answer the agreement's questions as of `at`; the number of queries does not grow with leads.

    `known_at` limits to what had been received by then. Money counts as it is written: converting
    it is for whoever takes it in, and a version's limits are in the organization's currency.
    """
    fading = frozenset(
        agreement.refs[rule.index] for rule in agreement.score_rules if rule.half_life_days
    )
    stepping = frozenset(agreement.refs[place] for place in agreement.decaying)
    return _Reading(lead_ids, agreement, AsOf(at, known_at)).facts(
        agreement.refs, fading=fading, stepping=stepping
    )


def answer_segment(
    lead_ids: Sequence[int],
    agreement: Agreement,
    *,
    at: datetime,
    known_at: datetime | None = None,
) -> Facts:
    """Answer the questions that say whether leads belong to the agreement's segment."""
    return _Reading(lead_ids, agreement, AsOf(at, known_at)).facts(agreement.segment_refs)


def answer_each(
    lead_ids: Sequence[int], refs: Sequence[FactRef], agreement: Agreement, *, at: datetime
) -> dict[int, tuple[Any, ...]]:
    """Answer questions of somebody's own by lead, in their order, in the words of an agreement.

    The agreement says what kinds of touchpoints and titles mean.
    """
    return _Reading(lead_ids, agreement, AsOf(at, None)).facts(refs).values


def _email_is_free_mail(profile: Profile) -> bool | None:
    return matching.is_free_mail(profile.email) if profile.email else None


def _expected_acv(profile: Profile) -> Decimal | None:
    """Return what the lead declared, else its open deal's amount, else the account's estimate."""
    for amount in (profile.expected_acv, profile.deal_amount, profile.account_acv):
        if amount is not None:
            return amount
    return None


ATTRIBUTES: dict[str, Callable[[Profile], Any]] = {
    "country": lambda profile: profile.country or profile.account_country or None,
    "region": lambda profile: profile.region or profile.account_region or None,
    "language": lambda profile: profile.language or None,
    "product_line": lambda profile: profile.product_line or None,
    "industry": lambda profile: profile.industry or None,
    "employee_count": lambda profile: profile.employee_count,
    "revenue": lambda profile: profile.revenue,
    "funding_stage": lambda profile: profile.funding_stage or None,
    "account_tier": lambda profile: profile.tier or None,
    "technologies": lambda profile: tuple(profile.technologies or ()) or None,
    "is_target_account": lambda profile: bool(profile.is_target),
    "has_account": lambda profile: profile.account_id is not None,
    "expected_acv": _expected_acv,
    "persona": lambda profile: profile.persona,
    "source": lambda profile: profile.source,
    "email_is_known": lambda profile: bool(profile.email),
    "email_is_free_mail": _email_is_free_mail,
    "phone_is_known": lambda profile: bool(profile.phone),
}
"""Facts read off a profile. What a person says of country and region beats the account's."""

TITLES: dict[str, Callable[[TitleRules, Profile], Any]] = {
    "title_authority": lambda rules, profile: (
        rules.judge(profile.job_title, language=profile.language).authority
    ),
    "title_confidence": lambda rules, profile: (
        rules.judge(profile.job_title, language=profile.language).confidence
        if profile.job_title
        else None
    ),
}
"""Facts read from the job title by the agreement's own rules."""

IS_CUSTOMER = "is_customer"
"""Read off the deals of the account, where a question asks it."""

ANSWERS = frozenset({"buying_team_confirmed", "asserted"})
"""Facts that people answer."""

IDLE: dict[str, Any] = {
    **dict.fromkeys(AGGREGATES.keys() - ACCOUNT_FACTS, 0),
    "days_since_touchpoint": None,
    "campaigns": (),
    "buying_team_confirmed": False,
    "asserted": None,
}
"""What each fact is of a lead that did nothing and answered nothing."""

ANSWERED = frozenset({*ATTRIBUTES, *TITLES, *ANSWERS, *AGGREGATES, IS_CUSTOMER})
"""Every fact that can be answered: all of the vocabulary."""


_ASSERTED = """
SELECT lead_id, what, value::text, asserted_at, received_at, expires_at FROM leads_assertion
WHERE lead_id = ANY(%s::bigint[]) AND what = ANY(%s) AND received_at <= %s
ORDER BY asserted_at, id
"""


class _Reading:
    """One look at some leads: profiles first, then what the questions need."""

    def __init__(self, lead_ids: Sequence[int], agreement: Agreement, as_of: AsOf) -> None:
        self.agreement = agreement
        self.as_of = as_of
        self.profiles = profiles.read(lead_ids, as_of)
        self.leads = list(self.profiles)
        self.changes: dict[int, list[datetime]] = defaultdict(list)
        self.received: dict[int, list[datetime]] = defaultdict(list)

    def facts(
        self,
        refs: Sequence[FactRef],
        *,
        fading: frozenset[FactRef] = frozenset(),
        stepping: frozenset[FactRef] = frozenset(),
    ) -> Facts:
        columns = self._columns_of_profiles(refs) | self._columns_of_answers(refs)
        columns |= self._columns_of_customers(refs)
        latest: dict[FactRef, Column] = {}
        for counted in self._tallies(refs, fading):
            columns |= self._columns_of_tallies(*counted)
            latest |= self._latest(*counted)
        for ref in stepping:
            self._step_daily(latest[ref])
        return Facts(
            values=self._by_lead([columns[ref] for ref in refs]),
            latest=self._by_lead([latest.get(ref, self._nothing()) for ref in refs])
            if latest
            else {},
            changes_at={
                lead: min(self.changes.get(lead, ()), default=None) for lead in self.leads
            },
            received_at={
                lead: max(self.received.get(lead, ()), default=None) for lead in self.leads
            },
        )

    def _by_lead(self, columns: Sequence[Column]) -> dict[int, tuple[Any, ...]]:
        if not columns:
            return dict.fromkeys(self.leads, ())
        return dict(zip(self.leads, zip(*columns, strict=True), strict=True))

    def _nothing(self) -> Column:
        return [None] * len(self.leads)

    def _columns_of_profiles(self, refs: Iterable[FactRef]) -> dict[FactRef, Column]:
        rules, known = self.agreement.title_rules, self.profiles.values()
        columns: dict[FactRef, Column] = {}
        for ref in refs:
            if read := ATTRIBUTES.get(ref.fact):
                columns[ref] = [read(profile) for profile in known]
            elif judge := TITLES.get(ref.fact):
                columns[ref] = [judge(rules, profile) for profile in known]
        return columns

    def _columns_of_customers(self, refs: Iterable[FactRef]) -> dict[FactRef, Column]:
        asked = [ref for ref in refs if ref.fact == IS_CUSTOMER]
        if not asked:
            return {}
        accounts = [profile.account_id for profile in self.profiles.values()]
        customers = profiles.customers_among(filter(None, accounts), self.as_of)
        column = [account in customers for account in accounts]
        return dict.fromkeys(asked, column)

    def _columns_of_answers(self, refs: Iterable[FactRef]) -> dict[FactRef, Column]:
        asked = {ref: _what(ref) for ref in refs if ref.fact in ANSWERS}
        if not asked:
            return {}
        answers = self._answers(sorted(set(asked.values())))
        return {
            ref: [_said(ref, answers.get((lead, what))) for lead in self.leads]
            for ref, what in asked.items()
        }

    def _answers(self, whats: Sequence[str]) -> dict[tuple[int, str], Any]:
        """Read the latest answers that hold; one query."""
        at = self.as_of.at
        answers: dict[tuple[int, str], Any] = {}
        for lead, what, value, asserted_at, received_at, expires_at in self._asserted(whats):
            self.changes[lead] += [
                instant for instant in (asserted_at, expires_at) if instant and instant > at
            ]
            if asserted_at <= at and (expires_at is None or expires_at > at):
                answers[lead, what] = value
                self.received[lead].append(received_at)
        return answers

    def _asserted(self, whats: Sequence[str]) -> list[tuple[Any, ...]]:
        asked: list[Any] = [bulk.array(self.leads), list(whats), self.as_of.heard_by]
        with bulk.cursor() as cursor:
            cursor.execute(_ASSERTED, asked)
            rows = cursor.fetchall()
        return [
            (lead, what, json.loads(value), *instants) for lead, what, value, *instants in rows
        ]

    def _tallies(
        self, refs: Sequence[FactRef], fading: frozenset[FactRef]
    ) -> Iterable[tuple[Tallies, Column]]:
        """Yield tallies, each with the group of every lead in them."""
        own = [ref for ref in refs if ref.fact in AGGREGATES and ref.fact not in ACCOUNT_FACTS]
        shared = [ref for ref in refs if ref.fact in ACCOUNT_FACTS]
        for questions in _chunks(own):
            members = [(lead, lead) for lead in self.leads]
            yield self._count(members, questions, fading), self.leads
        if shared:
            accounts = [profile.account_id for profile in self.profiles.values()]
            members = profiles.members_of(filter(None, accounts), self.as_of)
            for questions in _chunks(shared):
                yield self._count(members, questions, fading), accounts

    def _count(
        self,
        members: Sequence[tuple[int, int]],
        refs: Sequence[FactRef],
        fading: frozenset[FactRef],
    ) -> Tallies:
        return tallies.count(members, refs, self.agreement, self.as_of, fading=fading)

    def _columns_of_tallies(self, counted: Tallies, groups: Column) -> dict[FactRef, Column]:
        rows = [counted.rows.get(group) for group in groups]
        for lead, row in zip(self.leads, rows, strict=True):
            if row:
                self.received[lead].append(row[RECEIVED])
                if row[CHANGES]:
                    self.changes[lead].append(row[CHANGES])
        return {ref: self._column(ref, place, rows) for ref, place in counted.places.items()}

    def _column(self, ref: FactRef, place: int, rows: Sequence[Sequence[Any] | None]) -> Column:
        if ref.fact == "days_since_touchpoint":
            latest = [row[place] if row else None for row in rows]
            self._step_daily(latest)
            return [None if last is None else (self.as_of.at - last) // DAY for last in latest]
        if ref.fact == "campaigns":
            return _keys([row[place] or () if row else () for row in rows])
        return [row[place] if row else 0 for row in rows]

    def _latest(self, counted: Tallies, groups: Column) -> dict[FactRef, Column]:
        rows = [counted.rows.get(group) for group in groups]
        return {
            ref: [row and row[place] for row in rows]
            for ref, place in counted.latest_places.items()
        }

    def _step_daily(self, latest: Column) -> None:
        """Note when each answer that counts whole days since then steps."""
        at = self.as_of.at
        for lead, last in zip(self.leads, latest, strict=True):
            if last is not None:
                self.changes[lead].append(last + ((at - last) // DAY + 1) * DAY)


def _what(ref: FactRef) -> str:
    return str(ref.parameter(Parameter.WHAT, ref.fact))


def _said(ref: FactRef, value: Any) -> Any:
    return value is True if ref.fact == "buying_team_confirmed" else value


def _chunks(refs: Sequence[FactRef]) -> Iterable[Sequence[FactRef]]:
    return (refs[start : start + MOST_QUESTIONS] for start in range(0, len(refs), MOST_QUESTIONS))


def _keys(campaigns: Sequence[Sequence[int | None]]) -> Column:
    seen = {pk for ids in campaigns for pk in ids if pk is not None}
    keys = dict(Campaign.objects.filter(pk__in=seen).values_list("pk", "key")) if seen else {}
    return [tuple(sorted(keys[pk] for pk in ids if pk is not None)) for ids in campaigns]
