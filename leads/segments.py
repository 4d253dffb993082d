"""Which version judges whom: segments in order of trial, and who keeps a former version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from definitions import queries
from definitions.agreement import Agreement
from definitions.conditions import FactRef
from definitions.enums import InFlightPlan
from definitions.models import DefinitionVersion, SegmentRule
from leads import bulk, facts, lifecycle
from leads.enums import Stage
from leads.models import Lead

DAY = timedelta(days=1)

QUALIFIED = (Stage.MQL.value, Stage.PQL.value, Stage.SQL.value)
"""Stages at which a lead is in flight: qualified, and judged by the version it qualified under."""

_Sorted = tuple[bool, int, int]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A version with what it says, which need not be in force: an impact imagines it is."""

    version: DefinitionVersion
    agreement: Agreement

    @property
    def is_catch_all(self) -> bool:
        """Whether it takes everyone whom no other segment does."""
        return self.version.definition.is_catch_all

    @property
    def definition_id(self) -> int:
        """The key of its definition."""
        return self.version.definition_id

    def place(self) -> _Sorted:
        """Return what segments are tried in the order of."""
        definition = self.version.definition
        return (definition.is_catch_all, definition.position, definition.pk)


@dataclass(frozen=True, slots=True)
class Order:
    """What is in force at an instant: one ruling a definition, in the order of trial.

    `imagined` is the one among them that only an impact has put in force, at that instant.
    """

    at: datetime
    rulings: tuple[Ruling, ...]
    imagined: Ruling | None = None

    def with_in_force(self, ruling: Ruling) -> "Order":
        """Return the order as it were if a version came into force at its instant."""
        others = [one for one in self.rulings if one.definition_id != ruling.definition_id]
        return Order(self.at, tuple(sorted([*others, ruling], key=Ruling.place)), ruling)


@dataclass(frozen=True, slots=True)
class Docket:
    """Leads whom one version judges, and when passing time alone can change that.

    `is_with_sales`: sales has them, so it is the version that judged them before.
    """

    ruling: Ruling
    leads: list[Lead]
    changes_at: Mapping[int, datetime | None]
    is_with_sales: bool = False


@dataclass(frozen=True, slots=True)
class Dockets:
    """Every lead in the docket of its version; `left` are those whom no version takes."""

    taken: list[Docket]
    left: list[Lead]
    left_changes_at: Mapping[int, datetime | None]


class Keeping(StrEnum):
    """Why a lead is judged by the version that judged it before, whatever is in force."""

    SALES = "sales"
    GRANDFATHER = "grandfather"
    SUNSET = "sunset"


@dataclass(frozen=True, slots=True)
class Seen:
    """A condition of a segment, with the value seen of the lead."""

    ref: FactRef
    operator: str
    wanted: Any
    seen: Any
    is_met: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A version that was tried for a lead: taken, or passed over for a condition that failed.

    `conditions` is empty for the catch-all, and where nothing was asked because sales has the
    lead. `is_kept_because` is None for the version in force; `kept_until` is the end of a sunset.
    """

    version: DefinitionVersion
    conditions: tuple[Seen, ...]
    is_taken: bool
    is_kept_because: Keeping | None = None
    kept_until: datetime | None = None


def order_at(at: datetime) -> Order:
    """Return what was in force at an instant; one query."""
    versions = queries.versions_active_at(at)
    return Order(at, tuple(Ruling(one, queries.agreement_of(one)) for one in versions))


def dockets(leads: Iterable[Lead], order: Order) -> Dockets:
    """Say for each lead which version judges it, by what is true and known at the order's instant.

    While sales has a lead, the version that judged it before. One that qualified under a former
    version of a definition keeps that as long as the in-flight plans of all later ones let it, and
    while that version's own segment takes it (of a catch-all: while no other segment does).
    Everybody else is judged by the first version in force whose segment they are in. The number
    of queries does not grow with the leads.
    """
    return _Allotment(leads, order).run()


def dockets_in_force(leads: Iterable[Lead], order: Order) -> Dockets:
    """Say for each lead which version in force takes it, as if it kept none."""
    return _Allotment(leads, order, are_kept=False).run()


def version_for(lead: Lead, *, at: datetime) -> DefinitionVersion | None:
    """Return the version that judges a lead at an instant, None when none takes it."""
    taken = dockets([lead], order_at(at)).taken
    return taken[0].ruling.version if taken else None


def why(lead: Lead, *, at: datetime, known_at: datetime | None = None) -> list[Tried]:
    """Say which versions were tried for a lead, in order, up to the one that judges it.

    known_at: by what had been received by then; None: by all that is known.
    """
    return _Trial(lead, order_at(at), known_at).run()


@dataclass(frozen=True, slots=True)
class _Keeper:
    """A former version that a lead may keep, and until when; None: for good."""

    ruling: Ruling
    until: datetime | None


@dataclass(slots=True)
class _Former:
    """What judged some leads before, and who of them may keep it."""

    order: Order
    siblings: Mapping[int, list[DefinitionVersion]] = field(default_factory=dict)
    rulings: dict[int, Ruling] = field(default_factory=dict)

    @classmethod
    def of(cls, leads: Iterable[Lead], order: Order) -> "_Former":
        """Read the versions that judged leads and are not in force; two queries at most."""
        in_force = {one.version.pk: one for one in order.rulings}
        ids = {one.version_id for one in leads if one.version_id} - in_force.keys()
        siblings: dict[int, list[DefinitionVersion]] = {}
        for version in queries.siblings_activated_by(ids, order.at) if ids else ():
            siblings.setdefault(version.definition_id, []).append(version)
        former = cls(order, siblings, dict(in_force))
        for versions in siblings.values():
            for version in versions:
                if version.pk in ids:
                    former.rulings[version.pk] = Ruling(version, queries.agreement_of(version))
        return former

    def with_sales(self, lead: Lead) -> Ruling | None:
        """Return the ruling of a lead that sales has, None of every other."""
        ruling = self.rulings.get(lead.version_id or 0)
        if ruling and lifecycle.is_with_sales(
            ruling.version.process, lead.stage, handoff_stage=ruling.version.handoff_stage
        ):
            return ruling
        return None

    def keepers(self, leads: Iterable[Lead]) -> dict[int, _Keeper]:
        """Return by lead the former version that plans let it keep; one query at most."""
        plans = self._plans()
        candidates = {
            lead.pk: plans[lead.version_id]
            for lead in leads
            if lead.version_id in plans and lead.stage in QUALIFIED
        }
        qualified = _qualified({pk: one.ruling.version.pk for pk, one in candidates.items()})
        return {pk: one for pk, one in candidates.items() if pk in qualified}

    def _plans(self) -> dict[int, _Keeper]:
        in_force = {one.definition_id: one for one in self.order.rulings}
        plans = {}
        for pk, ruling in self.rulings.items():
            current = in_force.get(ruling.definition_id)
            if current is None or current is ruling:
                continue
            ends = [_end(later, self.order.at) for later in self._after(ruling.version)]
            until = min(filter(None, ends), default=None)
            if until is None or until > self.order.at:
                plans[pk] = _Keeper(ruling, until)
        return plans

    def _after(self, version: DefinitionVersion) -> list[DefinitionVersion]:
        siblings = self.siblings.get(version.definition_id, [version])
        later = siblings[[one.pk for one in siblings].index(version.pk) + 1 :]
        imagined = self.order.imagined
        if imagined and imagined.definition_id == version.definition_id:
            later = [*later, imagined.version]
        return later


def _end(later: DefinitionVersion, at: datetime) -> datetime | None:
    """Return when the plan of a later version ends what leads keep; None: it does not."""
    since = later.activated_at or at
    if later.in_flight_plan == InFlightPlan.REQUALIFY:
        return since
    if later.in_flight_plan == InFlightPlan.SUNSET:
        return since + (later.sunset_days or 0) * DAY
    return None


def _qualified(versions: Mapping[int, int]) -> set[int]:
    """Return who, of these leads with a version each, that version once found qualified."""
    if not versions:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _QUALIFIED,
            {
                "leads": bulk.array(versions),
                "versions": bulk.array(versions.values()),
                "stages": list(QUALIFIED),
            },
        )
        return {pk for (pk,) in cursor.fetchall()}


_QUALIFIED = """
SELECT DISTINCT kept.lead_id
FROM unnest(%(leads)s::bigint[], %(versions)s::bigint[]) AS kept (lead_id, version_id)
JOIN leads_evaluation AS evaluation USING (lead_id, version_id)
WHERE evaluation.stage = ANY(%(stages)s)
"""


class _Allotment:
    """Leads on their way into dockets."""

    def __init__(self, leads: Iterable[Lead], order: Order, *, are_kept: bool = True) -> None:
        self.order = order
        self.rest = {lead.pk: lead for lead in leads}
        self.former = _Former.of(self.rest.values() if are_kept else (), order)
        self.are_kept = are_kept
        self.changes_at: dict[int, datetime | None] = {}
        self.taken: list[Docket] = []

    def run(self) -> Dockets:
        keepers: dict[int, _Keeper] = {}
        if self.are_kept:
            self._leave_to_sales()
            keepers = self.former.keepers(self.rest.values())
        for pk, keeper in keepers.items():
            self._note(pk, keeper.until)
        for ruling, members in _by_ruling(keepers):
            if not ruling.is_catch_all:
                self._take(ruling, members)
        for ruling in self.order.rulings:
            if ruling.is_catch_all:
                self._catch(ruling, keepers)
            elif self.rest:
                self._take(ruling, [*self.rest])
        left = [*self.rest.values()]
        return Dockets(self.taken, left, {pk: self.changes_at.get(pk) for pk in self.rest})

    def _leave_to_sales(self) -> None:
        with_sales: dict[int, tuple[Ruling, list[int]]] = {}
        for pk, lead in self.rest.items():
            if ruling := self.former.with_sales(lead):
                with_sales.setdefault(ruling.version.pk, (ruling, []))[1].append(pk)
        for ruling, members in with_sales.values():
            self._put(ruling, members, is_with_sales=True)

    def _take(self, ruling: Ruling, ids: Sequence[int]) -> None:
        """Put those of the leads that the segment takes into a docket."""
        at, agreement = self.order.at, ruling.agreement
        answers = facts.answer_segment(ids, agreement, at=at, known_at=at)
        for pk, instant in answers.changes_at.items():
            self._note(pk, instant)
        inside = [pk for pk in ids if agreement.matches_segment(answers.values[pk])]
        self._put(ruling, inside)

    def _catch(self, ruling: Ruling, keepers: Mapping[int, _Keeper]) -> None:
        """Put everybody left into the docket of the catch-all, or of the one they keep."""
        for kept, members in _by_ruling(keepers):
            if kept.definition_id == ruling.definition_id:
                self._put(kept, [pk for pk in members if pk in self.rest])
        self._put(ruling, [*self.rest])

    def _put(self, ruling: Ruling, ids: Sequence[int], *, is_with_sales: bool = False) -> None:
        if ids:
            leads = [self.rest.pop(pk) for pk in ids]
            self.taken.append(Docket(ruling, leads, self.changes_at, is_with_sales))

    def _note(self, pk: int, instant: datetime | None) -> None:
        self.changes_at[pk] = sooner(self.changes_at.get(pk), instant)


def sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two instants, either of which may be none."""
    if one is None or other is None:
        return one or other
    return min(one, other)


def _by_ruling(keepers: Mapping[int, _Keeper]) -> Iterable[tuple[Ruling, list[int]]]:
    by_version: dict[int, tuple[Ruling, list[int]]] = {}
    for pk, keeper in keepers.items():
        version = keeper.ruling.version
        by_version.setdefault(version.pk, (keeper.ruling, []))[1].append(pk)
    return by_version.values()


class _Trial:
    """One lead before the versions in turn, with what each saw of it."""

    def __init__(self, lead: Lead, order: Order, known_at: datetime | None) -> None:
        self.lead = lead
        self.order = order
        self.known_at = known_at
        self.former = _Former.of([lead], order)

    def run(self) -> list[Tried]:
        if ruling := self.former.with_sales(self.lead):
            return [Tried(ruling.version, (), True, Keeping.SALES)]
        keeper = self.former.keepers([self.lead]).get(self.lead.pk)
        tried: list[Tried] = []
        if keeper and not keeper.ruling.is_catch_all:
            tried.append(self._try(keeper.ruling, keeper))
        for ruling in self.order.rulings:
            if tried and tried[-1].is_taken:
                break
            if ruling.is_catch_all and keeper and keeper.ruling.is_catch_all:
                tried.append(self._try(keeper.ruling, keeper))
            else:
                tried.append(self._try(ruling))
        return tried

    def _try(self, ruling: Ruling, keeper: _Keeper | None = None) -> Tried:
        conditions = () if ruling.is_catch_all else self._conditions(ruling)
        is_taken = all(one.is_met for one in conditions)
        if keeper is None or not is_taken:
            return Tried(ruling.version, conditions, is_taken)
        why = Keeping.SUNSET if keeper.until else Keeping.GRANDFATHER
        return Tried(ruling.version, conditions, is_taken, why, keeper.until)

    def _conditions(self, ruling: Ruling) -> tuple[Seen, ...]:
        agreement = ruling.agreement
        answers = facts.answer_segment(
            [self.lead.pk], agreement, at=self.order.at, known_at=self.known_at
        )
        rules = SegmentRule.objects.filter(version=ruling.version).order_by("position", "pk")
        rows = zip(
            rules,
            agreement.segment_refs,
            agreement.segment,
            answers.values[self.lead.pk],
            strict=True,
        )
        return tuple(
            Seen(ref, rule.operator, rule.wanted, value, predicate(value))
            for rule, ref, predicate, value in rows
        )
