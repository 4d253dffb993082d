"""Both miss rates of this week beside their limits, drawn."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from crm_handoff.reports import scorecard, weeks
from crm_handoff.reports.scorecard import Scorecard
from crm_handoff.web.figures import PAGES, name_of
from crm_handoff.web.shares import percent
from crm_handoff.web.verdicts import (
    FEW_WEEKS,
    NAMES,
    Promise,
    Verdict,
    conclude,
    promises_of,
)


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
    """Return both miss rates of this week for each process; four queries."""
    last = weeks.rule_of_organization().weeks_until(at, count=FEW_WEEKS)
    return [
        _gauge(promise, card)
        for card in scorecard.promises_kept(at=at, weeks=last)
        for promise in promises_of(card)
        if not promise.is_floor
    ]


def _gauge(promise: Promise, card: Scorecard) -> Gauge:
    rate = promise.rate_of(card.this_week)
    share = (rate.pct or 0) / (2 * promise.limit_pct) if promise.limit_pct else 0
    return Gauge(
        explains=promise.explains,
        name=NAMES[promise.explains](),
        process=name_of(card.process),
        value=percent(rate),
        detail=_("%(count)s of %(of)s this week") % {"count": rate.count, "of": rate.of},
        width=f"{100 * min(1.0, share):.2f}%",
        verdict=conclude(promise, card.weeks),
        address=reverse(PAGES[promise.explains]),
    )
