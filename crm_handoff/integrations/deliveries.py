"""Deliveries: owed for a notice, sent at least once, dead-lettered in the open."""

import logging
import random
import smtplib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from crm_handoff.clock import database_now
from crm_handoff.integrations import bundles, emails, letters, notifications
from crm_handoff.integrations.models import Delivery, DeliveryAttempt
from crm_handoff.people.models import User
from routing.models import Notice

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
"""Longer than any call may take, so that two workers never send at once."""

RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000)
)
"""Waits after each failed try, with full jitter above a floor; then a dead letter.

Source: the Standard Webhooks 1.0 schedule, with one more early try.
"""

FAILURES = (OSError, smtplib.SMTPException)


class LeaseLost(Exception):
    """Somebody else finished the delivery meanwhile; nothing was changed."""


@dataclass(frozen=True)
class Lease:
    """The right to try one delivery until it ends."""

    delivery: Delivery
    token: uuid.UUID
    attempt: DeliveryAttempt


@dataclass(frozen=True)
class Said:
    """What is kept of a message that left: its text, and what else to know of the try."""

    payload: dict[str, str]
    detail: str


def owe_letter(letter: str, *, person: User, key: str, at: datetime) -> None:
    """Owe a person one of `letters.LETTERS`; a second one of the same key changes nothing.

    Only its name and the person are written down: text and link are made as it leaves.
    key: names the cause, for example "invitation:7:2"; at most 150 characters.

    Raises:
        KeyError: there is no such letter.
    """
    delivery = Delivery(
        key=f"letter:{key}",
        channel=Delivery.Channel.EMAIL,
        address=person.email,
        payload={"letter": letters.LETTERS[letter].name, "person": person.pk},
        next_at=at,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)


def owe(*, limit: int = 100) -> int:
    """Write the deliveries of up to `limit` notices that have none yet.

    Returns:
        How many notices were handled; who wants no e-mail of one is told in the app only.
    """
    with transaction.atomic():
        notices = list(
            Notice.objects.filter(handled_at=None)
            .select_related("recipient")
            .order_by("id")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)[:limit]
        )
        at = database_now()
        bundles.owe(notices, at=at)
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(handled_at=at)
    return len(notices)


def send_due(*, limit: int = 20) -> int:
    """Try up to `limit` due deliveries, one after another; returns how many were tried."""
    tried = 0
    while tried < limit and (lease := lease_next()):
        tried += 1
        try:
            _try(lease)
        except LeaseLost:
            logger.warning("delivery %s: the lease ran out during the try", lease.delivery.key)
    return tried


def lease_next() -> Lease | None:
    """Take the delivery that is due longest, and write down the try before it is made."""
    with transaction.atomic():
        at = database_now()
        delivery = (
            Delivery.objects.filter(state=Delivery.State.READY, next_at__lte=at)
            .exclude(lease_until__gt=at)
            .order_by("next_at", "pk")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .first()
        )
        if delivery is None:
            return None
        token = uuid.uuid4()
        delivery.attempt_count += 1
        delivery.lease_token, delivery.lease_until = token, at + LEASE
        delivery.save(update_fields=["attempt_count", "lease_token", "lease_until"])
        attempt = DeliveryAttempt.objects.create(
            delivery=delivery, number=delivery.attempt_count, started_at=at
        )
    return Lease(delivery, token, attempt)


def _try(lease: Lease) -> None:
    try:
        said = SENDERS[lease.delivery.channel](lease.delivery, lease.attempt.started_at)
    except FAILURES as error:
        logger.warning("delivery %s failed: %s", lease.delivery.key, error)
        finish(lease, error=str(error) or type(error).__name__)
    except Exception as error:
        # Ours to mend; until then it counts as a failed try, so that others get their turn.
        logger.exception("delivery %s could not be written", lease.delivery.key)
        finish(lease, error=str(error) or type(error).__name__)
    else:
        finish(lease, error="", said=said)


@transaction.atomic
def finish(lease: Lease, *, error: str, said: Said | None = None) -> None:
    """Close the try: delivered when `error` is blank, else tried later or given up.

    said: what is kept of a try that went well.

    Raises:
        LeaseLost: the lease ran out and another worker took the delivery.
    """
    at = database_now()
    changes: dict[str, object] = {"lease_token": None, "lease_until": None}
    if not error:
        changes |= {"state": Delivery.State.DONE, "finished_at": at}
        changes |= {"payload": said.payload} if said is not None and said.payload else {}
    elif lease.delivery.attempt_count > len(RETRY_AFTER):
        changes |= {"state": Delivery.State.DEAD, "finished_at": at}
    else:
        changes["next_at"] = at + backoff(lease.delivery.attempt_count)
    changed = Delivery.objects.filter(
        pk=lease.delivery.pk, lease_token=lease.token, state=Delivery.State.READY
    ).update(**changes)
    if not changed:
        raise LeaseLost(lease.delivery.key)
    DeliveryAttempt.objects.filter(pk=lease.attempt.pk).update(
        finished_at=at,
        outcome=DeliveryAttempt.Outcome.FAILED if error else DeliveryAttempt.Outcome.DELIVERED,
        detail=error or (said.detail if said is not None else ""),
    )


def backoff(attempt_count: int) -> timedelta:
    """Return the wait after so many failures: half of its step, and up to as much more."""
    step = RETRY_AFTER[min(attempt_count, len(RETRY_AFTER)) - 1]
    return step * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, keeps no secret


@transaction.atomic
def replay(delivery_ids: list[int]) -> int:
    """Give dead letters one more try each under their old keys; returns how many were dead."""
    return Delivery.objects.filter(pk__in=delivery_ids, state=Delivery.State.DEAD).update(
        state=Delivery.State.READY,
        finished_at=None,
        next_at=database_now(),
    )


def _mail(delivery: Delivery, at: datetime) -> Said:
    """Send what a delivery owes by e-mail; of a letter nothing is kept."""
    is_letter = "letter" in delivery.payload
    mail = letters.write(delivery) if is_letter else notifications.write(delivery, at=at)
    if mail is None:
        return Said({}, "Nothing was sent: there was nothing left to say.")
    emails.send(
        mail,
        to=delivery.address,
        message_id=str(delivery.public_id),
        headers={} if is_letter else notifications.headers(delivery),
    )
    return Said({} if is_letter else {"subject": mail.subject, "text": mail.text}, "")


SENDERS: dict[str, Callable[[Delivery, datetime], Said]] = {Delivery.Channel.EMAIL: _mail}
"""Read by `send_due`; a sender raises one of `FAILURES` when the peer did not take the message."""
