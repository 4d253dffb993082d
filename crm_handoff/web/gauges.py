"""Both signed miss rates beside their limits, drawn."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from crm_handoff.reports.limits import Limits, limits_in_force
from crm_handoff.reports.rates import Rate
from crm_handoff.web.figures import PAGES, name_of
from crm_handoff.web.shares import percent
from crm_handoff.web.verdicts import NAMES, Promise, Verdict, judge, signed_promises
from definitions.vocabulary import Process


@dataclass(frozen=True, slots=True)
class Gauge:
    """A share with its limit drawn; places in percent of the drawing, which ends at the double."""

    explains: str
    name: str
    process: str
    value: str
    detail: str
    width: str
    verdict: Verdict
    address: str


def gauges(*, at: datetime) -> list[Gauge]:
    """Return both miss rates of the last 28 days for each process in force; three queries."""
    found = limits_in_force(at=at)
    return [
        gauge
        for process in Process
        if process in found
        for gauge in _gauges(found[process], process)
    ]


def _gauges(limits: Limits, process: Process) -> tuple[Gauge, Gauge]:
    responses, floor = signed_promises(limits)
    missed, below = limits.response.kept, limits.criteria.kept
    return (
        _gauge(responses, missed, process, explains="response_misses"),
        _gauge(floor, below, process, explains="floor_misses"),
    )


def _gauge(promise: Promise, rate: Rate, process: Process, *, explains: str) -> Gauge:
    share = (rate.pct or 0) / (2 * promise.limit_pct) if promise.limit_pct else 0
    return Gauge(
        explains=explains,
        name=NAMES[promise.explains](),
        process=name_of(process),
        value=percent(rate),
        detail=_("%(count)s of %(of)s in 28 days") % {"count": rate.count, "of": rate.of},
        width=f"{100 * min(1.0, share):.2f}%",
        verdict=judge(promise, rate),
        address=reverse(PAGES[promise.explains]),
    )
