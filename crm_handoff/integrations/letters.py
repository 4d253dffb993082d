"""Letters: e-mails to a person about their account, written and signed only as they leave.

A letter's link bears a token that lets its reader in. It is made at the moment of sending, so
that neither the database, the administration pages nor a backup ever hold one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from crm_handoff.integrations import emails
from crm_handoff.integrations.models import Delivery
from crm_handoff.people.models import Invitation, Organization, User


@dataclass(frozen=True, slots=True)
class Letter:
    """A kind of letter: the folder's template `letters/<name>`, and what it is about.

    `about` returns what the template needs beside the link, or None when there is nothing left to
    write about.
    """

    name: str
    about: Callable[[User, Delivery], Mapping[str, Any] | None]


def write(delivery: Delivery) -> emails.Mail | None:
    """Write the letter that a delivery owes; None when it is not due any more.

    Not due: to an address that is no longer the person's, an invitation that was accepted or
    taken back, a reset for somebody who left or has signed in since.
    """
    letter = LETTERS[delivery.payload["letter"]]
    person = User.objects.filter(pk=delivery.payload["person"], email=delivery.address).first()
    about = letter.about(person, delivery) if person is not None else None
    if person is None or about is None:
        return None
    context = {
        **about,
        "reader": person,
        "organization": Organization.objects.first(),
        "link": _link(person),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    with emails.speaking_to(person):
        return emails.write(f"letters/{letter.name}", context)


def _link(person: User) -> str:
    place = reverse(
        "web:set_password",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(person.pk)),
            "token": default_token_generator.make_token(person),
        },
    )
    return f"{settings.SITE_URL}{place}"


def _of_invitation(person: User, delivery: Delivery) -> Mapping[str, Any] | None:
    invitation = (
        Invitation.objects.filter(person=person, accepted_at=None, revoked_at=None)
        .select_related("invited_by")
        .first()
    )
    return None if invitation is None else {"invited_by": invitation.invited_by}


def _of_reset(person: User, delivery: Delivery) -> Mapping[str, Any] | None:
    is_in = person.last_login is not None and person.last_login > delivery.created_at
    return {} if person.is_active and not is_in else None


LETTERS = {
    letter.name: letter
    for letter in (Letter("invitation", _of_invitation), Letter("password_reset", _of_reset))
}
"""Every letter by its name; read by `write` and by `deliveries.owe_letter`."""
