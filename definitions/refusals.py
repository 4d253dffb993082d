"""A side's answer that it does not sign a version, and why."""

import logging
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from definitions import versions, words
from definitions.enums import Side
from definitions.models import DefinitionVersion, Refusal

logger = logging.getLogger(__name__)


class ReasonRequired(Exception):
    """A refusal says what would have to change."""


class AlreadyRefused(Exception):
    """The person refused for this side in this round."""


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
    """Say for a side that the present content is not signed, and why.

    The version stays in review: the side may sign after all, or the version is withdrawn and
    edited. Whether `by` may speak for the side is for the caller to check.

    seen: the content hash that `by` read; None takes the present one.

    Raises:
        ReasonRequired: the reason is blank.
        VersionNotInReview: it is a draft, or has both signatures.
        ContentChanged: the text is another than `by` read.
        SideAlreadySigned: somebody signed for the side in this round.
        AlreadyRefused: `by` refused for the side in this round.
    """
    said = reason.strip()
    if words.is_blank(said):
        raise ReasonRequired("Say what would have to change before your side can sign.")
    versions.lock_in_review(version, seen=seen)
    present = {"version": version, "review_round": version.review_round, "side": side}
    if version.signoffs.filter(review_round=version.review_round, side=side).exists():
        raise versions.SideAlreadySigned(f"{Side(side).label} has signed {version}.")
    if Refusal.objects.filter(**present, refused_by=by.pk).exists():
        raise AlreadyRefused(f"You refused {version} for {Side(side).label} already.")
    refusal = Refusal.objects.create(
        **present,
        refused_by_id=by.pk,
        refused_at=at,
        content_hash=version.content_hash,
        reason=said,
    )
    logger.info("%s refused for %s by %s", version, side, by)
    return refusal
