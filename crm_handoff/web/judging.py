"""By which version a lead is judged, and why by that one: the segments tried, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from crm_handoff.agreements.conditions import condition
from crm_handoff.agreements.values import words as value_words
from crm_handoff.web.tags import absolute
from definitions.conditions import FactRef
from definitions.models import DefinitionVersion
from definitions.vocabulary import FACTS
from leads import segments
from leads.models import Lead
from leads.segments import Keeping, Seen, Tried


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition of a segment in words, with the value seen of the lead."""

    words: str
    seen: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A version that was tried for the lead; `why` says it in a sentence."""

    version: DefinitionVersion
    is_taken: bool
    why: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """What judges a lead now, None when no version takes it, and what was tried before it."""

    taken: Trial | None
    passed_over: tuple[Trial, ...]


def judge_of(lead: Lead, *, at: datetime) -> Judge:
    """Say which version judges a lead at an instant and why; a few queries a definition."""
    trials = [_trial(tried) for tried in segments.why(lead, at=at)]
    return Judge(
        taken=next((one for one in trials if one.is_taken), None),
        passed_over=tuple(one for one in trials if not one.is_taken),
    )


def _trial(tried: Tried) -> Trial:
    return Trial(
        version=tried.version,
        is_taken=tried.is_taken,
        why=_why(tried) if tried.is_taken else _("Its segment does not take this lead."),
        asked=tuple(_asked(tried.conditions)),
    )


def _why(tried: Tried) -> str:
    said: dict[str, object] = {"version": tried.version}
    if tried.is_kept_because is Keeping.SALES:
        return _("Sales has this lead: it stays with the version under which it was handed over.")
    if tried.is_kept_because is Keeping.GRANDFATHER:
        sentence = _("It qualified under %(version)s; leads under way stay with their version.")
        return sentence % said
    if tried.is_kept_because is Keeping.SUNSET and tried.kept_until:
        said |= {"until": absolute(tried.kept_until)}
        return _("It qualified under %(version)s, and stays with it until %(until)s.") % said
    if not tried.conditions:
        return _("It takes everyone whom no other definition takes.")
    return _("Its segment takes this lead.")


def _asked(conditions: Iterable[Seen]) -> Iterable[Asked]:
    for one in conditions:
        yield Asked(
            words=condition(
                one.ref.fact,
                operator=one.operator,
                wanted=one.wanted,
                parameters=_parameters(one.ref),
            ),
            seen=value_words(one.seen, FACTS[one.ref.fact].unit),
            is_met=one.is_met,
        )


def _parameters(ref: FactRef) -> dict[str, object]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in ref.parameters
    }
