"""Stored choices of routing."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _


class RepKind(models.TextChoices):
    """What a rep does."""

    SDR = "sdr", "SDR"
    AE = "ae", "AE"


class HandoffStatus(models.TextChoices):
    """State of a handoff."""

    QUEUED = "queued", _("Queued")
    ASSIGNED = "assigned", _("Assigned")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    RETURNED = "returned", _("Returned")
    EXPIRED = "expired", _("Expired")
    CONVERTED = "converted", _("Converted")

    OPEN = nonmember(frozenset({"queued", "assigned", "accepted"}))
    HELD = nonmember(frozenset({"assigned", "accepted"}))
    CLOSED = nonmember(frozenset({"rejected", "returned", "expired", "converted"}))


class AttemptOutcome(models.TextChoices):
    """What came of an attempt."""

    REACHED = "reached", _("Reached")
    NO_ANSWER = "no_answer", _("No answer")
    LEFT_MESSAGE = "left_message", _("Left a message")
    WRONG_CONTACT = "wrong_contact", _("Wrong number or address")


class TimerState(models.TextChoices):
    """State of a promise; a cancelled one never counts."""

    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    MET = "met", _("Met")
    BREACHED = "breached", _("Breached")
    CANCELLED = "cancelled", _("Cancelled")


class TimerMilestone(models.TextChoices):
    """What a timer waits for."""

    FIRST_RESPONSE = "first_response", _("First Response")
    ACCEPTANCE = "acceptance", _("Acceptance")
    RE_RESPONSE = "re_response", _("First response of a new owner")
    SECOND_ATTEMPT = "second_attempt", _("Second attempt")
    OUTCOME = "outcome", _("Opportunity or return")
    ASSIGNMENT = "assignment", _("Assignment from a queue")
    ANSWER = "answer", _("Answer to a question")


class ReviewTaskState(models.TextChoices):
    """State of a question about a lead."""

    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    CANCELLED = "cancelled", _("No longer asked")


class StepKind(models.TextChoices):
    """One thing that is due on a timer."""

    WARN = "warn", _("Warn")
    BREACH = "breach", _("Breach")
    REMIND = "remind", _("Remind the owner")
    MANAGER = "manager", _("Tell the manager")
    ESCALATE = "escalate", _("Escalate")
    REASSIGN = "reassign", _("Reassign")


class StepState(models.TextChoices):
    """State of a step."""

    ARMED = "armed", _("Armed")
    FIRED = "fired", _("Fired")
    CANCELLED = "cancelled", _("Cancelled")


class SlaEventKind(models.TextChoices):
    """What happened to a clock."""

    STARTED = "started", _("Started")
    SHORTENED = "shortened", _("Made due sooner by new high intent")
    WARNED = "warned", _("Warned")
    BREACHED = "breached", _("Breached")
    REMINDED = "reminded", _("Owner reminded")
    MANAGER_TOLD = "manager_told", _("Manager told")
    ESCALATED = "escalated", _("Escalated")
    REASSIGNED = "reassigned", _("Reassigned")
    RECOMPUTED = "recomputed", _("Counted anew after the calendar was edited")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    MET = "met", _("Met")
    CANCELLED = "cancelled", _("Cancelled")
    ANSWERED_LATE = "answered_late", _("Answered Late")
    REOPENED = "reopened", _("Restored when an answer was taken back")

    ONCE = nonmember(("warned", "breached", "reminded", "manager_told", "escalated", "reassigned"))


class RuleKind(models.TextChoices):
    """The rule by which an owner was found; a plan is made of those that are `PLANNED`."""

    NAMED_ACCOUNT = "named_account", _("Named Account")
    ACCOUNT_OWNER = "account_owner", _("Account Owner")
    HIGH_VALUE = "high_value", _("High value")
    TERRITORY = "territory", _("Territory rotation")
    SECONDARY = "secondary", _("Territory's secondary contact")
    QUEUE = "queue", _("Territory's queue")
    FALLBACK_QUEUE = "fallback_queue", _("Fallback Queue")
    DELEGATE = "delegate", _("Stand-in of an absent rep")
    PERSON = "person", _("Assigned by a person")
    PULLED = "pulled", _("Taken from the queue by a rep")

    PLANNED = nonmember(
        ("named_account", "account_owner", "high_value", "territory", "fallback_queue")
    )


class PlanState(models.TextChoices):
    """Life of a routing plan, in this order."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class PauseReason(models.TextChoices):
    """Why a clock stands still."""

    LEAD_ASKED = "lead_asked", _("The lead asked to be called later")
    LEAD_AWAY = "lead_away", _("The lead is away")
    MARKETING_ASKED = "marketing_asked", _("Marketing is asked for a fact")
    LEGAL_CHECK = "legal_check", _("Legal or compliance check")
    SYSTEM_DOWN = "system_down", _("Phone or mail system is down")
    OTHER = "other", _("Other")


class FloorCheckCause(models.TextChoices):
    """Why a handover was checked against the criteria floor."""

    HANDOVER = "handover", _("Handed over")
    CORRECTION = "correction", _("Facts were corrected")
    REJECTION = "rejection", _("A rejection named a criterion")


class BatchKind(models.TextChoices):
    """By what handovers are put together for the criteria SLA."""

    CAMPAIGN = "campaign", _("Campaign")
    SOURCE = "source", _("Source")
    IMPORT_RUN = "import_run", _("Import")
    WEEK = "week", _("Week")


class ReasonCategory(models.TextChoices):
    """What a rejection accuses."""

    NO_FIT = "no_fit", _("No Fit")
    BAD_TIMING = "bad_timing", _("Bad Timing")
    NO_INTENT = "no_intent", _("No Intent")
    WRONG_PERSON = "wrong_person", _("Wrong Person")
    UNREACHABLE = "unreachable", _("Could not reach")
    DUPLICATE = "duplicate", _("Duplicate")
    COMPETITOR = "competitor", _("Competitor")
    INTERNAL = "internal", _("Internal")
    OTHER = "other", _("Other")


class NoticeKind(models.TextChoices):
    """What somebody must be told."""

    ASSIGNED = "assigned", _("Assigned")
    QUEUED = "queued", _("Queued")
    WARNING = "warning", _("Warning")
    BREACHED = "breached", _("Breached")
    ESCALATED = "escalated", _("Escalated")
    REASSIGNED_AWAY = "reassigned_away", _("Reassigned Away")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    INVARIANT = "invariant", _("A health check failed")
    SIGNATURE_WANTED = "signature_wanted", _("A signature is wanted")
    SIGNATURE_REFUSED = "signature_refused", _("A signature was refused")
    VERSION_ACTIVE = "version_active", _("A definition took effect")
    ACTIVATION_FAILED = "activation_failed", _("A definition could not take effect")
    REVIEW_DUE = "review_due", _("A definition is due for review")
    REVIEW_OVERDUE = "review_overdue", _("A review is overdue")
    QUESTION_ASKED = "question_asked", _("A question about a lead")
    REMINDER = "reminder", _("Reminder of a missed promise")
    MANAGER_TOLD = "manager_told", _("A promise of the team was missed")
    SLA_ALERT = "sla_alert", _("A signed limit is broken")
    BULK_REJECTED = "bulk_rejected", _("Leads of a batch were rejected together")
    SUSPENDED = "suspended", _("Taken out of rotation")
