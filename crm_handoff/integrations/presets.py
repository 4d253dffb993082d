"""How the calls of well-known systems are signed and what they mean, to begin with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm_handoff.integrations.signatures import Scheme


class Preset(models.TextChoices):
    """A system whose calls we know."""

    GENERIC = "generic", _("Any system that sends JSON")
    HUBSPOT = "hubspot", _("HubSpot workflow")
    MARKETO = "marketo", _("Marketo webhook")
    CALENDLY = "calendly", _("Calendly bookings")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a source begins with.

    is_secret_theirs: the other system makes the secret, and it is entered here. steps: what to do
    over there, a sentence each. sample: a call as it looks, to try the mapping on.
    """

    scheme: Scheme
    is_secret_theirs: bool
    mapping: Mapping[str, Any]
    steps: tuple[StrOrPromise, ...]
    sample: Any


BEGINNINGS: Mapping[str, Beginning] = {
    Preset.GENERIC: Beginning(
        scheme=Scheme.STANDARD,
        is_secret_theirs=False,
        mapping={
            "event_id": "id",
            "lead": {"email": "email"},
            "touchpoint": {"kind": "kind", "occurred_at": "occurred_at", "external_id": "id"},
        },
        steps=(
            _("Give the other system the address and the secret of this page."),
            _("Let it send one call: it is kept here, and shows the paths to choose from."),
        ),
        sample={
            "id": "evt-1",
            "email": "anna@acme.example",
            "kind": "demo_request",
            "occurred_at": "2026-01-13T12:00:00Z",
        },
    ),
    Preset.HUBSPOT: Beginning(
        scheme=Scheme.HUBSPOT,
        is_secret_theirs=True,
        mapping={
            "lead": {
                "external_id": "vid",
                "email": "properties.email.value",
                "first_name": "properties.firstname.value",
                "last_name": "properties.lastname.value",
                "job_title": "properties.jobtitle.value",
                "phone": "properties.phone.value",
                "source": {"value": "hubspot"},
            },
            "account": {
                "name": "properties.company.value",
                "employee_count": "properties.numemployees.value",
            },
            "touchpoint": {
                "kind": {"value": "demo_request"},
                "occurred_at": {
                    "path": "properties.recent_conversion_date.value",
                    "unit": "milliseconds",
                },
            },
            "detail": {"conversion": "properties.recent_conversion_event_name.value"},
        },
        steps=(
            _(
                "In HubSpot, add “Send a webhook” (POST) to the workflow, with the address of "
                "this page and a request signature of your private app."
            ),
            _("Enter the client secret of that app here: HubSpot signs with it."),
            _("Choose the kind of touchpoint that this workflow stands for."),
        ),
        sample={
            "vid": 4711,
            "properties": {
                "email": {"value": "anna@acme.example"},
                "firstname": {"value": "Anna"},
                "lastname": {"value": "Berg"},
                "jobtitle": {"value": "Head of Operations"},
                "phone": {"value": "+49 30 901820"},
                "company": {"value": "Acme"},
                "numemployees": {"value": "240"},
                "recent_conversion_date": {"value": "1768305600000"},
                "recent_conversion_event_name": {"value": "Contact us: demo"},
            },
        },
    ),
    Preset.MARKETO: Beginning(
        scheme=Scheme.TOKEN,
        is_secret_theirs=False,
        mapping={
            "lead": {
                "external_id": "id",
                "email": "email",
                "first_name": "firstName",
                "last_name": "lastName",
                "job_title": "title",
                "country": "country",
                "source": "leadSource",
            },
            "account": {"name": "company"},
            "touchpoint": {"kind": "activity", "occurred_at": "occurredAt"},
        },
        steps=(
            _(
                "In Marketo, make a webhook: POST to the address of this page, encoding JSON, and "
                "the sample of this page as template, its values replaced by tokens such as "
                "{{lead.Email Address}}."
            ),
            _(
                "Under “Set Custom Header”, add X-Webhook-Token with the secret of this page: "
                "Marketo does not sign, so what it sends does not count as verified."
            ),
            _("Write the kind of touchpoint that the campaign stands for into “activity”."),
        ),
        sample={
            "id": "318594",
            "email": "anna@acme.example",
            "firstName": "Anna",
            "lastName": "Berg",
            "title": "Head of Operations",
            "country": "DE",
            "company": "Acme",
            "leadSource": "webinar",
            "activity": "webinar_attended",
            "occurredAt": "2026-01-13T12:00:00Z",
        },
    ),
    Preset.CALENDLY: Beginning(
        scheme=Scheme.CALENDLY,
        is_secret_theirs=True,
        mapping={
            "only": {"event": ["invitee.created"]},
            "event_id": "payload.uri",
            "lead": {
                "email": "payload.email",
                "first_name": "payload.first_name",
                "last_name": "payload.last_name",
                "source": {"value": "calendly"},
            },
            "touchpoint": {
                "kind": {"value": "calendar_booking"},
                "occurred_at": "payload.created_at",
                "external_id": "payload.uri",
            },
            "detail": {
                "meeting": "payload.scheduled_event.name",
                "starts_at": "payload.scheduled_event.start_time",
                "answer": "payload.questions_and_answers[0].answer",
            },
        },
        steps=(
            _(
                "Create a webhook subscription for invitee.created with the address of this page "
                "and a signing key of your own."
            ),
            _("Enter that signing key here."),
        ),
        sample={
            "event": "invitee.created",
            "created_at": "2026-01-13T12:00:00.000000Z",
            "payload": {
                "uri": "https://api.calendly.com/scheduled_events/EV1/invitees/IN1",
                "email": "anna@acme.example",
                "first_name": "Anna",
                "last_name": "Berg",
                "created_at": "2026-01-13T12:00:00.000000Z",
                "scheduled_event": {
                    "name": "Product demo",
                    "start_time": "2026-01-15T09:00:00.000000Z",
                },
                "questions_and_answers": [
                    {"question": "What brings you here?", "answer": "Leads get lost"}
                ],
            },
        },
    ),
}
"""Of each preset; total."""
