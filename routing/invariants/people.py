"""Invariants of reps: what they hold, and when they may receive."""

from django.utils.translation import gettext_noop as _

from routing.invariants.check import Check

CHECKS = (
    Check(
        "load_not_counted",
        _("A rep's counters are not the number of open handoffs held."),
        _("Have a developer look: the trigger that counts was away."),
        """
        SELECT rep.id AS rep, rep.open_count, rep.excess_count, count(handoff.id) AS held
        FROM routing_rep rep
        LEFT JOIN routing_handoff handoff ON handoff.rep_id = rep.id
             AND handoff.status IN ('assigned', 'accepted')
        GROUP BY rep.id HAVING rep.open_count + rep.excess_count <> count(handoff.id)
        """,
    ),
    Check(
        "territory_load_not_counted",
        _("A member's counters in a territory are not the number of its open handoffs held."),
        _("Have a developer look: the trigger that counts was away."),
        """
        SELECT member.id AS membership, member.open_count, member.excess_count,
               count(handoff.id) AS held
        FROM routing_territorymembership member
        LEFT JOIN routing_handoff handoff ON handoff.rep_id = member.rep_id
             AND handoff.territory_id = member.territory_id
             AND handoff.status IN ('assigned', 'accepted')
        GROUP BY member.id HAVING member.open_count + member.excess_count <> count(handoff.id)
        """,
    ),
    Check(
        "rep_over_capacity",
        _("A rep holds more than their capacity, and no person said so."),
        _("Give what is too much to somebody else on the team page."),
        """
        SELECT id AS rep, open_count, capacity FROM routing_rep WHERE open_count > capacity
        """,
    ),
    Check(
        "territory_over_capacity",
        _("A rep holds more of a territory than their limit there, and no person said so."),
        _("Give what is too much to somebody else on the team page."),
        """
        SELECT id AS membership, open_count, capacity
        FROM routing_territorymembership WHERE open_count > capacity
        """,
    ),
    Check(
        "away_with_untouched_leads",
        _("A rep has been away for a minute, and untouched leads with running clocks stay there."),
        _("Look whether a relay runs; assign the leads to somebody who is there."),
        """
        SELECT handoff.id AS handoff, handoff.rep_id AS rep, lower(absence.span) AS away_since
        FROM routing_absence absence
        JOIN routing_handoff handoff ON handoff.rep_id = absence.rep_id
        JOIN routing_slatimer timer ON timer.handoff_id = handoff.id
             AND timer.milestone = 'first_response' AND timer.state = 'running'
        WHERE absence.span @> %(at)s::timestamptz
          AND lower(absence.span) < %(at)s - interval '1 minute'
          AND absence.updated_at < %(at)s - interval '1 minute'
          AND handoff.status = 'assigned' AND handoff.first_attempt_at IS NULL
          AND handoff.assigned_at < lower(absence.span)
        """,
    ),
    Check(
        "left_with_leads",
        _("Somebody who left has held open leads for more than a minute."),
        _("Look whether a relay runs; assign the leads to somebody who is there."),
        """
        SELECT handoff.id AS handoff, handoff.rep_id AS rep
        FROM routing_rep rep
        JOIN crm_handoff_user person ON person.id = rep.user_id
        JOIN routing_handoff handoff ON handoff.rep_id = rep.id
             AND handoff.status IN ('assigned', 'accepted')
        WHERE NOT (rep.is_active AND person.is_active)
          AND rep.updated_at < %(at)s - interval '1 minute'
          AND handoff.assigned_at < %(at)s - interval '1 minute'
        """,
    ),
    Check(
        "queue_without_owner",
        _("Leads may wait in a queue whose manager has left."),
        _("Name who manages the queue now, in the administration."),
        """
        SELECT queue.id AS queue, queue.manager_id AS manager
        FROM routing_queue queue
        JOIN crm_handoff_user person ON person.id = queue.manager_id AND NOT person.is_active
        WHERE queue.is_fallback
           OR EXISTS (SELECT FROM routing_territory
                      WHERE queue_id = queue.id AND is_active)
           OR EXISTS (SELECT FROM routing_handoff
                      WHERE queue_id = queue.id AND status = 'queued')
        """,
    ),
    Check(
        "suspended_in_rotation",
        _("The rotation gave a lead to a rep who is out of rotation."),
        _("Assign it to somebody else, or end the suspension on the team page."),
        """
        SELECT decision.handoff_id AS handoff, decision.rep_id AS rep, decision.id AS decision
        FROM routing_suspension suspension
        JOIN routing_routingdecision decision ON decision.rep_id = suspension.rep_id
             AND decision.rule = 'territory' AND decision.at > suspension.began_at
        WHERE suspension.ended_at IS NULL
        """,
    ),
    Check(
        "no_fallback",
        _("No queue takes what no territory covers."),
        _("Mark one queue as the fallback in the administration."),
        """
        SELECT version.id AS version
        FROM definitions_definitionversion version
        WHERE version.state = 'active'
          AND NOT EXISTS (SELECT FROM routing_queue WHERE is_fallback)
        """,
    ),
    Check(
        "rules_without_end",
        _("The published routing rules do not end with a queue that takes every lead."),
        _("Draw up rules that end with a fallback queue, and publish them."),
        """
        SELECT plan.id AS plan, plan.number
        FROM routing_routingplan plan
        WHERE plan.state = 'published' AND NOT EXISTS (
            SELECT FROM routing_routingrule rule
            WHERE rule.plan_id = plan.id AND rule.kind = 'fallback_queue'
              AND NOT EXISTS (SELECT FROM routing_routingcondition WHERE rule_id = rule.id)
        )
        """,
    ),
)
"""In the order in which they are shown."""
