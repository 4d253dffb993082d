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


class Absence(models.Model):
    """A rep is away; overlapping absences of one rep are refused."""

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

    def __str__(self) -> str:
        return f"{self.rep} away"
