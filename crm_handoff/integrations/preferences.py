"""What people want to be told by e-mail, and when they are left alone."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from crm_handoff.integrations.models import (
    Delivery,
    DeliveryNotice,
    NoticePreference,
    QuietHours,
)
from crm_handoff.integrations.models.preference import ALWAYS_WANTED
from crm_handoff.people import organization
from crm_handoff.people.models import User
from routing.enums import NoticeKind, TimerMilestone
from routing.models import SlaTimer

MANDATORY = frozenset(ALWAYS_WANTED)
"""Cannot be refused: the agreement names, or waits for, the person who is told."""

URGENT = frozenset(
    {
        NoticeKind.ASSIGNED,
        NoticeKind.QUEUED,
        NoticeKind.WARNING,
        NoticeKind.BREACHED,
        NoticeKind.ESCALATED,
        NoticeKind.REMINDER,
        NoticeKind.MANAGER_TOLD,
    }
)
"""Kinds that cannot wait when the lead is of high intent: somebody must answer it now."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours as a person wants them; `weekdays`: 0 is Monday."""

    starts: time
    ends: time
    weekdays: tuple[int, ...]
    lets_high_intent_through: bool


def refused_by(people: Collection[int]) -> set[tuple[int, str]]:
    """Return which kinds of notices these people want no e-mail of, as (person, kind)."""
    rows = NoticePreference.objects.filter(
        person__in=people, channel=Delivery.Channel.EMAIL, is_wanted=False
    ).exclude(kind__in=MANDATORY)
    return set(rows.values_list("person_id", "kind"))


def high_intent(handoffs: Collection[int]) -> set[int]:
    """Return those of the handoffs whose latest response clock is of high intent."""
    latest = (
        SlaTimer.objects.filter(
            handoff__in=handoffs,
            milestone__in=(TimerMilestone.FIRST_RESPONSE, TimerMilestone.RE_RESPONSE),
        )
        .order_by("handoff_id", "-started_at", "-pk")
        .distinct("handoff_id")
        .values_list("handoff_id", "is_high_intent")
    )
    return {handoff for handoff, is_high in latest if is_high}


def quiet_until(hours: QuietHours | Quiet, *, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return when the quiet hours around an instant end; None when it is not within any."""
    today = at.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day.weekday() not in hours.weekdays:
            continue
        last = day if hours.ends > hours.starts else day + timedelta(days=1)
        if _instant(day, hours.starts, zone) <= at < (end := _instant(last, hours.ends, zone)):
            return end
    return None


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    # By way of UTC: two local times of one zone are compared as the clock on the wall shows them.
    return datetime.combine(day, clock, zone).astimezone(ZoneInfo("UTC"))


@transaction.atomic
def save(person: User, *, refused: Iterable[str], quiet: Quiet | None, at: datetime) -> None:
    """Keep what a person wants: kinds of which they refuse e-mails, and their quiet hours.

    Messages that wait for quiet hours to end leave when the new ones allow it.

    Raises:
        ValueError: a kind that cannot be refused.
    """
    unwanted = {NoticeKind(kind) for kind in refused}
    if forbidden := unwanted & MANDATORY:
        raise ValueError(", ".join(sorted(forbidden)))
    # Whoever owes this person messages meanwhile waits, and then goes by the new wishes.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    NoticePreference.objects.bulk_create(
        [
            NoticePreference(
                person=person,
                kind=kind,
                channel=Delivery.Channel.EMAIL,
                is_wanted=kind not in unwanted,
            )
            for kind in NoticeKind
            if kind not in MANDATORY
        ],
        update_conflicts=True,
        unique_fields=["person", "kind", "channel"],
        update_fields=["is_wanted"],
    )
    if quiet is None:
        QuietHours.objects.filter(person=person).delete()
    else:
        QuietHours.objects.update_or_create(
            person=person,
            defaults={
                "starts": quiet.starts,
                "ends": quiet.ends,
                "weekdays": list(quiet.weekdays),
                "lets_high_intent_through": quiet.lets_high_intent_through,
            },
        )
    zone = organization.zone_for(person.time_zone)
    until = quiet_until(quiet, zone=zone, at=at) if quiet else None
    waiting([person.email], at=at).update(next_at=until or at)


def waiting(addresses: Collection[str], *, at: datetime) -> QuerySet[Delivery]:
    """Return the e-mails of notices that nobody tried to send and that are not due yet."""
    return Delivery.objects.filter(
        Exists(DeliveryNotice.objects.filter(delivery=OuterRef("pk"))),
        address__in=addresses,
        channel=Delivery.Channel.EMAIL,
        state=Delivery.State.READY,
        attempt_count=0,
        next_at__gt=at,
    )
