"""What marketing makes: sources, campaigns, personas and assets."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """Where leads come from, as marketing names it (for example “organic_search”)."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    """A marketing campaign with what it cost."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cost=None) | ~models.Q(currency=""),
                name="campaign_cost_has_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(cost=None) | models.Q(cost__gte=0),
                name="campaign_cost_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": "The campaign ends before it starts."})


class Persona(models.Model):
    """A kind of buyer that marketing writes for."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    goals = models.TextField(blank=True)
    pains = models.TextField(blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class Asset(models.Model):
    """Something that leads read, watch or attend, and what a rep can make of it."""

    class JourneyStage(models.TextChoices):
        AWARENESS = "awareness", _("Awareness")
        CONSIDERATION = "consideration", _("Consideration")
        DECISION = "decision", _("Decision")

    key = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    url = models.URLField(blank=True)
    persona = models.ForeignKey(Persona, null=True, blank=True, on_delete=models.PROTECT)
    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.PROTECT)
    journey_stage = models.CharField(max_length=15, choices=JourneyStage, blank=True)
    pain = models.TextField(blank=True, help_text="The pain it speaks to, in the buyer's words.")
    question = models.TextField(blank=True, help_text="What a rep asks somebody who read it.")
    proof = models.TextField(blank=True, help_text="The evidence it gives.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.title
