"""Acts imagined: done for as long as a look takes, and never kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import transaction

from definitions.models import TouchpointKind
from leads.marketing import campaigns_by_key
from leads.models import Assertion, Lead, Touchpoint
from leads.plans import Act

SYSTEM = "imagined"
NOBODY = 0


@contextmanager
def done(lead: Lead, acts: Sequence[Act], *, end: datetime, zone: ZoneInfo) -> Iterator[None]:
    """Have a lead done these acts, the last of them at `end`, until the block is left.

    Written inside a savepoint that is rolled back: whoever reads in the block reads them as it
    reads everything else, and nobody else ever sees them.
    """
    with transaction.atomic():
        _do(lead, acts, end=end, zone=zone)
        yield
        transaction.set_rollback(True)


def instant_of(act: Act, *, end: datetime, zone: ZoneInfo) -> datetime:
    """Return when an act of a plan that ends at `end` is done: at that time of an earlier day."""
    if not act.days_before:
        return end
    return end.astimezone(zone) - timedelta(days=act.days_before)


def _do(lead: Lead, acts: Sequence[Act], *, end: datetime, zone: ZoneInfo) -> None:
    touched = [act for act in acts if act.kind]
    if touched:
        kinds = dict(TouchpointKind.objects.values_list("key", "pk"))
        campaigns = campaigns_by_key({act.campaign for act in touched if act.campaign})
        Touchpoint.objects.bulk_create(
            Touchpoint(
                lead=lead,
                kind_id=kinds[act.kind],
                channel=act.channel,
                occurred_at=(at := instant_of(act, end=end, zone=zone)),
                received_at=at,
                system=SYSTEM,
                external_id=str(uuid4()),
                campaign_id=campaigns.get(act.campaign),
                asset_id=act.asset_id,
                is_verified=True,
            )
            for act in touched
        )
    # Who would answer is open: references are checked at the end of a transaction, which never
    # comes.
    Assertion.objects.bulk_create(
        Assertion(
            lead=lead,
            what=act.what,
            value=act.value,
            evidence=SYSTEM,
            asserted_by_id=NOBODY,
            asserted_at=end,
            received_at=end,
        )
        for act in acts
        if act.what
    )
