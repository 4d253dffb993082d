"""Stored choices of leads."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """Lifecycle stage of a lead."""

    NEW = "new", _("New")
    IQL = "iql", "IQL"
    MQL = "mql", "MQL"
    PQL = "pql", "PQL"
    SQL = "sql", "SQL"
    SAL = "sal", "SAL"
    OPPORTUNITY = "opportunity", _("Opportunity")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    RECYCLED = "recycled", _("Recycled")
    DISQUALIFIED = "disqualified", _("Disqualified")

    TERMINAL = nonmember(frozenset({"won", "lost", "disqualified"}))


class Motion(models.TextChoices):
    """What a product qualified lead's use speaks of."""

    NEW_BUSINESS = "new_business", _("New business")
    EXPANSION = "expansion", _("Expansion")


class Cause(models.TextChoices):
    """What moved a lead to a stage."""

    EVALUATION = "evaluation", _("Evaluation")
    ACCEPT = "accept", _("Accepted by sales")
    CONFIRM = "confirm", _("Confirmed by sales")
    REJECT = "reject", _("Rejected by sales")
    EXPIRE = "expire", _("Expired untouched")
    OPPORTUNITY = "opportunity", _("Opportunity")
    RECYCLE = "recycle", _("Returned after cool-off")
    UNDO = "undo", _("Taken back")
    EXTERNAL = "external", _("CRM or import")


class OpportunityStage(models.TextChoices):
    """State of a deal."""

    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class Anomaly(models.TextChoices):
    """What does not fit about an opportunity; kept and flagged, never dropped."""

    WON_BEFORE_CONTACT = "won_before_contact", _("Won before first contact")
    NO_HANDOFF = "no_handoff", _("Won without a handoff")


class ImportMode(models.TextChoices):
    """Whether imported facts open handoffs."""

    HISTORY = "history", _("History: no handoffs, clocks or messages")
    LIVE = "live", _("Live")


class ImportState(models.TextChoices):
    """How far an import is; workers go on with those at work."""

    UPLOADED = "uploaded", _("To be described")
    CHECKING = "checking", _("Checking")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Importing")
    DONE = "done", _("Done")
    CANCELED = "canceled", _("Canceled")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")

    AT_WORK = nonmember(frozenset({"checking", "importing", "undoing"}))
    OVER = nonmember(frozenset({"done", "canceled", "failed", "undone"}))


class RowState(models.TextChoices):
    """What became of a row of a file."""

    READY = "ready", _("To be saved")
    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    MERGED = "merged", _("Found by e-mail under another name")
    UNCHANGED = "unchanged", _("Unchanged")
    DUPLICATE = "duplicate", _("Said before in the file")
    REFUSED = "refused", _("Refused")


class FieldPolicy(models.TextChoices):
    """What becomes of a field that a row of a file says and the product knows already."""

    OVERWRITE = "overwrite", _("Overwrite")
    FILL = "fill", _("Fill where blank")
    KEEP = "keep", _("Keep: only for new rows")


class ImpactState(models.TextChoices):
    """How far a preview of a version's impact is; workers go on with those at work."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")

    AT_WORK = nonmember(frozenset({"waiting", "running"}))


class StandingChange(models.TextChoices):
    """What a version would change for a lead."""

    UP = "up", _("Moves up")
    HANDED_OVER = "handed_over", _("Is handed over at its stage")
    NO_LONGER = "no_longer", _("No longer meets its stage")
    MEETS_AGAIN = "meets_again", _("Meets its stage again")
