"""Who receives a lead: the rules in their order, each leaving a line that says why."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from routing import roster as rosters
from routing import territories
from routing.enums import RoutingRule
from routing.models import Queue, Rep, Territory, TerritoryMembership
from routing.roster import Candidate, Roster
from routing.territories import RoutingInputs

WHY_LENGTH = 300


class NoFallbackQueue(Exception):
    """No territory covers a lead and no queue is marked as the fallback."""

    def __init__(self) -> None:
        super().__init__("No territory covers this lead: mark one queue as the fallback.")


@dataclass(frozen=True, slots=True)
class Choice:
    """An owner, either a rep or a queue, and how it was found; as a decision stores it."""

    rule: RoutingRule
    why: str
    rep: Rep | None = None
    queue: Queue | None = None
    territory: Territory | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pick:
    """A rep found by a rule."""

    rep: Rep
    rule: RoutingRule
    why: str


@dataclass(slots=True)
class Search:
    """One walk along the rules; `outcomes` grows by a line for each rule asked."""

    roster: Roster
    may_return: bool = False
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> Pick | None:
        """Ask rule after rule; None when nobody may receive the lead."""
        return self._named() or self._account_owner() or self._rotation()

    def _named(self) -> Pick | None:
        roster, account = self.roster, self.roster.inputs.account_name
        if roster.named is None:
            return None
        named = self._consider(roster.named)
        if named.is_eligible:
            return self._found(RoutingRule.NAMED_ACCOUNT, named, f"Named rep for {account}")
        self._passed(RoutingRule.NAMED_ACCOUNT, named)
        because = f"{named.rep}, named for {account}: {named.why}"
        for rule, rep_id in (
            (RoutingRule.NAMED_ACCOUNT, roster.delegate),
            (RoutingRule.SECONDARY, roster.secondary),
        ):
            if rep_id is None or rep_id == roster.named:
                continue
            candidate = self._consider(rep_id)
            if candidate.is_eligible:
                return self._found(rule, candidate, f"Stands in ({because})")
            self._passed(rule, candidate)
        return None

    def _account_owner(self) -> Pick | None:
        roster = self.roster
        if roster.owner is None:
            return None
        owner = self._consider(roster.owner)
        if owner.is_eligible:
            reason = f"Works {roster.inputs.account_name} already"
            return self._found(RoutingRule.ACCOUNT_OWNER, owner, reason)
        self._passed(RoutingRule.ACCOUNT_OWNER, owner)
        return None

    def _rotation(self) -> Pick | None:
        if self.roster.territory is None:
            self._log(RoutingRule.TERRITORY, matched=False, why="no territory covers the lead")
            return None
        eligible = [
            member for member in self.roster.members if self._consider(member.rep_id).is_eligible
        ]
        speakers = [member for member in eligible if self.roster.speaks(member.rep_id)]
        pool = speakers or eligible
        if not pool:
            name = self.roster.territory.name
            self._log(RoutingRule.TERRITORY, matched=False, why=f"nobody eligible in {name}")
            return None
        return self._take_turn(pool, speaks=bool(speakers))

    def _take_turn(self, pool: list[TerritoryMembership], *, speaks: bool) -> Pick:
        territory, language = self.roster.territory, self.roster.inputs.language
        member = territories.next_in_turn(pool)
        territories.charge_turn(member, among=pool)
        words = [f"{territory} territory"]
        if language and speaks:
            words.append(rosters.language_name(language))
        candidate = self.roster.considered[member.rep_id]
        return self._found(RoutingRule.TERRITORY, candidate, ", ".join(words))

    def _consider(self, rep_id: int) -> Candidate:
        return self.roster.consider(rep_id, may_return=self.may_return)

    def _found(self, rule: RoutingRule, candidate: Candidate, reason: str) -> Pick:
        why = f"{reason}, {candidate.why}"
        if self.may_return and candidate.rep.pk in self.roster.previous:
            why += "; held it before, but nobody else is eligible"
        self._log(rule, matched=True, why=why)
        return Pick(rep=candidate.rep, rule=rule, why=why[:WHY_LENGTH])

    def _passed(self, rule: RoutingRule, candidate: Candidate) -> None:
        self._log(rule, matched=False, why=f"{candidate.rep}: {candidate.why}")

    def _log(self, rule: RoutingRule, *, matched: bool, why: str) -> None:
        self.outcomes.append({"rule": rule.value, "matched": matched, "why": why})


def choose(
    inputs: RoutingInputs,
    *,
    at: datetime,
    territory: Territory | None = None,
    previous_rep_ids: Collection[int] = (),
    barred_rep_ids: Collection[int] = (),
) -> Choice:
    """Choose the owner of a lead: never nobody, and nobody above capacity.

    territory: where the lead was routed before, None to look for it. previous_rep_ids: who held
    the lead and gave it back; they come last. barred_rep_ids: who does not come into question.
    Locks the territory, then the reps in question, until the transaction ends, and charges the
    turn to whoever takes one: call it within a transaction that uses the answer.

    Raises:
        NoFallbackQueue: no territory covers the lead and no queue is the fallback.
    """
    held = territories.lock(territory) if territory else territories.lock_for(inputs)
    roster = rosters.lock(
        inputs, territory=held, at=at, previous=previous_rep_ids, barred=barred_rep_ids
    )
    search = Search(roster)
    pick = search.run()
    if pick is None and previous_rep_ids:
        search.may_return = True
        pick = search.run()
    return _choice(search, pick)


def _choice(search: Search, pick: Pick | None) -> Choice:
    roster, queue = search.roster, None
    if pick is None:
        queue, rule, why = _queue_of(roster.territory)
        search.outcomes.append({"rule": rule.value, "matched": True, "why": why})
    else:
        rule, why = pick.rule, pick.why
    return Choice(
        rule=rule,
        why=why,
        rep=pick.rep if pick else None,
        queue=queue,
        territory=roster.territory,
        inputs=asdict(roster.inputs)
        | {
            "territory": roster.territory.key if roster.territory else None,
            "previous_reps": sorted(roster.previous),
        },
        outcomes=search.outcomes,
        candidates=[candidate.as_json() for candidate in roster.considered.values()],
    )


def _queue_of(territory: Territory | None) -> tuple[Queue, RoutingRule, str]:
    if territory is not None:
        queue = territory.queue
        why = f"Nobody in {territory} can take it now: waits in {queue}"
        return queue, RoutingRule.QUEUE, why[:WHY_LENGTH]
    fallback = Queue.objects.filter(is_fallback=True).first()
    if fallback is None:
        raise NoFallbackQueue
    why = f"No territory covers it: waits in {fallback}"
    return fallback, RoutingRule.FALLBACK_QUEUE, why[:WHY_LENGTH]
