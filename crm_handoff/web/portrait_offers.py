"""What the form for imagining a lead offers to choose from, by the agreement that judges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_handoff.agreements import values
from definitions.agreement import Agreement, CompiledCriterion, CompiledScoreRule
from definitions.models import TouchpointKind
from definitions.vocabulary import Operator
from leads.models import Campaign, Persona, Source
from leads.portraits import COMPANY_FACTS, PERSON_FACTS

Choices = list[tuple[str, Any]]

MOST_CHOICES = 300
"""Campaigns, sources and personas that are offered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that people answer: in words, with the answers that count."""

    words: str
    answers: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What the form offers to choose from; `asked` are answers by what is asked.

    `fields` are those that the agreement looks at; all of them while there is none.
    """

    kinds: Choices
    sources: Choices
    personas: Choices
    campaigns: Choices
    asked: Mapping[str, Asked]
    industries: tuple[str, ...]
    fields: frozenset[str]


def offers_of(agreement: Agreement | None, *, answered: Iterable[str] = ()) -> Offers:
    """Return what to offer for trying an agreement; four queries.

    answered: what has an answer already, whether or not the agreement asks for it.
    """
    kinds = dict(TouchpointKind.objects.order_by("name").values_list("key", "name"))
    if agreement:
        kinds |= {key: values.plain(key) for key in sorted(agreement.kinds.keys() - kinds.keys())}
    asked = _asked(agreement) if agreement else {}
    for what in answered:
        asked.setdefault(what, Asked(values.plain(what), (True, False)))
    return Offers(
        kinds=list(kinds.items()),
        sources=_named(Source),
        personas=_named(Persona),
        campaigns=_named(Campaign),
        asked=asked,
        industries=_industries(agreement) if agreement else (),
        fields=_looked_at(agreement) if agreement else COMPANY_FACTS | PERSON_FACTS,
    )


def _named(model: type[Source] | type[Persona] | type[Campaign]) -> Choices:
    rows = model._default_manager.order_by("name", "pk").values_list("key", "name")
    return list(rows[:MOST_CHOICES])


def _asked(agreement: Agreement) -> dict[str, Asked]:
    """Return what an agreement wants answered by people, with the answers that it names."""
    words = {question.key: question.question for question in agreement.questions}
    found: dict[str, list[Any]] = {key: [] for key in words}
    for criterion in agreement.criteria:
        if criterion.ref.fact in ("asserted", "buying_team_confirmed"):
            what = str(criterion.ref.parameter("what", criterion.ref.fact))
            wanted = criterion.wanted if isinstance(criterion.wanted, list) else [criterion.wanted]
            found.setdefault(what, []).extend(wanted)
    return {
        what: Asked(
            words.get(what) or values.plain(what),
            tuple(dict.fromkeys([*(one for one in wanted if isinstance(one, str)), True, False])),
        )
        for what, wanted in found.items()
    }


READ_OFF = {
    "title_authority": "job_title",
    "title_confidence": "job_title",
    "email_is_known": "email",
    "email_is_free_mail": "email",
}
"""Fields by the facts that are read off them, where they are called otherwise."""


def _looked_at(agreement: Agreement) -> frozenset[str]:
    """Return the fields by which an agreement judges, or chooses whom."""
    asked = (ref.fact for ref in (*agreement.refs, *agreement.segment_refs))
    return frozenset(READ_OFF.get(fact, fact) for fact in asked)


def _industries(agreement: Agreement) -> tuple[str, ...]:
    rows: list[CompiledCriterion | CompiledScoreRule] = []
    rows += agreement.criteria
    rows += agreement.score_rules
    named = [
        one.wanted if isinstance(one.wanted, list) else [one.wanted]
        for one in rows
        if one.ref.fact == "industry" and one.operator not in (Operator.KNOWN, Operator.UNKNOWN)
    ]
    return tuple(sorted({str(name) for names in named for name in names}))
