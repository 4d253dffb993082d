"""What people say about an agreement before they sign it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from definitions.models.definition import Definition
from definitions.models.version import DefinitionVersion


class Remark(models.Model):
    """A line in the discussion of a criterion, or of the whole; append-only.

    The thread belongs to the definition, so that it outlives a version; `version` is the one that
    was looked at.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="remarks", db_index=False
    )
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="remarks"
    )
    criterion_key = models.SlugField(
        max_length=64, blank=True, db_index=False, help_text="Blank: about the whole agreement."
    )
    text = models.TextField()
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(text__regex=r"\S"), name="remark_says_something"
            ),
        ]
        indexes = [
            models.Index(fields=["definition", "criterion_key", "said_at"], name="remark_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.said_by}: {self.text[:60]}"


class Workshop(models.Model):
    """The record of a joint workshop in which both sides worked on a version; append-only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="workshops"
    )
    held_on = models.DateField()
    attendees = models.TextField(help_text="Names, one a line.")
    ideal_customer = models.TextField(
        blank=True, help_text="The ideal customer profile as it was agreed."
    )
    decisions = models.TextField(help_text="What was decided, one a line.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(attendees__regex=r"\S") & models.Q(decisions__regex=r"\S"),
                name="workshop_says_who_decided_what",
            ),
        ]

    def __str__(self) -> str:
        return f"Workshop of {self.held_on:%Y-%m-%d}"


class Proposal(models.Model):
    """A field that somebody misses in the agreement, and what became of the wish."""

    class Outcome(models.TextChoices):
        """Answer to a proposal; blank: none yet."""

        ADOPTED = "adopted", _("Adopted")
        DECLINED = "declined", _("Declined")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="proposals")
    field = models.CharField(max_length=120, help_text="What should be known of every lead.")
    why = models.TextField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(field__regex=r"\S") & models.Q(why__regex=r"\S"),
                name="proposal_says_what_and_why",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", answered_by=None, answered_at=None, answer="")
                | (
                    models.Q(outcome__in=("adopted", "declined"), answer__regex=r"\S")
                    & models.Q(answered_by__isnull=False, answered_at__isnull=False)
                ),
                name="proposal_answered_with_a_word",
            ),
        ]

    def __str__(self) -> str:
        return self.field
