"""Every invariant of the product: of ownership and clocks, of messages, and of the guards."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from routing import invariants
from routing.invariants import Check

GUARDS = (
    "one_open_handoff_per_lead",
    "version_life",
    "version_freeze",
    "signoff_is_over_present_content",
    "one_signature_per_side",
    "one_signature_per_person",
    "criterion_frozen_after_draft",
    "level_frozen_after_draft",
    "score_rule_frozen_after_draft",
    "segment_rule_frozen_after_draft",
    "sla_term_frozen_after_draft",
    "stage_rule_frozen_after_draft",
    "one_active_version_per_definition",
    "rejection_has_a_comment",
    "open_handoff_has_one_owner",
    "open_handoff_has_a_response_clock",
    "reopened_handoff_has_a_response_clock",
    "response_clock_stays_with_open_handoff",
    "one_response_clock_per_handoff",
    "one_running_timer_per_milestone",
    "signoff_is_append_only",
    "evaluation_is_append_only",
    "transition_is_append_only",
    "decision_is_append_only",
    "attempt_is_append_only",
    "acceptance_is_append_only",
    "rejection_is_append_only",
    "reversal_is_append_only",
    "bulk_rejection_is_append_only",
    "floor_check_is_append_only",
    "sla_event_is_append_only",
    "assignment_only_ends",
    "one_touchpoint_per_external_id",
    "one_lead_per_identity",
    "one_event_per_id",
    "integrations_delivery_key_key",
    "routing_notice_key_key",
    "one_telling_per_notice_and_channel",
    "rep_within_capacity",
    "membership_within_capacity",
    "rep_load_is_kept",
    "membership_load_is_kept",
    "handoff_load_taken",
    "handoff_load_moved",
    "handoff_load_dropped",
    "one_step_per_level",
    "step_never_fires_early",
    "absences_do_not_overlap",
    "plan_stays_as_published",
    "rule_frozen_after_draft",
)
"""Constraints, unique indexes and triggers by which the database refuses what must never be."""

_GUARDS_SQL = f"""
    SELECT guard FROM unnest(ARRAY[{", ".join(f"'{guard}'" for guard in GUARDS)}]) AS guard
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = guard AND convalidated
                      AND contype <> 't')
      AND NOT EXISTS (
          SELECT FROM pg_class JOIN pg_index ON pg_index.indexrelid = pg_class.oid
          WHERE relname = guard AND indisunique AND indisvalid
      )
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = guard AND tgenabled IN ('O', 'A'))
    ORDER BY guard
"""  # noqa: S608 - made of the names above alone

CHECKS = (
    *invariants.CHECKS,
    Check(
        "notice_not_handled",
        _("Somebody must be told, and for more than 30 seconds no message has been written."),
        _("Look whether a relay and workers run, and into their log."),
        """
        SELECT id AS notice, kind, at
        FROM routing_notice
        WHERE handled_at IS NULL AND at < %(at)s - interval '30 seconds'
        ORDER BY id
        """,
    ),
    Check(
        "delivery_overdue",
        _("A message was due more than 60 seconds ago and nobody is sending it."),
        _("Look whether a relay and workers run, and whether the mail server answers."),
        """
        SELECT id AS delivery, channel, next_at, attempt_count
        FROM integrations_delivery
        WHERE state = 'ready' AND next_at < %(at)s - interval '60 seconds'
          AND coalesce(lease_until, '-infinity') < %(at)s
        ORDER BY next_at
        """,
    ),
    Check(
        "guard_missing",
        _("A rule by which the database refuses bad states is gone or switched off."),
        _("Have an administrator of the database put it back: run the migrations, compare them."),
        _GUARDS_SQL,
    ),
)
"""Read by `manage.py check_invariants`, by the round of each minute, and by the health page."""

BY_NAME = {check.name: check for check in CHECKS}


def violated(*, at: datetime) -> dict[Check, list[dict[str, Any]]]:
    """Return the violating rows of every invariant that does not hold; one query each.

    at: the database's clock. The whole history is looked at.
    """
    found = {check: invariants.violations(check, at=at) for check in CHECKS}
    return {check: rows for check, rows in found.items() if rows}
