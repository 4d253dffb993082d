"""Broken limits: whoever is named for the side that broke one is told, until somebody answers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm_handoff.agreements.telling import SIGNS_FOR
from crm_handoff.checkups import take_turn
from crm_handoff.clock import database_now
from crm_handoff.people import organization, roles
from crm_handoff.people.access.viewers import Viewer
from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from crm_handoff.reports import criteria, misses, weeks
from crm_handoff.reports.rates import Rate
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion
from definitions.words import is_blank
from routing import absences, notices, suspensions
from routing.enums import NoticeKind
from routing.models import SlaAlert

EVERY = timedelta(minutes=1)

REMINDS_FROM_HOUR = 8
"""Of the organization's day; reminders go out on working days."""

SATURDAY = 5


class AlertAlreadyAcknowledged(Exception):
    """Somebody has said already what is done about it."""

    def __init__(self, alert: SlaAlert) -> None:
        said = {"person": alert.acknowledged_by}
        super().__init__(_("%(person)s has acknowledged this already.") % said)


class NothingSaid(Exception):
    """An alert is acknowledged by what is done about it."""

    def __init__(self) -> None:
        super().__init__(_("Say what is done about it."))


def look(*, at: datetime | None = None) -> int:
    """Raise what is broken and remind of what waits, once a minute for all relays together.

    at: None takes the database's clock.

    Returns:
        How many alerts were raised.
    """
    instant = at or database_now()
    return attend(at=instant) if take_turn("alerts.look", every=EVERY, at=instant) else 0


def suspend_repeaters(*, at: datetime | None = None) -> int:
    """Take those out of rotation who miss again and again, once a minute for all relays together.

    Returns:
        How many reps were taken out.
    """
    instant = at or database_now()
    if not take_turn("alerts.suspend_repeaters", every=EVERY, at=instant):
        return 0
    return len(suspensions.attend(at=instant))


def attend(*, at: datetime) -> int:
    """Raise an alert for every signed limit that is broken, and remind of those that wait.

    The share judged is that of the 28 days up to now, of 20 cases or more. A query for each
    version in force, and four more.

    Returns:
        How many alerts were raised.
    """
    missed = misses.rates_of_definitions(misses.rolling(at=at))
    below = criteria.rates_of_definitions(at=at)
    raised = 0
    for version in _in_force():
        rates = {
            Side.SALES: missed.get(version.definition_id, Rate(0, 0)),
            Side.MARKETING: below.get(version.definition_id, Rate(0, 0)),
        }
        found = (raise_if_broken(version, side, rate=rate, at=at) for side, rate in rates.items())
        raised += sum(alert is not None for alert in found)
    _remind(at=at)
    return raised


def raise_if_broken(
    version: DefinitionVersion, side: Side, *, rate: Rate, at: datetime
) -> SlaAlert | None:
    """Raise an alert and tell one named person, when a side's share breaks the signed limit.

    Once a week of the organization, and not while an earlier one waits. None when there is
    nothing to raise. Two workers raise one.
    """
    if not rate.breaks(float(limit_of(version, side))):
        return None
    week = weeks.rule_of_organization().week_of(at)
    before = SlaAlert.objects.filter(definition=version.definition_id, side=side)
    if before.filter(Q(acknowledged_at=None) | Q(window_begins_at=week.starts_at)).exists():
        return None
    person = answerable(version, side, at=at)
    try:
        with transaction.atomic():
            alert = SlaAlert.objects.create(
                definition=version.definition,
                side=side,
                window_begins_at=week.starts_at,
                window_ends_at=week.ends_at,
                counted=rate.of,
                missed_count=rate.count,
                limit_pct=limit_of(version, side),
                told=person,
                at=at,
            )
            _tell(alert, version, at=at, key=f"sla_alert:{alert.pk}")
    except IntegrityError:
        return None
    return alert


def limit_of(version: DefinitionVersion, side: Side) -> Decimal:
    """Return the share, in percent, above which a side breaks what it signed."""
    if side == Side.SALES:
        return version.response_limit_pct
    return version.criteria_limit_pct


def answerable(version: DefinitionVersion, side: Side, *, at: datetime) -> User | None:
    """Return the one person whom a version names for a side: the operator, else the deputy.

    The deputy when the operator has left or is away; when both are away, the first who has not
    left. None when nobody is named who is still here.
    """
    here = [person for person in _named(version, side) if person.is_active]
    present = (person for person in here if not absences.is_away(person, at=at))
    return next(present, here[0] if here else None)


def may_acknowledge(user: Viewer, alert: SlaAlert) -> bool:
    """Say whether somebody may: who was told, who signs for that side, and RevOps."""
    if alert.told_id is not None and alert.told_id == user.pk:
        return True
    signs = user.has_perm(SIGNS_FOR[Side(alert.side)])
    runs = user.has_perm("crm_handoff.change_organization")
    return user.has_perm("routing.acknowledge_slaalert") and (signs or runs)


@transaction.atomic
def acknowledge(alert: SlaAlert, *, by: AbstractBaseUser, at: datetime, comment: str) -> SlaAlert:
    """Keep what is done about a broken limit, and by whom; reminders end.

    Raises:
        NothingSaid: the comment is blank.
        AlertAlreadyAcknowledged: somebody was sooner.
    """
    if is_blank(comment):
        raise NothingSaid
    said = comment.strip()
    locked = SlaAlert.objects.select_for_update(no_key=True).get(pk=alert.pk)
    if locked.acknowledged_at is not None:
        raise AlertAlreadyAcknowledged(locked)
    locked.acknowledged_at, locked.comment = at, said
    locked.acknowledged_by_id = by.pk
    locked.save(update_fields=["acknowledged_at", "acknowledged_by", "comment"])
    return locked


def _remind(*, at: datetime) -> None:
    """Remind of alerts that wait, once each working day after the day on which they were raised.

    The deputy is reminded when the operator has left or is away meanwhile.
    """
    zone = organization.zone_for("")
    local = at.astimezone(zone)
    if local.weekday() >= SATURDAY or local.hour < REMINDS_FROM_HOUR:
        return
    versions = {version.definition_id: version for version in _in_force()}
    for alert in SlaAlert.objects.filter(acknowledged_at=None).select_related("definition"):
        version = versions.get(alert.definition_id)
        if version is None or alert.at.astimezone(zone).date() >= local.date():
            continue
        _tell(alert, version, at=at, key=f"sla_alert:{alert.pk}:{local:%Y-%m-%d}")


def _tell(alert: SlaAlert, version: DefinitionVersion, *, at: datetime, key: str) -> None:
    side = Side(alert.side)
    other = next(one for one in Side if one != side)
    person = answerable(version, side, at=at)
    asking = answerable(version, other, at=at)
    notices.tell_people(
        NoticeKind.SLA_ALERT,
        [person] if person is not None else roles.people_in(Role.REVOPS),
        at=at,
        key=key,
        detail={
            "alert": str(alert.public_id),
            "definition": version.definition.key,
            "name": version.definition.name,
            "side": alert.side,
            "missed": alert.missed_count,
            "counted": alert.counted,
            "limit_pct": str(alert.limit_pct),
            "from": str(asking or ""),
        },
    )


def _in_force() -> list[DefinitionVersion]:
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE).select_related(
        "definition",
        "marketing_operator",
        "marketing_deputy",
        "sales_operator",
        "sales_deputy",
    )
    return list(active.defer("content").order_by("pk"))


def _named(version: DefinitionVersion, side: Side) -> Iterator[User]:
    if side == Side.SALES:
        named = (version.sales_operator, version.sales_deputy)
    else:
        named = (version.marketing_operator, version.marketing_deputy)
    return (person for person in named if person is not None)
