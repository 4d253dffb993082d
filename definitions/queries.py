"""Questions asked of definitions."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

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


def due_versions(*, at: datetime) -> QuerySet[DefinitionVersion]:
    """Return the signed versions that are due to come into force, the earliest first.

    At their effective date, or at once when they have none; after a failure, when it is time to
    try again.
    """
    is_due = Q(effective_at=None) | Q(effective_at__lte=at)
    may_try = Q(activation_retry_at=None) | Q(activation_retry_at__lte=at)
    return (
        DefinitionVersion.objects.filter(is_due, may_try, state=VersionState.SIGNED)
        .select_related("definition")
        .order_by(Coalesce("effective_at", "submitted_at"), "number", "pk")
    )


def siblings_activated_by(version_ids: Iterable[int], at: datetime) -> list[DefinitionVersion]:
    """Return every version, of the definitions of these, that was in force by an instant.

    In the order in which they came in force; without the text of the content; one query.
    """
    definitions = DefinitionVersion.objects.filter(pk__in=[*version_ids]).values("definition")
    return [
        *DefinitionVersion.objects.filter(definition__in=definitions, activated_at__lte=at)
        .select_related("definition")
        .defer("content")
        .order_by("activated_at", "number")
    ]


def _in_segment_order(versions: QuerySet[DefinitionVersion]) -> QuerySet[DefinitionVersion]:
    return (
        versions.select_related("definition")
        .defer("content")
        .order_by("definition__is_catch_all", "definition__position", "definition_id", "number")
    )
