"""Who held a lead before and may not get it again while anybody else can have it."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from leads import bulk
from routing.enums import HandoffStatus
from routing.models import Assignment, SlaTimer


def former(lead_ids: Collection[int]) -> dict[int, set[int]]:
    """Return by lead the reps who gave it back, or let a promise of it break; one query."""
    held = given_up().filter(handoff__lead__in=bulk.among(lead_ids))
    found: dict[int, set[int]] = defaultdict(set)
    for lead_id, rep_id in held.values_list("handoff__lead_id", "rep_id"):
        found[lead_id].add(rep_id or 0)
    return found


def given_up() -> QuerySet[Assignment]:
    """Return the times that a rep held a lead and gave it back, or let a promise of it break.

    Also the last before it expired: what nobody touched for so long is a breach of sales' side,
    and a miss is of whoever held it when it came due.

    Not those that ended because they were away, or since a person moved it: they may have it
    again as anybody may. Nor those from which a deal was won.
    """
    missed = SlaTimer.objects.filter(handoff=OuterRef("handoff"), missed_by_rep=OuterRef("rep"))
    return (
        Assignment.objects.filter(rep__isnull=False, ended_at__isnull=False)
        .exclude(handoff__status=HandoffStatus.CONVERTED)
        .filter(Q(ended_at__gte=F("handoff__closed_at")) | Exists(missed))
    )
