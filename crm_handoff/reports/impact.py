"""What a preview comes to: by source, by campaign, by territory, and on the load of each rep."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from definitions import document, engine
from definitions.agreement import Agreement
from definitions.engine import Verdict
from leads import facts
from leads.enums import StandingChange
from leads.models import Impact, ImpactLine
from routing import territories
from routing.models import NamedAccount, Rep, Territory, TerritoryMembership
from routing.territories import RoutingInputs

MOST_CAMPAIGNS = 12
"""Campaigns that are listed, those with the most changes first; all changes are counted."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many leads a version would change, by how.

    up: to a higher stage. no_longer: fall short of the stage they have. meets_again: meet it
    again. handed_over: given to sales, most of them among those that move up.
    """

    up: int = 0
    no_longer: int = 0
    meets_again: int = 0
    handed_over: int = 0
    lead_count: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Leads that share a source, a campaign or a territory; `key` is "" where none is known."""

    key: str
    name: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class StageCount:
    """Live leads that meet a stage's rules, and no higher one's, now and then."""

    stage: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        """How many more or fewer it would be."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class RepLoad:
    """What a rep holds and would be given; `coming` is a share where a rotation decides.

    Absences, languages and capacity, by which the rotation passes somebody over, are left out.
    """

    rep: Rep
    held_count: int
    coming: float

    @property
    def would_hold(self) -> float:
        """What the rep would hold if nothing was answered until then."""
        return self.held_count + self.coming

    @property
    def is_over(self) -> bool:
        """Whether that is more than the capacity."""
        return self.would_hold > self.rep.capacity


@dataclass(frozen=True, slots=True)
class Report:
    """A preview, grouped. `unplaced_count` would be handed over, and no territory takes them."""

    changes: Changes
    stages: tuple[StageCount, ...]
    by_source: tuple[Group, ...]
    by_campaign: tuple[Group, ...]
    by_territory: tuple[Group, ...]
    loads: tuple[RepLoad, ...]
    unplaced_count: int


CHANGES = {
    "up": Count("pk", filter=Q(change=StandingChange.UP)),
    "no_longer": Count("pk", filter=Q(change=StandingChange.NO_LONGER)),
    "meets_again": Count("pk", filter=Q(change=StandingChange.MEETS_AGAIN)),
    "handed_over": Count("pk", filter=Q(is_handoff=True)),
}


def report(impact: Impact) -> Report:
    """Group what a preview found; about ten queries, whatever the number of leads."""
    lines = ImpactLine.objects.filter(impact=impact)
    handed_over = lines.filter(is_handoff=True).values_list("lead_id", flat=True)
    placed = territories.first_for(territories.inputs_of_many(handed_over))
    by_territory = _by_territory(placed)
    return Report(
        changes=changes_of(impact),
        stages=stages_of(impact),
        by_source=_grouped(lines, "lead__source"),
        by_campaign=_grouped(lines, "lead__campaign")[:MOST_CAMPAIGNS],
        by_territory=by_territory,
        loads=_loads(placed),
        unplaced_count=sum(territory is None for _, territory in placed),
    )


def changes_of(impact: Impact) -> Changes:
    """Return how many leads a preview would change, by how; one query."""
    lines = ImpactLine.objects.filter(impact=impact)
    return Changes(**lines.aggregate(lead_count=Count("pk"), **CHANGES))


def stages_of(impact: Impact) -> tuple[StageCount, ...]:
    """Return how many live leads meet each stage's rules now and then, lowest first."""
    before: Mapping[str, int] = impact.stages_before
    after: Mapping[str, int] = impact.stages_after
    return tuple(
        StageCount(stage, before.get(stage, 0), after.get(stage, 0))
        for stage in ("iql", "mql", "pql", "sql")
        if before.get(stage) or after.get(stage)
    )


def _grouped(lines: QuerySet[ImpactLine], by: str) -> tuple[Group, ...]:
    """Return the changes by what the leads share, the most first; one query."""
    rows: Any = (
        lines.values(key=F(f"{by}__key"), name=F(f"{by}__name"))
        .annotate(lead_count=Count("pk"), **CHANGES)
        .order_by("-lead_count", "key")
    )
    return tuple(
        Group(row.pop("key") or "", row.pop("name") or "", Changes(**row)) for row in rows
    )


Placed = Sequence[tuple[RoutingInputs, Territory | None]]


def _by_territory(placed: Placed) -> tuple[Group, ...]:
    counts = Counter(territory for _, territory in placed if territory is not None)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0].position, one[0].pk))
    return tuple(
        Group(territory.key, territory.name, Changes(handed_over=count, lead_count=count))
        for territory, count in ranked
    )


def _loads(placed: Placed) -> tuple[RepLoad, ...]:
    """Return the load of everybody who would be given something, the fullest first."""
    coming = _coming(placed)
    reps = Rep.objects.filter(pk__in=coming).select_related("user").order_by("pk")
    loads = [
        RepLoad(rep, rep.open_count + rep.excess_count, float(coming[rep.pk])) for rep in reps
    ]
    return tuple(sorted(loads, key=lambda load: load.rep.capacity - load.would_hold))


def _coming(placed: Placed) -> dict[int, Fraction]:
    """Return what each rep would be given: named accounts', then by the weights of rotations."""
    accounts = {one.account_id for one, _ in placed if one.account_id}
    named = dict(
        NamedAccount.objects.filter(account__in=accounts).values_list("account_id", "rep_id")
    )
    members = _members({territory.pk for _, territory in placed if territory is not None})
    coming: dict[int, Fraction] = defaultdict(Fraction)
    for one, territory in placed:
        if rep := named.get(one.account_id or 0):
            coming[rep] += 1
        elif territory is not None:
            for rep, share in members[territory.pk].items():
                coming[rep] += share
    return coming


def _members(territory_ids: Iterable[int]) -> dict[int, dict[int, Fraction]]:
    """Return the share of each active rep in the rotation of each territory; one query."""
    weights: dict[int, dict[int, int]] = defaultdict(dict)
    for territory, rep, weight in TerritoryMembership.objects.filter(
        territory__in=list(territory_ids),
        is_active=True,
        rep__is_active=True,
        rep__user__is_active=True,
    ).values_list("territory_id", "rep_id", "weight"):
        weights[territory][rep] = weight
    return defaultdict(
        dict,
        {
            territory: {
                rep: Fraction(weight, sum(of_reps.values())) for rep, weight in of_reps.items()
            }
            for territory, of_reps in weights.items()
            if sum(of_reps.values())
        },
    )


def verdicts(impact: Impact, lead_ids: Sequence[int]) -> tuple[Agreement, dict[int, Verdict]]:
    """Return the text of a preview, and what it says of leads at the preview's instant."""
    agreement = engine.compile(document.read(impact.content))
    answers = facts.answer(lead_ids, agreement, at=impact.at, known_at=impact.at)
    return agreement, {
        pk: engine.judge(agreement, values, at=impact.at, latest=answers.latest.get(pk, ()))
        for pk, values in answers.values.items()
    }


def leads_in(impact: Impact, territory: str) -> list[int]:
    """Return the leads that would be handed over in a territory; a few queries."""
    handed_over = ImpactLine.objects.filter(impact=impact, is_handoff=True)
    inputs = territories.inputs_of_many(handed_over.values_list("lead_id", flat=True))
    return [
        one.lead_id
        for one, found in territories.first_for(inputs)
        if found is not None and found.key == territory
    ]
