"""Imports: the files, their rows on the way in, and what each saved."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from leads.enums import ImportMode, ImportState, RowState


class ImportRun(models.Model):
    """One file on its way in: looked at, described, checked, saved, perhaps undone.

    `layout`, `header` and `notes` say how the file is written, `sample` holds its first rows as
    `[line, values, damage, repair]`; `content` is the mapping's
    document, frozen when the check began. All of the file was received at `received_at`.
    `row_count` rows wait to be saved once the file was read, `done_count` are through, by slices,
    of which `next_slice` is the next. `check_report`, `report` and `undo_report` count rows by
    what becomes (became) of them.
    """

    public_id = models.UUIDField(
        default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    mapping = models.CharField(max_length=64, blank=True)
    content: models.JSONField[Any, Any] = models.JSONField(null=True)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64, help_text="SHA-256.")
    file_size = models.BigIntegerField(default=0, db_default=0, help_text="In bytes.")
    layout: models.JSONField[Any, Any] = models.JSONField(default=dict)
    header: models.JSONField[Any, Any] = models.JSONField(default=list)
    notes: models.JSONField[Any, Any] = models.JSONField(default=list)
    sample: models.JSONField[Any, Any] = models.JSONField(default=list)
    mode = models.CharField(max_length=10, choices=ImportMode, blank=True)
    state = models.CharField(
        max_length=10,
        choices=ImportState,
        default=ImportState.UPLOADED,
        db_default=ImportState.UPLOADED,
    )
    row_count = models.PositiveIntegerField(null=True)
    done_count = models.PositiveIntegerField(default=0, db_default=0)
    next_slice = models.PositiveIntegerField(default=0, db_default=0)
    cancel_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why it failed.")
    received_at = models.DateTimeField(null=True)
    check_report: models.JSONField[Any, Any] = models.JSONField(default=dict)
    report: models.JSONField[Any, Any] = models.JSONField(default=dict)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)
    undo_report: models.JSONField[Any, Any] = models.JSONField(default=dict)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mode__in=("", *ImportMode.values)), name="import_mode_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ImportState.values), name="import_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("uploaded", "canceled", "failed"))
                | ~models.Q(mode=""),
                name="import_mode_chosen",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("checking", "checked", "importing", "undoing"))
                | models.Q(content__isnull=False, received_at__isnull=False),
                name="import_described",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(state__in=("checking", "importing", "undoing")),
                name="import_at_work",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportChunk(models.Model):
    """A piece of an import's file; kept until the import is over."""

    run = models.ForeignKey(
        ImportRun, db_index=False, on_delete=models.CASCADE, related_name="chunks"
    )
    place = models.PositiveIntegerField(help_text="From 0.")
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint("run", "place", name="one_chunk_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.place}"


class ImportRow(models.Model):
    """A row of an import's file; once saved, only those stay of which something is to be said.

    line: where it begins in the file. slice: the rows that are saved together; null: it is not
    saved. `problems` are `{"column", "reason"}`, `changes` are old and new values by field.
    `named` hashes the names of the row's lead, `keys` what the row speaks of, `said` what it says
    of each, so that contradictions are found by the database. `touchpoints`: those of a row that
    says nothing of its lead but who it is, which the database saves by itself.
    """

    run = models.ForeignKey(
        ImportRun,
        db_index=False,
        # Checked by nobody else: each row would cost as much again.
        db_constraint=False,
        on_delete=models.CASCADE,
        related_name="rows",
    )
    line = models.PositiveIntegerField()
    slice = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=RowState)
    values: models.JSONField[Any, Any] = models.JSONField()
    repair = models.TextField(default="", db_default="")
    problems: models.JSONField[Any, Any] = models.JSONField(null=True)
    changes: models.JSONField[Any, Any] = models.JSONField(null=True)
    named = ArrayField(models.BigIntegerField(), null=True)
    keys = ArrayField(models.BigIntegerField(), null=True)
    said = ArrayField(models.BigIntegerField(), null=True)
    touchpoints: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=RowState.values), name="import_row_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | models.Q(problems__isnull=False),
                name="import_row_refused_with_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["run", "slice"],
                condition=models.Q(slice__isnull=False),
                name="import_row_by_slice",
            ),
            models.Index(
                fields=["run", "state", "line"],
                condition=~models.Q(state="ready"),
                name="import_row_by_state",
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.state}"


class ImportBatch(models.Model):
    """What one slice of an import saved: the ledger by which it can be undone.

    Ids of what it created; `identities` are names that it gave to leads which were known,
    `changes` and `transitions` the history that it wrote of what was known. `updates` are changes
    of what has no history: `{"kind", "id", "field", "old", "new"}`.
    """

    run = models.ForeignKey(
        ImportRun, db_index=False, on_delete=models.CASCADE, related_name="batches"
    )
    slice = models.PositiveIntegerField()
    leads = ArrayField(models.BigIntegerField(), default=list)
    identities = ArrayField(models.BigIntegerField(), default=list)
    touchpoints = ArrayField(models.BigIntegerField(), default=list)
    accounts = ArrayField(models.BigIntegerField(), default=list)
    opportunities = ArrayField(models.BigIntegerField(), default=list)
    campaigns = ArrayField(models.BigIntegerField(), default=list)
    people = ArrayField(models.BigIntegerField(), default=list)
    changes = ArrayField(models.BigIntegerField(), default=list)
    transitions = ArrayField(models.BigIntegerField(), default=list)
    updates: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "import batches"
        constraints = [
            models.UniqueConstraint("run", "slice", name="one_batch_per_slice"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.slice}"
