"""A version's own copies of what it relies on: kinds of touchpoints, and title rules."""

from django.db import models

from definitions.enums import choices
from definitions.models.catalog import TitleRuleFields
from definitions.models.version import DefinitionVersion
from definitions.vocabulary import Authority, Category, IntentLevel


class VersionKind(models.Model):
    """A version's own copy of what a touchpoint kind means."""

    version = models.ForeignKey(DefinitionVersion, on_delete=models.CASCADE, related_name="kinds")
    key = models.SlugField(max_length=64)
    category = models.CharField(max_length=20, choices=choices(Category))
    intent_level = models.CharField(max_length=10, choices=choices(IntentLevel))
    is_direct_intent = models.BooleanField()
    is_product_use = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "key", name="one_copy_per_kind"),
            models.CheckConstraint(
                condition=models.Q(category__in=list(Category)), name="copied_category_known"
            ),
            models.CheckConstraint(
                condition=models.Q(intent_level__in=list(IntentLevel)),
                name="copied_intent_level_known",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class VersionTitleRule(TitleRuleFields):
    """A version's own copy of a title rule."""

    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.CASCADE, related_name="title_rules"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "position", name="one_copy_per_title_rule"),
            models.CheckConstraint(
                condition=models.Q(authority__in=list(Authority)), name="copied_authority_known"
            ),
        ]
