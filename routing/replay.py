"""Decisions decided again on what they stored: the same owner, or the record is no explanation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from routing import records, rules
from routing.cases import Outcome
from routing.enums import RuleKind
from routing.models import RoutingDecision

SCHEMA = 2
"""From this one on a decision holds all that it depended on."""

BY_PEOPLE = (RuleKind.PERSON, RuleKind.PULLED)
"""What people decided was not decided by rules."""

AT_ONCE = 500
"""So many decisions are read at a time."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored decision beside what its record gives today; None: the record was not enough."""

    decision: RoutingDecision
    outcome: Outcome | None

    @property
    def is_same(self) -> bool:
        """Say whether rule and owner are those that were stored."""
        stored, found = self.decision, self.outcome
        return found is not None and (stored.rule, stored.rep_id, stored.queue_id) == (
            found.rule,
            found.rep,
            found.queue,
        )


def replay(decision: RoutingDecision) -> Outcome:
    """Decide again by the very rules, on the stored JSON alone; no query.

    Raises:
        KeyError, ValueError: the record does not hold what the choice depended on.
    """
    return rules.decide(records.case_of(decision.inputs, decision.candidates, at=decision.at))


def decided_by_rules(*, since: datetime | None = None) -> QuerySet[RoutingDecision]:
    """Return the decisions that can be replayed, latest first."""
    made = RoutingDecision.objects.filter(schema__gte=SCHEMA).exclude(rule__in=BY_PEOPLE)
    return (made if since is None else made.filter(at__gte=since)).order_by("-pk")


def replay_all(decisions: QuerySet[RoutingDecision]) -> Iterator[Replayed]:
    """Replay decisions one by one, as they are read."""
    for decision in decisions.iterator(chunk_size=AT_ONCE):
        try:
            yield Replayed(decision, replay(decision))
        except (KeyError, ValueError):
            yield Replayed(decision, None)
