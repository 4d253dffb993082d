"""Stages that leads reached elsewhere, as another system says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from leads import attributes, lifecycle
from leads.enums import Cause, Stage
from leads.models import Lead, StageTransition


@dataclass(frozen=True, slots=True)
class Entry:
    """A lead and the stage which, as another system says, it had reached at an instant."""

    lead_id: int
    stage: Stage
    at: datetime


@transaction.atomic
def enter(entries: Sequence[Entry]) -> int:
    """Move leads that are new to the stages which they reached elsewhere; three queries.

    Leads at any other stage stay where they are. Of several entries of a lead, the first counts.

    Returns:
        How many leads moved.

    Raises:
        InvalidTransition: the lifecycle has no such step.
    """
    first = {entry.lead_id: entry for entry in reversed(entries)}
    fresh = Lead.objects.filter(pk__in=first, stage=Stage.NEW).select_related("version")
    moved = []
    for lead in fresh.order_by("pk").select_for_update(of=("self",), no_key=True):
        entry = first[lead.pk]
        process = lifecycle.process_of(lead)
        if not lifecycle.is_allowed(process, lead.stage, entry.stage, cause=Cause.EXTERNAL):
            raise lifecycle.InvalidTransition(
                process=process, from_stage=lead.stage, to_stage=entry.stage, cause=Cause.EXTERNAL
            )
        lead.stage, lead.stage_at = entry.stage, entry.at
        moved.append(lead)
    StageTransition.objects.bulk_create(
        StageTransition(
            lead=lead,
            from_stage=Stage.NEW,
            to_stage=lead.stage,
            cause=Cause.EXTERNAL,
            at=first[lead.pk].at,
        )
        for lead in moved
    )
    attributes.save_many(moved, ["stage", "stage_at"])
    return len(moved)
