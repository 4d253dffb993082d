"""Stored choices of routing."""

from enum import nonmember

from django.db import models


class RepKind(models.TextChoices):
    """What a rep does."""

    SDR = "sdr", "SDR"
    AE = "ae", "AE"


class HandoffStatus(models.TextChoices):
    """State of a handoff."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETURNED = "returned"
    EXPIRED = "expired"
    CONVERTED = "converted"

    OPEN = nonmember(frozenset({"queued", "assigned", "accepted"}))
    HELD = nonmember(frozenset({"assigned", "accepted"}))
    CLOSED = nonmember(frozenset({"rejected", "returned", "expired", "converted"}))


class AttemptOutcome(models.TextChoices):
    """What came of an attempt."""

    REACHED = "reached", "Reached"
    NO_ANSWER = "no_answer", "No answer"
    LEFT_MESSAGE = "left_message", "Left a message"
    WRONG_CONTACT = "wrong_contact", "Wrong number or address"


class TimerState(models.TextChoices):
    """State of a promise; a cancelled one never counts."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class TimerMilestone(models.TextChoices):
    """What a timer waits for."""

    FIRST_RESPONSE = "first_response"
    ACCEPTANCE = "acceptance"
    RE_RESPONSE = "re_response", "First response of a new owner"


class StepKind(models.TextChoices):
    """One thing that is due on a timer."""

    WARN = "warn"
    BREACH = "breach"
    ESCALATE = "escalate"
    REASSIGN = "reassign"


class StepState(models.TextChoices):
    """State of a step."""

    ARMED = "armed"
    FIRED = "fired"
    CANCELLED = "cancelled"


class SlaEventKind(models.TextChoices):
    """What happened to a clock."""

    STARTED = "started"
    SHORTENED = "shortened", "Made due sooner by new high intent"
    WARNED = "warned"
    BREACHED = "breached"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    PAUSED = "paused"
    RESUMED = "resumed"
    MET = "met"
    CANCELLED = "cancelled"
    ANSWERED_LATE = "answered_late"
    REOPENED = "reopened", "Restored when an answer was taken back"


class RoutingRule(models.TextChoices):
    """The rule by which an owner was found."""

    NAMED_ACCOUNT = "named_account"
    ACCOUNT_OWNER = "account_owner"
    TERRITORY = "territory", "Territory rotation"
    SECONDARY = "secondary", "Territory's secondary contact"
    QUEUE = "queue", "Territory's queue"
    FALLBACK_QUEUE = "fallback_queue"
    PERSON = "person", "Assigned by a person"


class ReasonCategory(models.TextChoices):
    """What a rejection accuses."""

    NO_FIT = "no_fit"
    BAD_TIMING = "bad_timing"
    NO_INTENT = "no_intent"
    WRONG_PERSON = "wrong_person"
    UNREACHABLE = "unreachable", "Could not reach"
    DUPLICATE = "duplicate"
    COMPETITOR = "competitor"
    INTERNAL = "internal"
    OTHER = "other"


class NoticeKind(models.TextChoices):
    """What somebody must be told."""

    ASSIGNED = "assigned"
    QUEUED = "queued"
    WARNING = "warning"
    BREACHED = "breached"
    ESCALATED = "escalated"
    REASSIGNED_AWAY = "reassigned_away"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    INVARIANT = "invariant", "A health check failed"
