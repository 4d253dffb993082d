"""By which channels a person is told what, and when they are left alone."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm_handoff.integrations.models.delivery import Delivery
from routing.enums import NoticeKind

ALWAYS_WANTED = (
    NoticeKind.ESCALATED,
    NoticeKind.SIGNATURE_WANTED,
    NoticeKind.ACTIVATION_FAILED,
    NoticeKind.REVIEW_OVERDUE,
    NoticeKind.SLA_ALERT,
)
"""Cannot be refused: the agreement names, or waits for, the person who is told."""


def whole_week() -> list[int]:
    """Return every weekday."""
    return list(range(7))


class NoticePreference(models.Model):
    """Whether a person wants notices of a kind by a channel; without a row they do.

    In the app everything is said, whatever was chosen here. What is `ALWAYS_WANTED` cannot be
    refused.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="notice_preferences",
    )
    kind = models.CharField(max_length=20, choices=NoticeKind)
    channel = models.CharField(max_length=10, choices=Delivery.Channel)
    is_wanted = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("person", "kind", "channel"), name="one_preference_per_kind_and_channel"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=NoticeKind.values), name="preference_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(channel__in=Delivery.Channel.values),
                name="preference_channel_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_wanted=True) | ~models.Q(kind__in=ALWAYS_WANTED),
                name="what_waits_for_somebody_is_always_wanted",
                violation_error_message="What waits for the person whom the agreement names "
                "cannot be switched off.",
            ),
        ]

    def __str__(self) -> str:
        wish = "wanted" if self.is_wanted else "not wanted"
        return f"{self.get_kind_display()} by {self.get_channel_display()}: {wish}"


class QuietHours(models.Model):
    """When a person gets no e-mail, in their own zone: what is owed then waits until they end.

    They begin on each of `weekdays` (0 is Monday) at `starts` and end at the next `ends`, on the
    day after when that is not later.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quiet_hours"
    )
    starts = models.TimeField(help_text="Time of day in the person's zone.")
    ends = models.TimeField(help_text="Time of day in the person's zone.")
    weekdays: "ArrayField[Any, Any]" = ArrayField(
        models.SmallIntegerField(),
        default=whole_week,
        help_text="Days on which they begin; 0 is Monday, 6 is Sunday.",
    )
    lets_high_intent_through = models.BooleanField(
        default=True, help_text="Leads of high intent are told at once all the same."
    )

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(starts=models.F("ends")),
                name="quiet_hours_end",
                violation_error_message="Quiet hours begin and end at different times.",
            ),
            models.CheckConstraint(
                condition=models.Q(weekdays__len__gt=0, weekdays__contained_by=whole_week()),
                name="quiet_hours_on_known_days",
                violation_error_message="Quiet hours begin on at least one day of the week.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M} to {self.ends:%H:%M}"
