"""Who can receive leads, and when."""

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from leads.models import Account
from routing.enums import RepKind


class Rep(models.Model):
    """A person of sales who holds handoffs.

    `open_count` is kept by a trigger on handoffs and checked against `capacity`; what a person
    assigned above it, or a lowered capacity left above it, stands in `excess_count`. Together
    they are the open handoffs of the rep.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rep"
    )
    kind = models.CharField(max_length=3, choices=RepKind, default=RepKind.SDR)
    languages = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, help_text="ISO 639-1 codes."
    )
    capacity = models.PositiveSmallIntegerField(
        default=30, help_text="Open leads at which the rep is skipped."
    )
    open_count = models.PositiveSmallIntegerField(default=0, editable=False)
    excess_count = models.PositiveSmallIntegerField(default=0, editable=False)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="managed_reps",
    )
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(open_count__gte=0)
                & models.Q(open_count__lte=models.F("capacity")),
                name="rep_within_capacity",
            ),
            models.CheckConstraint(
                condition=models.Q(excess_count__gte=0), name="rep_excess_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=RepKind.values), name="rep_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class NamedAccount(models.Model):
    """An account whose leads go to one rep."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="named_assignment"
    )
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="named_accounts")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.account} → {self.rep}"


class AbsenceSeries(models.Model):
    """A rep is away again and again, on some weekdays of every so many weeks.

    Local wall time of `time_zone`; without times the whole day. Its days become `Absence` rows
    some months ahead, but for those that were called off.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="absence_series")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), help_text="0 is Monday, 6 is Sunday."
    )
    every_weeks = models.PositiveSmallIntegerField(default=1)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day; blank: no end.")
    begins = models.TimeField(null=True, blank=True, help_text="Blank: the whole day.")
    ends = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, help_text="IANA zone name.")
    delegate = models.ForeignKey(
        Rep, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    planned_until = models.DateField(
        null=True, editable=False, help_text="Absences are written up to this day."
    )
    called_off = ArrayField(
        models.DateField(),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
        help_text="Local days on which it does not take place.",
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "absence series"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weekdays__len__gt=0)
                & models.Q(weekdays__contained_by=list(range(7))),
                name="series_is_on_weekdays",
            ),
            models.CheckConstraint(
                condition=models.Q(every_weeks__range=(1, 52)), name="series_comes_again"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="series_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=models.Q(begins=None, ends=None)
                | models.Q(begins__isnull=False, ends__isnull=False, ends__gt=models.F("begins")),
                name="series_has_both_times_or_none",
            ),
            models.CheckConstraint(
                condition=models.Q(delegate=None) | ~models.Q(delegate=models.F("rep")),
                name="series_delegate_is_somebody_else",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} away again and again"


class Absence(models.Model):
    """A rep is away; overlapping absences of one rep are refused.

    `external_id` is what it is called in the calendar that it came from, `parts` are all events
    of the calendar that it is made of: when each begins (UTC), by name. `moved_on_at`: when the
    untouched leads of the rep were given to others, once it had begun. `would_end_at`: when it
    was to end, where somebody ended it early.
    """

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="absences")
    span = DateTimeRangeField(help_text="From (inclusive) until (exclusive).")
    delegate = models.ForeignKey(
        Rep,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="delegated_absences",
        help_text="Receives what is routed to the rep by name.",
    )
    note = models.CharField(max_length=200, blank=True)
    series = models.ForeignKey(
        AbsenceSeries, null=True, blank=True, on_delete=models.PROTECT, related_name="absences"
    )
    external_id = models.CharField(max_length=300, blank=True, default="", db_default="")
    parts = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    moved_on_at = models.DateTimeField(null=True, editable=False)
    would_end_at = models.DateTimeField(null=True, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [("enter_own_absence", "Can enter and end own absences")]
        constraints = [
            ExclusionConstraint(
                name="absences_do_not_overlap",
                expressions=[("rep", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
                violation_error_message="This overlaps another absence of the same rep.",
            ),
            models.CheckConstraint(
                condition=models.Q(span__isempty=False, span__lower_inf=False),
                name="absence_has_a_beginning",
            ),
            models.CheckConstraint(
                condition=models.Q(delegate=None) | ~models.Q(delegate=models.F("rep")),
                name="absence_delegate_is_somebody_else",
            ),
        ]
        indexes = [
            models.Index(
                models.F("span__startswith"),
                condition=models.Q(moved_on_at=None),
                name="absence_not_moved_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} away"


class Suspension(models.Model):
    """A rep is out of rotation because promises were missed again and again, until it is ended.

    Only the rotation passes over them: what is theirs by name or by account still is.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="suspensions")
    began_at = models.DateTimeField()
    missed_count = models.PositiveIntegerField(help_text="Promises missed in the days before.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("rep",),
                condition=models.Q(ended_at=None),
                name="one_running_suspension_per_rep",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None)
                | models.Q(ended_at__gte=models.F("began_at"), ended_by__isnull=False),
                name="suspension_is_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} out of rotation"
