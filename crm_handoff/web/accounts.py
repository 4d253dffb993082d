"""Accounts: which companies are we after, who there is engaged, and who owns them?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Max, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff import reasons
from crm_handoff.clock import database_now
from crm_handoff.pages import LookAhead
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports.accounts import ENGAGED_WITHIN, Standing, standings
from crm_handoff.search import UnsearchableText, search
from crm_handoff.web.requests import PageRequest
from leads import accounts as companies
from leads.companies import AccountFacts
from leads.models import Account, Lead, Touchpoint
from routing.enums import HandoffStatus
from routing.models import Handoff, NamedAccount, Rep

PAGE = 50
SHOWN = 100
"""People of an account on its page, those with the most points first."""
LATEST = 30
"""Touchpoints of an account on its page, the latest first."""

VIEWS = {"target": "target", "all": "all"}
"""Which accounts the list shows, by its value in the address; target accounts without one."""


@dataclass(frozen=True, slots=True)
class Row:
    """An account in the list; its owner is the rep named for it, else who works it now."""

    account: Account
    standing: Standing
    owner: Rep | None
    is_named: bool


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_account", SEE_EVERYONES_LEADS), raise_exception=True)
def accounts(request: PageRequest) -> HttpResponse:
    """List accounts by name, target accounts unless all are asked for; `q` searches."""
    view = request.GET.get("view") if request.GET.get("view") in VIEWS else "target"
    found = access.leads.accounts_visible_to(request.user)
    if view == "target":
        found = found.filter(is_target=True)
    wrong = ""
    try:
        found = search(found, request.GET.get("q", ""), ("name", "domain"))
    except UnsearchableText as refusal:
        found, wrong = found.none(), reasons.said(str(refusal))
    page = LookAhead(found.order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": rows_of(list(page), at=timezone.now()),
        "view": view,
        "search": request.GET.get("q", ""),
        "wrong": wrong,
    }
    template = "web/partials/accounts.html" if request.htmx else "web/accounts.html"
    return render(request, template, context)


def rows_of(found: list[Account], *, at: datetime) -> list[Row]:
    """Return the rows of accounts, in three queries."""
    ids = [account.pk for account in found]
    standing, owners = standings(ids, at=at), owners_of(ids)
    return [
        Row(account, standing.get(account.pk, Standing()), *owners.get(account.pk, (None, False)))
        for account in found
    ]


def owners_of(account_ids: list[int]) -> dict[int, tuple[Rep, bool]]:
    """Return who owns accounts, and whether by name; else whoever holds their latest handoff."""
    held = (
        Handoff.objects.filter(lead__account__in=account_ids, status__in=HandoffStatus.HELD)
        .select_related("rep__user", "lead")
        .order_by("opened_at", "pk")
    )
    owners = {handoff.lead.account_id: (handoff.rep, False) for handoff in held}
    named = NamedAccount.objects.filter(account__in=account_ids).select_related("rep__user")
    owners |= {one.account_id: (one.rep, True) for one in named}
    return owners  # type: ignore[return-value]  # held ones have a rep


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_account", "leads.view_lead"), raise_exception=True)
def account(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show an account: its people, what they did lately, its deals, its family and its owner."""
    visible = access.leads.accounts_visible_to(request.user).select_related("parent")
    found = get_object_or_404(visible, public_id=public_id)
    at = timezone.now()
    people = access.leads.visible_to(request.user).filter(account=found)
    context: dict[str, Any] = {
        "account": found,
        "row": rows_of([found], at=at)[0],
        "family": _family(found, access.leads.accounts_visible_to(request.user)),
        "people": _people(people, at=at),
        "most_people": SHOWN,
        "touchpoints": _latest(people),
        "deals": access.leads.opportunities_visible_to(request.user)
        .filter(lead__account=found)
        .select_related("lead", "owner")
        .order_by("-opened_at", "-pk")[:LATEST],
        "may_change": request.user.has_perm("leads.change_account"),
    }
    return render(request, "web/account.html", context)


def _family(found: Account, visible: QuerySet[Account]) -> list[Account]:
    """Return the account's parent, its sisters and what belongs to it, as far as visible."""
    of = Q(parent=found)
    if found.parent_id:
        of |= Q(pk=found.parent_id) | Q(parent=found.parent_id)
    return list(visible.filter(of).exclude(pk=found.pk).order_by("name", "pk")[:SHOWN])


def _people(people: QuerySet[Lead], *, at: datetime) -> list[Lead]:
    recent = Q(
        touchpoints__occurred_at__gt=at - ENGAGED_WITHIN,
        touchpoints__occurred_at__lte=at,
        touchpoints__is_bot=False,
    )
    return list(
        people.select_related("latest_evaluation")
        .annotate(engaged_at=Max("touchpoints__occurred_at", filter=recent))
        .order_by("-latest_evaluation__points", "pk")[:SHOWN]
    )


def _latest(people: QuerySet[Lead]) -> list[Touchpoint]:
    return list(
        Touchpoint.objects.filter(lead__in=people, is_bot=False)
        .select_related("lead", "kind", "asset")
        .order_by("-occurred_at", "-pk")[:LATEST]
    )


@require_POST
@permission_required(("leads.view_account", "leads.change_account"), raise_exception=True)
def set_target(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Mark an account as one that account-based marketing is after, or no longer.

    Its people are judged anew by it.
    """
    found = get_object_or_404(access.leads.accounts_visible_to(request.user), public_id=public_id)
    is_target = request.POST.get("is_target") == "true"
    facts = AccountFacts(is_target=is_target)
    companies.revise(found, facts, received_at=database_now(), system="crm_handoff")
    said = (
        _("%(account)s is a target account: its people are judged anew.")
        if is_target
        else _("%(account)s is no target account any more: its people are judged anew.")
    )
    messages.success(request, said % {"account": found})
    return redirect("web:account", public_id=found.public_id)
