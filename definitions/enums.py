"""Stored choices of definitions."""

from enum import StrEnum

from django.db import models

from definitions.vocabulary import RuleStage


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return Django choices of a plain enumeration, labeled in words; stages in capitals."""
    if words is RuleStage:
        return [(stage.value, stage.value.upper()) for stage in words]
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


class VersionState(models.TextChoices):
    """Life of a version, in this order."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SIGNED = "signed"
    ACTIVE = "active"
    RETIRED = "retired"


class Side(models.TextChoices):
    """Party of the agreement."""

    MARKETING = "marketing"
    SALES = "sales"


class InFlightPlan(models.TextChoices):
    """What a new version does to those whom the old one judged."""

    GRANDFATHER = "grandfather"
    REQUALIFY = "requalify", "Re-qualify now"
    SUNSET = "sunset", "Sunset after some days"


class Checklist(models.TextChoices):
    """Questions by which a rep confirms."""

    NONE = "none"
    BANT = "bant", "BANT"
    CHAMP = "champ", "CHAMP"
    MEDDIC = "meddic", "MEDDIC"


class Match(models.TextChoices):
    """How many criteria of a level must hold."""

    ALL = "all"
    ANY = "any"


class Milestone(models.TextChoices):
    """What an SLA term promises to happen in time."""

    FIRST_RESPONSE = "first_response"
    ACCEPTANCE = "acceptance"


class AttemptKind(models.TextChoices):
    """Ways to contact somebody."""

    CALL = "call"
    CHAT = "chat", "Two-way chat"
    EMAIL = "email", "E-mail"
    MEETING = "meeting"
    MESSAGE = "message"
