"""The figures of the home pages: a value, what it is compared with, and a verdict in words."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from crm_handoff.reports.rates import ENOUGH, Rate
from crm_handoff.reports.scorecard import Scorecard, WeekFigures
from crm_handoff.web import tags
from crm_handoff.web.charts import Bar, Chart, chart
from crm_handoff.web.glossary import GLOSSARY
from crm_handoff.web.glossary.explanation import Text
from crm_handoff.web.shares import money, pct, percent
from crm_handoff.web.verdicts import Promise, Verdict, conclude, promises_of
from definitions.vocabulary import Process

PAGES = {"response_misses": "web:sla_response", "floor_misses": "web:sla_criteria"}
"""Pages on which both promises are taken apart, by glossary key."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the present week beside the week before; `explains` is its glossary key.

    address: the page on which it is taken apart; "" without one.
    """

    explains: str
    value: str
    detail: str
    compared: str
    chart: Chart | None = None
    verdict: Verdict | None = None
    address: str = ""

    @property
    def name(self) -> Text:
        """What the glossary calls it."""
        return GLOSSARY[self.explains].name


def name_of(process: Process) -> str:
    """Return a process in words."""
    if process == Process.CRITERIA_LED:
        return _("SQL by criteria")
    return _("SQL confirmed by sales")


def figures_of(card: Scorecard) -> tuple[Figure, ...]:
    """Return the figures of a process, in the order in which the agreement promises them."""
    handed_over = _handed_over(card)
    kept = (_promised(card, promise) for promise in promises_of(card))
    pays = [_becomes_sql(card), _direct(card), _won(card)]
    return (handed_over, *kept, *(figure for figure in pays if figure is not None))


def _promised(card: Scorecard, promise: Promise) -> Figure:
    this, last = promise.rate_of(card.this_week), promise.rate_of(card.last_week)
    return Figure(
        explains=promise.explains,
        value=percent(this),
        detail=_detail(card.this_week, promise),
        compared=_last_week(last),
        chart=_rates(card, promise),
        verdict=conclude(promise, card.weeks),
        address=reverse(PAGES[promise.explains]) if promise.explains in PAGES else "",
    )


def _detail(week: WeekFigures, promise: Promise) -> str:
    rate = promise.rate_of(week)
    counts = {"count": rate.count, "of": rate.of}
    if promise.explains == "acceptance":
        pending = {"waiting": week.pending_count, "returned": week.returned_count}
        if week.returned_count:
            said = _(
                "%(count)s of %(of)s answered; %(waiting)s wait; %(returned)s returned afterwards"
            )
        else:
            said = _("%(count)s of %(of)s answered; %(waiting)s wait")
        return said % (counts | pending)
    if promise.explains == "response_misses":
        return _("%(count)s of %(of)s clocks that came due") % counts
    return _("%(count)s of %(of)s handed over") % counts


def _last_week(rate: Rate) -> str:
    if not rate.of:
        return _("last week none")
    return _("last week %(value)s of %(of)s") % {"value": percent(rate), "of": rate.of}


def _rates(card: Scorecard, promise: Promise) -> Chart:
    rates = [(week, promise.rate_of(week)) for week in card.weeks]
    bars = [
        Bar(
            rate.pct,
            _("Week of %(day)s: %(value)s of %(of)s")
            % {"day": day_of(week), "value": percent(rate), "of": rate.of},
            _kind(card, week, is_bad=rate.is_enough and not promise.is_kept(rate)),
        )
        for week, rate in rates
    ]
    label = _("By week, from %(first)s to %(last)s: %(values)s. The line is at %(limit)s.") % {
        "first": day_of(card.weeks[0]),
        "last": day_of(card.this_week),
        "values": ", ".join(percent(rate) for _week, rate in rates),
        "limit": pct(promise.limit_pct),
    }
    return chart(bars, label=label, limit=promise.limit_pct)


def _counts(card: Scorecard, count_of: Callable[[WeekFigures], int]) -> Chart:
    bars = [
        Bar(
            count_of(week),
            _("Week of %(day)s: %(count)s") % {"day": day_of(week), "count": count_of(week)},
            _kind(card, week),
        )
        for week in card.weeks
    ]
    label = _("By week, from %(first)s to %(last)s: %(values)s.") % {
        "first": day_of(card.weeks[0]),
        "last": day_of(card.this_week),
        "values": ", ".join(str(count_of(week)) for week in card.weeks),
    }
    return chart(bars, label=label)


def _kind(card: Scorecard, week: WeekFigures, *, is_bad: bool = False) -> str:
    now = "now" if week is card.this_week else ""
    return f"{now} bad".strip() if is_bad else now


def day_of(figures: WeekFigures) -> str:
    """Write the day on which a week begins, in the organization's zone."""
    return tags.day_of(figures.week.starts_at)


def _handed_over(card: Scorecard) -> Figure:
    this, last = card.this_week, card.last_week
    return Figure(
        explains="handed_over",
        value=number_format(this.handed_over_count, 0),
        detail=_("%(count)s by this time last week") % {"count": last.handed_over_by_now_count},
        compared=_("last week %(count)s") % {"count": last.handed_over_count},
        chart=_counts(card, lambda week: week.handed_over_count),
    )


def _becomes_sql(card: Scorecard) -> Figure:
    cohort = card.cohort
    few = _("too few to say: %(count)s of %(enough)s") % {"count": cohort.of, "enough": ENOUGH}
    surely = _("95 %% sure: %(low)s to %(high)s") % {
        "low": pct(cohort.low_pct),
        "high": pct(cohort.high_pct),
    }
    return Figure(
        explains="mql_to_sql",
        value=percent(cohort),
        detail=_("%(count)s of %(of)s MQLs within 4 weeks")
        % {"count": cohort.count, "of": cohort.of},
        compared=surely if cohort.is_enough else few,
    )


def _direct(card: Scorecard) -> Figure | None:
    if card.process != Process.CRITERIA_LED:
        return None
    this, last = card.this_week, card.last_week
    return Figure(
        explains="direct_sqls",
        value=number_format(this.direct_count, 0),
        detail=_("%(share)s of %(of)s SQLs")
        % {"share": percent(this.direct), "of": this.sql_count},
        compared=_("last week %(count)s, %(share)s of %(of)s")
        % {"count": last.direct_count, "share": percent(last.direct), "of": last.sql_count},
        chart=_counts(card, lambda week: week.direct_count),
    )


def _won(card: Scorecard) -> Figure:
    this, last = card.this_week, card.last_week
    return Figure(
        explains="won",
        value=number_format(this.won_count, 0),
        detail=money(this.won_amounts),
        compared=_("last week %(count)s") % {"count": last.won_count},
        chart=_counts(card, lambda week: week.won_count),
    )
