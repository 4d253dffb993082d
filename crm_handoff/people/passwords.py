"""Forgotten passwords: a link by e-mail, asked for by whoever knows the address."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from crm_handoff.integrations import deliveries
from crm_handoff.people import rates
from crm_handoff.people.invitations import open_invitation_of
from crm_handoff.people.models import User

PERIOD = timedelta(hours=1)
FROM_ONE_PLACE = 20
"""Links that one network address may ask for within `PERIOD`, for whomever."""
FOR_ONE_PERSON = 3
"""Letters to one e-mail address within `PERIOD`; more are asked for in vain, and unsaid."""


class TooManyRequests(Exception):
    """Links were asked for too often; nothing was done."""

    def __str__(self) -> str:
        return _("Several links were sent just now; try again in an hour.")


@transaction.atomic
def ask_for_link(email: str, *, network_address: str, at: datetime) -> None:
    """Owe a letter with a link to whoever has this e-mail address; else do nothing, unsaid.

    Somebody whose invitation is open gets that again instead; somebody who left gets nothing.

    Raises:
        TooManyRequests: from this network address.
    """
    if not rates.take(f"forgot:at:{network_address}", limit=FROM_ONE_PLACE, per=PERIOD, at=at):
        raise TooManyRequests
    address = email.strip().lower()
    if not rates.take(f"forgot:of:{address}", limit=FOR_ONE_PERSON, per=PERIOD, at=at):
        return
    person = User.objects.filter(email__iexact=address).first()
    letter = _letter_for(person) if person is not None else ""
    if person is not None and letter:
        key = f"{letter}:{person.public_id}:{at.isoformat()}"
        deliveries.owe_letter(letter, person=person, key=key, at=at)


@transaction.atomic
def send_link(person: User, *, at: datetime) -> None:
    """Owe a letter with a link to an active person whom RevOps help; at most three an hour.

    Raises:
        TooManyRequests: they were written to several times just now.
    """
    subject = f"forgot:of:{person.email.lower()}"
    if not rates.take(subject, limit=FOR_ONE_PERSON, per=PERIOD, at=at):
        raise TooManyRequests
    key = f"password_reset:{person.public_id}:{at.isoformat()}"
    deliveries.owe_letter("password_reset", person=person, key=key, at=at)


def _letter_for(person: User) -> str:
    """Return which letter lets a person in: "" for somebody who left."""
    if person.is_active:
        return "password_reset"
    return "invitation" if open_invitation_of(person) is not None else ""
