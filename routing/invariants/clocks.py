"""Invariants of promises, their steps, and the ledger."""

from django.utils.translation import gettext_noop as _

from routing.invariants.check import Check

CHECKS = (
    Check(
        "not_one_response_clock",
        _("An open handoff has no response clock, or more than one."),
        _("Have a developer look: the triggers that keep one were away."),
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
        _("An open question about a lead has no clock."),
        _("Answer the question; have a developer look why nothing reminds of it."),
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
        "step_overdue",
        _("A step of a clock was due more than 15 seconds ago and has not fired."),
        _("Look whether a relay and workers run, and into their log for this handoff."),
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
        _("A step of a clock fired before it was due."),
        _("Have a developer look: a clock or a constraint is not what it should be."),
        """
        SELECT id AS step, kind, due_at, fired_at
        FROM routing_slatimerstep
        WHERE state = 'fired' AND fired_at >= %(since)s AND fired_at < due_at
        """,
    ),
    Check(
        "step_not_in_ledger",
        _("A fired step has not exactly one line in the ledger, or a line has no fired step."),
        _("Have a developer look: what this clock did is told twice, or not at all."),
        """
        WITH line(step, event) AS (
            VALUES ('warn', 'warned'), ('breach', 'breached'), ('remind', 'reminded'),
                   ('manager', 'manager_told'), ('escalate', 'escalated'),
                   ('reassign', 'reassigned')
        ), fired AS (
            SELECT timer_id, line.event, count(*) AS steps
            FROM routing_slatimerstep JOIN line ON line.step = kind
            WHERE state = 'fired' AND fired_at >= %(since)s
            GROUP BY timer_id, line.event
        ), written AS (
            SELECT timer_id, kind AS event, count(*) AS lines
            FROM routing_slaevent
            WHERE at >= %(since)s AND kind IN (SELECT event FROM line)
            GROUP BY timer_id, kind
        )
        SELECT coalesce(fired.timer_id, written.timer_id) AS timer,
               coalesce(fired.event, written.event) AS event,
               coalesce(fired.steps, 0) AS steps, coalesce(written.lines, 0) AS lines
        FROM fired FULL JOIN written
          ON written.timer_id = fired.timer_id AND written.event = fired.event
        WHERE coalesce(fired.steps, 0) <> coalesce(written.lines, 0)
        """,
    ),
    Check(
        "step_without_effect",
        _("A clock was escalated to somebody who was not told."),
        _("Tell the person; have a developer look why the notice is missing."),
        """
        SELECT event.timer_id AS timer, event.kind, event.detail -> 'to' AS person
        FROM routing_slaevent event
        JOIN routing_slatimer timer ON timer.id = event.timer_id
        WHERE event.kind = 'escalated' AND event.at >= %(since)s
          AND timer.handoff_id IS NOT NULL AND jsonb_typeof(event.detail -> 'to') = 'number'
          AND NOT EXISTS (
              SELECT FROM routing_notice notice
              WHERE notice.handoff_id = timer.handoff_id AND notice.kind = 'escalated'
                AND notice.recipient_id = (event.detail ->> 'to')::bigint
          )
        """,
    ),
    Check(
        "breach_disagrees",
        _("A clock is breached without its breach step having fired, or the other way round."),
        _("Have a developer look: this promise counts as missed, and should not, or not yet."),
        """
        SELECT timer.id AS timer, timer.state, step.state AS step
        FROM routing_slatimer timer
        LEFT JOIN routing_slatimerstep step ON step.timer_id = timer.id AND step.kind = 'breach'
        WHERE timer.updated_at >= %(since)s AND timer.state = 'breached'
          AND coalesce(step.state, '') <> 'fired'
        UNION ALL
        SELECT timer.id, timer.state, step.state
        FROM routing_slatimerstep step
        JOIN routing_slatimer timer ON timer.id = step.timer_id
        WHERE step.kind = 'breach' AND step.state = 'fired' AND step.fired_at >= %(since)s
          AND timer.state <> 'breached'
        """,
    ),
    Check(
        "paused_past_its_limit",
        _("A pause was over more than 30 seconds ago, and the clock still stands."),
        _("Look whether a relay and workers run; a manager can resume the clock."),
        """
        SELECT id AS timer, handoff_id AS handoff, paused_until
        FROM routing_slatimer
        WHERE paused_until < %(at)s - interval '30 seconds' ORDER BY paused_until
        """,
    ),
    Check(
        "calendar_not_recounted",
        _("Hours were edited more than a minute ago, and clocks still go by the old ones."),
        _("Look whether a relay and workers run, and into their log for this calendar."),
        """
        SELECT id AS calendar, key, changed_at
        FROM routing_businesscalendar
        WHERE changed_at > recomputed_at AND changed_at < %(at)s - interval '1 minute'
        """,
    ),
)
"""In the order in which they are shown."""
