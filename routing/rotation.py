"""Whose turn it is in a territory: the accounts of its members, kept in the database.

Smooth weighted round robin: at a turn all who could have taken it earn a share of what it is
worth, by weight, and who takes it pays that. Members who are away earn too, until they are owed as
many turns as the territory makes up for. So the credits of a territory add up to the same after a
turn, but for the rest of a division, and members who join or leave change nobody else's.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Avg

from routing import territories
from routing.cases import TURN, Turn, shares_of
from routing.enums import RuleKind
from routing.models import Handoff, RoutingDecision, Territory, TerritoryMembership

_SETTLE = """
UPDATE routing_territorymembership AS member SET credit = credit + change.amount
FROM unnest(%s::bigint[], %s::bigint[]) AS change (id, amount) WHERE member.id = change.id
"""


def charge(turns: Iterable[Turn]) -> None:
    """Write down turns that were taken; one statement. Call it under the territories' locks."""
    changes: Counter[int] = Counter()
    for turn in turns:
        for member, share in zip(turn.earned, turn.shares, strict=True):
            changes[member.pk] += share
        changes[turn.taken.pk] -= turn.price
    _settle(changes)


@dataclass(frozen=True, slots=True)
class PaidTurn:
    """The turn by which a rep got a handoff: who earned how much by it."""

    territory_id: int
    taken_by: int
    earned: dict[int, int]


def paid_for(handoff: Handoff) -> PaidTurn | None:
    """Return the turn by which the present rep got a handoff, its territory locked.

    None when no turn gave it, or it was given to another since. Call it before any rep is locked.
    """
    decision = (
        RoutingDecision.objects.filter(handoff=handoff, rep__isnull=False).order_by("-pk").first()
    )
    if (
        decision is None
        or decision.territory_id is None
        or (decision.rule, decision.rep_id) != (RuleKind.TERRITORY, handoff.rep_id)
        or not decision.inputs.get("earned")
    ):
        return None
    territories.lock([decision.territory_id])
    weights = {row["rep"]: row.get("weight", 1) for row in decision.candidates}
    reps = decision.inputs["earned"]
    earned = dict(zip(reps, shares_of([weights[rep] for rep in reps]), strict=True))
    return PaidTurn(decision.territory_id, decision.rep_id or 0, earned)


def give_back(turn: PaidTurn) -> None:
    """Undo a turn, since the lead was rightly returned: it is as if the lead had not come.

    Who took it gets back what it cost, those who earned by it pay that back. Call it once the
    rep's load has changed: whoever changes loads locks reps before their memberships.
    """
    _reverse(turn, sign=-1)


def charge_again(turn: PaidTurn) -> None:
    """Take back what `give_back` did, when the return is taken back; likewise at the end."""
    _reverse(turn, sign=1)


def _reverse(turn: PaidTurn, *, sign: int) -> None:
    members = TerritoryMembership.objects.filter(territory=turn.territory_id)
    ids = dict(members.values_list("rep_id", "pk"))
    changes = Counter(
        {ids[rep]: sign * weight for rep, weight in turn.earned.items() if rep in ids}
    )
    if turn.taken_by in ids:
        changes[ids[turn.taken_by]] -= sign * TURN
    _settle(changes)


def join_credit(territory: Territory) -> int:
    """Return the credit with which a new member starts: the average of those who take turns.

    So nobody is behind or ahead of the others for having come later.
    """
    members = TerritoryMembership.objects.filter(territory=territory, is_active=True)
    return round(members.aggregate(average=Avg("credit"))["average"] or 0)


def _settle(changes: Counter[int]) -> None:
    ids = sorted(pk for pk, amount in changes.items() if amount)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [ids, [changes[pk] for pk in ids]])
