"""What a slice of an import wrote, read off the history: the ledger by which it is undone."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from leads import bulk
from leads.models import ImportBatch, LeadIdentity


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the tables stood before a slice; whatever has a greater id came since."""

    change: int
    transition: int
    account: int
    opportunity: int

    @classmethod
    def now(cls) -> "Mark":
        """Read the greatest ids; one query."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT max(id) FROM leads_attributechange), "
                "(SELECT max(id) FROM leads_stagetransition), "
                "(SELECT max(id) FROM leads_account), (SELECT max(id) FROM leads_opportunity)"
            )
            return cls(*(found or 0 for found in cursor.fetchone()))


@dataclass(frozen=True, slots=True)
class Written:
    """A change of an account, a deal or a known lead that the slice wrote to the history."""

    change_id: int
    lead_id: int | None
    account_id: int | None
    opportunity_id: int | None
    field: str
    old: Any
    new: Any
    is_first: bool


def written_since(
    mark: Mark, *, system: str, received_at: datetime, created: Sequence[int]
) -> list[Written]:
    """Return what a slice wrote to the history, but for that of the leads it created; one query.

    `is_first`: it tells of an account or a deal that the slice created.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITTEN,
            {
                "mark": mark.change,
                "account": mark.account,
                "opportunity": mark.opportunity,
                "system": system,
                "received_at": received_at,
                "created": list(created),
            },
        )
        return [Written(*row) for row in cursor.fetchall()]


# No other import of the system runs meanwhile, and what comes by the API was received at another
# instant.
_WRITTEN = """
WITH written AS (
    SELECT id, lead_id, account_id, opportunity_id, field, old, new FROM leads_attributechange
    WHERE id > %(mark)s AND source = %(system)s AND received_at = %(received_at)s
        AND (lead_id IS NULL OR lead_id <> ALL(%(created)s::bigint[]))
), begun AS (
    SELECT account_id, opportunity_id FROM written
    WHERE old IS NULL AND (account_id > %(account)s AND field = 'name'
        OR opportunity_id > %(opportunity)s AND field = 'stage')
)
SELECT written.*, EXISTS (
    SELECT FROM begun WHERE begun.account_id = written.account_id
        OR begun.opportunity_id = written.opportunity_id
)
FROM written ORDER BY id
"""


KINDS = (
    "leads",
    "identities",
    "touchpoints",
    "accounts",
    "opportunities",
    "campaigns",
    "people",
    "changes",
    "transitions",
)
"""What a ledger lists by id."""


def keep(batch: ImportBatch) -> None:
    """Keep the ledger of a slice, unless it wrote nothing at all; one query."""
    listed = [bulk.array(getattr(batch, kind)) for kind in KINDS]
    if not batch.updates and set(listed) == {"{}"}:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO leads_importbatch (run_id, slice, {', '.join(KINDS)}, updates) "  # noqa: S608 - names of columns alone
            f"VALUES (%s, %s, {', '.join(['%s'] * len(KINDS))}, %s::jsonb)",
            [batch.run_id, batch.slice, *listed, json.dumps(batch.updates)],
        )


def fill(
    batch: ImportBatch,
    written: Iterable[Written],
    *,
    mark: Mark,
    lead_ids: Sequence[int],
    names: Iterable[tuple[str, str]],
) -> None:
    """Enter into the ledger what the history tells; two queries.

    lead_ids: the known leads of the slice. names: those that it gave to known leads.
    """
    for one in written:
        if not one.is_first:
            batch.changes.append(one.change_id)
        elif one.account_id:
            batch.accounts = [*dict.fromkeys((*batch.accounts, one.account_id))]
        elif one.opportunity_id:
            batch.opportunities = [*dict.fromkeys((*batch.opportunities, one.opportunity_id))]
    known = {*lead_ids} - {*batch.leads}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM leads_stagetransition "
            "WHERE id > %s AND cause = 'external' AND lead_id = ANY(%s::bigint[])",
            [mark.transition, sorted(known)],
        )
        batch.transitions = [pk for (pk,) in cursor.fetchall()]
    given = dict.fromkeys(names)
    if given:
        found = LeadIdentity.objects.filter(external_id__in=[name for _, name in given])
        batch.identities = [one.pk for one in found if (one.system, one.external_id) in given]
