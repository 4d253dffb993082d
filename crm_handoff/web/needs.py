"""What waits for the person who looks: each a sentence with a count and the page to do it on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.people.access import (
    assets_visible_to,
    handoffs_visible_to,
    notices_visible_to,
    versions_visible_to,
)
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports.assets import WITHOUT_TEXT
from definitions.enums import Side, VersionState
from definitions.models import SignOff
from routing.enums import HandoffStatus, SlaEventKind, TimerMilestone, TimerState
from routing.models import SlaEvent, SlaTimer

SIGNATURES = {
    Side.MARKETING: "definitions.sign_marketing",
    Side.SALES: "definitions.sign_sales",
}
"""Who may sign for which side."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something to do; `state` is late, soon or blank, `icon` a name of the icons."""

    words: str
    verb: str
    address: str
    icon: str
    state: str = ""


def needs_of(user: User, *, at: datetime) -> list[Need]:
    """Return what waits for somebody, the most pressing first; a query for each they may do."""
    found: list[Need] = []
    for ask in (_escalated, _missed_today, _waiting, _to_sign, _assets, _unread):
        found.extend(ask(user, at))
    return found


def _escalated(user: User, at: datetime) -> list[Need]:
    events = SlaEvent.objects.filter(
        kind=SlaEventKind.ESCALATED,
        detail__to=user.pk,
        timer__state=TimerState.BREACHED,
        timer__stopped_at=None,
        timer__handoff__in=handoffs_visible_to(user).filter(status__in=HandoffStatus.OPEN),
    )
    count = events.values("timer__handoff").distinct().count()
    if not count:
        return []
    words = ngettext(
        "%(count)s lead was escalated to you and still waits for its first contact.",
        "%(count)s leads were escalated to you and still wait for their first contact.",
        count,
    )
    return [Need(words % {"count": count}, _("See who is late"), _team("late"), "late", "late")]


def _missed_today(user: User, at: datetime) -> list[Need]:
    if not (user.has_perm(SEE_EVERYONES_LEADS) and user.has_perm("routing.view_handoff")):
        return []
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    missed = SlaTimer.objects.filter(
        milestone=TimerMilestone.FIRST_RESPONSE,
        state=TimerState.BREACHED,
        breached_at__gte=midnight,
        breached_at__lte=at,
    )
    count = missed.count()
    if not count:
        return []
    words = ngettext(
        "%(count)s first response was missed today.",
        "%(count)s first responses were missed today.",
        count,
    )
    return [Need(words % {"count": count}, _("See who is late"), _team("late"), "late", "late")]


def _waiting(user: User, at: datetime) -> list[Need]:
    if not user.has_perm("routing.assign_handoff"):
        return []
    count = handoffs_visible_to(user).filter(status=HandoffStatus.QUEUED).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s lead waits in a queue for an owner.",
        "%(count)s leads wait in queues for an owner.",
        count,
    )
    address = f"{reverse('web:team')}#waiting"
    return [Need(words % {"count": count}, _("Assign them"), address, "inbox", "soon")]


def _to_sign(user: User, at: datetime) -> list[Need]:
    sides = [side for side, permission in SIGNATURES.items() if user.has_perm(permission)]
    if not sides:
        return []
    given = SignOff.objects.filter(
        version=OuterRef("pk"), review_round=OuterRef("review_round")
    ).filter(Q(signer=user) | Q(side__in=sides))
    versions = versions_visible_to(user).filter(~Exists(given), state=VersionState.IN_REVIEW)
    return [
        Need(
            _("%(version)s is in review and waits for your signature.") % {"version": version},
            _("Read and sign"),
            reverse("admin:definitions_definitionversion_change", args=[version.pk]),
            "flag",
            "soon",
        )
        for version in versions.select_related("definition").defer("content").order_by("pk")
    ]


def _assets(user: User, at: datetime) -> list[Need]:
    if not user.has_perm("leads.change_asset"):
        return []
    count = assets_visible_to(user).filter(WITHOUT_TEXT).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s asset lacks the text that reps speak from.",
        "%(count)s assets lack the text that reps speak from.",
        count,
    )
    return [Need(words % {"count": count}, _("Write it"), reverse("web:assets"), "speech")]


def _unread(user: User, at: datetime) -> list[Need]:
    count = notices_visible_to(user).filter(read_at=None).count()
    if not count:
        return []
    words = ngettext("%(count)s unread notice.", "%(count)s unread notices.", count)
    return [Need(words % {"count": count}, _("Read"), reverse("web:notices"), "bell")]


def _team(state: str) -> str:
    return f"{reverse('web:team')}?state={state}"
