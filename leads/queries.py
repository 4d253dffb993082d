"""Questions asked of leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter

from django.db.models import QuerySet

from leads.models import Assertion, AttributeChange, Evaluation, Lead, StageTransition, Touchpoint


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to a lead: `what` is the row that says so."""

    at: datetime
    what: Touchpoint | StageTransition | Assertion | AttributeChange


def timeline(lead: Lead) -> list[Entry]:
    """Return what happened to a lead, latest first: touchpoints, stages, answers, changes.

    Four queries. What is known from creation (a change from null) is left out.
    """
    changes = AttributeChange.objects.filter(lead=lead, old__isnull=False)
    entries = (
        _entries(touchpoints_of(lead), "occurred_at"),
        _entries(transitions_of(lead), "at"),
        _entries(Assertion.objects.filter(lead=lead).select_related("asserted_by"), "asserted_at"),
        _entries(changes, "effective_at"),
    )
    return list(merge(*entries, key=attrgetter("at"), reverse=True))


def touchpoints_of(lead: Lead) -> QuerySet[Touchpoint]:
    """Return what people did, without bots, with kind, campaign and asset."""
    touchpoints = Touchpoint.objects.filter(lead=lead, is_bot=False)
    return touchpoints.select_related("kind", "campaign", "asset")


def transitions_of(lead: Lead) -> QuerySet[StageTransition]:
    """Return the steps of a lead, with who took them."""
    return StageTransition.objects.filter(lead=lead).select_related("by")


def evaluation_at(lead: Lead, at: datetime) -> Evaluation | None:
    """Return the evaluation that held at an instant."""
    return Evaluation.objects.filter(lead=lead, at__lte=at).order_by("-at", "-pk").first()


def _entries(
    rows: "QuerySet[Touchpoint] | QuerySet[StageTransition] | QuerySet[Assertion] | "
    "QuerySet[AttributeChange]",
    field: str,
) -> Iterator[Entry]:
    for row in rows.order_by(f"-{field}", "-pk"):
        yield Entry(getattr(row, field), row)
