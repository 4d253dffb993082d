"""One edition of a definition: the agreement that both sides sign."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from definitions.enums import Checklist, InFlightPlan, VersionState, choices
from definitions.models.definition import Definition
from definitions.vocabulary import Process, RuleStage


class DefinitionVersion(models.Model):
    """An edition: rows while a draft, a frozen canonical text with its SHA-256 from submit on.

    `content` and `content_hash` are set by submit and voided by withdraw; triggers freeze the
    rows of every version that is not a draft, and refuse to activate one without two valid
    signatures.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=VersionState, default=VersionState.DRAFT, editable=False
    )
    process = models.CharField(max_length=20, choices=choices(Process))
    handoff_stage = models.CharField(
        max_length=10, choices=choices(RuleStage), help_text="Reaching it hands over to sales."
    )
    day_zone = models.CharField(
        max_length=64, default="UTC", help_text="IANA zone in which days are counted."
    )
    effective_at = models.DateTimeField(
        null=True, blank=True, help_text="Earliest instant of activation; blank: once signed."
    )
    change_note = models.TextField(blank=True)
    in_flight_plan = models.CharField(
        max_length=20, choices=InFlightPlan, default=InFlightPlan.GRANDFATHER
    )
    sunset_days = models.PositiveSmallIntegerField(null=True, blank=True)
    checklist = models.CharField(max_length=10, choices=Checklist, default=Checklist.NONE)
    handover_fields = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Facts that the packet must hold.",
    )
    floor_criteria = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Keys of criteria below which a handover counts as missed by marketing.",
    )
    floor_exempt_paths = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text="Paths for which the floor's fit criteria do not count.",
    )
    criteria_limit_pct = models.DecimalField(
        max_digits=5, decimal_places=2, default=5, help_text="Criteria SLA: percent missed."
    )
    response_limit_pct = models.DecimalField(
        max_digits=5, decimal_places=2, default=10, help_text="Response SLA: percent missed."
    )
    marketing_operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    marketing_deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sales_operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sales_deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    review_round = models.PositiveIntegerField(default=1, editable=False)
    content = models.TextField(blank=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    activation_problem = models.TextField(
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Why the last try to put it in force failed.",
    )
    activation_retry_at = models.DateTimeField(null=True, editable=False)
    activated_at = models.DateTimeField(null=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [
            ("sign_marketing", "Can sign for marketing"),
            ("sign_sales", "Can sign for sales"),
            ("operator", "Can be named operator or deputy of a side"),
        ]
        constraints = [
            models.UniqueConstraint("definition", "number", name="one_version_per_number"),
            models.UniqueConstraint(
                fields=("definition",),
                condition=models.Q(state="active"),
                name="one_active_version_per_definition",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=VersionState.values), name="version_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(process__in=list(Process)), name="version_process_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft", content_hash="", content="")
                | (~models.Q(state="draft") & ~models.Q(content_hash="") & ~models.Q(content="")),
                name="version_has_content_iff_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    in_flight_plan="sunset", sunset_days__isnull=False, sunset_days__gt=0
                )
                | (~models.Q(in_flight_plan="sunset") & models.Q(sunset_days=None)),
                name="version_sunset_days_iff_sunset",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("active", "retired"), activated_at__isnull=False)
                | models.Q(state__in=("draft", "in_review", "signed"), activated_at=None),
                name="version_activated_at_iff_activated",
            ),
            models.CheckConstraint(
                condition=models.Q(state="retired", retired_at__isnull=False)
                | (~models.Q(state="retired") & models.Q(retired_at=None)),
                name="version_retired_at_iff_retired",
            ),
            models.CheckConstraint(
                condition=models.Q(effective_at=None)
                | models.Q(activated_at=None)
                | models.Q(activated_at__gte=models.F("effective_at")),
                name="version_not_active_before_effective",
            ),
            models.CheckConstraint(
                condition=models.Q(activation_problem="", activation_retry_at=None)
                | (
                    models.Q(state="signed", activation_retry_at__isnull=False)
                    & ~models.Q(activation_problem="")
                ),
                name="version_retries_iff_it_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition} v{self.number}"
