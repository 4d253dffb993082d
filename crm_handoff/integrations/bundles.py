"""Which notices go to a person in one e-mail, and when it may leave."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from django.db.models import Exists, Max, OuterRef

from crm_handoff.integrations import preferences
from crm_handoff.integrations.models import Delivery, DeliveryNotice, QuietHours
from crm_handoff.people import organization
from crm_handoff.people.models import User
from routing.models import Notice

BURST = timedelta(minutes=1)
"""The least time between two e-mails of notices to one person; high intent does not wait.

The first leaves at once. What comes sooner after it waits and becomes one e-mail.
"""


@dataclass(slots=True)
class Mailbox:
    """What is known of one person when notices are owed to them.

    last_at: when the last e-mail of notices was due, if less than `BURST` ago. waiting: the one
    that is not due yet. quiet_until: when their quiet hours end, if they are within.
    """

    person: User
    last_at: datetime | None = None
    waiting: Delivery | None = None
    quiet: QuietHours | None = None
    quiet_until: datetime | None = None
    due: dict[datetime, list[Notice]] = field(default_factory=lambda: defaultdict(list))

    def due_at(self, *, is_urgent: bool, at: datetime) -> datetime:
        """Return when a notice may leave."""
        if is_urgent and (self.quiet is None or self.quiet.lets_high_intent_through):
            return at
        if self.quiet_until is not None:
            return self.quiet_until
        if is_urgent or self.last_at is None:
            return at
        return self.last_at + BURST


def owe(notices: Iterable[Notice], *, at: datetime) -> None:
    """Write the e-mails that tell these notices, which the caller has locked.

    People who left or want no e-mail of a kind are told in the app alone. Locks the people in the
    order of their keys, so that two workers do not write two e-mails where one would do.
    """
    wanted = _wanted(notices)
    boxes = _mailboxes({notice.recipient_id for notice in wanted}, at=at)
    high = preferences.high_intent(
        {notice.handoff_id for notice in wanted if notice.handoff_id is not None}
    )
    for notice in wanted:
        is_urgent = notice.kind in preferences.URGENT and notice.handoff_id in high
        box = boxes[notice.recipient_id]
        box.due[box.due_at(is_urgent=is_urgent, at=at)].append(notice)
    _write(
        [
            (_delivery(box, told, due_at=due_at, at=at), told)
            for box in boxes.values()
            for due_at, told in box.due.items()
        ]
    )


def _wanted(notices: Iterable[Notice]) -> list[Notice]:
    active = [notice for notice in notices if notice.recipient.is_active]
    refused = preferences.refused_by({notice.recipient_id for notice in active})
    told = set(
        DeliveryNotice.objects.filter(
            notice__in=active, channel=Delivery.Channel.EMAIL
        ).values_list("notice_id", flat=True)
    )
    return [
        notice
        for notice in active
        if notice.pk not in told and (notice.recipient_id, notice.kind) not in refused
    ]


def _mailboxes(people: Collection[int], *, at: datetime) -> Mapping[int, Mailbox]:
    locked = User.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True)
    boxes = {person.pk: Mailbox(person) for person in locked}
    by_address = {box.person.email: box for box in boxes.values()}
    zone_for = cache(organization.zone_for)
    for hours in QuietHours.objects.filter(person__in=people):
        box = boxes[hours.person_id]
        box.quiet = hours
        zone = zone_for(box.person.time_zone)
        box.quiet_until = preferences.quiet_until(hours, zone=zone, at=at)
    for address, last_at in _last(by_address, at=at):
        by_address[address].last_at = last_at
    waiting = preferences.waiting(by_address, at=at).order_by("-next_at", "-pk")
    # One that a sender has just taken is left alone: what comes now is too late for it.
    for delivery in waiting.select_for_update(of=("self",), skip_locked=True, no_key=True):
        by_address[delivery.address].waiting = delivery
    return boxes


def _last(addresses: Collection[str], *, at: datetime) -> Iterable[tuple[str, datetime]]:
    return (
        Delivery.objects.filter(
            Exists(DeliveryNotice.objects.filter(delivery=OuterRef("pk"))),
            address__in=addresses,
            channel=Delivery.Channel.EMAIL,
            next_at__gt=at - BURST,
            next_at__lte=at,
        )
        .values_list("address")
        .annotate(last_at=Max("next_at"))
    )


def _delivery(box: Mailbox, notices: list[Notice], *, due_at: datetime, at: datetime) -> Delivery:
    if due_at > at and box.waiting is not None:
        return box.waiting
    return Delivery(
        key=f"notice:{notices[0].pk}:email",
        channel=Delivery.Channel.EMAIL,
        address=box.person.email,
        payload={},
        next_at=due_at,
    )


def _write(bundles: list[tuple[Delivery, list[Notice]]]) -> None:
    Delivery.objects.bulk_create(delivery for delivery, _ in bundles if delivery.pk is None)
    DeliveryNotice.objects.bulk_create(
        DeliveryNotice(delivery=delivery, notice=notice, channel=delivery.channel)
        for delivery, notices in bundles
        for notice in notices
    )
