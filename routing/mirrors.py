"""Absences as a calendar elsewhere says them, kept equal to it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from routing.models import Absence, Rep

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Busy:
    """A time at which a calendar says that somebody is away, and what it is called there."""

    external_id: str
    begins_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Mirror:
    """The absences of one rep beside what a calendar says; `left_out` grows as it is kept."""

    rep: Rep
    at: datetime
    by: AbstractBaseUser
    left_out: list[Busy] = field(default_factory=list)

    def keep(self, busy: Iterable[Busy]) -> None:
        """Make the absences that came from the calendar those that it says now."""
        wanted = {one.external_id: one for one in merged(self._free_of_own(busy))}
        rows = Absence.objects.filter(rep=self.rep).exclude(external_id="")
        known = {row.external_id: row for row in rows.filter(external_id__in=wanted)}
        coming = {row.external_id: row for row in rows.filter(span__startswith__gt=self.at)}
        delegates = {key: row.delegate_id for key, row in coming.items()}
        for key, row in coming.items():
            if not _is_same(row, wanted.get(key)):
                row.delete()
                known.pop(key, None)
        for key, one in wanted.items():
            if key in known:
                self._prolong(known[key], one)
            else:
                self._add(one, delegates)

    def _free_of_own(self, busy: Iterable[Busy]) -> list[Busy]:
        """Return what overlaps no absence that was entered here; the rest is left out."""
        coming = sorted(
            (one for one in busy if one.ends_at > self.at and one.ends_at > one.begins_at),
            key=lambda one: (one.begins_at, one.ends_at, one.external_id),
        )
        if not coming:
            return []
        whole = DateTimeTZRange(coming[0].begins_at, max(one.ends_at for one in coming))
        own = Absence.objects.filter(rep=self.rep, external_id="", span__overlap=whole)
        taken = [(span.lower, span.upper) for span in own.values_list("span", flat=True)]
        taken = [(begins, ends) for begins, ends in taken if ends is None or ends > self.at]
        self.left_out += [one for one in coming if _overlaps(one, taken)]
        return [one for one in coming if not _overlaps(one, taken)]

    def _prolong(self, row: Absence, one: Busy) -> None:
        """Let one that runs end when the calendar says now; what is over stays as it was."""
        runs = row.span.lower <= self.at and (row.span.upper is None or row.span.upper > self.at)
        if not runs or row.span.upper == one.ends_at:
            return
        row.span = DateTimeTZRange(row.span.lower, one.ends_at)
        self._try(row, one)

    def _add(self, one: Busy, delegates: Mapping[str, int | None]) -> None:
        row = Absence(
            rep=self.rep,
            span=DateTimeTZRange(max(one.begins_at, self.at), one.ends_at),
            delegate_id=delegates.get(one.external_id),
            external_id=one.external_id,
            entered_by_id=self.by.pk,
        )
        self._try(row, one)

    def _try(self, row: Absence, one: Busy) -> None:
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            # Somebody entered an absence since the look, or an earlier part of it still runs.
            self.left_out.append(one)


def merged(busy: Sequence[Busy]) -> list[Busy]:
    """Return times in order of their beginning, those that touch or overlap made one.

    What is made of several is called as the first of them.
    """
    found: list[Busy] = []
    for one in sorted(busy, key=lambda one: (one.begins_at, one.ends_at, one.external_id)):
        if found and one.begins_at <= found[-1].ends_at:
            found[-1] = replace(found[-1], ends_at=max(found[-1].ends_at, one.ends_at))
        else:
            found.append(one)
    return found


@transaction.atomic
def keep(rep: Rep, busy: Iterable[Busy], *, by: AbstractBaseUser, at: datetime) -> Sequence[Busy]:
    """Make the absences of a rep that came from a calendar those that it says now.

    What has not begun comes, moves and vanishes with it, and keeps who stands in while its time
    stays the same by name. One that runs ends when the calendar says; one that somebody ended here
    early stays ended.

    Returns:
        What was left out because an absence that was entered here overlaps it.
    """
    mirror = Mirror(rep, at, by)
    mirror.keep(busy)
    logger.info("The calendar of rep %s is kept, %s left out", rep.pk, len(mirror.left_out))
    return mirror.left_out


@transaction.atomic
def forget(rep: Rep, *, at: datetime) -> None:
    """Take back what a calendar says and has not begun: it is read no more."""
    coming = Absence.objects.filter(rep=rep, span__startswith__gt=at)
    coming.exclude(external_id="").delete()


def _is_same(row: Absence, one: Busy | None) -> bool:
    if one is None:
        return False
    span = row.span
    return bool(span.lower == one.begins_at and span.upper == one.ends_at)


def _overlaps(one: Busy, taken: Iterable[tuple[datetime, datetime | None]]) -> bool:
    return any(
        begins < one.ends_at and (ends is None or ends > one.begins_at) for begins, ends in taken
    )
