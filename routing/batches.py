"""Batches of handovers: what a campaign, a source, an import or a week brought to sales."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion
from leads.models import Campaign, ImportRun, Source
from routing.enums import BatchKind, HandoffStatus
from routing.floor import WINDOW
from routing.models import Handoff

ENOUGH = 20
"""Handovers below which a batch is too small for a limit to count."""

MOMENT = timedelta(microseconds=1)

NAMED: Mapping[BatchKind, tuple[type[models.Model], str]] = {
    BatchKind.CAMPAIGN: (Campaign, "name"),
    BatchKind.SOURCE: (Source, "name"),
    BatchKind.IMPORT_RUN: (ImportRun, "file_name"),
}
"""What the key of a batch names, and the field that has its name; a week is a day."""

NAME_LENGTH = 200

LONGEST_KEY = 19
"""Digits of the largest id; Python refuses to read numbers of thousands of them."""


class UnknownBatch(Exception):
    """There is no campaign, source, import or week of that key."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the organization: its first day, its first midnight, and the next week's."""

    first_day: date
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Handovers of one definition that came by the same way, opened in a span.

    `key` names the campaign, source or import by id, the week by its first day ("2026-11-16").
    The span holds its beginning and not its end.
    """

    definition: Definition
    kind: BatchKind
    key: str
    name: str
    begins_at: datetime
    ends_at: datetime

    def handoffs(self) -> QuerySet[Handoff]:
        """Return its handovers, closed ones too."""
        opened = Handoff.objects.filter(
            version__definition=self.definition,
            opened_at__gte=self.begins_at,
            opened_at__lt=self.ends_at,
        )
        if self.kind == BatchKind.WEEK:
            return opened
        return opened.filter(**{f"{self.kind.value}_id": int(self.key)})

    def offending(self) -> QuerySet[Handoff]:
        """Return those that miss the floor and are still open."""
        return self.handoffs().filter(floor_missed=True, status__in=sorted(HandoffStatus.OPEN))


@dataclass(frozen=True, slots=True)
class BatchRate:
    """How much of a batch misses the floor; `open_count` of those that miss it are open.

    `limit_pct` is the signed limit of the definition's version in force, None when none is.
    """

    batch: Batch
    handed_over_count: int
    missed_count: int
    open_count: int
    limit_pct: Decimal | None

    @property
    def pct(self) -> float:
        """The share that misses the floor, 0 to 100; 0 of an empty batch."""
        return 100 * self.missed_count / self.handed_over_count if self.handed_over_count else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the batch is large enough for the limit to count."""
        return self.handed_over_count >= ENOUGH

    @property
    def is_broken(self) -> bool:
        """Whether the signed limit is broken: large enough, and the raw share above it."""
        if self.limit_pct is None or not self.is_enough:
            return False
        return 100 * self.missed_count > self.limit_pct * self.handed_over_count


def window(at: datetime) -> tuple[datetime, datetime]:
    """Return the 28 days up to an instant, which belongs to them."""
    return at - WINDOW + MOMENT, at + MOMENT


def rates(
    *, at: datetime, weeks: Sequence[Week], kinds: Iterable[BatchKind] = BatchKind
) -> list[BatchRate]:
    """Return the rate of every batch of the last 28 days, the worst first; five queries at most.

    Broken limits come first, then by share; batches too small to count come last.

    weeks: those of the organization that the window touches, the earliest first; each counts as
        a whole.
    """
    wanted = tuple(kinds)
    begins_at, ends_at = window(at)
    rows = _counted(wanted, weeks=weeks, begins_at=begins_at, ends_at=ends_at)
    definitions = Definition.objects.in_bulk({row[0] for row in rows})
    limits = limits_in_force()
    names = _names(rows)
    found = [
        BatchRate(
            batch=_batch(definitions[definition_id], BatchKind(kind), key, names, weeks, at=at),
            handed_over_count=count,
            missed_count=missed,
            open_count=still_open,
            limit_pct=limits.get(definition_id),
        )
        for definition_id, kind, key, count, missed, still_open in rows
    ]
    return sorted(found, key=_badness)


def rate(batch: Batch) -> BatchRate:
    """Count one batch as it is now; two queries."""
    misses = Q(floor_missed=True)
    counted = batch.handoffs().aggregate(
        handed_over=Count("pk"),
        missed=Count("pk", filter=misses),
        open=Count("pk", filter=misses & Q(status__in=sorted(HandoffStatus.OPEN))),
    )
    limit = limits_in_force(batch.definition).get(batch.definition.pk)
    return BatchRate(batch, counted["handed_over"], counted["missed"], counted["open"], limit)


def find(
    definition: Definition, kind: BatchKind, key: str, *, at: datetime, week: Week | None = None
) -> Batch:
    """Return the batch that a key names: of the last 28 days, or of a week; one query.

    week: the organization's week that the key names, for a batch of that kind.

    Raises:
        UnknownBatch: there is nothing of that key.
    """
    if kind == BatchKind.WEEK:
        if week is None:
            raise UnknownBatch
        day, span = week.first_day.isoformat(), (week.begins_at, week.ends_at)
        return Batch(definition, kind, day, _name_of_week(week), *span)
    model, field = NAMED[kind]
    if not key.isdecimal() or len(key) > LONGEST_KEY:
        raise UnknownBatch
    name = model._default_manager.filter(pk=int(key)).values_list(field, flat=True).first()
    if name is None:
        raise UnknownBatch
    return Batch(definition, kind, str(int(key)), str(name)[:NAME_LENGTH], *window(at))


def limits_in_force(definition: Definition | None = None) -> dict[int, Decimal]:
    """Return the signed limit of each definition's version in force, or of one; in percent.

    One query.
    """
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE)
    if definition is not None:
        active = active.filter(definition=definition)
    return dict(active.values_list("definition_id", "criteria_limit_pct"))


def _badness(one: BatchRate) -> tuple[Any, ...]:
    return (
        not one.is_broken,
        not one.is_enough,
        -one.pct,
        -one.handed_over_count,
        one.batch.name,
        one.batch.key,
    )


_COUNTED = """
SELECT version.definition_id, batch.kind, batch.key,
       count(*), count(*) FILTER (WHERE floor_missed),
       count(*) FILTER (WHERE floor_missed AND status = ANY(%(open)s))
FROM routing_handoff handoff
JOIN definitions_definitionversion version ON version.id = handoff.version_id
CROSS JOIN LATERAL (VALUES
    ('campaign', handoff.campaign_id),
    ('source', handoff.source_id),
    ('import_run', handoff.import_run_id),
    ('week', nullif(width_bucket(opened_at, %(weeks)s::timestamptz[]), 0))
) AS batch (kind, key)
WHERE opened_at >= least(%(begins_at)s, (%(weeks)s::timestamptz[])[1])
  AND opened_at < %(ends_at)s
  AND batch.kind = ANY(%(kinds)s) AND batch.key IS NOT NULL
  AND (batch.kind = 'week' OR opened_at >= %(begins_at)s)
GROUP BY version.definition_id, batch.kind, batch.key
"""


def _counted(
    kinds: Sequence[BatchKind], *, weeks: Sequence[Week], begins_at: datetime, ends_at: datetime
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTED,
            {
                "kinds": [kind.value for kind in kinds],
                "open": sorted(HandoffStatus.OPEN),
                "weeks": [week.begins_at for week in weeks],
                "begins_at": begins_at,
                "ends_at": ends_at,
            },
        )
        return list(cursor.fetchall())


def _names(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int], str]:
    """Return the names of what keys name, by kind and key; one query a kind."""
    names: dict[tuple[str, int], str] = {}
    for kind, (model, field) in NAMED.items():
        ids = {row[2] for row in rows if row[1] == kind.value}
        if ids:
            found = model._default_manager.filter(pk__in=ids).values_list("pk", field)
            names |= {(kind.value, pk): str(name)[:NAME_LENGTH] for pk, name in found}
    return names


def _batch(
    definition: Definition,
    kind: BatchKind,
    key: int,
    names: Mapping[tuple[str, int], str],
    weeks: Sequence[Week],
    *,
    at: datetime,
) -> Batch:
    if kind == BatchKind.WEEK:
        week = weeks[key - 1]
        name, day = _name_of_week(week), week.first_day.isoformat()
        return Batch(definition, kind, day, name, week.begins_at, week.ends_at)
    return Batch(definition, kind, str(key), names[kind.value, key], *window(at))


def _name_of_week(week: Week) -> str:
    return _("Week of %(day)s") % {"day": date_format(week.first_day, "DATE_FORMAT")}
