"""What RevOps decide about routing beside the signed agreement."""

from django.db import models
from django.db.models.functions import Now


class RoutingPolicy(models.Model):
    """The one row of house rules; counts are of people's own misses, days are of 24 hours."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    suspend_after_misses = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="First responses missed after which a rep leaves the rotation; blank: never.",
    )
    suspend_window_days = models.PositiveSmallIntegerField(
        default=14, help_text="Days in which so many misses count."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "routing policy"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_routing_policy"),
            models.CheckConstraint(
                condition=models.Q(suspend_after_misses=None)
                | models.Q(suspend_after_misses__gt=0),
                name="suspension_takes_a_miss",
            ),
            models.CheckConstraint(
                condition=models.Q(suspend_window_days__range=(1, 365)),
                name="suspension_window_is_days",
            ),
        ]

    def __str__(self) -> str:
        return "Routing policy"
