"""The funnel from first contact to won."""

import re
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import organization
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports.funnel import FunnelSlice, systems
from crm_handoff.reports.funnel import funnel as funnel_of
from crm_handoff.web.requests import PageRequest

MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class Bar:
    """A slice with its name for people and the length of its bar, 0 to 100 of the longest."""

    slice: FunnelSlice
    name: str
    share_pct: int


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_opportunity", SEE_EVERYONES_LEADS), raise_exception=True)
def funnel(request: PageRequest) -> HttpResponse:
    """Show leads, won deals and their share by origin and by month; `system` narrows."""
    known = systems()
    system = request.GET.get("system", "")
    report = funnel_of(zone=organization.time_zone(), system=system if system in known else "")
    context = {
        "report": report,
        "by_source": bars(report.by_source),
        "by_month": bars(report.by_month),
        "flag_count": sum(anomaly.count for anomaly in report.anomalies),
        "systems": known,
        "system": system,
    }
    return render(request, "web/funnel.html", context)


def bars(slices: tuple[FunnelSlice, ...]) -> list[Bar]:
    """Return slices with bars in proportion to their leads."""
    most = max((part.lead_count for part in slices), default=0)
    return [
        Bar(part, _name(part), round(100 * part.lead_count / most) if most else 0)
        for part in slices
    ]


def _name(part: FunnelSlice) -> str:
    """Write a month as "Mar 2018"; everything else by its label."""
    if MONTH.fullmatch(part.key):
        return date_format(date.fromisoformat(f"{part.key}-01"), "M Y")
    return part.label
