"""Columns of lists: names that lead on, states with a color beside their word, and ages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import localtime

from crm_handoff.admin.links import link_to

Column = Callable[[Any], Any]

STAGE_COLORS = {
    "mql": "info",
    "pql": "info",
    "sql": "primary",
    "sal": "primary",
    "opportunity": "primary",
    "won": "success",
    "lost": "danger",
    "disqualified": "danger",
    "recycled": "warning",
}
"""Colors of a lead's stages; one that is missing stays grey."""

LABEL = (
    "inline-block font-semibold rounded-default text-[11px] uppercase whitespace-nowrap h-6 "
    "leading-6 px-2"
)
COLORS = {
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "primary": "bg-primary-100 text-primary-700 dark:bg-primary-500/20 dark:text-primary-400",
    "": "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200",
}
"""The theme's labels, drawn without its template, which is slow for every row of a list."""


def linked(relation: str, *, description: str = "") -> Column:
    """Return a column that names a related row and leads to it; join the relation beforehand.

    `relation` may pass through others, such as `handoff__lead`.
    """
    steps = relation.split("__")

    def column(row: Any) -> SafeString | str:
        for step in steps:
            row = row and getattr(row, step)
        return link_to(row)

    return _named(column, relation, description=description or _words(steps[-1]))


def labelled(
    field: str, colors: Mapping[str, str], *, description: str = "", is_sortable: bool = False
) -> Column:
    """Return a column that shows a choice as a colored label with its word."""

    def column(row: Model) -> SafeString | str:
        if not (value := getattr(row, field)):
            return "-"
        color = COLORS[colors.get(value, "")]
        said = getattr(row, f"get_{field}_display")()
        return format_html('<span class="{} {}">{}</span>', LABEL, color, said)

    return _named(
        column,
        f"{field}_label",
        description=description or _words(field),
        ordering=field if is_sortable else None,
    )


def flagged(field: str, word: str, *, color: str = "warning") -> Column:
    """Return a column that shows a word where a flag is set, and nothing else elsewhere."""

    def column(row: Model) -> SafeString | str:
        if not getattr(row, field):
            return "-"
        return format_html('<span class="{} {}">{}</span>', LABEL, COLORS[color], word)

    return _named(column, f"{field}_flag", description=_words(field.removeprefix("is_")))


def aged(field: str, *, description: str, is_sortable: bool = False) -> Column:
    """Return a column that says how long ago an instant was; the instant itself on hover."""

    def column(row: Model) -> SafeString | str:
        instant: datetime | None = getattr(row, field)
        if instant is None:
            return "-"
        local = localtime(instant)
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            local.isoformat(),
            local.strftime("%Y-%m-%d %H:%M %Z"),
            timesince(instant, depth=1),
        )

    return _named(
        column, f"{field}_age", description=description, ordering=field if is_sortable else None
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _named(column: Column, name: str, **shown: Any) -> Column:
    column.__name__ = name
    decorated: Column = admin.display(**shown)(column)
    return decorated
