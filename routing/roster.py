"""Who could receive a lead, locked, and whether each of them may, in plain words."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import get_language_info

from routing.enums import HandoffStatus
from routing.models import Absence, Rep, Territory, TerritoryMembership
from routing.territories import RoutingInputs

SOON = timedelta(days=6)
"""Within it a weekday and an hour say when an absence ends, beyond it a date."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rep who was considered; `why` in words: "30/30 open", "away until Mon 09:00"."""

    rep: Rep
    is_eligible: bool
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return it as decisions store it."""
        return {
            "rep": self.rep.pk,
            "name": str(self.rep),
            "eligible": self.is_eligible,
            "why": self.why,
        }


@dataclass(slots=True)
class Roster:
    """The reps in question for one lead at one instant, their rows locked.

    `named`, `owner` (holds an open handoff of the same account) and `secondary` are ids of reps
    in `reps`. `previous` held the lead and gave it back; `barred` do not come into question at
    all. `considered` grows with every question asked, in order.
    """

    inputs: RoutingInputs
    territory: Territory | None
    at: datetime
    members: list[TerritoryMembership]
    absences: dict[int, Absence]
    named: int | None = None
    owner: int | None = None
    previous: Collection[int] = ()
    barred: Collection[int] = ()
    reps: dict[int, Rep] = field(default_factory=dict)
    considered: dict[int, Candidate] = field(default_factory=dict)

    @property
    def secondary(self) -> int | None:
        """The territory's second contact."""
        return self.territory.secondary_id if self.territory else None

    @property
    def delegate(self) -> int | None:
        """Who stands in for the named rep, who is away."""
        absence = self.absences.get(self.named) if self.named else None
        return absence.delegate_id if absence else None

    def consider(self, rep_id: int, *, may_return: bool = False) -> Candidate:
        """Say whether a rep may receive the lead, and keep the answer.

        may_return: having given the lead back is no objection, since nobody else is eligible.
        """
        rep = self.reps[rep_id]
        objection = self._objection(rep, may_return=may_return)
        why = objection or f"{load_of(rep)} of {rep.capacity} open"
        candidate = Candidate(rep=rep, is_eligible=not objection, why=why)
        self.considered[rep_id] = candidate
        return candidate

    def speaks(self, rep_id: int) -> bool:
        """Say whether a rep speaks the lead's language; anybody does when it is not known."""
        language = self.inputs.language
        return not language or language in self.reps[rep_id].languages

    def _objection(self, rep: Rep, *, may_return: bool) -> str:
        if rep.pk in self.barred:
            return "holds it now or held it last"
        if rep.pk in self.previous and not may_return:
            return "held it before and gave it back"
        return self._obstacle(rep)

    def _obstacle(self, rep: Rep) -> str:
        if not (rep.is_active and rep.user.is_active):
            return "inactive"
        if rep.pk in self.absences:
            return _away(self.absences[rep.pk], at=self.at, zone=self._zone)
        if load_of(rep) >= rep.capacity:
            return f"{load_of(rep)}/{rep.capacity} open"
        if self._language_is_required and not self.speaks(rep.pk):
            return f"no {language_name(self.inputs.language)}"
        return ""

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.territory.calendar.time_zone if self.territory else "UTC")

    @property
    def _language_is_required(self) -> bool:
        return self.territory is not None and self.territory.language_is_required


def lock(
    inputs: RoutingInputs,
    *,
    territory: Territory | None,
    at: datetime,
    previous: Collection[int] = (),
    barred: Collection[int] = (),
) -> Roster:
    """Lock everybody who may come into question, by ascending id, waiting for each.

    The territory must be locked already. A rep who is locked elsewhere is waited for, never
    skipped: skipping would give the next one two turns.
    """
    named, owner = _of_account(inputs)
    roster = Roster(
        inputs=inputs,
        territory=territory,
        at=at,
        members=_members(territory),
        absences={away.rep_id: away for away in Absence.objects.filter(span__contains=at)},
        named=named,
        owner=owner,
        previous=previous,
        barred=barred,
    )
    ids = {member.rep_id for member in roster.members} | {*barred}
    by_name = (roster.named, roster.delegate, roster.owner, roster.secondary)
    roster.reps = lock_reps(ids | {rep for rep in by_name if rep is not None})
    return roster


def lock_reps(ids: Iterable[int]) -> dict[int, Rep]:
    """Lock reps by ascending id and return them by id, with their users."""
    rows = (
        Rep.objects.filter(pk__in=sorted(ids))
        .select_related("user")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    return {rep.pk: rep for rep in rows}


def load_of(rep: Rep) -> int:
    """Return how many open handoffs a rep holds."""
    return rep.open_count + rep.excess_count


def language_name(code: str) -> str:
    """Return a language in words, "German" for "de"; the code itself when it is unknown."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code.upper()


def _members(territory: Territory | None) -> list[TerritoryMembership]:
    if territory is None:
        return []
    return list(
        TerritoryMembership.objects.filter(territory=territory, is_active=True).order_by("pk")
    )


_OF_ACCOUNT = """
SELECT (SELECT rep_id FROM routing_namedaccount WHERE account_id = %(account)s),
    (SELECT rep_id FROM routing_handoff AS handoff JOIN leads_lead AS lead ON lead.id = lead_id
     WHERE lead.account_id = %(account)s AND lead.id <> %(lead)s AND status = ANY(%(held)s)
     ORDER BY assigned_at DESC, handoff.id DESC LIMIT 1)
"""


def _of_account(inputs: RoutingInputs) -> tuple[int | None, int | None]:
    """Return whom the account is named for, and who holds another lead of it; one query."""
    if inputs.account_id is None:
        return None, None
    asked: dict[str, Any] = {
        "account": inputs.account_id,
        "lead": inputs.lead_id,
        "held": sorted(HandoffStatus.HELD),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_ACCOUNT, asked)
        named, owner = cursor.fetchone()
        return named, owner


def _away(absence: Absence, *, at: datetime, zone: ZoneInfo) -> str:
    until = absence.span.upper
    if until is None:
        return "away"
    local = until.astimezone(zone)
    return f"away until {local:%a %H:%M}" if until - at <= SOON else f"away until {local:%d %b %Y}"
