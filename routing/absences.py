"""When reps are away: entered by themselves or somebody else, and ended early."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from routing.models import Absence, Rep

logger = logging.getLogger(__name__)


class AbsenceEndsBeforeItBegins(Exception):
    """An absence takes some time."""

    def __init__(self) -> None:
        super().__init__(_("The absence ends before it begins."))


class AbsenceOverlaps(Exception):
    """The rep is away already for part of the time."""

    def __init__(self) -> None:
        super().__init__(_("This overlaps another absence: end or change that one first."))


class CannotStandInForThemselves(Exception):
    """Somebody else stands in for a rep."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else stands in for a rep."))


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

    ends_at: None until further notice.

    Raises:
        AbsenceEndsBeforeItBegins: `ends_at` is not after `begins_at`.
        AbsenceOverlaps: another absence of the rep shares some of the time.
        CannotStandInForThemselves: the delegate is the rep.
    """
    if ends_at is not None and ends_at <= begins_at:
        raise AbsenceEndsBeforeItBegins
    if delegate == rep:
        raise CannotStandInForThemselves
    span = DateTimeTZRange(begins_at, ends_at)
    # Two at once pass the first look, and the constraint stops the second.
    if Absence.objects.filter(rep=rep, span__overlap=span).exists():
        raise AbsenceOverlaps
    try:
        with transaction.atomic():
            absence = Absence.objects.create(
                rep=rep, span=span, delegate=delegate, note=note.strip(), entered_by_id=by.pk
            )
    except IntegrityError as error:
        if "absences_do_not_overlap" in str(error):
            raise AbsenceOverlaps from error
        raise
    logger.info("Rep %s is away from %s, entered by %s", rep.pk, begins_at.isoformat(), by.pk)
    return absence


@transaction.atomic
def end(absence_id: int, *, by: AbstractBaseUser, at: datetime) -> None:
    """End an absence now; one that has not begun does not take place.

    What is over already stays as it was.

    Raises:
        Absence.DoesNotExist: there is none of that id.
    """
    absence = Absence.objects.select_for_update(no_key=True).get(pk=absence_id)
    if absence.span.lower >= at:
        absence.delete()
    elif absence.span.upper is None or absence.span.upper > at:
        absence.span = DateTimeTZRange(absence.span.lower, at)
        absence.save(update_fields=["span"])
    logger.info("Absence %s of rep %s ended by %s", absence_id, absence.rep_id, by.pk)


def is_away(person: AbstractBaseUser, *, at: datetime) -> bool:
    """Say whether a person is away at an instant; one query."""
    return Absence.objects.filter(rep__user=person.pk, span__contains=at).exists()


def current(person: AbstractBaseUser, *, at: datetime) -> Absence | None:
    """Return the absence that a person is in, else the next that is coming; one query."""
    own = Absence.objects.filter(rep__user=person.pk)
    coming = own.exclude(span__fully_lt=DateTimeTZRange(at, None))
    return coming.select_related("delegate__user").order_by("span").first()
