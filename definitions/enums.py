"""Stored choices of definitions."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from definitions.vocabulary import RuleStage


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return Django choices of a plain enumeration, labeled in words; stages in capitals."""
    if words is RuleStage:
        return [(stage.value, stage.value.upper()) for stage in words]
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


class VersionState(models.TextChoices):
    """Life of a version, in this order."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In Review")
    SIGNED = "signed", _("Signed")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class Side(models.TextChoices):
    """Party of the agreement."""

    MARKETING = "marketing", _("Marketing")
    SALES = "sales", _("Sales")


class InFlightPlan(models.TextChoices):
    """What a new version does to those whom the old one judged."""

    GRANDFATHER = "grandfather", _("Grandfather")
    REQUALIFY = "requalify", _("Re-qualify now")
    SUNSET = "sunset", _("Sunset after some days")


class Checklist(models.TextChoices):
    """Questions by which a rep confirms."""

    NONE = "none", _("None")
    BANT = "bant", "BANT"
    CHAMP = "champ", "CHAMP"
    MEDDIC = "meddic", "MEDDIC"


class Match(models.TextChoices):
    """How many criteria of a level must hold."""

    ALL = "all", _("All")
    ANY = "any", _("Any")


class Milestone(models.TextChoices):
    """What an SLA term promises to happen in time."""

    FIRST_RESPONSE = "first_response", _("First Response")
    ACCEPTANCE = "acceptance", _("Acceptance")
    SECOND_ATTEMPT = "second_attempt", _("Second attempt")
    OUTCOME = "outcome", _("Opportunity or return")


class StartEvent(models.TextChoices):
    """From when an SLA term counts."""

    QUALIFIED = "qualified", _("The lead qualified")
    ASSIGNED = "assigned", _("A rep received it")
    FIRST_ATTEMPT = "first_attempt", _("The first attempt")
    ACCEPTED = "accepted", _("It was accepted")


STARTS: dict[Milestone, tuple[StartEvent, ...]] = {
    Milestone.FIRST_RESPONSE: (StartEvent.QUALIFIED,),
    Milestone.ACCEPTANCE: (StartEvent.QUALIFIED, StartEvent.ASSIGNED),
    Milestone.SECOND_ATTEMPT: (StartEvent.FIRST_ATTEMPT,),
    Milestone.OUTCOME: (
        StartEvent.ACCEPTED,
        StartEvent.QUALIFIED,
        StartEvent.ASSIGNED,
        StartEvent.FIRST_ATTEMPT,
    ),
}
"""From what each milestone may be counted, the usual start first; total."""


class AttemptKind(models.TextChoices):
    """Ways to contact somebody."""

    CALL = "call", _("Call")
    CHAT = "chat", _("Two-way chat")
    EMAIL = "email", _("E-mail")
    MEETING = "meeting", _("Meeting")
    MESSAGE = "message", _("Message")
