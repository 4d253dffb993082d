"""What a condition can be asked with: values that the data knows, and the version's own words."""

from collections.abc import Callable, Iterable
from typing import Any

from babel import Locale
from django.utils.text import capfirst
from django.utils.translation import get_language

from crm_handoff.web.tags import words
from definitions.enums import VersionState
from definitions.models import DefinitionVersion, Question, TouchpointKind
from definitions.vocabulary import Category, Fact, FactType, IntentLevel, Parameter, Path
from leads.models import Account, Campaign, Lead, Persona, Source

Choices = list[tuple[str, str]]

MOST = 500
"""Values of one column that are offered; others are written by hand."""


def values_of(fact: Fact) -> Choices:
    """Return values that a fact can take as far as they are known; one query at most."""
    if fact.type is FactType.LEVEL:
        return _words(fact.levels)
    return KNOWN[fact.key]() if fact.key in KNOWN else []


def parameters_of(version: DefinitionVersion | None, parameter: Parameter) -> Choices:
    """Return what is offered for one of a fact's parameters; one query at most.

    version: whose own kinds and questions; None: the catalog's, and those in force.
    """
    return OFFERED[parameter](version) if parameter in OFFERED else []


def also(choices: Choices, values: Iterable[Any]) -> Choices:
    """Add values that are chosen already, though nobody offers them any more."""
    offered = {value for value, _ in choices}
    more = [str(value) for value in values if str(value) not in offered]
    return [*choices, *((value, value) for value in more)]


def _named(model: Any) -> Choices:
    return list(model.objects.order_by("name", "pk").values_list("key", "name")[:MOST])


def _column(name: str, model: Any = Account) -> Callable[[], Choices]:
    def read() -> Choices:
        rows = model.objects.exclude(**{name: ""}).order_by(name).values_list(name, flat=True)
        return [(value, value) for value in rows.distinct()[:MOST]]

    return read


def _countries() -> Choices:
    names = Locale.parse(get_language() or "en", sep="-").territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return sorted(known, key=lambda one: one[1])


def _languages() -> Choices:
    names = Locale.parse(get_language() or "en", sep="-").languages
    known = [(code, capfirst(name)) for code, name in names.items() if len(code) == 2]
    return sorted(known, key=lambda one: one[1])


KNOWN: dict[str, Callable[[], Choices]] = {
    "country": _countries,
    "language": _languages,
    "region": _column("region"),
    "industry": _column("industry"),
    "funding_stage": _column("funding_stage"),
    "account_tier": _column("tier"),
    "product_line": _column("product_line", Lead),
    "persona": lambda: _named(Persona),
    "source": lambda: _named(Source),
    "campaigns": lambda: _named(Campaign),
    "path": lambda: _words(Path),
}
"""Facts whose values can be read from the data or from a standard."""


def _words(keys: Iterable[str]) -> Choices:
    return [(str(key), capfirst(words(key))) for key in keys]


def _kinds(version: DefinitionVersion | None) -> Choices:
    kinds: Any = version.kinds if version is not None else TouchpointKind.objects
    return _words(kinds.order_by("key").values_list("key", flat=True))


def _questions(version: DefinitionVersion | None) -> Choices:
    if version is not None:
        asked = version.question_set.order_by("position", "pk")
    else:
        asked = Question.objects.filter(version__state=VersionState.ACTIVE).order_by("key", "pk")
    return list(dict(asked.values_list("key", "question")).items())


OFFERED: dict[Parameter, Callable[[DefinitionVersion | None], Choices]] = {
    Parameter.KINDS: _kinds,
    Parameter.CATEGORIES: lambda _version: _words(Category),
    Parameter.MIN_INTENT: lambda _version: _words(list(IntentLevel)[1:]),
    Parameter.CAMPAIGNS: lambda _version: _named(Campaign),
    Parameter.WHAT: _questions,
}
"""Parameters whose values are offered; the others are typed."""
