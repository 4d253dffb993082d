"""What sales has tried with a lead, on this and on earlier handoffs."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.people import access
from crm_handoff.people.access.viewers import Viewer
from crm_handoff.web.checklists import SENTENCES
from definitions.enums import Checklist
from leads.models import Assertion
from routing.confirmations import QUESTIONS
from routing.models import Attempt, Handoff, Rejection

MOST = 50
"""Attempts shown, the latest first."""

MOST_EARLIER = 20
"""Earlier handoffs shown, the latest first."""

NAMES: dict[str, str | Promise] = {
    "authority": lazy("Authority"),
    "budget": lazy("Budget"),
    "challenges": lazy("Challenges"),
    "champion": lazy("Champion"),
    "decision_criteria": lazy("Decision criteria"),
    "decision_process": lazy("Decision process"),
    "economic_buyer": lazy("Economic buyer"),
    "identified_pain": lazy("Identified pain"),
    "metrics": lazy("Metrics"),
    "money": lazy("Money"),
    "need": lazy("Need"),
    "prioritization": lazy("Prioritization"),
    "timing": lazy("Timing"),
}
"""Questions of the checklists in a word or two; total."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One attempt or rejection, in words."""

    at: datetime
    icon: str
    title: str
    text: str
    next_step: str
    by: str
    is_earlier: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A question of the checklist, and the answer that counts now, if there is one."""

    key: str
    answer: Assertion | None

    @property
    def name(self) -> str | Promise:
        """What is asked, in a word or two."""
        return NAMES[self.key]

    @property
    def question(self) -> str | Promise:
        """What is asked, in a full sentence."""
        return SENTENCES[self.key]


def contacts_of(
    handoff: Handoff, attempts: list[Attempt], rejections: list[Rejection]
) -> list[Contact]:
    """Return attempts and rejections of the handoff's lead in words, latest first."""
    tried = [_tried(row, handoff) for row in attempts]
    refused = [_refused(row, handoff) for row in rejections]
    return sorted(tried + refused, key=lambda contact: contact.at, reverse=True)


def attempts_of(handoff: Handoff) -> list[Attempt]:
    """Return the latest attempts at the handoff's lead, latest first; one query."""
    attempts = Attempt.objects.filter(handoff__lead=handoff.lead_id).select_related("by")
    return list(attempts.order_by("-at", "-pk")[:MOST])


def rejections_of(handoff: Handoff) -> list[Rejection]:
    """Return the rejections of the handoff's lead that stand, latest first; one query."""
    standing = Rejection.objects.filter(handoff__lead=handoff.lead_id, reversal=None)
    return list(standing.select_related("reason", "by").order_by("-at", "-pk"))


def _tried(row: Attempt, handoff: Handoff) -> Contact:
    return Contact(
        at=row.at,
        icon="phone" if row.kind == "call" else "speech",
        title=f"{row.get_kind_display()}: {row.get_outcome_display()}",
        text=row.note,
        next_step=row.next_step,
        by=str(row.by),
        is_earlier=row.handoff_id != handoff.pk,
    )


def _refused(row: Rejection, handoff: Handoff) -> Contact:
    return Contact(
        at=row.at,
        icon="no",
        title=_("Rejected: %(reason)s") % {"reason": row.reason},
        text=row.comment,
        next_step="",
        by=str(row.by),
        is_earlier=row.handoff_id != handoff.pk,
    )


def other_handoffs(handoff: Handoff, *, viewer: Viewer) -> QuerySet[Handoff]:
    """Return the lead's other handoffs, latest first, with whether `viewer` may open each."""
    visible = access.handoffs.visible_to(viewer).filter(pk=OuterRef("pk"))
    others = Handoff.objects.filter(lead=handoff.lead_id).exclude(pk=handoff.pk)
    return (
        others.annotate(may_open=Exists(visible))
        .defer("packet")
        .select_related("rep__user", "queue")
        .order_by("-opened_at", "-pk")[:MOST_EARLIER]
    )


def checklist_of(handoff: Handoff, *, at: datetime) -> list[Check]:
    """Return the questions that sales confirms the lead by, with what is answered; one query.

    None where the agreement asks nothing.
    """
    questions = QUESTIONS[Checklist(handoff.version.checklist)]
    if not questions:
        return []
    answers = (
        Assertion.objects.filter(lead=handoff.lead_id, what__in=questions, asserted_at__lte=at)
        .exclude(expires_at__lte=at)
        .order_by("what", "-asserted_at", "-pk")
        .distinct("what")
        .select_related("asserted_by")
    )
    known = {answer.what: answer for answer in answers}
    return [Check(key, known.get(key)) for key in questions]
