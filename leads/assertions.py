"""What people answer about leads."""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from definitions import words
from leads import pending
from leads.models import Assertion, Lead

logger = logging.getLogger(__name__)


class EvidenceRequired(ValueError):
    """An answer must say how it is known."""


@transaction.atomic
def record(
    lead: Lead,
    *,
    what: str,
    value: Any,
    evidence: str,
    by: AbstractBaseUser,
    at: datetime,
    expires_at: datetime | None = None,
) -> Assertion:
    """Keep a person's answer, and mark the lead pending.

    what: the fact answered, for example `buying_team_confirmed`. value: a text, number or flag.

    Raises:
        EvidenceRequired: the evidence is blank.
    """
    if words.is_blank(evidence):
        raise EvidenceRequired(_("Say how it is known."))
    assertion = Assertion.objects.create(
        lead=lead,
        what=what,
        value=value,
        evidence=evidence.strip(),
        asserted_by_id=by.pk,
        asserted_at=at,
        received_at=at,
        expires_at=expires_at,
    )
    pending.mark([lead.pk])
    logger.info("Lead %s: %s answered by %s", lead.pk, what, by.pk)
    return assertion
