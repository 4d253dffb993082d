"""Where a notice that is about no handoff leads: the page on which its reader acts on it."""

from collections.abc import Mapping

from django.urls import reverse

from routing.enums import NoticeKind
from routing.models import Notice

PLACES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    NoticeKind.SIGNATURE_WANTED: ("web:version_sign", ("definition", "number")),
    NoticeKind.SIGNATURE_REFUSED: ("web:version_sign", ("definition", "number")),
    NoticeKind.VERSION_ACTIVE: ("web:version", ("definition", "number")),
    NoticeKind.ACTIVATION_FAILED: ("web:version", ("definition", "number")),
    NoticeKind.REVIEW_DUE: ("web:definition_review", ("definition",)),
    NoticeKind.REVIEW_OVERDUE: ("web:definition_review", ("definition",)),
    NoticeKind.QUESTION_ASKED: ("web:questions", ()),
    NoticeKind.INVARIANT: ("web:health_checks", ()),
    NoticeKind.SLA_ALERT: ("web:sla_alert", ("alert",)),
    NoticeKind.BULK_REJECTED: ("web:bulk_rejection", ("bulk",)),
    NoticeKind.SUSPENDED: ("web:home", ()),
    NoticeKind.REASSIGNED_AWAY: ("web:absences", ()),
}
"""Route of each kind that is about no handoff, and what of the notice's detail it takes."""


def place_of(notice: Notice) -> str:
    """Return the path of the page that a notice leads to.

    "" when it is about a handoff, whose page depends on who may see it, or about no page.
    """
    if notice.handoff_id is not None:
        return ""
    route, keys = PLACES.get(notice.kind, ("", ()))
    if not route or any(key not in notice.detail for key in keys):
        return ""
    return reverse(route, args=[notice.detail[key] for key in keys])
