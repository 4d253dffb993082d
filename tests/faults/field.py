"""The field on which faults are tried: reps, territories, an agreement with fast clocks."""

from datetime import time, timedelta

from crm_handoff import defaults
from crm_handoff.clock import database_now
from crm_handoff.models import Organization, User
from crm_handoff.people import keys
from definitions import versions
from definitions.enums import Side
from definitions.models import DefinitionVersion
from routing.models import (
    BusinessCalendar,
    CalendarWindow,
    Queue,
    Rep,
    Territory,
    TerritoryMembership,
)

COUNTRIES = ("DE", "FR", "GB", "US")


def prepare(*, rep_count: int, capacity: int, are_clocks_hurried: bool = True) -> str:
    """Make an organization that receives leads; returns an API key.

    Hurried clocks break every promise within seconds; others are as shipped.
    """
    admin = User.objects.create_superuser("admin@example.com", "irrelevant here")
    signer = User.objects.create_user("sales@example.com", full_name="Sales Operator")
    Organization.objects.create(name="Faults", time_zone="UTC")
    defaults.load(by=admin)
    _territories(signer, rep_count=rep_count, capacity=capacity)
    _agreement(admin, signer, are_clocks_hurried=are_clocks_hurried)
    # As often as the machine can: what is tried here is no limit.
    return keys.issue("Faults", system="faults", created_by=admin, rate_per_minute=1_000_000).token


def _territories(manager: User, *, rep_count: int, capacity: int) -> None:
    calendar = BusinessCalendar.objects.create(key="always", name="Always", time_zone="UTC")
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=time(0), closes=time(0))
        for day in range(7)
    )
    reps = [
        Rep.objects.create(
            user=User.objects.create_user(f"rep{number}@example.com"), capacity=capacity
        )
        for number in range(rep_count)
    ]
    for position, country in enumerate(COUNTRIES):
        territory = Territory.objects.create(
            key=country.lower(),
            name=country,
            position=position,
            countries=[country],
            calendar=calendar,
            queue=Queue.objects.create(key=country.lower(), name=country, manager=manager),
        )
        # Every rep works two territories: two workers want the same reps from two sides.
        for rep in reps:
            if rep.pk % 2 == position % 2:
                TerritoryMembership.objects.create(territory=territory, rep=rep)


def _agreement(admin: User, signer: User, *, are_clocks_hurried: bool) -> None:
    at = database_now()
    version = DefinitionVersion.objects.get(definition__key="mid-market")
    version.marketing_operator, version.sales_operator = admin, signer
    version.save(update_fields=["marketing_operator", "sales_operator"])
    if are_clocks_hurried:
        version.slaterm_set.update(
            respond_within=timedelta(seconds=4),
            warn_at_pct=50,
            later_warnings=[80],
            remind_after=timedelta(seconds=1),
            manager_after=timedelta(seconds=2),
            escalate_after=timedelta(seconds=3),
            reassign_after=None,
        )
    versions.submit(version, by=admin, at=at)
    versions.sign(version, side=Side.MARKETING, by=admin, at=at)
    versions.sign(version, side=Side.SALES, by=signer, at=at)
    versions.activate(version, by=admin, at=at)
