"""What every installation starts with; edits of the operator are left alone."""

import logging
from datetime import datetime

from django.db import transaction

from crm_handoff.models import User
from definitions import catalog, document, versions
from definitions.models import Definition
from routing import defaults

logger = logging.getLogger(__name__)

SHIPPED = ("mid_market.yaml", "sales_confirmed.yaml")
"""Definitions that ship as drafts, to be completed, signed and activated by both sides."""


@transaction.atomic
def load(*, by: User | None, at: datetime | None = None) -> None:
    """Add what is missing: catalog, reasons, calendar, fallback queue, drafts of definitions.

    Repeating it adds nothing. Without anybody to author the drafts and to manage the fallback
    queue (`by`), these two are left for later. at: when the drafts were written; None: now.
    """
    catalog.load_defaults()
    defaults.load_defaults(manager=by)
    if by is None:
        return
    for name in SHIPPED:
        text = (catalog.DEFAULTS / name).read_text(encoding="utf-8")
        key = document.read(text)["definition"]
        if not Definition.objects.filter(key=key).exists():
            versions.load(text, by=by, at=at)
            logger.info("Definition %s is loaded as a draft", key)
