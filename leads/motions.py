"""Whether product use speaks of new business, or of more business with a customer."""

from collections.abc import Sequence
from datetime import datetime

from leads import profiles
from leads.enums import Motion, Stage
from leads.models import Lead, StageTransition
from leads.profiles import AsOf


def of(leads: Sequence[Lead], *, at: datetime) -> dict[int, str]:
    """Return the motion of each lead as of an instant; two queries, none for no lead."""
    if not leads:
        return {}
    accounts = {lead.account_id for lead in leads if lead.account_id}
    customers = profiles.customers_among(accounts, AsOf(at, at))
    return {
        lead.pk: Motion.EXPANSION if lead.account_id in customers else Motion.NEW_BUSINESS
        for lead in leads
    }


def latest(lead: Lead) -> str:
    """Return the motion with which a lead last became PQL, blank when it never did; one query."""
    steps = StageTransition.objects.filter(lead=lead, to_stage=Stage.PQL).exclude(motion="")
    return steps.order_by("-at", "-pk").values_list("motion", flat=True).first() or ""
