"""The first steps of an installation: what is done is read from facts, never ticked by hand."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from crm_handoff.people.models import ApiKey, Invitation, Organization, User
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion, SignOff, TouchpointKind
from leads.models import Lead
from routing.models import BusinessCalendar, Queue, Territory

NEEDED_ROLES = (Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.REP)
"""Without one of each nobody signs for marketing or sales, or receives a lead."""

SHOWN_TERRITORIES = 50


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far one definition is on its way to being in force.

    `unnamed` are the sides for which nobody answers yet, `unsigned` those whose signature its
    review still waits for; each is blank in the other states.
    """

    version: DefinitionVersion
    unnamed: tuple[Side, ...]
    unsigned: tuple[Side, ...]

    @property
    def is_active(self) -> bool:
        """Whether leads are judged by it."""
        return self.version.state == VersionState.ACTIVE


@dataclass(frozen=True, slots=True)
class Setup:
    """What there is already; each part is a fact of the database."""

    organization: Organization | None
    has_defaults: bool
    here: Mapping[Role, int]
    """People of each role who have come in."""
    invited: Mapping[Role, int]
    """People of each role whose invitation is open."""
    calendars: tuple[BusinessCalendar, ...]
    territories: tuple[Territory, ...]
    """Active ones; `rep_count` is how many reps receive their leads."""
    agreements: tuple[Agreement, ...]
    has_key: bool
    has_leads: bool

    @property
    def missing_roles(self) -> list[Role]:
        """Needed roles that nobody has come in for."""
        return [role for role in NEEDED_ROLES if not self.here.get(role)]

    @property
    def has_calendar(self) -> bool:
        """Whether some calendar with hours is in use that somebody adapted, or that fits."""
        if self.organization is None:
            return False
        zone = self.organization.time_zone
        return any(
            calendar.key != "default" or calendar.time_zone == zone for calendar in self.calendars
        )

    @property
    def has_territory(self) -> bool:
        """Whether some territory has reps who receive its leads."""
        return any(territory.rep_count for territory in self.territories)  # type: ignore[attr-defined]

    @property
    def is_complete(self) -> bool:
        """Whether everything is there that a lead needs to reach a rep under an agreement."""
        return (
            self.organization is not None
            and not self.missing_roles
            and self.has_calendar
            and self.has_territory
            and any(agreement.is_active for agreement in self.agreements)
            and self.has_leads
        )


def setup() -> Setup:
    """Read how far the installation is; ten small queries at any size."""
    here, invited = _people()
    return Setup(
        organization=Organization.objects.first(),
        has_defaults=TouchpointKind.objects.exists()
        and Queue.objects.filter(is_fallback=True).exists(),
        here=here,
        invited=invited,
        calendars=tuple(
            BusinessCalendar.objects.filter(windows__isnull=False).distinct().order_by("pk")
        ),
        territories=_territories(),
        agreements=_agreements(),
        has_key=ApiKey.objects.filter(revoked_at=None).exists(),
        has_leads=Lead.objects.exists(),
    )


def is_open() -> bool:
    """Say whether the first steps are still what RevOps should see first.

    One query once somebody put them away, ten before.
    """
    row = Organization.objects.values_list("set_up_at", flat=True)[:1]
    if not row:
        return True
    return row[0] is None and not setup().is_complete


def put_away(*, at: datetime) -> None:
    """Show the first steps no longer of themselves; a second time changes nothing."""
    Organization.objects.filter(set_up_at=None).update(set_up_at=at)


@transaction.atomic
def name_operators(version: DefinitionVersion, *, marketing: User, sales: User) -> None:
    """Say in a draft who answers for it on each side.

    Raises:
        VersionIsFrozen: it is no draft any more.
    """
    locked = DefinitionVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    if locked.state != VersionState.DRAFT:
        raise versions.VersionIsFrozen(locked)
    locked.marketing_operator, locked.sales_operator = marketing, sales
    locked.save(update_fields=["marketing_operator", "sales_operator"])


def _people() -> tuple[dict[Role, int], dict[Role, int]]:
    is_invited = Exists(
        Invitation.objects.filter(person=OuterRef("pk"), accepted_at=None, revoked_at=None)
    )
    rows = (
        User.objects.filter(groups__name__in=Role.values)
        .annotate(is_invited=is_invited)
        .values("groups__name")
        .annotate(
            here=Count("pk", filter=Q(is_active=True)),
            waiting=Count("pk", filter=Q(is_active=False, is_invited=True)),
        )
        .values_list("groups__name", "here", "waiting")
    )
    counted = {Role(name): (here, waiting) for name, here, waiting in rows}
    return (
        {role: here for role, (here, _waiting) in counted.items()},
        {role: waiting for role, (_here, waiting) in counted.items()},
    )


def _territories() -> tuple[Territory, ...]:
    receives = Q(
        memberships__is_active=True,
        memberships__rep__is_active=True,
        memberships__rep__user__is_active=True,
    )
    return tuple(
        Territory.objects.filter(is_active=True)
        .annotate(rep_count=Count("memberships", filter=receives))
        .order_by("position", "pk")[:SHOWN_TERRITORIES]
    )


def _agreements() -> tuple[Agreement, ...]:
    """Return the version of each definition that is furthest; two queries."""
    rows = (
        DefinitionVersion.objects.exclude(state=VersionState.RETIRED)
        .select_related("definition", "marketing_operator", "sales_operator")
        .order_by("definition__name", "definition_id", "number")
    )
    furthest: dict[int, DefinitionVersion] = {}
    for version in rows:
        known = furthest.get(version.definition_id)
        if known is None or known.state != VersionState.ACTIVE:
            furthest[version.definition_id] = version
    signed = _signed_sides([version.pk for version in furthest.values()])
    return tuple(_agreement(version, signed[version.pk]) for version in furthest.values())


def _agreement(version: DefinitionVersion, signed: set[tuple[int, str]]) -> Agreement:
    sides = {side for round_, side in signed if round_ == version.review_round}
    is_draft = version.state == VersionState.DRAFT
    in_review = version.state == VersionState.IN_REVIEW
    return Agreement(
        version,
        unnamed=tuple(side for side in Side if is_draft and not _operator(version, side)),
        unsigned=tuple(side for side in Side if in_review and side.value not in sides),
    )


def _operator(version: DefinitionVersion, side: Side) -> User | None:
    person: User | None = getattr(version, f"{side.value}_operator")
    return person


def _signed_sides(version_ids: list[int]) -> dict[int, set[tuple[int, str]]]:
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    rows = SignOff.objects.filter(version__in=version_ids)
    for version_id, round_, side in rows.values_list("version_id", "review_round", "side"):
        found[version_id].add((round_, side))
    return found
