"""The list of leads: found by word and by what is asked of them, latest change first."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff import reasons
from crm_handoff.agreements import values
from crm_handoff.pages import LookAhead
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.search import UnsearchableText, search
from crm_handoff.web.requests import PageRequest
from leads.enums import Stage
from leads.models import Campaign, Lead, Source

PAGE = 50

MOST_CHOICES = 300
"""Campaigns that are offered, the latest first; any other still works in the address."""

SEARCHED = ("first_name", "last_name", "email", "account__name")
RELATED: dict[str, type[Source | Campaign]] = {"source": Source, "campaign": Campaign}
"""Filters by the key of what a lead points at."""

FLAGS = {"target": "account__is_target", "falls_short": "no_longer_meets"}
"""Filters that are on or off, by the column that must hold then."""


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_lead", SEE_EVERYONES_LEADS), raise_exception=True)
def leads(request: PageRequest) -> HttpResponse:
    """List leads by latest change: `q` searches, the other parameters of the address narrow."""
    visible = access.leads.visible_to(request.user).select_related("account", "source")
    found, wrong = _searched(_narrowed(visible, request.GET), request.GET.get("q", ""))
    pages = LookAhead(found.order_by("-updated_at", "-pk"), PAGE)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "wrong": wrong,
        "chosen": request.GET,
        "is_narrowed": any(request.GET.get(name) for name in NAMES),
    }
    if request.htmx:
        return render(request, "web/partials/leads.html", context)
    return render(request, "web/leads.html", context | _choices())


NAMES = ("q", "stage", "country", *RELATED, *FLAGS)
"""Parameters by which the list is narrowed."""


def _narrowed(rows: QuerySet[Lead], said: QueryDict) -> QuerySet[Lead]:
    if said.get("stage") in Stage.values:
        rows = rows.filter(stage=said["stage"])
    if country := _plain(said, "country"):
        rows = rows.filter(country=country[:2].upper())
    for name, model in RELATED.items():
        if key := _plain(said, name):
            # The planner knows how many leads a row has, but not how many a key has.
            ids = model._default_manager.filter(key=key).values_list("pk", flat=True)
            rows = rows.filter(**{f"{name}__in": list(ids)})
    for name, column in FLAGS.items():
        if said.get(name):
            rows = rows.filter(**{column: True})
    return rows


def _plain(said: QueryDict, name: str) -> str:
    """Return a parameter without what no text column can hold."""
    return said.get(name, "").replace("\0", "")


def _searched(rows: QuerySet[Lead], said: str) -> tuple[QuerySet[Lead], str]:
    """Return the rows that hold the words, and what is wrong with those if something is."""
    try:
        return search(rows, said, SEARCHED), ""
    except UnsearchableText as refusal:
        return rows.none(), reasons.said(str(refusal))


def _choices() -> dict[str, Any]:
    """Return what the filters offer; two queries."""
    campaigns = Campaign.objects.order_by("-starts_on", "-pk").values_list("key", "name")
    return {
        "stages": Stage.choices,
        "sources": Source.objects.order_by("name").values_list("key", "name")[:MOST_CHOICES],
        "campaigns": campaigns[:MOST_CHOICES],
        "countries": values.countries(),
    }
