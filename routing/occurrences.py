"""The days of a recurring absence: from local wall time to instants, and written as absences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import DateField, F, Func, QuerySet, Value

from routing.models import Absence, AbsenceSeries, Rep

AHEAD = timedelta(days=90)
"""How far ahead the days of a recurring absence are written."""

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a recurring absence, from (inclusive) until (exclusive)."""

    begins_at: datetime
    ends_at: datetime

    def span(self) -> DateTimeTZRange:
        """Return it as an absence stores it."""
        return DateTimeTZRange(self.begins_at, self.ends_at)


def today_of(series: AbsenceSeries, *, at: datetime) -> date:
    """Return which day it is where a series counts its days."""
    return at.astimezone(ZoneInfo(series.time_zone)).date()


def occurrences(series: AbsenceSeries, *, first: date, last: date) -> Iterator[Occurrence]:
    """Yield the times of a series on the days from first to last, both included, in order.

    Weeks are counted from the one in which the series starts. Wall time stays wall time when
    clocks change: a time that does not exist is taken as late as the clock jumps, and an end that
    comes twice is the second. What the clock jumps over as a whole does not take place, nor does
    a day that was called off.
    """
    day = max(first, series.starts_on)
    last = min(last, series.ends_on) if series.ends_on else last
    while day <= last:
        if _takes_place(series, day):
            found = _on(series, day)
            if found.begins_at < found.ends_at:
                yield found
        day += timedelta(days=1)


def write(series: AbsenceSeries, *, first: date, last: date, since: datetime) -> None:
    """Write the times of a series that are not over at an instant.

    One that runs then begins then. What overlaps another absence of the rep is left out; but what
    came from a calendar is cut where it overlaps in part, so that the rep is away for both.
    """
    rows = [
        Absence(
            rep_id=series.rep_id,
            span=DateTimeTZRange(max(one.begins_at, since), one.ends_at),
            delegate_id=series.delegate_id,
            note=series.note,
            series=series,
            entered_by_id=series.entered_by_id,
        )
        for one in occurrences(series, first=first, last=last)
        if one.ends_at > since
    ]
    if rows:
        _cut_calendar(rows)
        Absence.objects.bulk_create(rows, ignore_conflicts=True)


def covers(absence: Absence, span: DateTimeTZRange) -> bool:
    """Say whether somebody is away for the whole of a time by one absence."""
    ends_at = absence.span.upper
    return absence.span.lower <= span.lower and (ends_at is None or ends_at >= span.upper)


def give_way(absence: Absence) -> None:
    """Delete days of a recurring absence that lie within another and have not begun."""
    within = {"rep": absence.rep_id, "span__contained_by": absence.span, "moved_on_at": None}
    Absence.objects.filter(**within, series__isnull=False).exclude(pk=absence.pk).delete()


def restore(rep: Rep, freed: DateTimeTZRange, *, since: datetime) -> None:
    """Write again what had made way for an absence of a rep that does not take place."""
    begins_at = max(freed.lower, since)
    for series in _running(rep).filter(planned_until__isnull=False):
        last = series.planned_until or today_of(series, at=since)
        if freed.upper is not None:
            last = min(last, today_of(series, at=freed.upper))
        write(series, first=today_of(series, at=begins_at), last=last, since=since)


def hold(rep: Rep) -> None:
    """Lock a rep and their running series: days are called off, or make way, by one alone.

    Taken before absences are, by whoever takes both.
    """
    Rep.objects.select_for_update(no_key=True).get(pk=rep.pk)
    list(_running(rep).select_for_update(no_key=True).order_by("pk").values_list("pk"))


def call_off(absence: Absence) -> None:
    """Let the day of a recurring absence never be written again; the absence stays as it is."""
    if absence.series is not None:
        _call_off(absence.series, today_of(absence.series, at=absence.span.lower))


def call_off_running(rep: Rep, *, at: datetime) -> None:
    """Call off today's time of every series of a rep that takes place at an instant."""
    for series in _running(rep):
        today = today_of(series, at=at)
        for one in occurrences(series, first=today, last=today):
            if one.begins_at <= at < one.ends_at:
                _call_off(series, today)


def _cut_calendar(days: Sequence[Absence]) -> None:
    """Cut what came from a calendar around days, in order, that nothing else keeps out."""
    whole = DateTimeTZRange(days[0].span.lower, days[-1].span.upper)
    found = Absence.objects.filter(rep=days[0].rep_id, span__overlap=whole).order_by("span")
    # Days of another series are not locked: who changes that one may wait for these.
    events = list(found.exclude(external_id="").select_for_update(no_key=True))
    others = list(found.filter(external_id="")) if events else []
    for day in days:
        near = [event for event in events if _overlaps(event, day)]
        is_kept_out = any(covers(event, day.span) for event in near)
        if is_kept_out or any(_overlaps(other, day) for other in others):
            continue
        for event in near:
            _cut(event, day.span)


def _overlaps(one: Absence, other: Absence) -> bool:
    ends_at = one.span.upper
    return one.span.lower < other.span.upper and (ends_at is None or ends_at > other.span.lower)


def _cut(absence: Absence, out: DateTimeTZRange) -> None:
    """Let an absence end before a time that it covers in part, begin after, or not take place."""
    begins_at, ends_at = absence.span.lower, absence.span.upper
    if begins_at < out.lower:
        absence.span = DateTimeTZRange(begins_at, out.lower)
    elif ends_at is None or ends_at > out.upper:
        absence.span = DateTimeTZRange(out.upper, ends_at)
    else:
        absence.delete()
        return
    absence.save(update_fields=["span"])


def _running(rep: Rep) -> QuerySet[AbsenceSeries]:
    return AbsenceSeries.objects.filter(rep=rep, ended_at=None)


def _call_off(series: AbsenceSeries, day: date) -> None:
    longer = Func(F("called_off"), Value(day, DateField()), function="array_append")
    rows = AbsenceSeries.objects.filter(pk=series.pk).exclude(called_off__contains=[day])
    rows.update(called_off=longer)


def _takes_place(series: AbsenceSeries, day: date) -> bool:
    if day in series.called_off:
        return False
    weeks = (_monday(day) - _monday(series.starts_on)) // WEEK
    return day.weekday() in series.weekdays and weeks % series.every_weeks == 0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _on(series: AbsenceSeries, day: date) -> Occurrence:
    zone = ZoneInfo(series.time_zone)
    if series.begins is None or series.ends is None:
        tomorrow = day + timedelta(days=1)
        return Occurrence(_instant(day, time(0), zone), _instant(tomorrow, time(0), zone))
    # Of an end that comes twice the second is later, of one that does not exist the first.
    ends_at = max(_instant(day, series.ends.replace(fold=fold), zone) for fold in (0, 1))
    return Occurrence(_instant(day, series.begins, zone), ends_at)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    # Through UTC: a time that the clock jumps over has no other meaning that could be compared.
    return datetime.combine(day, clock, tzinfo=zone).astimezone(ZoneInfo("UTC"))
