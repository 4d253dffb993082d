"""Why a lead went to somebody: rules asked, people considered, and what was seen of the lead."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff import reasons
from crm_handoff.agreements import values
from crm_handoff.web import rulebook
from crm_handoff.web.tags import figure
from routing.enums import RuleKind
from routing.models import RoutingDecision


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that was asked; `name` is blank where it bears none."""

    kind: str
    name: str
    is_matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Considered:
    """Somebody who came into question."""

    name: str
    is_eligible: bool
    is_chosen: bool
    why: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A decision as a page shows it; `seen` are facts of the lead with their values."""

    decision: RoutingDecision
    owner: str
    why: str
    asked: Sequence[Asked]
    considered: Sequence[Considered]
    seen: Sequence[tuple[str, str]]

    @property
    def is_queued(self) -> bool:
        """Whether nobody could take the lead, so that a queue holds it."""
        return self.decision.rep_id is None


def with_names(decisions: QuerySet[RoutingDecision]) -> QuerySet[RoutingDecision]:
    """Read with decisions the names that a panel shows, the latest first; no query more."""
    joined = decisions.select_related("rep__user", "queue", "by", "plan", "territory")
    return joined.order_by("-at", "-pk")


def panels_of(decisions: Iterable[RoutingDecision]) -> list[Panel]:
    """Return decisions that `with_names` read as panels, in their order."""
    return [panel_of(decision) for decision in decisions]


def panel_of(decision: RoutingDecision) -> Panel:
    """Return a decision as a panel; also one that was stored before rules could be drawn up."""
    owner = decision.rep or decision.queue
    return Panel(
        decision=decision,
        owner=str(owner or ""),
        why=reasons.said(decision.why),
        asked=[_asked(line) for line in _rows(decision.outcomes)],
        considered=[
            _considered(row, chosen=decision.rep_id) for row in _rows(decision.candidates)
        ],
        seen=list(_seen(decision.inputs)) if isinstance(decision.inputs, dict) else [],
    )


def _rows(stored: Any) -> list[Mapping[str, Any]]:
    return [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []


def _asked(line: Mapping[str, Any]) -> Asked:
    kind = str(line.get("rule", ""))
    label = str(RuleKind(kind).label) if kind in RuleKind.values else values.plain(kind)
    name = str(line.get("name") or "")
    return Asked(
        kind=label,
        name="" if name.casefold() == label.casefold() else name,
        is_matched=bool(line.get("matched")),
        why=reasons.said(str(line.get("why") or "")),
    )


def _considered(row: Mapping[str, Any], *, chosen: int | None) -> Considered:
    return Considered(
        name=str(row.get("name") or ""),
        is_eligible=bool(row.get("eligible")),
        is_chosen=chosen is not None and row.get("rep") == chosen,
        why=reasons.said(str(row.get("why") or "")),
    )


def _count(value: Any) -> str:
    return values.words(value, "people")


SEEN: dict[str, tuple[str | Promise, Callable[[Any], str]]] = {
    "account_name": (lazy("Account"), str),
    "country": (lazy("Country"), values.country),
    "region": (lazy("Region"), str),
    "industry": (lazy("Industry"), str),
    "employee_count": (lazy("Company size"), _count),
    "language": (lazy("Language"), values.language),
    "product_line": (lazy("Product line"), str),
    "reason": (lazy("Reason given"), str),
}
"""What routing looks at in any case, with how it is written."""

WRITTEN: dict[str, Callable[[Any], str]] = {
    "expected_acv": lambda value: str(figure(value)),
    "revenue": lambda value: str(figure(value)),
    "stage": lambda value: str(value).upper(),
}
"""Further facts that rules ask, where the stored value is not what people read."""


def _seen(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, (label, write) in SEEN.items():
        if (value := inputs.get(key)) not in (None, "", []):
            yield str(label), write(value)
    yield from _answers(inputs).items()


def _answers(inputs: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the conditions of rules saw, by the name of the fact; the plain ones stand."""
    answers = {}
    for rule in _rows(inputs.get("rules")):
        for condition in _rows(rule.get("conditions")):
            key, parameters = str(condition.get("fact", "")), condition.get("parameters")
            if key not in SEEN:
                answers[_name(key, parameters)] = _written(key, condition.get("seen"))
    return answers


def _name(key: str, parameters: Any) -> str:
    days = parameters.get("days") if isinstance(parameters, dict) else None
    if days is None:
        return rulebook.fact_name(key)
    said = {"fact": rulebook.fact_name(key), "window": values.words(days, "days")}
    return _("%(fact)s in %(window)s") % said


def _written(key: str, value: Any) -> str:
    if value is not None and key in WRITTEN:
        return WRITTEN[key](value)
    return values.words(value)
