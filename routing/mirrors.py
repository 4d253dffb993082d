"""Absences as a calendar elsewhere says them, kept equal to it."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q, QuerySet

from routing import occurrences
from routing.models import Absence, Rep

logger = logging.getLogger(__name__)

Key = tuple[datetime, datetime | None, tuple[tuple[str, str], ...]]
"""When an absence is, not before the look, and of which events it is made."""

Times = tuple[datetime, datetime]

NEVER = datetime.max.replace(tzinfo=UTC)

REST_OF_THE_DAY = timedelta(hours=12)
"""So long at least, who came back is not sent away by what ran in the calendar then."""


@dataclass(frozen=True, slots=True)
class Busy:
    """A time at which a calendar says that somebody is away, and what it is called there."""

    external_id: str
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """What becomes one absence: from, until, and the events that it is made of."""

    begins_at: datetime
    ends_at: datetime
    events: tuple[Busy, ...]

    @property
    def name(self) -> str:
        """What it is called: as the first of its events."""
        return self.events[0].external_id

    @property
    def parts(self) -> dict[str, str]:
        """When each of its events begins, by name, as an absence stores it."""
        return {one.external_id: _said(one.begins_at) for one in self.events}

    @property
    def key(self) -> Key:
        """By what it is the same as an absence."""
        return self.begins_at, self.ends_at, tuple(sorted(self.parts.items()))


@dataclass(frozen=True, slots=True)
class Former:
    """What an absence was before it changed: what takes its place keeps who stands in."""

    names: frozenset[str]
    times: Times
    delegate_id: int | None
    note: str

    @classmethod
    def of(cls, row: Absence) -> Self:
        """Return what an absence is."""
        times = (row.span.lower, row.span.upper or NEVER)
        names = frozenset({row.external_id, *row.parts})
        return cls(names, times, row.delegate_id, row.note)


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody came back: of what ran then nothing counts until an instant.

    name: of which event alone; blank: of any.
    """

    name: str
    at: datetime
    until: datetime

    @classmethod
    def of(cls, row: Absence) -> Self:
        """Return what came of an absence that ended; where nobody says so, its event is over."""
        if row.would_end_at is None:
            return cls(row.external_id, row.span.upper, NEVER)
        return cls("", row.span.upper, max(row.would_end_at, row.span.upper + REST_OF_THE_DAY))

    def ends(self, one: Busy) -> bool:
        """Say whether an event ran as somebody came back."""
        return one.begins_at <= self.at < one.ends_at and self.name in ("", one.external_id)


@dataclass(slots=True)
class Mirror:
    """The absences of one rep beside what a calendar says; `left_out` grows as it is kept.

    What changed is taken back first and then written anew, so that nothing is in the way of
    what changes places with it.
    """

    rep: Rep
    at: datetime
    by: AbstractBaseUser
    left_out: list[Busy] = field(default_factory=list)

    def keep(self, busy: Iterable[Busy]) -> None:
        """Make the absences that came from the calendar those that it says now."""
        of_calendar = _not_over(self.rep, at=self.at).exclude(external_id="")
        rows = list(of_calendar.select_for_update(no_key=True))
        running = next((row for row in rows if row.span.lower < self.at), None)
        blocks = merged([*self._free_of_own(self._to_come(busy)), *self._held(running)])
        wanted = {block.key for block in self._beside_series(blocks)}
        kept = wanted & {self._key(row) for row in rows}
        changed = [row for row in rows if self._key(row) not in kept]
        former = [Former.of(row) for row in changed]
        self._take_back(changed)
        for block in self._beside_series(blocks) if wanted != kept else []:
            if block.key not in kept:
                self._lay(block, running, former)

    def _key(self, row: Absence) -> Key:
        parts = tuple(sorted(row.parts.items()))
        return max(row.span.lower, self.at), row.span.upper, parts

    def _to_come(self, busy: Iterable[Busy]) -> Iterator[Block]:
        """Yield what is not over, without the time for which somebody said that they are back."""
        back_until, returns = self._back_until(), self._returns()
        for one in busy:
            ended = [back.until for back in returns if back.ends(one)]
            known = back_until.get((one.external_id, _said(one.begins_at)), self.at)
            begins_at = max(one.begins_at, self.at, known, *ended)
            if one.begins_at < one.ends_at and begins_at < one.ends_at:
                yield Block(begins_at, one.ends_at, (one,))

    def _back_until(self) -> Mapping[tuple[str, str], datetime]:
        """Return until when events count no more, by name and beginning: they were ended here."""
        ended = Absence.objects.filter(rep=self.rep, would_end_at__gt=self.at)
        return {
            part: row.would_end_at
            for row in ended.exclude(external_id="")
            for part in row.parts.items()
            if row.would_end_at
        }

    def _returns(self) -> Sequence[Return]:
        """Return when somebody came back from what is no event of the calendar.

        Also from events that were written before their parts and early ends were kept.
        """
        over = Absence.objects.filter(rep=self.rep, parts={}, span__endswith__lte=self.at)
        early = Q(would_end_at__isnull=False, span__endswith__lte=F("would_end_at"))
        ended = over.filter(early | ~Q(external_id="")).order_by("span")
        return [Return.of(row) for row in ended]

    def _free_of_own(self, blocks: Iterable[Block]) -> list[Block]:
        """Return what overlaps no absence that was entered here; the rest is left out."""
        own = _spans(_not_over(self.rep, at=self.at).filter(external_id="", series=None))
        found = []
        for block in blocks:
            if _overlaps(block, own):
                self.left_out += block.events
            else:
                found.append(block)
        return found

    def _held(self, running: Absence | None) -> list[Block]:
        """Return what is left out for what comes later and still runs: it does not end by that."""
        if running is None:
            return []
        until = running.span.upper or NEVER
        return [
            Block(self.at, min(one.ends_at, until), (one,))
            for one in self.left_out
            if one.begins_at <= self.at < one.ends_at
        ]

    def _beside_series(self, blocks: Iterable[Block]) -> list[Block]:
        """Return what the days of recurring absences leave that do not make way as a whole."""
        days = _spans(_not_over(self.rep, at=self.at).filter(series__isnull=False))
        found = (_clipped(block, days, at=self.at) for block in blocks)
        return [block for block in found if block.begins_at < block.ends_at]

    def _take_back(self, rows: Sequence[Absence]) -> None:
        """Let absences not take place from now on, and what had made way for them do so."""
        freed = [row.span for row in rows]
        for row in rows:
            if row.span.lower < self.at:
                row.span = DateTimeTZRange(row.span.lower, self.at)
                row.save(update_fields=["span"])
            else:
                row.delete()
        for span in freed:
            occurrences.restore(self.rep, span, since=self.at)

    def _lay(self, block: Block, running: Absence | None, former: Sequence[Former]) -> None:
        """Write what the calendar says: what runs goes on, anything else is an absence anew."""
        row = running if running and block.begins_at <= self.at else self._new(block, former)
        row.span = DateTimeTZRange(row.span.lower, block.ends_at)
        row.parts = block.parts
        occurrences.give_way(row)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            # Somebody entered an absence since the look.
            self.left_out += block.events

    def _new(self, block: Block, former: Sequence[Former]) -> Absence:
        was = next((one for one in former if one.names & block.parts.keys()), None)
        was = was or next((one for one in former if _overlaps(block, [one.times])), None)
        return Absence(
            rep=self.rep,
            span=DateTimeTZRange(block.begins_at, block.ends_at),
            delegate_id=was.delegate_id if was else None,
            note=was.note if was else "",
            external_id=block.name,
            entered_by_id=self.by.pk,
        )


def merged(blocks: Iterable[Block]) -> list[Block]:
    """Return blocks in order of their beginning, those that touch or overlap made one."""
    found: list[Block] = []
    for block in sorted(blocks, key=_order):
        last = found[-1] if found else None
        if last and block.begins_at <= last.ends_at:
            ends_at = max(last.ends_at, block.ends_at)
            found[-1] = replace(last, ends_at=ends_at, events=last.events + block.events)
        else:
            found.append(block)
    return found


@transaction.atomic
def keep(rep: Rep, busy: Iterable[Busy], *, by: AbstractBaseUser, at: datetime) -> Sequence[Busy]:
    """Make the absences of a rep that came from a calendar those that it says now.

    What comes, moves and vanishes there does so here, and keeps who stands in and its note. One
    that runs ends when the calendar says, which is now when its events are gone or begin later:
    the rep is back. What somebody ended here early stays ended until it was to end; a new or
    moved event counts. Where what they ended was entered here, what had begun in the calendar
    counts no more until it was to end, twelve hours at least. Days of a recurring absence within
    make way; beside one that is covered in part, or runs, the rep is away for the rest.

    Returns:
        What was left out because an absence that was entered here by itself overlaps it.
    """
    occurrences.hold(rep)
    mirror = Mirror(rep, at, by)
    mirror.keep(busy)
    logger.info("The calendar of rep %s is kept, %s left out", rep.pk, len(mirror.left_out))
    return mirror.left_out


@transaction.atomic
def forget(rep: Rep, *, at: datetime) -> None:
    """Take back what a calendar says and has not begun: it is read no more."""
    occurrences.hold(rep)
    coming = Absence.objects.filter(rep=rep, span__startswith__gt=at).exclude(external_id="")
    freed = list(coming.values_list("span", flat=True))
    coming.delete()
    for span in freed:
        occurrences.restore(rep, span, since=at)


def _order(block: Block) -> tuple[datetime, datetime, datetime, str]:
    # What runs begins now: of that, what began first comes first.
    return block.begins_at, block.events[0].begins_at, block.ends_at, block.name


def _not_over(rep: Rep, *, at: datetime) -> QuerySet[Absence]:
    rows = Absence.objects.filter(rep=rep).exclude(span__fully_lt=DateTimeTZRange(at, None))
    return rows.order_by("span")


def _spans(rows: QuerySet[Absence]) -> list[Times]:
    return [(span.lower, span.upper or NEVER) for span in rows.values_list("span", flat=True)]


def _overlaps(block: Block, taken: Iterable[Times]) -> bool:
    return any(begins < block.ends_at and ends > block.begins_at for begins, ends in taken)


def _clipped(block: Block, days: Iterable[Times], *, at: datetime) -> Block:
    """Return what of a block lies beside days, in order, of which it covers not the whole."""
    begins_at, ends_at = block.begins_at, block.ends_at
    for begins, ends in days:
        gives_way = at <= begins and begins_at <= begins and ends <= ends_at
        if gives_way or ends <= begins_at or ends_at <= begins:
            continue
        if begins <= begins_at:
            begins_at = ends
        else:
            ends_at = begins
    return replace(block, begins_at=begins_at, ends_at=ends_at)


def _said(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
