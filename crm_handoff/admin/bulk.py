"""Actions on several rows of a list, with what became of each row."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from crm_handoff.admin.base import AdminRequest, ModelAdmin

MOST_ROWS = 200
"""Rows that one action takes at most, since each is reported."""


class RowRefused(Exception):
    """The action is not for this row; the message says why, after the row's name."""


class Bulk(NamedTuple):
    """An action on chosen rows: its name, who may take it, and what it does to one of them.

    `act` makes the one call to the domain and returns what to tell of the row after its name; one
    of `refusals` that it raises is told instead, and the other rows go on. With a `question` the
    person is asked first.
    """

    label: str
    permission: str
    act: Callable[[AdminRequest, Any], str]
    question: str = ""
    refusals: tuple[type[Exception], ...] = ()


class Told(NamedTuple):
    """What became of one row."""

    row: str
    what: str
    is_done: bool


class BulkAdmin(ModelAdmin):
    """Adds `bulk` to the actions of a list, as far as the person may take them."""

    bulk: Mapping[str, Bulk] = {}

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "_popup" in request.GET:
            return actions
        return actions | {
            name: (partial(_take, name=name, action=action), name, action.label)
            for name, action in self.bulk.items()
            if request.user.has_perm(action.permission)
        }


def _take(
    page: BulkAdmin, request: AdminRequest, rows: QuerySet[Any], *, name: str, action: Bulk
) -> HttpResponse | None:
    """Ask first where the action says so, else act on each row and report."""
    chosen = list(rows[: MOST_ROWS + 1])
    if len(chosen) > MOST_ROWS:
        refusal = f"Choose no more than {MOST_ROWS} rows at once; nothing was done."
        page.message_user(request, refusal, messages.ERROR)
        return None
    if action.question and "confirmed" not in request.POST:
        return _asked(page, request, chosen, name=name, action=action)
    _report(page, request, [_told(request, row, action) for row in chosen])
    return None


def _asked(
    page: BulkAdmin, request: AdminRequest, chosen: list[Any], *, name: str, action: Bulk
) -> HttpResponse:
    context = page.admin_site.each_context(request) | {
        "title": action.label,
        "opts": page.opts,
        "action": action,
        "action_name": name,
        "rows": chosen,
        "checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def _told(request: AdminRequest, row: Model, action: Bulk) -> Told:
    name = str(row)
    refusals: tuple[type[Exception], ...] = (RowRefused, *action.refusals)
    try:
        with transaction.atomic():
            return Told(name, action.act(request, row), is_done=True)
    except refusals as refusal:
        return Told(name, str(refusal), is_done=False)


def _report(page: BulkAdmin, request: AdminRequest, told: list[Told]) -> None:
    done = [one for one in told if one.is_done]
    refused = [one for one in told if not one.is_done]
    if done:
        page.message_user(request, _lines("Done", done), messages.SUCCESS)
    if refused:
        page.message_user(request, _lines("Left as they were", refused), messages.WARNING)


def _lines(title: str, told: list[Told]) -> SafeString:
    lines = format_html_join(
        "", "<li><b>{}</b> {}</li>", ((capfirst(one.row), one.what) for one in told)
    )
    return format_html("{} ({}):<ul>{}</ul>", title, len(told), lines)
