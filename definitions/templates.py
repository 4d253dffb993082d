"""Templates that a new draft can start from: what teams usually agree on, ready to be changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from definitions import catalog, document, versions
from definitions.catalog import DEFAULTS
from definitions.models import DefinitionVersion
from definitions.vocabulary import Process

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A document to start from; `key` is the name of its file, `process` the lifecycle it has."""

    key: str
    name: str | Promise
    description: str | Promise
    process: Process


TEMPLATES = (
    Template(
        "four_criteria_under_30k",
        _("Four criteria, under 30K"),
        _("Fit, engagement, intent, authority; end users may be SQL."),
        Process.CRITERIA_LED,
    ),
    Template(
        "four_criteria_30_100k",
        _("Four criteria, 30–100K"),  # noqa: RUF001 - a dash is meant
        _("SQL needs a decision-maker or a confirmed member of the buying team."),
        Process.CRITERIA_LED,
    ),
    Template(
        "four_criteria_100k",
        _("Four criteria, 100K and above"),
        _("Decision-makers and senior influencers only; target accounts by a path of their own."),
        Process.CRITERIA_LED,
    ),
    Template(
        "points_based",
        _("Points"),
        _("Points for webinars, e-mails and demos, weighed by source and campaign, make the MQL."),
        Process.CRITERIA_LED,
    ),
    Template(
        "bant",
        _("BANT"),
        _("Marketing hands over at MQL; a rep confirms budget, authority, need and timing."),
        Process.SALES_CONFIRMED,
    ),
    Template(
        "champ",
        _("CHAMP"),
        _("Marketing hands over at MQL; a rep begins with the challenges, then the money."),
        Process.SALES_CONFIRMED,
    ),
    Template(
        "account_based",
        _("Target accounts (ABM)"),
        _("Any engaged contact of a target account is MQL; SQL needs their authority and intent."),
        Process.CRITERIA_LED,
    ),
    Template(
        "product_led",
        _("Product-led"),
        _("Usage of the product reaches PQL, which hands over to sales."),
        Process.SALES_CONFIRMED,
    ),
    Template(
        "iql",
        _("Information first (IQL)"),
        _("Downloads and webinars make an IQL; interest in the offer makes the MQL."),
        Process.CRITERIA_LED,
    ),
)
"""What ships, in the order in which it is offered."""


def content_of(key: str, *, definition: str) -> Content:
    """Return the content of a template for a definition, the catalog's copies included; 2 queries.

    It is sound but for the people who operate it, whom it does not name. May be changed.

    Raises:
        KeyError: there is no such template.
    """
    if key not in {template.key for template in TEMPLATES}:
        raise KeyError(key)
    return {
        **document.read(_text(f"templates/{key}")),
        "definition": definition,
        **catalog.copies(),
    }


def start(
    key: str, *, definition: str, name: str, position: int, by: AbstractBaseUser
) -> DefinitionVersion:
    """Write a template as the next draft of a definition, which is created when missing.

    name, position: of the definition when it is created.

    Raises:
        KeyError: there is no such template.
        ContentInvalid: with every problem found.
    """
    content = content_of(key, definition=definition)
    return versions.create_draft(content, by=by, about={"name": name, "position": position})


@cache
def _text(name: str) -> str:
    """Return a document that ships, written in full."""
    content = document.read((DEFAULTS / f"{name}.yaml").read_text(encoding="utf-8"))
    base = content.pop("base", "")
    content.pop("about", None)
    return document.render(_over(document.read(_text(base)), content) if base else content)


def _over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Content:
    """Return a document with changes: mappings are merged, None takes away, the rest replaces."""
    merged = dict(base)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _over(merged[name], value)
        else:
            merged[name] = value
    return merged
