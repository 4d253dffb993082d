"""What must never be true, asked of the database; each question returns the rows that violate.

Triggers and constraints refuse most of this. The questions find what happened in spite of them,
and what no constraint can see: that something did not happen.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

MOST_ROWS = 100
"""Rows shown of one violated invariant."""


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant. says: what is wrong when `sql` returns a row; `at` is its one parameter."""

    name: str
    says: str
    sql: str


def violations(check: Check, *, at: datetime) -> list[dict[str, Any]]:
    """Return up to a hundred rows that violate an invariant, by column; one query.

    at: the database's clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(check.sql, {"at": at})
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchmany(MOST_ROWS)]


CHECKS = (
    Check(
        "two_open_handoffs",
        "A lead has more than one open handoff.",
        """
        SELECT lead_id AS lead, array_agg(id ORDER BY id) AS handoffs
        FROM routing_handoff
        WHERE status IN ('queued', 'assigned', 'accepted')
        GROUP BY lead_id HAVING count(*) > 1
        """,
    ),
    Check(
        "qualified_without_handoff",
        "A lead reached its agreement's handoff stage and was not handed over.",
        """
        SELECT lead.id AS lead, lead.stage, reached.at AS since
        FROM leads_lead lead
        JOIN definitions_definitionversion version ON version.id = lead.version_id
        CROSS JOIN LATERAL (
            SELECT max(at) AS at FROM leads_stagetransition
            WHERE lead_id = lead.id AND cause IN ('evaluation', 'recycle')
              AND array_position(ARRAY['iql', 'mql', 'pql', 'sql'], to_stage::text)
                  >= array_position(ARRAY['iql', 'mql', 'pql', 'sql'], version.handoff_stage::text)
        ) reached
        WHERE reached.at IS NOT NULL
          AND array_position(ARRAY['iql', 'mql', 'pql', 'sql'], lead.stage::text)
              >= array_position(ARRAY['iql', 'mql', 'pql', 'sql'], version.handoff_stage::text)
          AND NOT lead.no_longer_meets
          AND NOT EXISTS (SELECT FROM leads_pendingmark WHERE lead_id = lead.id)
          AND NOT EXISTS (
              SELECT FROM routing_handoff
              WHERE lead_id = lead.id AND coalesce(closed_at, 'infinity') >= reached.at
          )
        """,
    ),
    Check(
        "open_handoff_without_owner",
        "An open handoff has no owner, or two.",
        """
        SELECT id AS handoff, status, rep_id AS rep, queue_id AS queue
        FROM routing_handoff
        WHERE (status = 'queued' AND (queue_id IS NULL OR rep_id IS NOT NULL))
           OR (status IN ('assigned', 'accepted') AND (rep_id IS NULL OR queue_id IS NOT NULL))
        """,
    ),
    Check(
        "owner_not_in_history",
        "The owner of an open handoff is not its running assignment's.",
        """
        SELECT handoff.id AS handoff, handoff.rep_id AS rep, handoff.queue_id AS queue
        FROM routing_handoff handoff
        WHERE handoff.status IN ('queued', 'assigned', 'accepted')
          AND NOT EXISTS (
              SELECT FROM routing_assignment assignment
              WHERE assignment.handoff_id = handoff.id AND assignment.ended_at IS NULL
                AND assignment.rep_id IS NOT DISTINCT FROM handoff.rep_id
                AND assignment.queue_id IS NOT DISTINCT FROM handoff.queue_id
          )
        """,
    ),
    Check(
        "not_one_response_clock",
        "An open handoff has no response clock, or more than one.",
        """
        SELECT handoff.id AS handoff, count(timer.id) AS clocks
        FROM routing_handoff handoff
        LEFT JOIN routing_slatimer timer ON timer.handoff_id = handoff.id
             AND timer.milestone = 'first_response' AND timer.state <> 'cancelled'
        WHERE handoff.status IN ('queued', 'assigned', 'accepted')
        GROUP BY handoff.id HAVING count(timer.id) <> 1
        """,
    ),
    Check(
        "question_without_clock",
        "An open question about a lead has no clock.",
        """
        SELECT task.id AS question, task.lead_id AS lead, task.opened_at AS since
        FROM routing_reviewtask task
        WHERE task.state = 'open' AND NOT EXISTS (
            SELECT FROM routing_slatimer timer
            WHERE timer.review_task_id = task.id AND timer.state IN ('running', 'breached')
        )
        """,
    ),
    Check(
        "load_not_counted",
        "A rep's counters are not the number of open handoffs held.",
        """
        SELECT rep.id AS rep, rep.open_count, rep.excess_count, count(handoff.id) AS held
        FROM routing_rep rep
        LEFT JOIN routing_handoff handoff ON handoff.rep_id = rep.id
             AND handoff.status IN ('assigned', 'accepted')
        GROUP BY rep.id HAVING rep.open_count + rep.excess_count <> count(handoff.id)
        """,
    ),
    Check(
        "rep_over_capacity",
        "A rep holds more than their capacity, and no person said so.",
        """
        SELECT id AS rep, open_count, capacity FROM routing_rep WHERE open_count > capacity
        """,
    ),
    Check(
        "owner_outside_territory",
        "A rotation gave a lead to a rep who does not work the territory.",
        """
        SELECT handoff.id AS handoff, handoff.rep_id AS rep, handoff.territory_id AS territory
        FROM routing_handoff handoff
        CROSS JOIN LATERAL (
            SELECT rule, rep_id FROM routing_routingdecision
            WHERE handoff_id = handoff.id ORDER BY at DESC, id DESC LIMIT 1
        ) decision
        WHERE handoff.status IN ('assigned', 'accepted')
          AND decision.rule = 'territory' AND decision.rep_id = handoff.rep_id
          AND NOT EXISTS (
              SELECT FROM routing_territorymembership
              WHERE territory_id = handoff.territory_id AND rep_id = handoff.rep_id
          )
        """,
    ),
    Check(
        "pending_too_long",
        "New facts have waited for judgement for more than 30 seconds.",
        """
        SELECT lead_id AS lead, min(marked_at) AS since
        FROM leads_pendingmark
        WHERE NOT is_backlog AND marked_at < %(at)s - interval '30 seconds'
        GROUP BY lead_id ORDER BY since
        """,
    ),
    Check(
        "backlog_too_long",
        "A version came into force more than an hour ago and has not judged everybody yet.",
        """
        SELECT lead_id AS lead, min(marked_at) AS since
        FROM leads_pendingmark
        WHERE is_backlog AND marked_at < %(at)s - interval '1 hour'
        GROUP BY lead_id ORDER BY since
        """,
    ),
    Check(
        "step_overdue",
        "A step of a clock was due more than 15 seconds ago and has not fired.",
        """
        SELECT step.id AS step, step.kind, step.due_at, timer.handoff_id AS handoff,
               timer.review_task_id AS question
        FROM routing_slatimerstep step
        JOIN routing_slatimer timer ON timer.id = step.timer_id
        WHERE step.state = 'armed' AND timer.state <> 'paused'
          AND step.due_at < %(at)s - interval '15 seconds'
        ORDER BY step.due_at
        """,
    ),
    Check(
        "step_fired_early",
        "A step of a clock fired before it was due.",
        """
        SELECT id AS step, kind, due_at, fired_at
        FROM routing_slatimerstep WHERE fired_at < due_at
        """,
    ),
    Check(
        "step_not_in_ledger",
        "A fired step has not exactly one line in the ledger, or the ledger a line without one.",
        """
        WITH line(step, event) AS (
            VALUES ('warn', 'warned'), ('breach', 'breached'),
                   ('escalate', 'escalated'), ('reassign', 'reassigned')
        ), fired AS (
            SELECT timer_id, line.event
            FROM routing_slatimerstep JOIN line ON line.step = kind WHERE state = 'fired'
        ), written AS (
            SELECT timer_id, kind AS event, count(*) AS lines
            FROM routing_slaevent WHERE kind IN (SELECT event FROM line)
            GROUP BY timer_id, kind
        )
        SELECT coalesce(fired.timer_id, written.timer_id) AS timer,
               coalesce(fired.event, written.event) AS event,
               fired.timer_id IS NOT NULL AS is_fired, coalesce(written.lines, 0) AS lines
        FROM fired FULL JOIN written
          ON written.timer_id = fired.timer_id AND written.event = fired.event
        WHERE fired.timer_id IS NULL OR coalesce(written.lines, 0) <> 1
        """,
    ),
    Check(
        "breach_disagrees",
        "A clock is breached without its breach step having fired, or the other way round.",
        """
        SELECT timer.id AS timer, timer.state, step.state AS step
        FROM routing_slatimer timer
        LEFT JOIN routing_slatimerstep step ON step.timer_id = timer.id AND step.kind = 'breach'
        WHERE (timer.state = 'breached') <> (coalesce(step.state, '') = 'fired')
        """,
    ),
    Check(
        "version_not_signed",
        "An active version lacks two valid signatures over its content, one a side.",
        """
        SELECT version.id AS version, count(signoff.id) AS signatures
        FROM definitions_definitionversion version
        LEFT JOIN definitions_signoff signoff ON signoff.version_id = version.id
             AND signoff.review_round = version.review_round
             AND signoff.content_hash = encode(sha256(convert_to(version.content, 'UTF8')), 'hex')
        WHERE version.state = 'active'
        GROUP BY version.id
        HAVING count(DISTINCT signoff.side) < 2 OR count(DISTINCT signoff.signer_id) < 2
        """,
    ),
    Check(
        "two_active_versions",
        "A definition has more than one active version.",
        """
        SELECT definition_id AS definition, array_agg(id ORDER BY id) AS versions
        FROM definitions_definitionversion WHERE state = 'active'
        GROUP BY definition_id HAVING count(*) > 1
        """,
    ),
    Check(
        "rejection_without_comment",
        "A rejection has a blank comment, or a rejected handoff no rejection.",
        r"""
        SELECT handoff_id AS handoff, id AS rejection
        FROM routing_rejection WHERE comment !~ '\S'
        UNION ALL
        SELECT handoff.id, NULL
        FROM routing_handoff handoff
        WHERE handoff.status = 'rejected' AND NOT EXISTS (
            SELECT FROM routing_rejection rejection
            LEFT JOIN routing_reversal reversal ON reversal.rejection_id = rejection.id
            WHERE rejection.handoff_id = handoff.id AND reversal.id IS NULL
        )
        """,
    ),
)
"""Read by `manage.py check_invariants`, which adds those of the floor above."""
