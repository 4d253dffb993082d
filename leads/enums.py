"""Stored choices of leads."""

from enum import nonmember

from django.db import models


class Stage(models.TextChoices):
    """Lifecycle stage of a lead."""

    NEW = "new"
    IQL = "iql", "IQL"
    MQL = "mql", "MQL"
    PQL = "pql", "PQL"
    SQL = "sql", "SQL"
    SAL = "sal", "SAL"
    OPPORTUNITY = "opportunity"
    WON = "won"
    LOST = "lost"
    RECYCLED = "recycled"
    DISQUALIFIED = "disqualified"

    TERMINAL = nonmember(frozenset({"won", "lost", "disqualified"}))


class Cause(models.TextChoices):
    """What moved a lead to a stage."""

    EVALUATION = "evaluation"
    ACCEPT = "accept", "Accepted by sales"
    CONFIRM = "confirm", "Confirmed by sales"
    REJECT = "reject", "Rejected by sales"
    EXPIRE = "expire", "Expired untouched"
    OPPORTUNITY = "opportunity"
    RECYCLE = "recycle", "Returned after cool-off"
    UNDO = "undo", "Taken back"
    EXTERNAL = "external", "CRM or import"


class OpportunityStage(models.TextChoices):
    """State of a deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Anomaly(models.TextChoices):
    """What does not fit about an opportunity; kept and flagged, never dropped."""

    WON_BEFORE_CONTACT = "won_before_contact", "Won before first contact"
    NO_HANDOFF = "no_handoff", "Won without a handoff"


class ImportMode(models.TextChoices):
    """Whether imported facts open handoffs."""

    HISTORY = "history", "History: no handoffs, clocks or messages"
    LIVE = "live"


class ImportState(models.TextChoices):
    """How far an import is; workers go on with those at work."""

    UPLOADED = "uploaded", "To be described"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone"

    AT_WORK = nonmember(frozenset({"checking", "importing", "undoing"}))
    OVER = nonmember(frozenset({"done", "canceled", "failed", "undone"}))


class RowState(models.TextChoices):
    """What became of a row of a file."""

    READY = "ready", "To be saved"
    CREATED = "created"
    UPDATED = "updated"
    MERGED = "merged", "Found by e-mail under another name"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate", "Said before in the file"
    REFUSED = "refused"


class FieldPolicy(models.TextChoices):
    """What becomes of a field that a row of a file says and the product knows already."""

    OVERWRITE = "overwrite", "Overwrite"
    FILL = "fill", "Fill where blank"
    KEEP = "keep", "Keep: only for new rows"
