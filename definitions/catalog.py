"""The shared catalog: touchpoint kinds and title rules that new drafts copy."""

from pathlib import Path
from typing import Any

from django.db import transaction

from definitions import document
from definitions.models import TitleRule, TouchpointKind
from definitions.titles import load_default_title_rules

DEFAULTS = Path(__file__).parent / "defaults"
"""Where the shipped documents are: kinds, title rules and definitions."""


@transaction.atomic
def load_defaults() -> None:
    """Add the shipped kinds and title rules that are not there yet.

    Kinds are known by key and title rules are added only to an empty catalog: what an operator
    changed stays changed. Repeating it adds nothing.
    """
    kinds = document.read((DEFAULTS / "kinds.yaml").read_text(encoding="utf-8"))
    TouchpointKind.objects.bulk_create(
        (TouchpointKind(key=key, **row) for key, row in kinds.items()), ignore_conflicts=True
    )
    if not TitleRule.objects.exists():
        TitleRule.objects.bulk_create(
            TitleRule(
                position=position,
                language=rule.language,
                phrase=rule.phrase,
                unless=list(rule.unless),
                authority=rule.authority,
                confidence=rule.confidence,
            )
            for position, rule in enumerate(load_default_title_rules(), 1)
        )


def copies() -> dict[str, Any]:
    """Return the catalog as the `kinds` and `title_rules` of a document."""
    kinds = TouchpointKind.objects.order_by("key").values(
        "key", "category", "intent_level", "is_direct_intent", "is_product_use"
    )
    rules = TitleRule.objects.order_by("position").values(
        "language", "phrase", "unless", "authority", "confidence"
    )
    return {
        "kinds": {kind.pop("key"): kind for kind in map(dict, kinds)},
        "title_rules": [
            {name: value for name, value in rule.items() if value} for rule in map(dict, rules)
        ],
    }
