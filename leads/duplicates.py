"""Leads that look like one person: suggested, never merged by themselves."""

from collections.abc import Collection
from datetime import datetime

from leads import bulk

MOST = 20
"""Suspicions noted of one lead at a time; somebody of a very common name has more."""

_SAME_NAME = """
    INSERT INTO leads_suspectedduplicate (lead_id, other_id, reason, found_at)
    SELECT least(other.id, said.id), greatest(other.id, said.id),
        'name ' || said.first_name || ' ' || said.last_name || ' at ' || account.name,
        %(received_at)s
    FROM {said} AS said
    JOIN leads_account AS account ON account.id = said.account_id
    CROSS JOIN LATERAL (
        SELECT id FROM leads_lead AS lead
        WHERE lead.account_id = said.account_id
            AND lower(lead.last_name) = lower(said.last_name)
            AND lower(lead.first_name) = lower(said.first_name)
            AND lead.id <> said.id
        ORDER BY id LIMIT {most}
    ) AS other
    WHERE said.last_name <> '' AND said.first_name <> ''
    ON CONFLICT (lead_id, other_id) DO NOTHING
"""

SUSPECT = _SAME_NAME.format(said="arrived", most=MOST)
"""The part of an arrival's statement that notes leads of the same name and account."""

_SUSPECT_KNOWN = _SAME_NAME.format(
    said="(SELECT * FROM leads_lead WHERE id = ANY(%(leads)s::bigint[]))", most=MOST
)


def suspect(lead_ids: Collection[int], *, received_at: datetime) -> None:
    """Note which leads have the name and the account of some of these; one query.

    A pair is noted once; what was noted stays when names change.
    """
    if not lead_ids:
        return
    with bulk.cursor() as cursor:
        cursor.execute(
            _SUSPECT_KNOWN, {"leads": bulk.array(sorted(lead_ids)), "received_at": received_at}
        )
