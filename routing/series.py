"""Absences that come again and again: every Friday afternoon, every other Monday."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q
from django.utils.translation import gettext as _

from routing import occurrences
from routing.absences import (
    AbsenceEndsBeforeItBegins,
    AbsenceOverlaps,
    CannotStandInForThemselves,
)
from routing.models import Absence, AbsenceSeries, Rep
from routing.occurrences import AHEAD, Occurrence

logger = logging.getLogger(__name__)


class SeriesEnded(Exception):
    """The recurring absence was ended before."""

    def __init__(self) -> None:
        super().__init__(_("This recurring absence was ended already."))


class SeriesNeverTakesPlace(Exception):
    """No day of the series lies between its start and its end."""

    def __init__(self) -> None:
        super().__init__(_("On none of these days the absence takes place: check its last day."))


@dataclass(frozen=True, slots=True)
class Pattern:
    """When a recurring absence takes place: on weekdays (0 is Monday) of every so many weeks.

    begins, ends: local wall time of `time_zone` (IANA); None: the whole day. ends_on: the last
    day; None: no end.
    """

    weekdays: Sequence[int]
    starts_on: date
    time_zone: str
    ends_on: date | None = None
    begins: time | None = None
    ends: time | None = None
    every_weeks: int = 1

    def values(self) -> dict[str, Any]:
        """Return it by the names of a series' columns."""
        return {
            "weekdays": sorted({*self.weekdays}),
            "starts_on": self.starts_on,
            "time_zone": self.time_zone,
            "ends_on": self.ends_on,
            "begins": self.begins,
            "ends": self.ends,
            "every_weeks": self.every_weeks,
        }


@transaction.atomic
def enter(
    rep: Rep,
    pattern: Pattern,
    *,
    by: AbstractBaseUser,
    at: datetime,
    delegate: Rep | None = None,
    note: str = "",
) -> AbsenceSeries:
    """Say that a rep is away again and again; its days are written three months ahead.

    A day on which the rep is away as a whole anyway is left out. What a calendar says of a part
    of a day counts beside it.

    Raises:
        AbsenceEndsBeforeItBegins: it ends before it begins, on a day or as a whole.
        AbsenceOverlaps: a day overlaps another absence that was entered, in part or recurring.
        CannotStandInForThemselves: the delegate is the rep.
        SeriesNeverTakesPlace: it has no day between its start and its end.
    """
    occurrences.hold(rep)
    series = AbsenceSeries(rep=rep, delegate=delegate, note=note.strip(), entered_by_id=by.pk)
    _shape(series, pattern)
    series.save()
    _plan(series, at=at)
    logger.info("Rep %s is away again and again, entered by %s", rep.pk, by.pk)
    return series


@transaction.atomic
def change(
    series_id: int,
    pattern: Pattern,
    *,
    delegate: Rep | None,
    note: str,
    by: AbstractBaseUser,
    at: datetime,
) -> AbsenceSeries:
    """Change a recurring absence from now on: what has begun stays as it was, and so does today.

    Days that were called off stay so, and a day keeps who stands in on it alone, and its
    own note.

    Raises:
        AbsenceSeries.DoesNotExist: there is none of that id.
        SeriesEnded: it was ended.
        AbsenceEndsBeforeItBegins: it ends before it begins, on a day or as a whole.
        AbsenceOverlaps: a day overlaps another absence that was entered, in part or recurring.
        CannotStandInForThemselves: the delegate is the rep.
        SeriesNeverTakesPlace: it has no day between its start and its end.
    """
    series = _locked(series_id)
    particular = _particular(series, at=at)
    series.delegate, series.note = delegate, note.strip()
    _shape(series, pattern)
    _forget_coming(series, at=at)
    _plan(series, at=at)
    for span, own in particular:
        series.absences.filter(span=span).update(**own)
    logger.info("Absence series %s of rep %s changed by %s", series.pk, series.rep_id, by.pk)
    return series


@transaction.atomic
def end(series_id: int, *, by: AbstractBaseUser, at: datetime) -> None:
    """End a recurring absence: what has begun stays, and no more days come.

    Raises:
        AbsenceSeries.DoesNotExist: there is none of that id.
        SeriesEnded: it was ended before.
    """
    series = _locked(series_id)
    series.ended_at = at
    series.save(update_fields=["ended_at"])
    _forget_coming(series, at=at)
    logger.info("Absence series %s of rep %s ended by %s", series.pk, series.rep_id, by.pk)


def plan_ahead(*, at: datetime) -> int:
    """Write the days of running series that have come within reach; returns of how many series.

    Each in a transaction of its own; what another worker has locked is left to it.
    """
    until = (at + AHEAD).date()
    behind = AbsenceSeries.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=F("planned_until")),
        ended_at=None,
        planned_until__lt=until - occurrences.WEEK,
    )
    return sum(_plan_on(pk, at=at) for pk in list(behind.values_list("pk", flat=True)))


@transaction.atomic
def _plan_on(series_id: int, *, at: datetime) -> bool:
    found = AbsenceSeries.objects.select_for_update(no_key=True, skip_locked=True)
    series = found.filter(pk=series_id, ended_at=None).first()
    if series is None or series.planned_until is None:
        return False
    first, last = series.planned_until + timedelta(days=1), _horizon(series, at=at)
    occurrences.write(series, first=first, last=last, since=at)
    series.planned_until = last
    series.save(update_fields=["planned_until"])
    return True


def _shape(series: AbsenceSeries, pattern: Pattern) -> None:
    if series.delegate_id is not None and series.delegate_id == series.rep_id:
        raise CannotStandInForThemselves
    if pattern.ends_on and pattern.ends_on < pattern.starts_on:
        raise AbsenceEndsBeforeItBegins
    if pattern.begins and pattern.ends and pattern.ends <= pattern.begins:
        raise AbsenceEndsBeforeItBegins
    for name, value in pattern.values().items():
        setattr(series, name, value)


def _plan(series: AbsenceSeries, *, at: datetime) -> None:
    today, last = occurrences.today_of(series, at=at), _horizon(series, at=at)
    if series.ends_on and not _takes_place_until(series, series.ends_on, first=today):
        raise SeriesNeverTakesPlace
    first = today + timedelta(days=1) if _has_begun(series, today, at=at) else today
    coming = [
        one
        for one in occurrences.occurrences(series, first=first, last=last)
        if one.begins_at > at
    ]
    _refuse_overlaps(series, coming)
    occurrences.write(series, first=first, last=last, since=at)
    series.planned_until = last
    series.save()


def _has_begun(series: AbsenceSeries, today: date, *, at: datetime) -> bool:
    """Say whether a series took place today, or does: that day stays as it was."""
    begun = series.absences.filter(span__startswith__lte=at).order_by("-span").first()
    return begun is not None and occurrences.today_of(series, at=begun.span.lower) == today


def _takes_place_until(series: AbsenceSeries, last: date, *, first: date) -> bool:
    return any(True for _one in occurrences.occurrences(series, first=first, last=last))


def _refuse_overlaps(series: AbsenceSeries, coming: Sequence[Occurrence]) -> None:
    if not coming:
        return
    whole = DateTimeTZRange(coming[0].begins_at, coming[-1].ends_at)
    entered = Absence.objects.filter(rep=series.rep_id, external_id="", span__overlap=whole)
    others = list(entered.order_by("span"))
    for one in coming:
        if other := _in_the_way(one, others):
            raise AbsenceOverlaps(other)


def _in_the_way(one: Occurrence, others: Iterable[Absence]) -> Absence | None:
    """Return what overlaps a day, unless it is a single absence that covers it whole."""
    for other in others:
        span = other.span
        if span.lower >= one.ends_at or (span.upper and span.upper <= one.begins_at):
            continue
        if other.series_id is not None or not occurrences.covers(other, one.span()):
            return other
    return None


def _particular(
    series: AbsenceSeries, *, at: datetime
) -> list[tuple[DateTimeTZRange, dict[str, Any]]]:
    """Return the coming days that differ from the others: when they are, and what is their own."""
    of_all = {"delegate_id": series.delegate_id, "note": series.note}
    found = []
    for row in series.absences.filter(span__startswith__gt=at):
        own = {name: getattr(row, name) for name in of_all}
        found.append((row.span, dict(own.items() - of_all.items())))
    return [(span, own) for span, own in found if own]


def _forget_coming(series: AbsenceSeries, *, at: datetime) -> None:
    series.absences.filter(span__startswith__gt=at).delete()


def _horizon(series: AbsenceSeries, *, at: datetime) -> date:
    last = occurrences.today_of(series, at=at) + AHEAD
    return max(last, series.starts_on + AHEAD)


def _locked(series_id: int) -> AbsenceSeries:
    series = AbsenceSeries.objects.select_for_update(no_key=True).get(pk=series_id)
    if series.ended_at is not None:
        raise SeriesEnded
    return series
