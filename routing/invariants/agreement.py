"""Invariants of the agreement and of sales' answers."""

from django.utils.translation import gettext_noop as _

from routing.invariants.check import Check

CHECKS = (
    Check(
        "version_not_signed",
        _("An active version lacks two valid signatures over its content, one a side."),
        _("Retire it and have a version signed by both sides."),
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
        _("A definition has more than one active version."),
        _("Retire the one that is not agreed upon."),
        """
        SELECT definition_id AS definition, array_agg(id ORDER BY id) AS versions
        FROM definitions_definitionversion WHERE state = 'active'
        GROUP BY definition_id HAVING count(*) > 1
        """,
    ),
    Check(
        "rejection_without_comment",
        _("A rejection has a blank comment, or a rejected handoff no rejection."),
        _("Ask whoever rejected it, and have a developer look how it came about."),
        r"""
        SELECT handoff_id AS handoff, id AS rejection
        FROM routing_rejection WHERE at >= %(since)s AND comment !~ '\S'
        UNION ALL
        SELECT handoff.id, NULL
        FROM routing_handoff handoff
        WHERE handoff.status = 'rejected' AND handoff.closed_at >= %(since)s AND NOT EXISTS (
            SELECT FROM routing_rejection rejection
            LEFT JOIN routing_reversal reversal ON reversal.rejection_id = rejection.id
            WHERE rejection.handoff_id = handoff.id AND reversal.id IS NULL
        )
        """,
    ),
)
"""In the order in which they are shown."""
