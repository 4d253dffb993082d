"""When reps are away: entered by themselves or somebody else, changed, and ended early."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from routing import occurrences
from routing.models import Absence, Rep

logger = logging.getLogger(__name__)


class AbsenceEndsBeforeItBegins(Exception):
    """An absence takes some time."""

    def __init__(self) -> None:
        super().__init__(_("The absence ends before it begins."))


class AbsenceOverlaps(Exception):
    """The rep is away already for part of the time; `other`: by which absence, where known.

    Its times are said in the zone and language that are active.
    """

    def __init__(self, other: Absence | None = None) -> None:
        self.other = other
        super().__init__(_overlap(other))


class CannotStandInForThemselves(Exception):
    """Somebody else stands in for a rep."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else stands in for a rep."))


class ComesFromCalendar(Exception):
    """The times of an absence are kept in the calendar that it was read from."""

    def __init__(self) -> None:
        super().__init__(_("This absence comes from a calendar: change it there."))


@transaction.atomic
def enter(
    rep: Rep,
    *,
    begins_at: datetime,
    ends_at: datetime | None,
    by: AbstractBaseUser,
    delegate: Rep | None = None,
    note: str = "",
) -> Absence:
    """Say that a rep is away; what is routed by name goes to the delegate meanwhile.

    Once it begins, the untouched leads of the rep go to others. Days of a recurring absence that
    lie within it make way for it.

    ends_at: None until further notice.

    Raises:
        AbsenceEndsBeforeItBegins: `ends_at` is not after `begins_at`.
        AbsenceOverlaps: another absence of the rep shares some of the time.
        CannotStandInForThemselves: the delegate is the rep.
    """
    _refuse_disorder(begins_at, ends_at)
    occurrences.hold(rep)
    absence = Absence(
        rep=rep,
        span=DateTimeTZRange(begins_at, ends_at),
        delegate=delegate,
        note=note.strip(),
        entered_by_id=by.pk,
    )
    _save(absence)
    logger.info("Rep %s is away from %s, entered by %s", rep.pk, begins_at.isoformat(), by.pk)
    return absence


@transaction.atomic
def change(
    absence_id: int,
    *,
    begins_at: datetime,
    ends_at: datetime | None,
    delegate: Rep | None,
    note: str,
    by: AbstractBaseUser,
    at: datetime,
) -> Absence:
    """Change when an absence is, who stands in, and what is noted about it.

    When it is moved into the future, leads move on anew once it begins. A day of a recurring
    absence that takes other times is from then on one by itself.

    Raises:
        Absence.DoesNotExist: there is none of that id.
        AbsenceEndsBeforeItBegins: `ends_at` is not after `begins_at`.
        AbsenceOverlaps: another absence of the rep shares some of the time.
        CannotStandInForThemselves: the delegate is the rep.
        ComesFromCalendar: its times would change, and are kept in a calendar.
    """
    _refuse_disorder(begins_at, ends_at)
    absence = _held(absence_id)
    was, span = absence.span, DateTimeTZRange(begins_at, ends_at)
    if (span.lower, span.upper) != (was.lower, was.upper):
        _part(absence)
        absence.would_end_at = None
    absence.span, absence.delegate, absence.note = span, delegate, note.strip()
    settle(absence, at=at)
    _save(absence)
    occurrences.restore(absence.rep, was, since=at)
    logger.info("Absence %s of rep %s changed by %s", absence.pk, absence.rep_id, by.pk)
    return absence


def settle(absence: Absence, *, at: datetime) -> None:
    """Let leads move on anew when an absence that had begun is moved into the future."""
    if absence.span.lower > at:
        absence.moved_on_at = None


@transaction.atomic
def end(absence_id: int, *, by: AbstractBaseUser, at: datetime) -> None:
    """End an absence now; one that has not begun does not take place.

    What is over, or was called off by somebody a moment before, stays as it was. Days of a
    recurring absence that had made way for it take place again, but for the time at which
    somebody says that the rep is back. A day of one that is called off never comes again.

    Raises:
        ComesFromCalendar: it has not begun, and its calendar would bring it back.
    """
    try:
        absence = _held(absence_id)
    except Absence.DoesNotExist:
        return
    was = absence.span
    if was.lower >= at:
        _cancel(absence)
    elif was.upper is None or was.upper > at:
        _come_back(absence, at=at)
    if absence.series_id is None:
        occurrences.restore(absence.rep, was, since=at)
    logger.info("Absence %s of rep %s ended by %s", absence_id, absence.rep_id, by.pk)


def make_room(absence: Absence) -> None:
    """Make sure that an absence that is about to be saved overlaps no other of its rep.

    Days of a recurring absence that lie within it and have not begun make way. Two at once can
    both pass; the constraint stops the second.

    Raises:
        AbsenceOverlaps: another absence of the rep shares some of the time.
    """
    if absence.series_id is None:
        occurrences.give_way(absence)
    others = Absence.objects.filter(rep=absence.rep_id, span__overlap=absence.span)
    if other := others.exclude(pk=absence.pk).order_by("span").first():
        raise AbsenceOverlaps(other)


def is_away(person: AbstractBaseUser, *, at: datetime) -> bool:
    """Say whether a person is away at an instant; one query."""
    return Absence.objects.filter(rep__user=person.pk, span__contains=at).exists()


def running(rep: Rep, *, at: datetime) -> Absence | None:
    """Return the absence that a rep is in at an instant; one query."""
    return Absence.objects.filter(rep=rep, span__contains=at).first()


def current(person: AbstractBaseUser, *, at: datetime) -> Absence | None:
    """Return the absence that a person is in, else the next that is coming; one query."""
    own = Absence.objects.filter(rep__user=person.pk)
    coming = own.exclude(span__fully_lt=DateTimeTZRange(at, None))
    return coming.select_related("delegate__user").order_by("span").first()


def _held(absence_id: int) -> Absence:
    """Return an absence locked, and the recurring ones of its rep before it.

    Raises:
        Absence.DoesNotExist: there is none of that id.
    """
    occurrences.hold(Absence.objects.select_related("rep").get(pk=absence_id).rep)
    return Absence.objects.select_for_update(no_key=True).get(pk=absence_id)


def _part(absence: Absence) -> None:
    """Let an absence take times of its own, no longer those of its series."""
    if absence.external_id:
        raise ComesFromCalendar
    occurrences.call_off(absence)
    absence.series = None


def _cancel(absence: Absence) -> None:
    if absence.external_id:
        raise ComesFromCalendar
    occurrences.call_off(absence)
    absence.delete()


def _come_back(absence: Absence, *, at: datetime) -> None:
    occurrences.call_off(absence)
    occurrences.call_off_running(absence.rep, at=at)
    absence.would_end_at = absence.span.upper or at
    absence.span = DateTimeTZRange(absence.span.lower, at)
    absence.save(update_fields=["span", "would_end_at"])


def _refuse_disorder(begins_at: datetime, ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= begins_at:
        raise AbsenceEndsBeforeItBegins


def _save(absence: Absence) -> None:
    if absence.delegate_id is not None and absence.delegate_id == absence.rep_id:
        raise CannotStandInForThemselves
    make_room(absence)
    try:
        with transaction.atomic():
            absence.save()
    except IntegrityError as error:
        if "absences_do_not_overlap" in str(error):
            raise AbsenceOverlaps from error
        raise


def _overlap(other: Absence | None) -> str:
    if other is None:
        return _("This overlaps another absence: end or change that one first.")
    if other.span.upper is None:
        said = _(
            "This overlaps the absence from %(begins)s until further notice: end or change that "
            "one first."
        )
        return said % {"begins": local(other.span.lower)}
    said = _(
        "This overlaps the absence from %(begins)s until %(ends)s: end or change that one first."
    )
    return said % {"begins": local(other.span.lower), "ends": local(other.span.upper)}


def local(instant: datetime) -> str:
    """Write an instant in the zone and language that are active."""
    return date_format(timezone.localtime(instant), "DATETIME_FORMAT")
