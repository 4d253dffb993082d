"""The page that each role starts from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from crm_handoff.people import access, onboarding
from crm_handoff.people.access.handoffs import alerts_visible_to
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import rejections, scorecard, weeks
from crm_handoff.reports.benchmarks import MQL_TO_SQL, Corridor
from crm_handoff.reports.rejections import RejectionMix
from crm_handoff.reports.scorecard import Scorecard
from crm_handoff.web import awaited, figures, verdicts
from crm_handoff.web.loads import loads
from crm_handoff.web.navigation import is_rep
from crm_handoff.web.needs import needs_of
from crm_handoff.web.operations import signs
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import percent
from routing.enums import ReasonCategory
from routing.models import Rejection, SlaAlert

REASONS_WITHIN = timedelta(weeks=4)

REASONS_SHOWN = 5

LATE_SHOWN = 5

REJECTIONS_SHOWN = 4

SCALE_PCT = 60
"""Where the drawing of corridors ends on the right."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A process to look at: its name, whether its limits are kept, and whether it is shown."""

    card: Scorecard
    name: str
    verdict: verdicts.Verdict
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A benchmark's corridor with its place, in percent of the drawing."""

    corridor: Corridor
    x: str
    width: str


@require_safe
def home(request: PageRequest) -> HttpResponse:
    """Show the start page of a manager; send reps to their queue, others to their notices."""
    user = request.user
    if is_rep(request):
        return redirect("web:queue")
    if user.has_perm("crm_handoff.change_organization"):
        is_new = onboarding.is_open()
        return redirect("web:start") if is_new else _page(request, "web/home_revops.html")
    if user.has_perm("routing.answer_any_handoff"):
        return _page(request, "web/home_sales.html")
    if user.has_perm(SEE_EVERYONES_LEADS) and user.has_perm("routing.view_handoff"):
        return _page(request, "web/home_marketing.html")
    return redirect("web:notices")


@cache_control(private=True, no_store=True)
def _page(request: PageRequest, template: str) -> HttpResponse:
    at = timezone.now()
    context = _agreement(request, at=at) | {
        "needs": needs_of(request.user, at=at),
        "alerts": unanswered(request.user),
    }
    if template == "web/home_sales.html":
        context |= _sales(request, at=at)
    if template == "web/home_revops.html":
        context |= {"signs": signs(at=at)}
    return render(request, template, context)


def _agreement(request: PageRequest, *, at: datetime) -> dict[str, Any]:
    """Return the verdict of each process, and the figures of the one asked for."""
    cards = scorecard.scorecards(at=at, rule=weeks.rule_of_organization())
    asked = request.GET.get("process")
    shown = next((card for card in cards if card.process == asked), cards[0] if cards else None)
    lanes = [
        Lane(card, figures.name_of(card.process), verdicts.verdict_of(card), card is shown)
        for card in cards
    ]
    if shown is None:
        return {"lanes": []}
    mix = rejections.mix(shown.process, start=at - REASONS_WITHIN, end=at)
    return {
        "lanes": lanes,
        "card": shown,
        "change": verdicts.change_sentence(shown),
        "figures": figures.figures_of(shown),
        "mix": mix,
        "rejected": latest_rejections(request.user),
        "reasons": mix.reasons[:REASONS_SHOWN],
        "alarms": remedies_of(mix),
        "bands": bands_of(shown),
        "cohort": cohort_of(shown),
    }


def _sales(request: PageRequest, *, at: datetime) -> dict[str, Any]:
    late = awaited.narrowed(awaited.clocks_of(request.user), {"state": "late"}, at=at)
    return {
        "loads": loads(at=at),
        "late": awaited.rows_of(late.values_list("pk", flat=True)[:LATE_SHOWN], at=at),
        "now": str(at.timestamp()),
    }


def unanswered(user: User) -> QuerySet[SlaAlert]:
    """Return the broken limits of both sides about which nobody has said anything yet."""
    waiting = alerts_visible_to(user).filter(acknowledged_at=None)
    return waiting.select_related("definition", "told").order_by("-at", "-pk")


def latest_rejections(user: User) -> list[Rejection]:
    """Return the latest rejections that stand, as far as somebody may see them; one query."""
    standing = Rejection.objects.filter(
        reversal=None, handoff__in=access.handoffs.visible_to(user)
    )
    rows = standing.select_related("handoff__lead__account", "reason", "by")
    return list(rows.order_by("-at", "-pk")[:REJECTIONS_SHOWN])


def remedies_of(mix: RejectionMix) -> list[tuple[str, str]]:
    """Return for each alarm of the mix what it is, with its share, and what helps."""
    words = {
        ReasonCategory.NO_FIT: (
            _("“No fit” is %(share)s of rejections"),
            _("Look at the fit criteria and at the campaigns below: they bring the wrong firms."),
        ),
        ReasonCategory.BAD_TIMING: (
            _("“Bad timing” is %(share)s of rejections"),
            _("Ask for a stronger intent signal before handing over, and nurture longer."),
        ),
        ReasonCategory.UNREACHABLE: (
            _("“Could not reach” is the largest reason, %(share)s of rejections"),
            _("Look at the first response: late calls reach nobody; then at phone numbers."),
        ),
    }
    return [
        (
            words[category][0] % {"share": percent(mix.share_of(category))},
            words[category][1],
        )
        for category in mix.alarms
    ]


def bands_of(card: Scorecard) -> list[Band]:
    """Return the corridors that are about the process of a scorecard."""
    return [
        Band(found, _place(found.low_pct), _place(found.high_pct - found.low_pct))
        for found in MQL_TO_SQL
        if found.process == card.process
    ]


def cohort_of(card: Scorecard) -> dict[str, str]:
    """Return where the cohort's share and its 95 % interval lie in the drawing of corridors."""
    cohort = card.cohort
    if cohort.pct is None:
        return {}
    return {
        "value": percent(cohort),
        "x": _place(cohort.pct),
        "low": _place(cohort.low_pct),
        "reach": _place(cohort.high_pct - cohort.low_pct),
    }


def _place(value: float) -> str:
    return f"{min(100.0, 100 * value / SCALE_PCT):.2f}%"
