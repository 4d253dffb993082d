"""E-mails that tell people what a notice says: why now, until when, one link."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from crm_handoff.integrations.models import Delivery
from crm_handoff.people import organization
from routing.models import Notice, SlaTimer


def compose(notice: Notice) -> dict[str, str]:
    """Return `{"subject", "text"}` of a notice, times in the recipient's zone.

    The text is `templates/notifications/<kind>.txt`; its first line is the subject.
    """
    zone = organization.zone_for(notice.recipient.time_zone)
    # Templates write instants in the zone that is active, whatever zone they are in.
    with timezone.override(zone):
        text = render_to_string(
            f"notifications/{notice.kind}.txt", _context(notice) | {"zone": zone.key}
        )
    subject, _, body = text.strip().partition("\n")
    return {"subject": " ".join(subject.split()), "text": body.strip() + "\n"}


def _context(notice: Notice) -> dict[str, Any]:
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
        "due_at": timer.due_at if timer else None,
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
