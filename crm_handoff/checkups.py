"""What must never be true, asked each minute and kept for everybody to see."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction


class Checkup(models.Model):
    """The latest answer to one invariant; one row an invariant.

    `violated_since`: when it was first found violated, empty while it holds; `told_at`: when
    people were told of that. `rows` are some of those that violate it. Other things that are done
    each minute have a row of their own, whose `checked_at` says when one relay took its turn.
    """

    name = models.CharField(max_length=64, unique=True)
    checked_at = models.DateTimeField()
    violated_count = models.PositiveIntegerField(default=0)
    violated_since = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    rows: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        app_label = "crm_handoff"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(violated_count=0, violated_since=None, told_at=None)
                | models.Q(violated_count__gt=0, violated_since__isnull=False),
                name="checkup_says_since_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@transaction.atomic
def take_turn(name: str, *, every: timedelta, at: datetime) -> bool:
    """Say whether it is the caller's turn to do what is done every so often, by whoever comes by.

    Of any number of relays that ask, one is told so; the turn counts as taken even if the caller
    then fails. One query when it is nobody's turn.
    """
    turn = Checkup.objects.select_for_update(skip_locked=True, no_key=True).filter(name=name)
    found = turn.filter(checked_at__lte=at - every).first()
    if found is None:
        return _is_first(name, at=at)
    found.checked_at = at
    found.save(update_fields=["checked_at"])
    return True


def _is_first(name: str, *, at: datetime) -> bool:
    if Checkup.objects.filter(name=name).exists():
        return False
    _turn, is_made = Checkup.objects.get_or_create(name=name, defaults={"checked_at": at})
    return is_made
