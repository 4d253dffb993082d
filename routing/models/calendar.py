"""Working time as RevOps edit it."""

from django.db import models
from django.db.models.functions import Now


class BusinessCalendar(models.Model):
    """Weekly windows in a zone, less public holidays and own closures.

    Triggers set `changed_at` when its hours change in any way; running clocks are counted anew
    until `recomputed_at` has caught up.
    """

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, help_text="IANA zone name.")
    holiday_country = models.CharField(
        max_length=2, blank=True, help_text="ISO 3166-1 alpha-2; blank: no public holidays."
    )
    holiday_subdivision = models.CharField(
        max_length=10, blank=True, help_text="State or province, for example BY."
    )
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    recomputed_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class CalendarWindow(models.Model):
    """A weekly opening in local wall time; one that closes before it opens runs past midnight."""

    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.CASCADE, related_name="windows"
    )
    weekday = models.SmallIntegerField(
        choices=list(
            enumerate(
                (
                    "Monday",
                    "Tuesday",
                    "Wednesday",
                    "Thursday",
                    "Friday",
                    "Saturday",
                    "Sunday",
                )
            )
        )
    )
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is the end of the day.")

    class Meta:
        constraints = [
            models.UniqueConstraint("calendar", "weekday", "opens", name="one_window_per_opening"),
            models.CheckConstraint(
                condition=models.Q(weekday__range=(0, 6)), name="window_on_a_weekday"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class CalendarClosure(models.Model):
    """A date on which the calendar is closed, wholly or for a part of the day."""

    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.CASCADE, related_name="closures"
    )
    on = models.DateField()
    opens = models.TimeField("closed from", null=True, blank=True)
    closes = models.TimeField("closed until", null=True, blank=True)
    name = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens=None, closes=None)
                | models.Q(opens__isnull=False, closes__isnull=False),
                name="closure_has_both_ends_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.name}".strip()
