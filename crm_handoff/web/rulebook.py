"""The routing rules in words: what is in force, what a draft says, and how two editions differ."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_handoff.agreements import conditions, values
from crm_handoff.web.tags import figure
from definitions.vocabulary import ASKED_FACTS
from routing import drafts, plans
from routing.enums import RuleKind
from routing.models import RoutingCondition, RoutingRule


@dataclass(frozen=True, slots=True)
class Article:
    """A rule in words: when it applies, and to whom it sends."""

    rule: RoutingRule
    number: int
    kind: str
    when: Sequence[str]
    whereto: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """One difference between two editions; `kind` is added, removed, changed or moved."""

    kind: str
    name: str
    words: str


TARGETS: dict[str, Callable[[RoutingRule], str]] = {
    RuleKind.NAMED_ACCOUNT: lambda _rule: _("To the rep for whom the account is named."),
    RuleKind.ACCOUNT_OWNER: lambda _rule: _(
        "To the rep who works the account or another lead of it already."
    ),
    RuleKind.HIGH_VALUE: lambda rule: (
        _("To %(rep)s, from %(amount)s expected a year.")
        % {"amount": figure(rule.least_amount), "rep": rule.rep}
    ),
    RuleKind.TERRITORY: lambda rule: (
        _("To the rotation of %(territory)s.") % {"territory": rule.territory}
        if rule.territory
        else _("To the rotation of the first territory that covers the lead.")
    ),
    RuleKind.FALLBACK_QUEUE: lambda rule: (
        _("Waits in the queue %(queue)s.") % {"queue": rule.queue}
        if rule.queue
        else _("Waits in the fallback queue.")
    ),
}
"""To whom a rule of each kind sends; total over the kinds that plans are made of."""


def articles_of(rules: Iterable[RoutingRule]) -> list[Article]:
    """Write rules with their targets and conditions; asks nothing that `with_rules` read."""
    return [
        Article(
            rule=rule,
            number=number,
            kind=str(RuleKind(rule.kind).label),
            when=[condition_words(one) for one in plans.conditions_of(rule)],
            whereto=TARGETS[rule.kind](rule),
        )
        for number, rule in enumerate(rules, 1)
    ]


def condition_words(condition: RoutingCondition) -> str:
    """Write a condition as a reader of rules says it; one that makes no sense as it is stored."""
    try:
        drafts.check_condition(condition)
    except drafts.ConditionRefused:
        return str(condition)
    return conditions.condition(
        condition.fact,
        operator=condition.operator,
        wanted=condition.wanted,
        parameters=condition.parameters,
    )


def fact_name(key: str) -> str:
    """Name a fact or a part of the verdict; what nobody knows any more by its key."""
    return conditions.fact_name(key) if key in ASKED_FACTS else capfirst(values.plain(key))


def amendments(before: Iterable[RoutingRule], after: Iterable[RoutingRule]) -> list[Amendment]:
    """Say how a later edition differs from an earlier one; rules are known by kind and name."""
    old, new = _by_key(articles_of(before)), _by_key(articles_of(after))
    kept = [key for key in new if key in old]
    stays = [key for key in old if key in new]
    moved = {key for key, was in zip(kept, stays, strict=True) if key != was}
    return [
        *(_added(article) for key, article in new.items() if key not in old),
        *(_removed(article) for key, article in old.items() if key not in new),
        *(
            _changed(old[key], new[key])
            for key in kept
            if _said(old[key].rule) != _said(new[key].rule)
        ),
        *(_moved(old[key], new[key]) for key in kept if key in moved),
    ]


def _by_key(articles: Iterable[Article]) -> dict[tuple[str, str, int], Article]:
    """Return rules by kind and name, and by which of those that share both they are."""
    found: dict[tuple[str, str, int], Article] = {}
    for article in articles:
        known = (article.rule.kind, article.rule.name)
        found[*known, sum(key[:2] == known for key in found)] = article
    return found


def _said(rule: RoutingRule) -> tuple[object, ...]:
    """Return what a rule does, its name and place aside."""
    return (
        rule.territory_id,
        rule.rep_id,
        rule.queue_id,
        rule.least_amount,
        [plans.row_of(one) for one in plans.conditions_of(rule)],
    )


def _added(article: Article) -> Amendment:
    return Amendment("added", article.rule.name, sentence_of(article))


def _removed(article: Article) -> Amendment:
    return Amendment("removed", article.rule.name, sentence_of(article))


def _changed(old: Article, new: Article) -> Amendment:
    said = {"before": sentence_of(old), "after": sentence_of(new)}
    return Amendment("changed", new.rule.name, _("Was: %(before)s Now: %(after)s") % said)


def _moved(old: Article, new: Article) -> Amendment:
    said = {"before": old.number, "after": new.number}
    words = _("Asked as number %(after)s, before as number %(before)s.") % said
    return Amendment("moved", new.rule.name, words)


def sentence_of(article: Article) -> str:
    """Write a rule in one or two sentences."""
    if not article.when:
        return article.whereto
    said = {"conditions": "; ".join(article.when), "target": article.whereto}
    # Translators: what must hold of a lead, and to whom it then goes.
    return _("%(conditions)s → %(target)s") % said
