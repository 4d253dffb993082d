"""Criteria of an agreement in words: those that a rejection can name, and those missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm_handoff.agreements.values import wanted_words, words
from crm_handoff.agreements.words import DIMENSIONS
from definitions.agreement import Agreement
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from definitions.vocabulary import FACTS
from routing.enums import ReasonCategory
from routing.floor import Finding
from routing.models import Handoff, Rejection

ASKED_FOR = frozenset(
    {ReasonCategory.NO_FIT, ReasonCategory.WRONG_PERSON, ReasonCategory.NO_INTENT}
)
"""What a rejection accuses when it is asked which criterion it means."""

Choices = list[tuple[str, list[tuple[str, str]]]]
"""Groups by their name; in each keys and labels."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A criterion that did not hold: what it is called, what was seen, what is wanted."""

    key: str
    label: str
    seen: str
    wanted: str


def choices_of(version: DefinitionVersion) -> Choices:
    """Return the criteria that a rejection can name, those of the floor first.

    One that says the same as another before it is left out, and so are exclusions, which say
    whom nobody wants.
    """
    agreement = agreement_of(version)
    groups: dict[str, list[tuple[str, str]]] = {}
    said: set[str] = set()
    for key in (*agreement.floor_criteria, *_others(agreement)):
        criterion = agreement.criterion(key)
        if criterion.label in said:
            continue
        said.add(criterion.label)
        is_floor = key in agreement.floor_criteria
        name = _("The agreed floor") if is_floor else str(DIMENSIONS[criterion.dimension])
        groups.setdefault(name, []).append((key, criterion.label))
    return [*groups.items()]


def misses_of(handoff: Handoff, finding: Finding) -> list[Miss]:
    """Return what a handover misses of the floor, in words."""
    agreement = agreement_of(handoff.version)
    return [_miss(agreement, key, finding.values) for key in finding.missed]


def named_by(rejection: Rejection, version: DefinitionVersion) -> str:
    """Return the criterion that a rejection names, in words; blank when it names none."""
    if not rejection.criterion_key:
        return ""
    return agreement_of(version).criterion(rejection.criterion_key).label


def _others(agreement: Agreement) -> list[str]:
    return [one.key for one in agreement.criteria if one.dimension and not one.is_exclusion]


def _miss(agreement: Agreement, key: str, values: Mapping[str, Any]) -> Miss:
    criterion = agreement.criterion(key)
    unit = FACTS[criterion.ref.fact].unit
    return Miss(
        key=key,
        label=criterion.label,
        seen=words(values.get(key), unit),
        wanted=wanted_words(criterion.operator, criterion.wanted, unit),
    )
