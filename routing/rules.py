"""Who receives a lead: rules in their order over plain data, each leaving a line that says why.

Plain Python: the same function decides on arrival, for a queue in bulk, and for a stored decision
that is replayed. It changes nothing; whoever uses an outcome takes the turn and the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from definitions.vocabulary import ASKED_FACTS
from routing.cases import (
    TURN,
    Ask,
    Case,
    Code,
    Look,
    Member,
    Outcome,
    Person,
    Pool,
    Rule,
    Turn,
    shares_of,
)

WHY_LENGTH = 300

SOON = timedelta(days=6)
"""Within it a weekday and an hour say when an absence ends, beyond it a date."""


def decide(case: Case) -> Outcome:
    """Choose the owner of a lead: never somebody above capacity.

    Who held the lead and gave it back is chosen only when nobody else is eligible.
    """
    search = Search(case)
    found = search.run()
    if found.rep is None and case.previous:
        search.may_return = True
        found = search.run()
    return Outcome(
        rule=found.rule,
        why=found.why[:WHY_LENGTH],
        rep=found.rep,
        queue=found.queue,
        turn=found.turn,
        lines=search.lines,
        seen=list(search.considered.values()),
    )


def unmet(rule: Rule, answers: Sequence[Any]) -> str:
    """Say which conditions of a rule do not hold, in words; "" when it applies."""
    misses = [
        f"{ASKED_FACTS[condition.ref.fact].label.lower()} {shown(answer)}"
        for condition, answer in zip(rule.conditions, answers, strict=False)
        if not condition.predicate(answer)
    ]
    return f"conditions do not hold: {', '.join(misses)}" if misses else ""


def shown(value: Any) -> str:
    """Return a fact's value in words."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def turn_of(able: Sequence[Member], owed: Sequence[Member] = (), *, worth: int = TURN) -> Turn:
    """Say whose turn it is among those able to take it, by smooth weighted round robin.

    All of them, and those who are owed it too, earn their share by weight. Over any run of turns
    with the same members each gets their share, one turn more or less. Of equals the first goes.
    """
    earned = [*able, *owed]
    shares = shares_of([member.weight for member in earned], worth)
    balances = [member.credit + share for member, share in zip(able, shares, strict=False)]
    taken = able[balances.index(max(balances))]
    return Turn(taken=taken, earned=earned, shares=shares, price=worth or sum(shares))


def take(case: Case, outcome: Outcome) -> None:
    """Let a rep have what an outcome gives: the next case of the same people sees it."""
    if outcome.rep is not None:
        case.people[outcome.rep].load += 1
        if case.pool and outcome.rep in case.pool.members:
            case.pool.members[outcome.rep].load += 1
    if outcome.turn is not None:
        for member, share in zip(outcome.turn.earned, outcome.turn.shares, strict=True):
            member.credit += share
        outcome.turn.taken.credit -= outcome.turn.price


@dataclass(slots=True)
class Search:
    """One walk along the rules, or two; `lines` grows by one for each rule asked."""

    case: Case
    may_return: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)
    considered: dict[int, tuple[Look, int]] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Ask rule after rule until one gives an owner."""
        case = self.case
        for place, rule in enumerate(case.rules):
            answers = case.answers[place] if place < len(case.answers) else ()
            objection = unmet(rule, answers) if rule.conditions else ""
            if objection:
                self._log(rule, objection)
                continue
            found = self._ask(rule, place)
            if found is not None:
                return found
        return self._fall_back(Rule(kind=Ask.FALLBACK_QUEUE, name=""))

    def _ask(self, rule: Rule, place: int) -> Outcome | None:
        if rule.kind == Ask.TERRITORY:
            return self._in_territory(rule, place)
        if rule.kind == Ask.FALLBACK_QUEUE:
            return self._fall_back(rule) if rule.queue or self.case.fallback else None
        if rule.kind in (Ask.NAMED_ACCOUNT, Ask.HIGH_VALUE):
            return self._by_name(rule)
        return self._one(rule)

    def _one(self, rule: Rule) -> Outcome | None:
        """Look for who works the account already, or stands in for the last holder."""
        is_owner = rule.kind == Ask.ACCOUNT_OWNER
        rep = self.case.owner if is_owner else self.case.preferred
        if rep is None:
            self._log(rule, "nobody works the account" if is_owner else "nobody stands in")
            return None
        if not self._consider(rep):
            self._passed(rule, rep)
            return None
        reason = f"Works {self.case.account} already" if is_owner else "Stands in"
        return self._found(rule, rule.kind, rep, reason)

    def _by_name(self, rule: Rule) -> Outcome | None:
        """Look for a rep whom a rule names; else who stands in, then the second contact."""
        is_account = rule.kind == Ask.NAMED_ACCOUNT
        rep = self.case.named if is_account else rule.rep
        if rep is None:
            self._log(rule, "the account is nobody's by name")
            return None
        if self._consider(rep):
            reason = f"Named rep for {self.case.account}" if is_account else rule.name
            return self._found(rule, rule.kind, rep, reason)
        self._passed(rule, rep)
        person, pool = self.case.people[rep], self.case.pool
        reason = f"named for {self.case.account}" if is_account else f"by {rule.name}"
        because = f"Stands in ({person.name}, {reason}: {self._said(rep)['why']})"
        secondary = pool.secondary if pool else None
        for kind, other in ((rule.kind, person.delegate), (Ask.SECONDARY, secondary)):
            if other is None or other == rep:
                continue
            if self._consider(other):
                return self._found(rule, kind, other, because)
            self._passed(rule, other)
        return None

    def _in_territory(self, rule: Rule, place: int) -> Outcome | None:
        pool = self.case.pool
        if pool is None or place != self.case.pool_rule:
            self._log(rule, "no territory covers the lead")
            return None
        turn = self._rotate(pool)
        if turn is None:
            self._log(rule, f"nobody eligible in {pool.name}")
            why = f"Nobody in {pool.name} can take it now: waits in {pool.queue_name}"
            self._line(Ask.QUEUE, rule.name, matched=True, why=why)
            return Outcome(rule=Ask.QUEUE, why=why, queue=pool.queue)
        words = [f"{pool.name} territory"]
        if self.case.language and self._speaks(turn.taken.person):
            words.append(self.case.language_name)
        return self._found(rule, Ask.TERRITORY, turn.taken.person.rep, ", ".join(words), turn)

    def _rotate(self, pool: Pool) -> Turn | None:
        """Say whose turn it is; members who are away earn too, until they are owed enough."""
        members = [member for member in pool.members.values() if member.takes_turns]
        eligible = [one for one in members if self._consider(one.person.rep, in_rotation=True)]
        speakers = [one for one in eligible if self._speaks(one.person)]
        able = speakers or eligible
        if not able:
            return None
        owed = self._owed(members, pool, speak=bool(speakers))
        return turn_of(able, owed, worth=pool.turn)

    def _owed(self, members: Sequence[Member], pool: Pool, *, speak: bool) -> list[Member]:
        """Return the members who are away and are owed this turn too."""
        away = [one for one in members if one.person.is_away]
        if not away or not pool.make_up_turns:
            return []
        most = pool.make_up_turns * (pool.turn or sum(member.weight for member in members))
        return [
            one
            for one in away
            if self._said(one.person.rep)["code"] == Code.AWAY
            and one.credit < most
            and (not speak or self._speaks(one.person))
        ]

    def _fall_back(self, rule: Rule) -> Outcome:
        marked = self.case.fallback or (None, "")
        queue, name = (rule.queue, rule.queue_name) if rule.queue else marked
        reason = rule.name if rule.conditions else "No territory covers it"
        why = f"{reason}: waits in {name}"
        self._line(Ask.FALLBACK_QUEUE, rule.name, matched=True, why=why)
        return Outcome(rule=Ask.FALLBACK_QUEUE, why=why, queue=queue)

    def _speaks(self, person: Person) -> bool:
        """Say whether a rep speaks the lead's language; anybody does when it is not known."""
        return not self.case.language or self.case.language in person.languages

    def _consider(self, rep: int, *, in_rotation: bool = False) -> bool:
        """Say whether a rep may receive the lead, and keep the answer with what it rests on."""
        case = self.case
        person = case.people[rep]
        member = case.pool.members.get(rep) if case.pool else None
        if member is None or rep in case.barred or rep in case.previous:
            look = Look(self._look(person, member, in_rotation=in_rotation))
        else:
            # What was said of a member for the lead before is true until their load changes.
            here = person.is_active, person.is_away, in_rotation, case.at
            key = person.load, member.load, case.language, *here
            if member.looked is None or member.looked[0] != key:
                said = self._look(person, member, in_rotation=in_rotation)
                member.looked = key, Look(said)
            look = member.looked[1]
        if in_rotation:  # The members stand in their order, wherever else one was asked before.
            self.considered.pop(rep, None)
        self.considered[rep] = look, member.credit if member else 0
        return bool(look.row["eligible"])

    def _said(self, rep: int) -> dict[str, Any]:
        return self.considered[rep][0].row

    def _look(self, person: Person, member: Member | None, *, in_rotation: bool) -> dict[str, Any]:
        code, why = self._objection(person, member, in_rotation=in_rotation)
        candidate: dict[str, Any] = {
            "rep": person.rep,
            "name": person.name,
            "eligible": code is Code.OK,
            "code": code.value,
            "why": why or f"{person.load} of {person.capacity} open",
            "open": person.load,
            "of": person.capacity,
        }
        if member is None:
            candidate["outside"] = True
        else:
            _add_membership(candidate, member)
        if not person.is_active or person.is_away or person.is_suspended:
            _add_obstacles(candidate, person)
        if self.case.language and self._speaks(person):
            candidate["speaks"] = True
        return candidate

    def _objection(
        self, person: Person, member: Member | None, *, in_rotation: bool
    ) -> tuple[Code, str]:
        if person.rep in self.case.barred:
            return Code.BARRED, "holds it now"
        if person.rep in self.case.previous and not self.may_return:
            return Code.PREVIOUS, "held it before: gave it back, or was late with it"
        if not person.is_active or person.is_away:
            return self._absent(person)
        if full := _full(person, member, self.case.pool):
            return full
        return self._unfit(person, in_rotation=in_rotation)

    def _absent(self, person: Person) -> tuple[Code, str]:
        if not person.is_active:
            return Code.INACTIVE, "inactive"
        return Code.AWAY, self._away(person)

    def _unfit(self, person: Person, *, in_rotation: bool) -> tuple[Code, str]:
        if self._lacks_the_language(person):
            return Code.LANGUAGE, f"no {self.case.language_name}"
        if in_rotation and person.is_suspended:
            return Code.SUSPENDED, "out of rotation"
        return Code.OK, ""

    def _lacks_the_language(self, person: Person) -> bool:
        pool = self.case.pool
        return pool is not None and pool.language_is_required and not self._speaks(person)

    def _away(self, person: Person) -> str:
        until = person.away_until
        if until is None:
            return "away"
        local = until.astimezone(ZoneInfo(self.case.pool.zone if self.case.pool else "UTC"))
        is_soon = until - self.case.at <= SOON
        return f"away until {local:%a %H:%M}" if is_soon else f"away until {local:%d %b %Y}"

    def _found(
        self, rule: Rule, kind: str, rep: int, reason: str, turn: Turn | None = None
    ) -> Outcome:
        why = f"{reason}, {self._said(rep)['why']}"
        if self.may_return and rep in self.case.previous:
            why += "; held it before, but nobody else is eligible"
        self._line(kind, rule.name, matched=True, why=why)
        return Outcome(rule=kind, why=why, rep=rep, turn=turn)

    def _passed(self, rule: Rule, rep: int) -> None:
        row = self._said(rep)
        self._log(rule, f"{row['name']}: {row['why']}")

    def _log(self, rule: Rule, why: str) -> None:
        self._line(rule.kind, rule.name, matched=False, why=why)

    def _line(self, kind: str, name: str, *, matched: bool, why: str) -> None:
        self.lines.append({"rule": str(kind), "name": name, "matched": matched, "why": why})


def _full(person: Person, member: Member | None, pool: Pool | None) -> tuple[Code, str] | None:
    if person.load >= person.capacity:
        return Code.FULL, f"{person.load}/{person.capacity} open"
    if member is None or member.capacity is None or member.load < member.capacity:
        return None
    place = pool.name if pool else ""
    return Code.TERRITORY_FULL, f"{member.load}/{member.capacity} open in {place}"


def _add_membership(candidate: dict[str, Any], member: Member) -> None:
    if member.weight != 1:
        candidate["weight"] = member.weight
    if member.capacity is not None:
        candidate["territory_open"] = member.load
        candidate["territory_of"] = member.capacity
    if not member.takes_turns:
        candidate["takes_turns"] = False


def _add_obstacles(candidate: dict[str, Any], person: Person) -> None:
    if not person.is_active:
        candidate["active"] = False
    if person.is_away:
        candidate["away"] = person.away_until.isoformat() if person.away_until else ""
        if person.delegate:
            candidate["delegate"] = person.delegate
    if person.is_suspended:
        candidate["suspended"] = True
