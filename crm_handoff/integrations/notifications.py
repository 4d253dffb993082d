"""E-mails that tell people what notices say: why now, until when, what to ask, one link."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_handoff.integrations import destinations, emails
from crm_handoff.integrations.models import Delivery, DeliveryNotice
from crm_handoff.people import access
from crm_handoff.people.models import User
from leads.models import Lead
from routing.enums import HandoffStatus, NoticeKind, TimerMilestone, TimerState
from routing.models import Handoff, Notice, SlaTimer

ACTIONS = {
    NoticeKind.ASSIGNED: gettext_lazy("Open the lead"),
    NoticeKind.QUEUED: gettext_lazy("Assign the lead"),
    NoticeKind.WARNING: gettext_lazy("Open the lead"),
    NoticeKind.BREACHED: gettext_lazy("Open the lead"),
    NoticeKind.ESCALATED: gettext_lazy("See what happened"),
    NoticeKind.REASSIGNED_AWAY: gettext_lazy("See what happened"),
    NoticeKind.ACCEPTED: gettext_lazy("See the handoff"),
    NoticeKind.REJECTED: gettext_lazy("See the handoff"),
    NoticeKind.EXPIRED: gettext_lazy("See the handoff"),
    NoticeKind.INVARIANT: gettext_lazy("See what is wrong"),
    NoticeKind.SIGNATURE_WANTED: gettext_lazy("Read and sign"),
    NoticeKind.SIGNATURE_REFUSED: gettext_lazy("See who signed and who did not"),
    NoticeKind.VERSION_ACTIVE: gettext_lazy("Read the agreement"),
    NoticeKind.ACTIVATION_FAILED: gettext_lazy("See the version"),
    NoticeKind.REVIEW_DUE: gettext_lazy("Review it"),
    NoticeKind.REVIEW_OVERDUE: gettext_lazy("Review it"),
    NoticeKind.QUESTION_ASKED: gettext_lazy("Answer the question"),
    NoticeKind.REMINDER: gettext_lazy("Open the lead"),
    NoticeKind.MANAGER_TOLD: gettext_lazy("See what happened"),
    NoticeKind.SLA_ALERT: gettext_lazy("Say what is done about it"),
    NoticeKind.BULK_REJECTED: gettext_lazy("See which leads"),
    NoticeKind.SUSPENDED: gettext_lazy("See what was missed"),
}
"""What the one link of an e-mail says, by kind."""

HOURS_SAID = timedelta(hours=12)
"""Up to here a promise is said as a time to go; beyond, as a day and a time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in words: what happened, and what to know of it in paragraphs."""

    notice: Notice
    title: str
    paragraphs: Sequence[str]
    due_at: datetime | None

    @property
    def rank(self) -> tuple[bool, datetime, int]:
        """Order lines of one e-mail: what is due first, then what was said first."""
        return (self.due_at is None, self.due_at or self.notice.at, self.notice.pk)


def write(delivery: Delivery, *, at: datetime) -> emails.Mail | None:
    """Write the e-mail of the notices that a delivery tells, as things stand at an instant.

    None when their reader has read all of them in the app by then, or has left. Eight queries at
    most, whatever the number of notices.
    """
    notices = _unread(delivery)
    if not notices:
        return None
    reader = notices[0].recipient
    if not reader.is_active:
        return None
    timers, asked = _timers(notices), asked_about(notices)
    with emails.speaking_to(reader):
        lines = sorted(
            (
                _line(notice, _clock_of(notice, timers), _lead_of(notice, asked), at=at)
                for notice in notices
            ),
            key=lambda line: line.rank,
        )
        if len(lines) == 1:
            return _single(lines[0], reader)
        return _several(lines, reader)


def headers(delivery: Delivery) -> dict[str, str]:
    """Return e-mail headers by which the notices told can be recognized, by their public ids."""
    told = DeliveryNotice.objects.filter(delivery=delivery).order_by("notice_id")
    ids = told.values_list("notice__public_id", flat=True)
    return {"X-Notices": " ".join(str(public_id) for public_id in ids)}


def name_of(lead: Lead) -> str:
    """Name a lead and their company, which the caller has loaded."""
    if lead.account is None:
        return str(lead)
    return _("%(lead)s of %(company)s") % {"lead": lead, "company": lead.account}


def asked_about(notices: Iterable[Notice]) -> Mapping[str, Lead]:
    """Return the leads about whom notices ask a question, by public id.

    One query with their companies; none when no notice asks.
    """
    said = {notice.detail["lead"] for notice in notices if "question" in notice.detail}
    if not said:
        return {}
    leads = Lead.objects.filter(public_id__in=said).select_related("account")
    return {str(lead.public_id): lead for lead in leads}


def due_in_words(due_at: datetime, *, at: datetime) -> str:
    """Say a promise as a time in the active zone and as time to go: "by 14:05, in 42 min"."""
    local, today = timezone.localtime(due_at), timezone.localtime(at).date()
    clock = date_format(local, "H:i")
    # Translators: a day and a time as Django's date format, for example “Tue 13 Jan, 12:05”.
    moment = clock if local.date() == today else date_format(local, _("D j M, H:i"))
    said = {"time": moment, "left": _duration(abs(due_at - at))}
    if due_at <= at:
        return _("it was due %(time)s, %(left)s ago") % said
    if due_at - at > HOURS_SAID:
        return _("by %(time)s") % said
    return _("by %(time)s, %(left)s from now") % said


def _duration(length: timedelta) -> str:
    minutes = max(int(length.total_seconds() // 60), 1)
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    if minutes < 24 * 60:
        return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%(days)s d %(hours)s h") % {
        "days": minutes // 1440,
        "hours": minutes % 1440 // 60,
    }


def _unread(delivery: Delivery) -> list[Notice]:
    return list(
        Notice.objects.filter(tellings__delivery=delivery, read_at=None)
        .select_related(
            "recipient", "handoff__lead__account", "handoff__rep__user", "handoff__queue"
        )
        .order_by("pk")
    )


Timers = Mapping[tuple[int | None, str], SlaTimer]
"""The latest clock of each handoff and milestone."""


def _timers(notices: Sequence[Notice]) -> Timers:
    rows = SlaTimer.objects.filter(
        handoff__in={notice.handoff_id for notice in notices if notice.handoff_id}
    )
    latest = rows.order_by("handoff_id", "milestone", "-started_at", "-pk")
    return {
        (timer.handoff_id, timer.milestone): timer
        for timer in latest.distinct("handoff_id", "milestone")
    }


def _clock_of(notice: Notice, timers: Timers) -> SlaTimer | None:
    """Return the clock that a notice is about; of one that is about none, that of the response."""
    said = notice.detail.get("milestone")
    wanted = (said,) if said else (TimerMilestone.RE_RESPONSE, TimerMilestone.FIRST_RESPONSE)
    found = (timers.get((notice.handoff_id, milestone)) for milestone in wanted)
    return next((timer for timer in found if timer is not None), None)


def _lead_of(notice: Notice, asked: Mapping[str, Lead]) -> Lead | None:
    if notice.handoff is not None:
        return notice.handoff.lead
    return asked.get(notice.detail.get("lead", ""))


def _line(notice: Notice, timer: SlaTimer | None, lead: Lead | None, *, at: datetime) -> Line:
    due_at = _due_at(notice, timer)
    text = render_to_string(
        f"notifications/{notice.kind}.txt",
        {
            "detail": notice.detail,
            "due": due_in_words(due_at, at=at) if due_at else "",
            "is_late": due_at is not None and due_at <= at,
            "holder": _holder(notice.handoff),
            "when": parse_datetime(notice.detail.get("when", "")),
            **_of_lead(lead, notice.handoff),
        },
    )
    title, *paragraphs = (
        " ".join(part.split()) for part in text.strip().split("\n\n") if part.strip()
    )
    return Line(notice, title, paragraphs, due_at)


def _due_at(notice: Notice, timer: SlaTimer | None) -> datetime | None:
    if "question" in notice.detail:
        return parse_datetime(notice.detail.get("due_at", ""))
    return timer.due_at if timer is not None and _is_owed(timer) else None


def _is_owed(timer: SlaTimer) -> bool:
    is_late = timer.state == TimerState.BREACHED and timer.stopped_at is None
    return timer.state == TimerState.RUNNING or is_late


def _holder(handoff: Handoff | None) -> str:
    return str(handoff.rep or handoff.queue or "") if handoff is not None else ""


def _of_lead(lead: Lead | None, handoff: Handoff | None) -> dict[str, Any]:
    if lead is None:
        return {}
    intent = _intent(handoff.packet) if handoff is not None else ""
    return {"lead": str(lead), "who": name_of(lead), "intent": intent}


def _intent(packet: Mapping[str, Any]) -> str:
    """Name what the lead did that speaks of buying: what asks for sales, else the latest."""
    signals = packet.get("intent", [])
    direct = (signal for signal in signals if signal.get("is_direct_intent"))
    strongest = next(direct, signals[0] if signals else None)
    return strongest["label"] if strongest else ""


def _single(line: Line, reader: User) -> emails.Mail:
    handoff = line.notice.handoff
    context = {
        "line": line,
        "question": _question(handoff, reader),
        "facts": _facts(handoff),
        **_way([line], reader, action=ACTIONS[NoticeKind(line.notice.kind)]),
    }
    return emails.write("notifications/one", context)


def _several(lines: Sequence[Line], reader: User) -> emails.Mail:
    first = lines[0].notice
    action = _("Open the lead") if first.handoff else ACTIONS[NoticeKind(first.kind)]
    context = {
        "lines": lines,
        "more_count": len(lines) - 1,
        **_way(lines, reader, action=action),
    }
    return emails.write("notifications/several", context)


def _way(lines: Sequence[Line], reader: User, *, action: object) -> dict[str, Any]:
    """Return the one link: to what all lines are about, else to all notices.

    Also to all notices when the reader sees nothing there. One query at most.
    """
    subjects = {(line.notice.handoff_id, destinations.place_of(line.notice)) for line in lines}
    place = _place(lines[0].notice, reader) if len(subjects) == 1 else ""
    if place:
        return {"link": settings.SITE_URL + place, "action": action}
    return {"link": settings.SITE_URL + reverse("web:notices"), "action": _("See all notices")}


def _place(notice: Notice, reader: User) -> str:
    handoff = notice.handoff
    if handoff is None:
        return destinations.place_of(notice)
    is_visible = access.handoffs.visible_to(reader).filter(pk=handoff.pk).exists()
    return reverse("web:handoff", args=[handoff.public_id]) if is_visible else ""


def _facts(handoff: Handoff | None) -> str:
    """Say in a line who the lead is: job, company, its size, industry and country."""
    if handoff is None:
        return ""
    lead, account = handoff.lead, handoff.lead.account
    facts = [lead.job_title]
    if account is not None:
        size = account.employee_count
        people = _("%(count)s people") % {"count": f"{size:,}"} if size else ""
        facts += [account.name, people, account.industry, account.country or lead.country]
    return " · ".join(fact for fact in facts if fact)


def _question(handoff: Handoff | None, reader: User) -> str:
    """Return the first question to ask, for whoever holds the lead and is to ask it."""
    if handoff is None or handoff.rep is None or handoff.rep.user_id != reader.pk:
        return ""
    if handoff.status not in HandoffStatus.OPEN:
        return ""
    points = handoff.packet.get("talking_points", [])
    return next((point["question"] for point in points if point.get("question")), "")
