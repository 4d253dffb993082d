"""Links between pages that belong together."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

LINK = "text-primary-600 whitespace-nowrap dark:text-primary-500"
"""The theme's classes of a link."""


class Related(NamedTuple):
    """Rows of another model about this one, or (with `at`) the one row that this one names.

    `by` is the filter of their list that names this row; `at` the relation that leads to it.
    """

    model: str
    title: str
    by: str = ""
    at: str = ""


def page_of(row: Model) -> str:
    """Return the address of a row's own page."""
    address = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(address, args=[row.pk])


def link_to(row: Model | None) -> SafeString | str:
    """Return a row's name, linked to its page; a dash for none."""
    if row is None:
        return "-"
    return format_html('<a href="{}" class="{}">{}</a>', page_of(row), LINK, row)


def links_of(
    row: Model, related: tuple[Related, ...], request: HttpRequest
) -> Iterator[dict[str, str]]:
    """Yield titles and addresses of what belongs to a row, as far as the person may open it."""
    for one in related:
        app, name = one.model.split(".")
        if request.user.has_perm(f"{app}.view_{name}") and (address := _address(row, one)):
            yield {"title": capfirst(one.title), "address": address}


def _address(row: Model, related: Related) -> str:
    if related.at:
        named = getattr(row, related.at, None)
        return page_of(named) if named is not None else ""
    opts = apps.get_model(related.model)._meta
    query = urlencode({related.by: row.pk})
    return f"{reverse(f'admin:{opts.app_label}_{opts.model_name}_changelist')}?{query}"
