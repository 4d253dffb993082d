"""Whom a version that comes into force is to judge: live leads whose verdict it can change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from definitions import content, queries
from definitions.models import DefinitionVersion
from definitions.validity import HANDOFF_STAGES
from leads import bulk, lifecycle
from leads.enums import Stage


@dataclass(frozen=True, slots=True)
class Scope:
    """The live leads that a version of a definition concerns; `is_everyone`: all of them.

    Else those whom a version of the definition judged last, and those whom none judged yet, but
    for those who came at one of the `held_stages`: at these sales has them already.
    """

    definition_id: int
    is_everyone: bool
    held_stages: tuple[str, ...]


def scope_of(
    version: DefinitionVersion, segment: Sequence[Mapping[str, Any]], *, at: datetime
) -> Scope:
    """Say whom a version concerns that comes into force at an instant; two queries.

    Everyone when no version of its definition is in force then, or one of another segment: then
    leads can come from every other definition.

    segment: the conditions of belonging to its segment, as its content has them.
    """
    former = queries.versions_active_at(at).exclude(pk=version.pk)
    present = former.filter(definition=version.definition_id).first()
    is_everyone = present is None or content.segment_of(present) != [*segment]
    return Scope(version.definition_id, is_everyone, _held(version.process, version.handoff_stage))


def everyone() -> Scope:
    """Return the scope of all live leads: for when segments are tried in another order."""
    held = {
        stage
        for process, stages in HANDOFF_STAGES.items()
        for handoff_stage in stages
        for stage in _held(process, handoff_stage)
    }
    return Scope(definition_id=0, is_everyone=True, held_stages=tuple(sorted(held)))


def count(scope: Scope) -> int:
    """Count the leads of a scope, those whom sales has included; one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM leads_lead AS lead {_WHERE}", _asked(scope))  # noqa: S608
        found: int = cursor.fetchone()[0]
        return found


def ids_after(scope: Scope, last_id: int, *, limit: int) -> list[int]:
    """Return the next ids of leads of a scope, those whom sales has included; one query."""
    sql = (
        f"SELECT id FROM leads_lead AS lead {_WHERE} AND id > %(last)s ORDER BY id LIMIT %(limit)s"  # noqa: S608
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, _asked(scope) | {"last": last_id, "limit": limit})
        return [pk for (pk,) in cursor.fetchall()]


def mark(scope: Scope) -> int:
    """Mark the leads of a scope pending, behind fresh facts; returns how many; two queries.

    Not those whom sales has: they keep their version.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK.format(where=_WHERE), _asked(scope) | _with_sales())
        marked_count: int = cursor.rowcount
        return marked_count


_WHERE = """
WHERE stage <> ALL(%(terminal)s) AND (
    %(is_everyone)s OR version_id IS NULL OR version_id IN (
        SELECT id FROM definitions_definitionversion WHERE definition_id = %(definition)s
    )
) AND (version_id IS NOT NULL OR stage <> ALL(%(held)s))
"""

_MARK = """
INSERT INTO leads_pendingmark (lead_id, is_backlog)
SELECT id, TRUE FROM leads_lead AS lead {where} AND NOT EXISTS (
    SELECT FROM unnest(%(versions)s::bigint[], %(stages)s::text[]) AS held (version_id, stage)
    WHERE held.version_id = lead.version_id AND held.stage = lead.stage
)
ORDER BY id
"""


def _asked(scope: Scope) -> dict[str, Any]:
    return {
        "terminal": sorted(Stage.TERMINAL),
        "is_everyone": scope.is_everyone,
        "definition": scope.definition_id,
        "held": list(scope.held_stages),
    }


def _held(process: str, handoff_stage: str) -> tuple[str, ...]:
    """Return the stages at which sales has a lead."""
    return tuple(
        stage
        for stage in Stage.values
        if lifecycle.is_with_sales(process, stage, handoff_stage=handoff_stage)
    )


def _with_sales() -> dict[str, Any]:
    """Return for every version that can have judged a lead the stages at which sales has it."""
    versions = DefinitionVersion.objects.exclude(activated_at=None)
    held = [
        (pk, stage)
        for pk, process, handoff_stage in versions.values_list("pk", "process", "handoff_stage")
        for stage in _held(process, handoff_stage)
    ]
    return {
        "versions": bulk.array(pk for pk, _ in held),
        "stages": bulk.array(stage for _, stage in held),
    }
