"""A round of signatures: it begins with submitting, a side may refuse, and people are told."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from crm_handoff.agreements import telling
from definitions import refusals, versions
from definitions.models import DefinitionVersion, Refusal


@transaction.atomic
def submit(version: DefinitionVersion, *, by: AbstractBaseUser, at: datetime) -> DefinitionVersion:
    """Freeze a draft for review, and tell those who may sign it.

    Raises:
        VersionIsFrozen: it is no draft.
        ContentInvalid: its rows make no sound agreement, or a side has no named operator.
    """
    versions.submit(version, by=by, at=at)
    telling.signatures_wanted(version, at=at)
    return version


@transaction.atomic
def refuse(
    version: DefinitionVersion,
    *,
    side: str,
    by: AbstractBaseUser,
    reason: str,
    at: datetime,
    seen: str | None = None,
) -> Refusal:
    """Refuse to sign for a side, and tell the author, RevOps and the other side why.

    seen: the content hash that `by` read; None takes the present one.

    Raises:
        ReasonRequired: the reason is blank.
        VersionNotInReview: it is a draft, or has both signatures.
        ContentChanged: the text is another than `by` read.
        SideAlreadySigned: somebody signed for the side in this round.
        AlreadyRefused: `by` refused for the side in this round.
    """
    refusal = refusals.refuse(version, side=side, by=by, reason=reason, at=at, seen=seen)
    telling.refused(refusal, at=at)
    return refusal
