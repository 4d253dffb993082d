"""E-mails that tell people what a notice says: why now, until when, one link."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from crm_handoff.integrations.models import Delivery
from crm_handoff.people.models import Organization
from routing.models import Notice, SlaTimer


def compose(notice: Notice) -> dict[str, str]:
    """Return `{"subject", "text"}` of a notice, times in the recipient's zone.

    The text is `templates/notifications/<kind>.txt`; its first line is the subject.
    """
    text = render_to_string(f"notifications/{notice.kind}.txt", _context(notice))
    subject, _, body = text.strip().partition("\n")
    return {"subject": subject, "text": body.strip() + "\n"}


def _context(notice: Notice) -> dict[str, Any]:
    organization = Organization.objects.first()
    zone = notice.recipient.time_zone or (organization.time_zone if organization else "UTC")
    handoff = notice.handoff
    timer = (
        SlaTimer.objects.filter(handoff=handoff).order_by("-started_at").first()
        if handoff
        else None
    )
    return {
        "notice": notice,
        "detail": notice.detail,
        "handoff": handoff,
        "lead": handoff.lead if handoff else None,
        "due_at": timer.due_at.astimezone(ZoneInfo(zone)) if timer else None,
        "zone": zone,
        "link": settings.SITE_URL
        + (reverse("web:handoff", args=[handoff.public_id]) if handoff else "/"),
    }


def send(delivery: Delivery) -> None:
    """Hand one message to the mail server; every copy bears the same Message-ID.

    Raises:
        OSError, smtplib.SMTPException: the server did not take it.
    """
    EmailMessage(
        subject=delivery.payload["subject"],
        body=delivery.payload["text"],
        to=[delivery.address],
        headers={"Message-ID": f"<{delivery.public_id}@crm-handoff>"},
    ).send()
