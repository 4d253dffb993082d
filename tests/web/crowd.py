"""Many leads like one: rows multiplied in the database, so that pages can be asked about them."""

from django.db import connection

from routing.models import Handoff, Rep

HELD = 200
"""Among so many first leads, those with an open handoff are held by the rep of the original."""

CLONE = """
INSERT INTO {table}
SELECT clone.* FROM {table} AS original, generate_series(%(first)s, %(last)s) AS n,
    LATERAL jsonb_populate_record(original, jsonb_build_object({changes})) AS clone
WHERE original.id = %(id)s AND ({where})
"""
OWN = "'id', 1000000 + n"
PUBLIC = f"{OWN}, 'public_id', gen_random_uuid()"
ACCOUNT = f"{PUBLIC}, 'name', 'Company ' || n, 'domain', 'c' || n || '.example'"
LEAD = (
    f"{PUBLIC}, 'account_id', 1000000 + n, 'email', 'lead' || n || '@c' || n || '.example', "
    "'last_name', 'Number ' || n, 'latest_evaluation_id', NULL"
)
OF_LEAD = "'lead_id', 1000000 + n"
EVALUATION = f"{OWN}, {OF_LEAD}"
TOUCHPOINT = (
    f"'id', {{place}} * 10000000 + n, {OF_LEAD}, 'external_id', 'clone-' || {{place}} || '-' || n"
)
HANDOFF = f"{PUBLIC}, {OF_LEAD}, 'evaluation_id', 1000000 + n"
WAITING = (
    f"{HANDOFF}, 'status', 'queued', 'rep_id', NULL, 'assigned_at', NULL, 'queue_id', {{queue}}"
)
REJECTED = f"{HANDOFF}, 'status', 'rejected', 'closed_at', original.opened_at"
TIMER = f"{OWN}, 'handoff_id', 1000000 + n"
JUDGED = """
UPDATE leads_lead SET latest_evaluation_id = id
WHERE id > 1000000 AND latest_evaluation_id IS NULL
"""


def gather(handoff: Handoff, *, first: int, last: int) -> None:
    """Add leads `first` to `last`, each with an account of its own and all that one lead has.

    Every fifth has an open handoff, every fifth a rejected one; the first few are held by the rep
    of the original, whose capacity grows with them, the others wait in the territory's queue.
    """
    lead, rep, territory = handoff.lead, handoff.rep, handoff.territory
    assert rep is not None
    assert territory is not None
    assert lead.account_id is not None
    Rep.objects.filter(pk=rep.pk).update(capacity=HELD)
    span = {"first": first, "last": last}
    _clone("leads_account", lead.account_id, span, ACCOUNT)
    _clone("leads_lead", lead.pk, span, LEAD)
    _clone("leads_evaluation", handoff.evaluation_id, span, EVALUATION)
    for place, touchpoint in enumerate(lead.touchpoints.order_by("pk")[:2], start=1):
        _clone("leads_touchpoint", touchpoint.pk, span, TOUCHPOINT.format(place=place))
    _run(JUDGED)
    timer = handoff.timers.get(milestone="first_response")
    for changes, where in (
        (HANDOFF, f"n <= {HELD} AND mod(n, 5) = 0"),
        (WAITING.format(queue=territory.queue_id), f"n > {HELD} AND mod(n, 5) = 0"),
        (REJECTED, "mod(n, 5) = 1"),
    ):
        _clone("routing_handoff", handoff.pk, span, changes, where)
        _clone("routing_slatimer", timer.pk, span, TIMER, where)
    _run("ANALYZE")


def _clone(
    table: str, row_id: int, span: dict[str, int], changes: str, where: str = "TRUE"
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            CLONE.format(table=table, changes=changes, where=where), {"id": row_id, **span}
        )


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
