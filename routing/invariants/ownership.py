"""Invariants of handoffs and their owners."""

from django.utils.translation import gettext_noop as _

from routing.invariants.check import Check

CHECKS = (
    Check(
        "two_open_handoffs",
        _("A lead has more than one open handoff."),
        _("Keep the one that sales works on, and have a developer find what opened the other."),
        """
        SELECT lead_id AS lead, array_agg(id ORDER BY id) AS handoffs
        FROM routing_handoff
        WHERE status IN ('queued', 'assigned', 'accepted')
        GROUP BY lead_id HAVING count(*) > 1
        """,
    ),
    Check(
        "qualified_without_handoff",
        _("A lead reached its agreement's handoff stage and was not handed over."),
        _("Look into the log of the workers for this lead, and have it judged again."),
        """
        WITH candidate AS MATERIALIZED (
            SELECT lead.id, lead.stage, version.handoff_stage
            FROM leads_lead lead
            JOIN definitions_definitionversion version ON version.id = lead.version_id
            WHERE lead.stage IN ('iql', 'mql', 'pql', 'sql')
              AND array_position(ARRAY['iql', 'mql', 'pql', 'sql'], lead.stage::text)
                  >= array_position(ARRAY['iql', 'mql', 'pql', 'sql'], version.handoff_stage::text)
              AND NOT lead.no_longer_meets
              AND NOT EXISTS (
                  SELECT FROM routing_handoff
                  WHERE lead_id = lead.id AND status IN ('queued', 'assigned', 'accepted')
              )
              AND NOT EXISTS (SELECT FROM leads_pendingmark WHERE lead_id = lead.id)
        )
        SELECT lead.id AS lead, lead.stage, reached.at AS since
        FROM candidate lead
        CROSS JOIN LATERAL (
            SELECT max(at) AS at FROM leads_stagetransition
            WHERE lead_id = lead.id AND cause IN ('evaluation', 'recycle')
              AND array_position(ARRAY['iql', 'mql', 'pql', 'sql'], to_stage::text)
                  >= array_position(ARRAY['iql', 'mql', 'pql', 'sql'], lead.handoff_stage::text)
        ) reached
        WHERE reached.at IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM routing_handoff
              WHERE lead_id = lead.id AND coalesce(closed_at, 'infinity') >= reached.at
          )
        """,
    ),
    Check(
        "open_handoff_without_owner",
        _("An open handoff has no owner, or two."),
        _("Assign it to a rep on the team page."),
        """
        SELECT id AS handoff, status, rep_id AS rep, queue_id AS queue
        FROM routing_handoff
        WHERE (status = 'queued' AND (queue_id IS NULL OR rep_id IS NOT NULL))
           OR (status IN ('assigned', 'accepted') AND (rep_id IS NULL OR queue_id IS NOT NULL))
        """,
    ),
    Check(
        "owner_not_in_history",
        _("The owner of an open handoff is not its running assignment's."),
        _("Assign it anew to whoever holds it, which writes its history."),
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
        "owner_outside_territory",
        # Who left the territory since keeps the lead: what the decision saw is what counts.
        _("A rotation gave a lead to a rep who did not work the territory."),
        _("Assign it to a member of the territory, or make the rep one."),
        """
        WITH outside AS MATERIALIZED (
            SELECT handoff.id, handoff.rep_id, handoff.territory_id
            FROM routing_handoff handoff
            WHERE handoff.status IN ('assigned', 'accepted') AND NOT EXISTS (
                SELECT FROM routing_territorymembership
                WHERE territory_id = handoff.territory_id AND rep_id = handoff.rep_id
            )
        )
        SELECT outside.id AS handoff, outside.rep_id AS rep, outside.territory_id AS territory
        FROM outside
        CROSS JOIN LATERAL (
            SELECT rule, rep_id, candidates FROM routing_routingdecision
            WHERE handoff_id = outside.id ORDER BY at DESC, id DESC LIMIT 1
        ) decision
        WHERE decision.rule = 'territory' AND decision.rep_id = outside.rep_id
          AND NOT EXISTS (
              SELECT FROM jsonb_array_elements(decision.candidates) seen
              WHERE (seen ->> 'rep')::bigint = decision.rep_id
                AND NOT coalesce((seen ->> 'outside')::boolean, false)
          )
        """,
    ),
    Check(
        "handed_back_unsaid",
        _("A lead went back to a rep who had given it back, and that is not recorded."),
        _("Assign it to somebody else on the team page, or say there why it is theirs again."),
        """
        WITH held AS MATERIALIZED (
            SELECT handoff.id, handoff.rep_id
            FROM routing_handoff handoff
            WHERE handoff.status IN ('assigned', 'accepted') AND EXISTS (
                SELECT FROM routing_handoff former
                JOIN routing_rejection answer ON answer.handoff_id = former.id
                LEFT JOIN routing_reversal reversal ON reversal.rejection_id = answer.id
                WHERE former.lead_id = handoff.lead_id AND former.id <> handoff.id
                  AND former.rep_id = handoff.rep_id AND reversal.id IS NULL
                  AND former.status IN ('rejected', 'returned')
            )
        )
        SELECT held.id AS handoff, held.rep_id AS rep, decision.id AS decision
        FROM held
        CROSS JOIN LATERAL (
            SELECT id, rule, rep_id, why FROM routing_routingdecision
            WHERE handoff_id = held.id ORDER BY at DESC, id DESC LIMIT 1
        ) decision
        WHERE decision.rep_id = held.rep_id AND decision.rule NOT IN ('person', 'pulled')
          AND position('held it before' IN decision.why) = 0
        """,
    ),
    Check(
        "untouched_too_long",
        _("Nobody touched a handoff for more than 7 days, and it has not been recycled."),
        _("Look whether a relay runs, and into its log for this handoff."),
        """
        SELECT id AS handoff, opened_at
        FROM routing_handoff
        WHERE status IN ('queued', 'assigned') AND first_attempt_at IS NULL
          AND opened_at < %(at)s - interval '7 days 1 hour'
          AND NOT EXISTS (SELECT FROM routing_slatimer AS clock
              WHERE clock.handoff_id = routing_handoff.id AND (clock.state = 'paused' OR EXISTS (
                  SELECT FROM routing_slaevent AS line WHERE line.timer_id = clock.id
                  AND line.kind = 'resumed' AND line.at > %(at)s - interval '7 days 1 hour')))
        ORDER BY opened_at
        """,
    ),
    Check(
        "pending_too_long",
        _("New facts have waited for judgement for more than 30 seconds."),
        _("Look whether workers run, and into their log for these leads."),
        """
        SELECT lead_id AS lead, min(marked_at) AS since
        FROM leads_pendingmark
        WHERE NOT is_backlog AND marked_at < %(at)s - interval '30 seconds'
        GROUP BY lead_id ORDER BY since
        """,
    ),
    Check(
        "backlog_too_long",
        _("A version came into force more than an hour ago and has not judged everybody yet."),
        _("Look whether workers run; more of them work it off sooner."),
        """
        SELECT lead_id AS lead, min(marked_at) AS since
        FROM leads_pendingmark
        WHERE is_backlog AND marked_at < %(at)s - interval '1 hour'
        GROUP BY lead_id ORDER BY since
        """,
    ),
    Check(
        "room_not_used",
        _("A place became free more than 30 seconds ago, and nobody looked at what waits."),
        _("Look whether workers run, and into their log for the draining of queues."),
        """
        SELECT id AS mark, marked_at FROM routing_roommark
        WHERE marked_at < %(at)s - interval '30 seconds' ORDER BY marked_at
        """,
    ),
    Check(
        "floor_disagrees",
        _("A handoff says something else about the criteria floor than its latest check."),
        _("Have the handoff checked again: correct a fact of the lead, or ask a developer."),
        """
        SELECT handoff.id AS handoff, handoff.floor_missed, latest.missed
        FROM routing_handoff handoff
        CROSS JOIN LATERAL (
            SELECT missed FROM routing_floorcheck
            WHERE handoff_id = handoff.id ORDER BY at DESC, id DESC LIMIT 1
        ) latest
        WHERE handoff.opened_at >= %(since)s
          AND handoff.floor_missed <> (cardinality(latest.missed) > 0)
        """,
    ),
)
"""In the order in which they are shown."""
