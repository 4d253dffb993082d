"""Conditions in words: what is asked of a fact, as a reader of the agreement says it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.agreements import values
from definitions.vocabulary import (
    ASKED_FACTS,
    BARE_OPERATORS,
    Category,
    Fact,
    FactType,
    IntentLevel,
    Operator,
    Parameter,
)

Row = Mapping[str, Any]

MOST_LEFT_OUT = 2
"""A list of categories that lacks no more than so many is written by what it lacks."""

COUNTED: dict[str, Callable[[], str]] = {
    "touchpoint_count": lambda: _("%(count)s in %(window)s"),
    "touchpoint_days": lambda: _("touchpoints on %(count)s in %(window)s"),
    "touchpoint_channels": lambda: _("touchpoints on %(count)s in %(window)s"),
    "touchpoint_assets": lambda: _("touchpoints with %(count)s in %(window)s"),
    "account_touchpoint_count": lambda: _("%(count)s of the whole account in %(window)s"),
    "account_people_engaged": lambda: _("%(count)s of the account with touchpoints in %(window)s"),
}
"""How each fact that counts within a window is said; total."""

FLAGS: dict[str, tuple[str | Promise, str | Promise]] = {
    "is_target_account": (
        lazy("Works at a target account"),
        lazy("Does not work at a target account"),
    ),
    "has_account": (lazy("Belongs to a known account"), lazy("Belongs to no known account")),
    "is_customer": (
        lazy("Works at a customer: an opportunity was won"),
        lazy("Does not work at a customer"),
    ),
    "email_is_known": (lazy("The e-mail address is known"), lazy("No e-mail address is known")),
    "email_is_free_mail": (
        lazy("The e-mail address is at a free provider"),
        lazy("The e-mail address is not at a free provider"),
    ),
    "phone_is_known": (lazy("The phone number is known"), lazy("No phone number is known")),
    "buying_team_confirmed": (
        lazy("Confirmed member of the buying team"),
        lazy("Denied to be a member of the buying team"),
    ),
}
"""Facts that are true or not, said as either; total."""

NAMES: dict[str, Callable[[str], str]] = {
    "country": values.country,
    "language": values.language,
    "stage": str.upper,
}
"""Facts whose texts are codes that have a name."""

SHORT: dict[str, str | Promise] = {
    "country": lazy("Country"),
    "language": lazy("Language"),
    "title_authority": lazy("Authority by title"),
}
"""Facts that a reader knows by a shorter name than the vocabulary's."""

FILTERS: dict[Parameter, Callable[[Any], str]] = {
    Parameter.KINDS: lambda kinds: _any_of(kinds),
    Parameter.CATEGORIES: lambda categories: _categories(categories),
    Parameter.CHANNELS: lambda channels: _("by %(channels)s") % {"channels": _any_of(channels)},
    Parameter.CAMPAIGNS: lambda campaigns: (
        _("for the campaign %(campaigns)s") % {"campaigns": _any_of(campaigns)}
    ),
    Parameter.MIN_INTENT: lambda level: _intent(level),
    Parameter.DIRECT_ONLY: lambda _only: _("direct intent actions"),
    Parameter.VERIFIED_ONLY: lambda _only: _("verified"),
}
"""How each parameter that narrows touchpoints is said; total but for windows and answers."""


def condition(
    fact: str,
    *,
    operator: str,
    wanted: Any = None,
    parameters: Row | None = None,
    questions: Mapping[str, str] | None = None,
) -> str:
    """Write a condition in full, for example "4+ touchpoints in 30 days".

    questions: by key, the texts of those that only people answer.
    """
    asked, given = ASKED_FACTS[fact], parameters or {}
    if asked.type is FactType.ANSWER:
        what = given.get(Parameter.WHAT, "")
        return _answered((questions or {}).get(what) or values.plain(what), operator, wanted)
    sentence = _said(asked, operator, wanted, given)
    narrowed = filters(given)
    if narrowed:
        said = {"condition": sentence, "filters": ", ".join(narrowed)}
        sentence = _("%(condition)s (%(filters)s)") % said
    return capfirst(sentence)


def row(content_row: Row, *, questions: Mapping[str, str] | None = None) -> str:
    """Write the condition of a content's row, as `condition` does."""
    return condition(
        content_row["fact"],
        operator=content_row["operator"],
        wanted=content_row.get("wanted"),
        parameters=content_row.get("parameters"),
        questions=questions,
    )


def brief(content_row: Row) -> str:
    """Write what a content's row wants, where fact and filters are known: "5+ in 30 days"."""
    fact, operator, given = ASKED_FACTS[content_row["fact"]], content_row["operator"], content_row
    window = (given.get("parameters") or {}).get(Parameter.DAYS)
    if fact.key in COUNTED and operator not in BARE_OPERATORS:
        said = {"count": _count(operator, given["wanted"], ""), "window": _days(window)}
        return _("%(count)s in %(window)s") % said
    return wanted_of(fact, operator, given.get("wanted"))


def fact_name(key: str) -> str:
    """Name a fact as readers of an agreement know it."""
    return str(SHORT.get(key) or _(ASKED_FACTS[key].label))


def filters(parameters: Row) -> list[str]:
    """Write what narrows the touchpoints that count, one text a parameter."""
    return [say(parameters[name]) for name, say in FILTERS.items() if parameters.get(name)]


def wanted_of(fact: Fact, operator: str, wanted: Any) -> str:
    """Write what is wanted of a fact: "50 to 2,000 people", "influencer or above"."""
    if fact.type is FactType.LEVEL and operator == Operator.AT_LEAST:
        return at_least(wanted, fact.levels, name=NAMES.get(fact.key, values.plain))
    if fact.type is FactType.LEVEL and operator == Operator.AT_MOST:
        level = NAMES.get(fact.key, values.plain)(wanted)
        return _("%(level)s or below") % {"level": level}
    if name := NAMES.get(fact.key):
        wanted = [name(one) for one in wanted] if isinstance(wanted, list) else name(wanted or "")
    return values.wanted_words(operator, wanted, fact.unit, most=None)


def at_least(
    level: str, levels: tuple[str, ...], *, name: Callable[[str], str] = values.plain
) -> str:
    """Write a least level of several: "medium or above", the highest alone."""
    said = {"level": name(level)}
    return said["level"] if level == levels[-1] else _("%(level)s or above") % said


def _said(fact: Fact, operator: str, wanted: Any, parameters: Row) -> str:
    if operator in BARE_OPERATORS:
        return _named(fact, operator, wanted)
    if fact.key in COUNTED:
        said = {
            "count": _count(operator, wanted, fact.unit),
            "window": _days(parameters.get(Parameter.DAYS)),
        }
        return COUNTED[fact.key]() % said
    if fact.key in FLAGS:
        yes, no = FLAGS[fact.key]
        return str(yes if wanted else no)
    if fact.key == "days_since_touchpoint":
        return _("latest touchpoint %(days)s ago") % {"days": wanted_of(fact, operator, wanted)}
    return _named(fact, operator, wanted)


def _named(fact: Fact, operator: str, wanted: Any) -> str:
    said = {"fact": fact_name(fact.key), "wanted": wanted_of(fact, operator, wanted)}
    return _("%(fact)s: %(wanted)s") % said


def _count(operator: str, wanted: Any, unit: str) -> str:
    if operator == Operator.AT_LEAST:
        return values.UNITS[unit](f"{values.words(wanted)}+", max(2, int(wanted)))
    if wanted == 0 and operator in (Operator.AT_MOST, Operator.IS):
        return values.UNITS[unit](_("no"), 0) if unit else _("none")
    if operator == Operator.IS:
        return _("exactly %(value)s") % {"value": values.words(wanted, unit)}
    return values.wanted_words(operator, wanted, unit)


def _days(days: int | None) -> str:
    return values.words(days, "days")


def _answered(question: str, operator: str, wanted: Any) -> str:
    said = {"question": question}
    if operator == Operator.KNOWN:
        return _("“%(question)s” answered") % said
    if operator == Operator.UNKNOWN:
        return _("“%(question)s” not answered") % said
    if operator == Operator.IS and isinstance(wanted, bool):
        sentence = _("“%(question)s” answered yes") if wanted else _("“%(question)s” answered no")
        return sentence % said
    answer = values.wanted_words(operator, wanted, most=None)
    return _("“%(question)s” answered: %(answer)s") % (said | {"answer": answer})


def _any_of(words: Iterable[str]) -> str:
    return values.listed([values.plain(word) for word in words], style="or")


def _categories(categories: list[str]) -> str:
    rest = [category for category in Category if category not in categories]
    if 0 < len(rest) <= MOST_LEFT_OUT:
        return _("of any category but %(categories)s") % {"categories": _any_of(rest)}
    return _any_of(categories)


def _intent(level: str) -> str:
    said = {"level": values.plain(level)}
    if level == IntentLevel.HIGH:
        return _("of %(level)s intent") % said
    return _("of %(level)s intent or more") % said
