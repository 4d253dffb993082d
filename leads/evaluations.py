"""Judgements worth keeping: when one differs from the last, and how many are stored at once."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection

from definitions.engine import CENT, Verdict
from definitions.models import DefinitionVersion
from definitions.vocabulary import Dimension
from leads import bulk
from leads.models import Evaluation

DIMENSIONS = tuple(dimension.value for dimension in Dimension)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on a lead by a version at an instant, not kept yet."""

    lead_id: int
    version: DefinitionVersion
    verdict: Verdict
    at: datetime
    tipped_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What is compared of a lead's latest evaluation, read as a tuple rather than as a model.

    `results` are blank where another version judged: that alone makes the difference.
    """

    version_id: int
    at: datetime
    stage: str
    path: str
    levels: tuple[str, ...]
    results: str

    def differs(self, version: DefinitionVersion, verdict: Verdict) -> bool:
        """Say whether stage, path, levels, the set of met criteria or the version changed."""
        return (
            self.version_id != version.pk
            or (self.stage, self.path) != (verdict.stage, verdict.path)
            or self.levels != tuple(verdict.levels[name] for name in DIMENSIONS)
            or self.met() != frozenset(key for key, met, _ in verdict.results if met)
        )

    def met(self) -> frozenset[str]:
        """Return the keys of the criteria that were met."""
        return frozenset(result["key"] for result in json.loads(self.results) if result["met"])


def read(ids: Iterable[int], version: DefinitionVersion) -> dict[int, Kept]:
    """Return what is compared of evaluations with a version's verdict; one query at most."""
    wanted = list(ids)
    if not wanted:
        return {}
    with bulk.cursor() as cursor:
        cursor.execute(_KEPT, [version.pk, bulk.array(wanted)])
        return {
            pk: Kept(version_id, at, stage, path, tuple(levels), results)
            for pk, version_id, at, stage, path, *levels, results in cursor
        }


_KEPT = """
SELECT id, version_id, at, stage, path, fit, engagement, intent, authority, product,
    CASE WHEN version_id = %s THEN results::text ELSE '' END
FROM leads_evaluation WHERE id = ANY(%s::bigint[])
"""


def store(judgements: Sequence[Judgement]) -> list[int]:
    """Keep judgements; two statements for any number. Returns their ids in order."""
    if not judgements:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('leads_evaluation', 'id')) "
            "FROM generate_series(1, %s)",
            [len(judgements)],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        with cursor.copy(_COPY) as copy:
            for pk, judgement in zip(ids, judgements, strict=True):
                copy.write_row(_row(pk, judgement))
    return ids


def kept(pk: int, judgement: Judgement) -> Evaluation:
    """Return a judgement that was kept under an id as it would be read; no query."""
    verdict = judgement.verdict
    return Evaluation(
        pk=pk,
        lead_id=judgement.lead_id,
        version=judgement.version,
        at=judgement.at,
        known_at=judgement.at,
        tipped_at=judgement.tipped_at,
        stage=verdict.stage,
        path=verdict.path,
        points=Decimal(verdict.points).quantize(CENT),
        results=json.loads(_results(verdict)),
        score=json.loads(_score(verdict)),
        **verdict.levels,
    )


_COPY = (
    "COPY leads_evaluation (id, lead_id, version_id, at, known_at, tipped_at, stage, path, fit, "
    "engagement, intent, authority, product, points, results, score) FROM STDIN"
)


def _row(pk: int, judgement: Judgement) -> tuple[Any, ...]:
    verdict = judgement.verdict
    return (
        pk,
        judgement.lead_id,
        judgement.version.pk,
        # An instant written out is quicker than the driver's way.
        at := judgement.at.isoformat(),
        at,
        judgement.tipped_at.isoformat(),
        verdict.stage,
        verdict.path,
        *(verdict.levels[name] for name in DIMENSIONS),
        verdict.points,
        _results(verdict),
        _score(verdict),
    )


def _results(verdict: Verdict) -> str:
    return _array(
        [_result(key, met, type(seen).__name__, seen) for key, met, seen in verdict.results]
    )


def _score(verdict: Verdict) -> str:
    return _array([_points(key, points) for key, points in verdict.score])


def _array(items: list[str]) -> str:
    return f"[{','.join(items)}]"


# Few different results come up again and again: writing each out once halves the time of storing.
@lru_cache(maxsize=65_536)
def _result(key: str, met: bool, _: str, seen: Any) -> str:
    return json.dumps({"key": key, "met": met, "seen": seen}, default=plain)


@lru_cache(maxsize=65_536)
def _points(key: str, points: int | Decimal) -> str:
    return json.dumps({"key": key, "points": points}, default=plain)


def plain(value: Any) -> Any:
    """Return a value seen as it is stored: amounts as numbers, sets as lists."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return list(value) if isinstance(value, tuple) else value
