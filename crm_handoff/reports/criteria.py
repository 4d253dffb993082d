"""How many leads marketing handed over below the agreed floor: by definition and by batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q

from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import WeekRule, rule_of_organization
from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion
from routing import batches, floor
from routing.batches import Batch, BatchRate, UnknownBatch, Week
from routing.enums import BatchKind
from routing.models import Handoff

YEARS = range(1970, 9000)
"""Years in which every zone knows every day."""


@dataclass(frozen=True, slots=True)
class DefinitionRate:
    """How much of what a definition handed over misses the floor; `version` is in force."""

    version: DefinitionVersion
    rate: Rate

    @property
    def limit_pct(self) -> float:
        """The signed limit, in percent."""
        return float(self.version.criteria_limit_pct)

    @property
    def is_broken(self) -> bool:
        """Whether the signed limit is broken."""
        return self.rate.breaks(self.limit_pct)


def rates_of_definitions(*, at: datetime) -> dict[int, Rate]:
    """Return what part of each definition's handovers of the last 28 days misses the floor.

    By the definition's id; those that handed nothing over have none. One query.
    """
    begins_at, ends_at = batches.window(at)
    opened = Handoff.objects.filter(opened_at__gte=begins_at, opened_at__lt=ends_at)
    counted = opened.values("version__definition").annotate(
        count=Count("pk", filter=Q(floor_missed=True)), of=Count("pk")
    )
    return {row["version__definition"]: Rate(row["count"], row["of"]) for row in counted}


def by_definition(*, at: datetime) -> list[DefinitionRate]:
    """Return the rate of the last 28 days of each definition in force, the worst first.

    Two queries.
    """
    rates = rates_of_definitions(at=at)
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE).defer("content")
    people = ("sales_operator", "sales_deputy", "marketing_operator", "marketing_deputy")
    found = [
        DefinitionRate(version, rates.get(version.definition_id, Rate(0, 0)))
        for version in active.select_related("definition", *people)
    ]
    return sorted(found, key=lambda one: (not one.is_broken, -(one.rate.pct or 0), one.version.pk))


def by_batch(*, at: datetime, kinds: Iterable[BatchKind] = BatchKind) -> list[BatchRate]:
    """Return the rate of every batch of the last 28 days, the worst first; six queries at most."""
    return batches.rates(at=at, weeks=_weeks(rule_of_organization(), at=at), kinds=kinds)


def batch_of(definition: Definition, kind: str, key: str, *, at: datetime) -> Batch:
    """Return the batch that an address names; two queries at most.

    Raises:
        UnknownBatch: it names none.
    """
    if kind not in BatchKind.values:
        raise UnknownBatch
    week = _week(rule_of_organization(), key) if kind == BatchKind.WEEK else None
    return batches.find(definition, BatchKind(kind), key, at=at, week=week)


def _weeks(rule: WeekRule, *, at: datetime) -> list[Week]:
    """Return the weeks that the last 28 days touch, the earliest first."""
    begins_at, _ends_at = batches.window(at)
    weeks = [
        _week_of(rule, week.starts_at)
        for week in rule.weeks_until(at, count=floor.WINDOW.days // 7 + 1)
    ]
    return [week for week in weeks if week.ends_at > begins_at]


def _week(rule: WeekRule, key: str) -> Week | None:
    """Return the week whose first day a key names."""
    try:
        day = date.fromisoformat(key)
    except ValueError:
        return None
    if day.year not in YEARS:
        return None
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=rule.zone)
    week = _week_of(rule, noon)
    return week if week.first_day == day else None


def _week_of(rule: WeekRule, at: datetime) -> Week:
    found = rule.week_of(at)
    return Week(found.starts_at.astimezone(rule.zone).date(), found.starts_at, found.ends_at)
