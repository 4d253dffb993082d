"""E-mails as they leave: text and HTML in the reader's zone and language, one id a message."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from crm_handoff.people import organization
from crm_handoff.people.models import User


@dataclass(frozen=True, slots=True)
class Mail:
    """What one e-mail says, twice: as plain text and as HTML."""

    subject: str
    text: str
    html: str


@contextmanager
def speaking_to(reader: User) -> Iterator[None]:
    """Say texts in somebody's language and instants in their zone. Up to two queries."""
    zone = organization.zone_for(reader.time_zone)
    # Templates write instants in the zone that is active, whatever zone they are in.
    with timezone.override(zone), translation.override(organization.language_for(reader.language)):
        yield


def write(template: str, context: Mapping[str, Any]) -> Mail:
    """Write `<template>.txt` and `<template>.html` in the active zone and language.

    The first line of the text is the subject. Templates get `zone` (its name) and, in HTML,
    `subject` and `language`.
    """
    everything = {**context, "zone": timezone.get_current_timezone_name()}
    subject, _, text = render_to_string(f"{template}.txt", everything).strip().partition("\n")
    subject = " ".join(subject.split())
    html = render_to_string(
        f"{template}.html",
        {**everything, "subject": subject, "language": translation.get_language()},
    )
    return Mail(subject, text.strip() + "\n", html)


def send(mail: Mail, *, to: str, message_id: str, headers: Mapping[str, str]) -> None:
    """Hand one e-mail to the mail server.

    message_id: the same for every copy, so that a mail program can tell that they are one.

    Raises:
        OSError, smtplib.SMTPException: the server did not take it.
    """
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[to],
        headers={"Message-ID": f"<{message_id}@crm-handoff>", **headers},
    )
    message.attach_alternative(mail.html, "text/html")
    message.send()
