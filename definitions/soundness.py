"""What keeps a version from being signed: its content, its people, and other definitions."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from definitions.content import content_of
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion, SegmentRule
from definitions.segments import Segment, clashes
from definitions.validity import problems_in

BINDING = (VersionState.ACTIVE, VersionState.SIGNED, VersionState.IN_REVIEW)
"""States in which a version's segment holds against others."""


def problems_of(
    version: DefinitionVersion, *, content: Mapping[str, Any] | None = None
) -> list[str]:
    """Return everything that keeps a draft from review, a sentence each that starts with its row.

    content: the version's, when somebody has read it already. Two queries beside it.
    """
    given = content_of(version) if content is None else content
    return [*problems_in(given), *missing_operators(version), *clashing(version, given)]


def missing_operators(version: DefinitionVersion) -> list[str]:
    """Return the sides for which nobody is named operator, a sentence each."""
    return [
        f"operators.{side}: nobody is named operator"
        for side in Side.values
        if getattr(version, f"{side}_operator_id") is None
    ]


def clashing(version: DefinitionVersion, content: Mapping[str, Any]) -> list[str]:
    """Return how a version's segment collides with other definitions' versions; two queries.

    Those that are active, signed or in review count. Whoever decides by it locks all definitions
    first.
    """
    others = (
        DefinitionVersion.objects.filter(~Q(definition=version.definition_id), state__in=BINDING)
        .select_related("definition")
        .prefetch_related("segmentrule_set")
        .defer("content")
        .order_by("definition__position", "definition_id", "number")
    )
    known = [_segment(other, map(_row, other.segmentrule_set.all())) for other in others]
    return clashes(_segment(version, content.get("segment") or ()), known)


def _row(rule: SegmentRule) -> dict[str, Any]:
    # The rows of a submitted version are frozen, and read sooner than its text.
    names = ("fact", "parameters", "operator", "wanted")
    return {name: getattr(rule, name) for name in names}


def _segment(version: DefinitionVersion, rows: Iterable[Mapping[str, Any]]) -> Segment:
    definition = version.definition
    return Segment(
        name=str(version),
        order=(definition.is_catch_all, definition.position, definition.pk),
        is_catch_all=definition.is_catch_all,
        rows=tuple(rows),
    )
