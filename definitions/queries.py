"""Questions asked of definitions."""

from datetime import datetime
from functools import lru_cache

from django.db.models import Q, QuerySet

from definitions import document, engine
from definitions.agreement import Agreement
from definitions.content import content_of
from definitions.enums import VersionState
from definitions.models import DefinitionVersion

REMEMBERED_AGREEMENTS = 64


def agreement_of(version: DefinitionVersion) -> Agreement:
    """Return what a version says, ready to judge.

    Remembered by content hash once the version was submitted (one query the first time in a
    process, none later); compiled from its rows while it is a draft.

    Raises:
        KeyError, ValueError: a draft's rows are not valid yet.
    """
    if version.content_hash:
        return _submitted(version.content_hash)
    return engine.compile(content_of(version))


@lru_cache(maxsize=REMEMBERED_AGREEMENTS)
def _submitted(content_hash: str) -> Agreement:
    content = (
        DefinitionVersion.objects.filter(content_hash=content_hash)
        .values_list("content", flat=True)
        .order_by("pk")[:1]
        .get()
    )
    return engine.compile(document.read(content))


def active_versions() -> QuerySet[DefinitionVersion]:
    """Return the active version of each definition in the order in which segments are tried.

    The catch-all comes last. The text of the content is left out; `agreement_of` reads it.
    """
    return _in_segment_order(DefinitionVersion.objects.filter(state=VersionState.ACTIVE))


def versions_active_at(at: datetime) -> QuerySet[DefinitionVersion]:
    """Return the versions that were active at an instant, ordered like `active_versions`."""
    return _in_segment_order(
        DefinitionVersion.objects.filter(
            Q(retired_at=None) | Q(retired_at__gt=at), activated_at__lte=at
        )
    )


def _in_segment_order(versions: QuerySet[DefinitionVersion]) -> QuerySet[DefinitionVersion]:
    return (
        versions.select_related("definition")
        .defer("content")
        .order_by("definition__is_catch_all", "definition__position", "definition_id", "number")
    )
