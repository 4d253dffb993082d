"""Territories, who works them, and the queues where leads wait."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from routing.models.calendar import BusinessCalendar


class Queue(models.Model):
    """Where handoffs wait when nobody is eligible; its manager answers for them."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="managed_queues"
    )
    assign_within = models.DurationField(
        null=True,
        blank=True,
        help_text="Business time in which a waiting lead is to get an owner; blank: the response "
        "clock alone says.",
    )
    is_fallback = models.BooleanField(
        default=False, help_text="Takes what no territory covers; exactly one queue does."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("is_fallback",),
                condition=models.Q(is_fallback=True),
                name="one_fallback_queue",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Territory(models.Model):
    """A part of the market; the first whose conditions hold takes the lead. Blank: any.

    The row is also the lock of its rotation.
    """

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=100, help_text="Tried in this order.")
    countries = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, help_text="ISO 3166-1 alpha-2."
    )
    regions = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    industries = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    product_lines = ArrayField(
        models.CharField(max_length=64), default=list, db_default=[], blank=True
    )
    min_employees = models.PositiveIntegerField(null=True, blank=True)
    max_employees = models.PositiveIntegerField(null=True, blank=True)
    language_is_required = models.BooleanField(
        default=False,
        help_text="Only reps who speak the lead's language; else they are merely preferred.",
    )
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="territories")
    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.PROTECT, related_name="territories"
    )
    secondary = models.ForeignKey(
        "routing.Rep",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="secondary_territories",
        help_text="Receives when a named rep cannot.",
    )
    make_up_turns = models.PositiveSmallIntegerField(
        default=3,
        db_default=3,
        help_text="Turns that an absent member is owed at most; 0: what was missed is missed.",
    )
    may_pull = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Members with room may take leads from the queue themselves.",
    )
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "territories"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(min_employees=None)
                | models.Q(max_employees=None)
                | models.Q(min_employees__lte=models.F("max_employees")),
                name="territory_size_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TerritoryMembership(models.Model):
    """A rep receives leads of a territory, in proportion to `weight`.

    `credit` is the smooth weighted round-robin's account, in shares of a turn (`cases.TURN` is one
    turn): highest goes next. `capacity` limits the open handoffs of this territory
    alone, `open_count` and `excess_count` are kept by the trigger that keeps the rep's.
    """

    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="memberships")
    rep = models.ForeignKey("routing.Rep", on_delete=models.PROTECT, related_name="memberships")
    weight = models.PositiveSmallIntegerField(default=1)
    credit = models.BigIntegerField(default=0, editable=False)
    capacity = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Open leads of this territory at which the rep is skipped; blank: only the "
        "rep's own limit.",
    )
    open_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    excess_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("territory", "rep", name="one_membership_per_rep"),
            models.CheckConstraint(
                condition=models.Q(weight__gt=0), name="membership_weight_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(capacity=None) | models.Q(open_count__lte=models.F("capacity")),
                name="membership_within_capacity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep} in {self.territory}"
