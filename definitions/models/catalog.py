"""The shared catalog that drafts copy from: kinds of touchpoint and title rules."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from definitions.enums import choices
from definitions.vocabulary import Authority, Category, IntentLevel


class TouchpointKind(models.Model):
    """A kind of dated thing that somebody can do, with what it says about intent."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=20, choices=choices(Category))
    intent_level = models.CharField(max_length=10, choices=choices(IntentLevel), default="none")
    is_direct_intent = models.BooleanField(
        default=False, help_text="Asks for sales outright: demo request, booking, RFP …"
    )
    is_product_use = models.BooleanField(default=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(category__in=list(Category)), name="kind_category_known"
            ),
            models.CheckConstraint(
                condition=models.Q(intent_level__in=list(IntentLevel)),
                name="kind_intent_level_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_direct_intent=False) | models.Q(intent_level="high"),
                name="direct_intent_is_high_intent",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TitleRuleFields(models.Model):
    """What one title rule says; shared by the catalog and a version's own copy."""

    position = models.PositiveIntegerField(help_text="Rules are tried in this order; first match.")
    language = models.CharField(
        max_length=2, blank=True, help_text="ISO 639-1 code; blank: every language."
    )
    phrase = models.CharField(max_length=120, help_text="Words that stand next to each other.")
    unless = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        help_text="Phrases that must not be in the title.",
    )
    authority = models.CharField(max_length=20, choices=choices(Authority))
    confidence = models.PositiveSmallIntegerField(help_text="Percent, 1 to 100.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.phrase} → {self.authority}"


class TitleRule(TitleRuleFields):
    """An ordered rule that reads authority from a job title."""

    class Meta:
        constraints = [
            models.UniqueConstraint("position", name="one_title_rule_per_position"),
            models.CheckConstraint(
                condition=models.Q(authority__in=list(Authority)), name="title_authority_known"
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__range=(1, 100)), name="title_confidence_percent"
            ),
        ]
