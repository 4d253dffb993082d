"""What this person was told: the bell, the list by day, and what is read."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.integrations import destinations, notifications
from crm_handoff.pages import LookAhead
from crm_handoff.people import access
from crm_handoff.people.access.people import notices_visible_to
from crm_handoff.web.requests import PageRequest
from leads.models import Lead
from routing import notices as told
from routing.enums import NoticeKind, StepKind, TimerMilestone
from routing.models import Notice

SHOWN = 50
"""Notices of one page."""

WORDS = {
    NoticeKind.ASSIGNED: ("handoff", _("Given to you"), _("%(who)s is yours")),
    NoticeKind.QUEUED: (
        "inbox",
        _("Waiting in your queue"),
        _("%(who)s waits in your queue: nobody is eligible"),
    ),
    NoticeKind.WARNING: (
        "soon",
        _("Half of the time gone"),
        _("%(who)s still waits: half of the time to answer is used up"),
    ),
    NoticeKind.BREACHED: ("late", _("Late"), _("%(who)s was not answered in time")),
    NoticeKind.ESCALATED: ("flag", _("Escalated to you"), _("%(who)s was escalated to you")),
    NoticeKind.REASSIGNED_AWAY: (
        "handoff",
        _("Went to somebody else"),
        _("%(who)s went to somebody else"),
    ),
    NoticeKind.ACCEPTED: ("met", _("Accepted by sales"), _("%(who)s was accepted")),
    NoticeKind.REJECTED: ("no", _("Rejected by sales"), _("%(who)s was rejected")),
    NoticeKind.EXPIRED: (
        "late",
        _("Expired untouched"),
        _("%(who)s expired untouched and was recycled"),
    ),
    NoticeKind.INVARIANT: ("late", _("Health checks"), _("A health check failed")),
    NoticeKind.SIGNATURE_WANTED: (
        "flag",
        _("Signature wanted"),
        _("%(version)s waits for signatures"),
    ),
    NoticeKind.SIGNATURE_REFUSED: (
        "no",
        _("Signature refused"),
        _("%(version)s was refused by one side"),
    ),
    NoticeKind.VERSION_ACTIVE: ("met", _("Agreement in force"), _("%(version)s is in force")),
    NoticeKind.ACTIVATION_FAILED: (
        "late",
        _("Agreement not in force"),
        _("%(version)s could not be put in force"),
    ),
    NoticeKind.REVIEW_DUE: ("soon", _("Review due"), _("%(version)s is due for review")),
    NoticeKind.REVIEW_OVERDUE: (
        "late",
        _("Review overdue"),
        _("The review of %(version)s is overdue"),
    ),
    NoticeKind.QUESTION_ASKED: (
        "speech",
        _("Questions about leads"),
        _("A question about %(who)s is yours to answer"),
    ),
    NoticeKind.REMINDER: (
        "late",
        _("Reminder"),
        _("Reminder: %(who)s still waits for you, past the promised time"),
    ),
    NoticeKind.MANAGER_TOLD: (
        "late",
        _("Missed in your team"),
        _("%(who)s still has no response, past the promised time"),
    ),
    NoticeKind.SLA_ALERT: (
        "flag",
        _("Signed limit broken"),
        _("%(definition)s: a signed limit is broken, and you are named to answer for it"),
    ),
    NoticeKind.BULK_REJECTED: (
        "no",
        _("Rejected together"),
        _("Sales rejected what was below the floor of %(batch)s"),
    ),
    NoticeKind.SUSPENDED: (
        "late",
        _("Out of rotation"),
        _("%(rep)s is out of rotation: too many first responses were missed"),
    ),
}
"""Icon, name and sentence of each kind."""

AGAIN = _("%(who)s still waits: little of the time to answer is left")
"""What a later warning of a response says."""

BY_MILESTONE = {
    (NoticeKind.WARNING, TimerMilestone.SECOND_ATTEMPT): _(
        "%(who)s waits for a second attempt: time runs out"
    ),
    (NoticeKind.WARNING, TimerMilestone.OUTCOME): _(
        "%(who)s: time runs out for an opportunity or a return"
    ),
    (NoticeKind.WARNING, TimerMilestone.ASSIGNMENT): _(
        "%(who)s waits in a queue for an owner: time runs out"
    ),
    (NoticeKind.BREACHED, TimerMilestone.SECOND_ATTEMPT): _(
        "%(who)s got no second attempt in time"
    ),
    (NoticeKind.BREACHED, TimerMilestone.OUTCOME): _(
        "%(who)s: neither an opportunity nor a return in time"
    ),
    (NoticeKind.BREACHED, TimerMilestone.ASSIGNMENT): _("%(who)s got no owner in time"),
    (NoticeKind.REMINDER, TimerMilestone.OUTCOME): _(
        "Reminder: %(who)s is to become an opportunity or to be returned, and it is past due"
    ),
    (NoticeKind.MANAGER_TOLD, TimerMilestone.SECOND_ATTEMPT): _(
        "%(who)s still got no second attempt, past the promised time"
    ),
    (NoticeKind.MANAGER_TOLD, TimerMilestone.OUTCOME): _(
        "%(who)s: still neither an opportunity nor a return, past the promised time"
    ),
    (NoticeKind.MANAGER_TOLD, TimerMilestone.ASSIGNMENT): _(
        "%(who)s still has no owner, past the promised time"
    ),
}
"""Sentence of what a clock says that is not about a response."""

LATER = {
    StepKind.WARN: ("soon", _("The question about %(who)s waits: half of the time is used up")),
    StepKind.BREACH: ("late", _("The question about %(who)s was not answered in time")),
    StepKind.ESCALATE: ("flag", _("The question about %(who)s was escalated")),
}
"""Icon and sentence of what the clock of a question says after it was asked."""

MARKED = "notices_marked"
"""Session key of what was marked read last, so that it can be taken back."""


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in words."""

    notice: Notice
    icon: str
    text: str
    can_open: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """What was said of one handoff on one day: the latest, and what came before it."""

    latest: Line
    earlier: Sequence[Line]

    @property
    def lines(self) -> list[Line]:
        """Return every line, latest first."""
        return [self.latest, *self.earlier]

    @property
    def unread_count(self) -> int:
        """Count the lines that were not read."""
        return sum(line.notice.read_at is None for line in self.lines)

    @property
    def subject(self) -> str:
        """Name whom all lines are about; blank when it is nobody."""
        handoff = self.latest.notice.handoff
        return str(handoff.lead) if handoff else ""


@dataclass(frozen=True, slots=True)
class Day:
    """What was said on one day of the reader's zone."""

    on: date
    folds: Sequence[Fold]

    @property
    def title(self) -> str:
        """Name the day as shortly as today allows."""
        today = timezone.localdate()
        if self.on == today:
            return gettext("Today")
        if self.on == today - timedelta(days=1):
            return gettext("Yesterday")
        # Translators: a day as Django's date format, for example “Tuesday 13 January”.
        this_year = gettext("l j F")
        return date_format(self.on, this_year if self.on.year == today.year else "DATE_FORMAT")


@require_GET
@cache_control(private=True, no_store=True)
def bell(request: PageRequest) -> HttpResponse:
    """Show how many notices wait."""
    return render(request, "web/partials/bell.html")


@require_GET
@cache_control(private=True, no_store=True)
def notices(request: PageRequest) -> HttpResponse:
    """List notices by day, latest first; asked by htmx, the list alone."""
    chosen = _narrowed(notices_visible_to(request.user), request)
    rows = chosen.select_related("handoff__lead__account").defer("handoff__packet")
    page = LookAhead(rows.order_by("-at", "-pk"), SHOWN).get_page(request.GET.get("page"))
    visible = access.handoffs.visible_to(request.user).filter(
        pk__in={row.handoff_id for row in page}
    )
    context = {
        "days": _by_day(
            list(page),
            set(visible.values_list("pk", flat=True)),
            notifications.asked_about(page),
        ),
        "kinds": [(kind.value, name) for kind, (_icon, name, _words) in WORDS.items()],
        "kind": _kind(request),
        "is_unread_only": "unread" in request.GET,
        "page": page,
        "query": request.GET.urlencode(),
        "marked": request.session.pop(MARKED, None),
    }
    template = "web/notices/list.html" if request.htmx else "web/notices.html"
    return render(request, template, context)


@require_POST
def read_all(request: PageRequest) -> HttpResponse:
    """Mark every notice of this person read."""
    at = timezone.now()
    count = told.read(notices_visible_to(request.user), at=at)
    request.session[MARKED] = {"at": at.isoformat(), "count": count}
    return _back(request)


@require_POST
def read_undo(request: PageRequest) -> HttpResponse:
    """Take back what was marked read at one instant."""
    at = _instant(request.POST.get("at", ""))
    told.unread(notices_visible_to(request.user).filter(read_at=at))
    return _back(request)


@require_POST
def mark(request: PageRequest) -> HttpResponse:
    """Mark some notices read or unread."""
    chosen = notices_visible_to(request.user).filter(pk__in=_ids(request))
    if request.POST.get("as") == "unread":
        told.unread(chosen)
    else:
        told.read(chosen, at=timezone.now())
    return _back(request)


@require_POST
def read(request: PageRequest, pk: int) -> HttpResponse:
    """Go to what a notice is about; it is read by that, and what was said of a handoff before."""
    mine = notices_visible_to(request.user)
    notice = get_object_or_404(mine.select_related("handoff"), pk=pk)
    of_handoff = Q(handoff=notice.handoff_id, handoff__isnull=False, at__lte=notice.at)
    told.read(mine.filter(Q(pk=pk) | of_handoff), at=timezone.now())
    if notice.handoff is None:
        return redirect(destinations.place_of(notice) or "web:notices")
    if not access.handoffs.visible_to(request.user).filter(pk=notice.handoff.pk).exists():
        messages.info(request, gettext("You do not hold this lead any more."))
        return redirect("web:notices")
    return redirect("web:handoff", public_id=notice.handoff.public_id)


def _narrowed(mine: QuerySet[Notice], request: PageRequest) -> QuerySet[Notice]:
    if "unread" in request.GET:
        mine = mine.filter(read_at=None)
    kind = _kind(request)
    return mine.filter(kind=kind) if kind else mine


def _kind(request: PageRequest) -> str:
    said = request.GET.get("kind", "")
    return said if said in NoticeKind.values else ""


def _by_day(
    rows: Sequence[Notice], visible: Container[int | None], asked: Mapping[str, Lead]
) -> list[Day]:
    lines = [_line(notice, visible, asked) for notice in rows]
    days = groupby(lines, key=lambda line: timezone.localtime(line.notice.at).date())
    return [Day(on, _folded(said)) for on, said in days]


def _folded(lines: Iterable[Line]) -> list[Fold]:
    about: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        notice = line.notice
        key = ("handoff", notice.handoff_id) if notice.handoff_id else ("notice", notice.pk)
        about.setdefault(key, []).append(line)
    return [Fold(said[0], said[1:]) for said in about.values()]


def _moved(count: int) -> str:
    """Say how many leads moved on when their rep went away."""
    return ngettext(
        "You are away: %(count)s lead that you had not touched has moved on",
        "You are away: %(count)s leads that you had not touched have moved on",
        count,
    ) % {"count": count}


def _line(notice: Notice, visible: Container[int | None], asked: Mapping[str, Lead]) -> Line:
    icon, _name, words = WORDS[NoticeKind(notice.kind)]
    words = AGAIN if "level" in notice.detail else words
    words = BY_MILESTONE.get((NoticeKind(notice.kind), notice.detail.get("milestone")), words)
    icon, words = LATER.get(notice.detail.get("event", ""), (icon, words))
    if "moved" in notice.detail:
        text = _moved(notice.detail["moved"])
    else:
        text = words % {"who": _who(notice, asked), "version": _version(notice), **_named(notice)}
    can_open = notice.handoff_id in visible or bool(destinations.place_of(notice))
    return Line(notice, icon, text, can_open)


def _who(notice: Notice, asked: Mapping[str, Lead]) -> str:
    if notice.handoff is not None:
        return notifications.name_of(notice.handoff.lead)
    lead = asked.get(notice.detail.get("lead", ""))
    return notifications.name_of(lead) if lead is not None else gettext("a lead")


def _version(notice: Notice) -> str:
    detail = notice.detail
    if "number" not in detail:
        return gettext("the agreement")
    return gettext("%(definition)s version %(number)s") % {
        "definition": detail["name"],
        "number": detail["number"],
    }


def _named(notice: Notice) -> dict[str, str]:
    detail = notice.detail
    return {
        "definition": detail.get("name") or gettext("The agreement"),
        "batch": detail.get("batch") or gettext("a batch"),
        "rep": detail.get("rep") or gettext("A rep"),
    }


def _ids(request: PageRequest) -> list[int]:
    said = request.POST.getlist("id")
    if len(said) > SHOWN or not all(one.isdecimal() and len(one) < 19 for one in said):
        raise BadRequest
    return [int(one) for one in said]


def _instant(said: str) -> datetime:
    try:
        at = parse_datetime(said)
        if at is None or timezone.is_naive(at):
            raise BadRequest
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest from error


def _back(request: PageRequest) -> HttpResponse:
    """Return to the list as it was narrowed."""
    said = {key: request.POST[key] for key in ("unread", "kind", "page") if key in request.POST}
    return redirect(f"{reverse('web:notices')}{'?' + urlencode(said) if said else ''}")
