"""What waits for the person who looks: each a sentence with a count and the page to do it on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.agreements.telling import SIGNS_FOR
from crm_handoff.people import access
from crm_handoff.people.access.agreements import (
    proposals_visible_to,
    reviews_visible_to,
    versions_visible_to,
)
from crm_handoff.people.access.leads import questions_for
from crm_handoff.people.access.marketing import assets_visible_to
from crm_handoff.people.access.operations import checkups_visible_to
from crm_handoff.people.access.people import notices_visible_to, suspensions_visible_to
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports.assets import WITHOUT_TEXT
from crm_handoff.web.tags import day_of
from definitions.enums import VersionState
from definitions.models import Refusal, ReviewSignature, SignOff
from routing.enums import HandoffStatus, ReviewTaskState, SlaEventKind, TimerMilestone, TimerState
from routing.models import SlaEvent, SlaTimer
from routing.timers import RESPONSE


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
    for ask in (
        _escalated,
        _missed_today,
        _unhealthy,
        _suspended,
        _waiting,
        _questions,
        _to_sign,
        _to_review,
        _refused,
        _proposals,
        _assets,
        _unread,
    ):
        found.extend(ask(user, at))
    return found


def _escalated(user: User, at: datetime) -> list[Need]:
    events = SlaEvent.objects.filter(
        kind=SlaEventKind.ESCALATED,
        detail__to=user.pk,
        timer__state=TimerState.BREACHED,
        timer__stopped_at=None,
        timer__handoff__in=access.handoffs.visible_to(user).filter(status__in=HandoffStatus.OPEN),
    )
    of_response = Q(timer__milestone__in=RESPONSE)
    counts = events.aggregate(
        leads=Count("timer__handoff", filter=of_response, distinct=True),
        others=Count("timer", filter=~of_response, distinct=True),
    )
    found = []
    if count := counts["leads"]:
        words = ngettext(
            "%(count)s lead was escalated to you and still waits for its first contact.",
            "%(count)s leads were escalated to you and still wait for their first contact.",
            count,
        )
        found.append(words % {"count": count})
    if count := counts["others"]:
        words = ngettext(
            "%(count)s other promise was escalated to you and is still late.",
            "%(count)s other promises were escalated to you and are still late.",
            count,
        )
        found.append(words % {"count": count})
    return [Need(said, _("See who is late"), _team("late"), "late", "late") for said in found]


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


def _unhealthy(user: User, at: datetime) -> list[Need]:
    count = checkups_visible_to(user).filter(violated_count__gt=0).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s invariant of the product does not hold.",
        "%(count)s invariants of the product do not hold.",
        count,
    )
    address = reverse("web:health_checks")
    return [Need(words % {"count": count}, _("See what is wrong"), address, "late", "late")]


def _suspended(user: User, at: datetime) -> list[Need]:
    """Reps out of rotation, for whoever may put them back."""
    if not user.has_perm("routing.change_suspension"):
        return []
    out = suspensions_visible_to(user).filter(ended_at=None).select_related("rep__user")
    return [
        Need(
            _("%(rep)s is out of rotation since %(day)s: too many first responses were missed.")
            % {"rep": one.rep, "day": day_of(timezone.localtime(one.began_at))},
            _("Put back into the rotation"),
            f"{reverse('web:team')}#suspended",
            "paused",
            "soon",
        )
        for one in out.order_by("began_at", "pk")
    ]


def _waiting(user: User, at: datetime) -> list[Need]:
    if not user.has_perm("routing.assign_handoff"):
        return []
    count = access.handoffs.visible_to(user).filter(status=HandoffStatus.QUEUED).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s lead waits in a queue for an owner.",
        "%(count)s leads wait in queues for an owner.",
        count,
    )
    address = f"{reverse('web:team')}#waiting"
    return [Need(words % {"count": count}, _("Assign them"), address, "inbox", "soon")]


def _questions(user: User, at: datetime) -> list[Need]:
    asked = questions_for(user).filter(state=ReviewTaskState.OPEN)
    counted = asked.aggregate(all=Count("pk"), late=Count("pk", filter=Q(timers__due_at__lte=at)))
    if not counted["all"]:
        return []
    words = ngettext(
        "%(count)s lead waits for your answer to a question.",
        "%(count)s leads wait for your answers to questions.",
        counted["all"],
    )
    return [
        Need(
            words % {"count": counted["all"]},
            _("Answer"),
            reverse("web:questions"),
            "speech",
            "late" if counted["late"] else "soon",
        )
    ]


def _to_sign(user: User, at: datetime) -> list[Need]:
    sides = [side for side, permission in SIGNS_FOR.items() if user.has_perm(permission)]
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
            reverse("web:version_sign", args=[version.definition.key, version.number]),
            "flag",
            "soon",
        )
        for version in versions.select_related("definition").defer("content").order_by("pk")
    ]


def _to_review(user: User, at: datetime) -> list[Need]:
    """Open reviews of versions in force that somebody may sign for a side that has not."""
    sides = [side for side, permission in SIGNS_FOR.items() if user.has_perm(permission)]
    if not sides:
        return []
    found = reviews_visible_to(user).filter(closed_at=None, version__state=VersionState.ACTIVE)
    own = found.filter(signatures__signer=user)
    signed = Q(
        *(
            Exists(ReviewSignature.objects.filter(review=OuterRef("pk"), side=side))
            for side in sides
        )
    )
    waiting = found.exclude(pk__in=own).exclude(signed).select_related("version__definition")
    return [
        Need(
            _("%(version)s is due for review: does it still hold?") % {"version": review.version},
            _("Review it"),
            reverse("web:definition_review", args=[review.version.definition.key]),
            "flag",
            "late" if review.overdue_told_at else "soon",
        )
        for review in waiting.defer("figures", "version__content").order_by("pk")
    ]


def _refused(user: User, at: datetime) -> list[Need]:
    """Versions of their own that a side refused to sign, until it signs or they are withdrawn."""
    if not user.has_perm("definitions.change_definitionversion"):
        return []
    signed = SignOff.objects.filter(
        version=OuterRef("version"), review_round=OuterRef("review_round"), side=OuterRef("side")
    )
    refusals = Refusal.objects.filter(
        ~Exists(signed),
        version__author=user,
        version__state=VersionState.IN_REVIEW,
        review_round=F("version__review_round"),
    )
    found = refusals.select_related("version__definition", "refused_by").order_by("pk")
    return [
        Need(
            _("%(person)s refused to sign %(version)s.")
            % {"person": refusal.refused_by, "version": refusal.version},
            _("Read why"),
            reverse(
                "web:version_sign", args=[refusal.version.definition.key, refusal.version.number]
            ),
            "late",
            "soon",
        )
        for refusal in found.defer("version__content")
    ]


def _proposals(user: User, at: datetime) -> list[Need]:
    if not user.has_perm("definitions.change_proposal"):
        return []
    waiting = proposals_visible_to(user).filter(outcome="")
    counted = waiting.values("definition__key", "definition__name").annotate(count=Count("pk"))
    return [
        Need(
            ngettext(
                "%(count)s proposed field of %(definition)s waits for an answer.",
                "%(count)s proposed fields of %(definition)s wait for an answer.",
                row["count"],
            )
            % {"count": row["count"], "definition": row["definition__name"]},
            _("Answer"),
            reverse("web:proposals", args=[row["definition__key"]]),
            "speech",
        )
        for row in counted.order_by("definition__key")
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
