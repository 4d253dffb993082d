"""Recycled leads that come back: after the cool-off, with something new."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from definitions.agreement import Agreement
from definitions.engine import Verdict
from leads.evaluations import plain
from leads.models import Evaluation, Lead


def returning(
    candidates: Mapping[int, tuple[Lead, Verdict]], agreement: Agreement, *, at: datetime
) -> frozenset[int]:
    """Return which recycled leads come back; three queries for any number, none for none.

    One comes back with a touchpoint received since it was recycled, once the cool-off is over
    or, unless that is firm, with new direct intent; and if what it was recycled for changed: the
    level of one of those dimensions, or what one of their criteria saw.
    """
    if not candidates:
        return frozenset()
    leads = [lead for lead, _ in candidates.values()]
    news = _news(leads, agreement, at=at)
    before = _evaluations_before(leads)
    return frozenset(
        lead.pk
        for lead, verdict in candidates.values()
        if lead.pk in news
        and _has_cooled_off(lead, has_direct_intent=news[lead.pk], at=at)
        and _has_changed(lead, verdict, before.get(lead.pk), agreement)
    )


def _has_cooled_off(lead: Lead, *, has_direct_intent: bool, at: datetime) -> bool:
    if lead.cool_off_until is None or lead.cool_off_until <= at:
        return True
    return has_direct_intent and not lead.is_cool_off_firm


def _has_changed(
    lead: Lead, verdict: Verdict, before: Evaluation | None, agreement: Agreement
) -> bool:
    if before is None or not lead.recycled_for:
        return True
    if any(verdict.levels[name] != getattr(before, name) for name in lead.recycled_for):
        return True
    accused = {
        criterion.key
        for criterion in agreement.criteria
        if criterion.dimension in lead.recycled_for
    }
    seen = {result["key"]: (result["met"], result["seen"]) for result in before.results}
    return any(
        (met, plain(value)) != seen.get(key, (met, plain(value)))
        for key, met, value in verdict.results
        if key in accused
    )


def _news(leads: Iterable[Lead], agreement: Agreement, *, at: datetime) -> dict[int, bool]:
    """Return whom something new is known of, and whether any of it is direct intent."""
    direct = [kind.key for kind in agreement.kinds.values() if kind.is_direct_intent]
    since = {lead.pk: lead.recycled_at or lead.stage_at for lead in leads}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT touchpoint.lead_id, bool_or(kind.key = ANY(%s))
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS recycled (lead_id, at)
            JOIN leads_touchpoint AS touchpoint ON touchpoint.lead_id = recycled.lead_id
                AND (recycled.at IS NULL OR touchpoint.received_at > recycled.at)
            JOIN definitions_touchpointkind AS kind ON kind.id = touchpoint.kind_id
            WHERE NOT touchpoint.is_bot AND touchpoint.occurred_at <= %s
                AND touchpoint.received_at <= %s
            GROUP BY touchpoint.lead_id
            """,
            [direct, list(since), list(since.values()), at, at],
        )
        return dict(cursor.fetchall())


def _evaluations_before(leads: Sequence[Lead]) -> dict[int, Evaluation]:
    """Return the evaluation that held of each lead when it was recycled."""
    recycled = {lead.pk: lead.recycled_at or lead.stage_at for lead in leads}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (
                SELECT id FROM leads_evaluation AS evaluation
                WHERE evaluation.lead_id = recycled.lead_id AND evaluation.at <= recycled.at
                ORDER BY at DESC, id DESC LIMIT 1
            )
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS recycled (lead_id, at)
            """,
            [list(recycled), list(recycled.values())],
        )
        ids = [pk for (pk,) in cursor.fetchall() if pk is not None]
    return {evaluation.lead_id: evaluation for evaluation in Evaluation.objects.filter(pk__in=ids)}
