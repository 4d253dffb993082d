"""Reviews of versions in force: opened when due, signed by both sides, confirmed or revised."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from definitions import versions, words
from definitions.enums import Side, VersionState
from definitions.models import DefinitionReview, DefinitionVersion, ReviewSignature

logger = logging.getLogger(__name__)

OVERDUE_AFTER = timedelta(days=14)
"""From opening; then a review that still lacks a signature is told once more."""

PARTS = ("acceptance", "rejections", "won")
"""What there is to look at, in this order; each signature says which of it was seen."""

UNDER_WAY = (VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.SIGNED)
"""States of a version that is to follow the one in force."""


class ReviewIsClosed(Exception):
    """Both sides signed it, or another version took effect meanwhile."""


class NothingLookedAt(Exception):
    """A signature says what its signer looked at."""


class ReasonRequired(Exception):
    """Whoever wants a version revised says what should change."""


class FindingsChanged(Exception):
    """Somebody else wrote findings meanwhile; theirs are kept."""


def next_due_at(version: DefinitionVersion) -> datetime | None:
    """Return when a version is to be reviewed next; None when it was never in force. One query.

    So many days as its definition says after it was activated, or after its last review closed.
    """
    dated = DefinitionVersion.objects.filter(pk=version.pk).annotate(review_due_at=_due_at())
    found: datetime | None = dated.values_list("review_due_at", flat=True).get()
    return found


def due(*, at: datetime) -> list[DefinitionVersion]:
    """Return the versions in force that are to be reviewed and are not yet; one query."""
    return list(_due(at=at))


@transaction.atomic
def begin(version: DefinitionVersion, *, at: datetime) -> DefinitionReview | None:
    """Open the review of a version that is due; None when somebody else does, or did.

    Its figures are still to be kept, in the same transaction.
    """
    mine = DefinitionVersion.objects.filter(pk=version.pk)
    if not mine.select_for_update(no_key=True, skip_locked=True).exists():
        return None
    # Asked again under the lock: another relay may have opened it a moment ago.
    due_at = next_due_at(version) if _due(at=at).filter(pk=version.pk).exists() else None
    if due_at is None:
        return None
    review = DefinitionReview.objects.create(version=version, due_at=due_at, opened_at=at)
    logger.info("%s opened, due %s", review, review.due_at)
    return review


def keep_figures(review: DefinitionReview, figures: dict[str, Any]) -> None:
    """Freeze what both sides look at, as JSON."""
    review.figures = figures
    review.save(update_fields=["figures"])


def overdue(*, at: datetime) -> list[DefinitionReview]:
    """Return the open reviews of which nobody was told that they are overdue; one query."""
    waiting = _open().filter(overdue_told_at=None, opened_at__lte=at - OVERDUE_AFTER)
    return list(waiting.select_related("version__definition").order_by("pk"))


def claim_reminder(review: DefinitionReview, *, at: datetime) -> bool:
    """Say whether it is the caller who tells that a review is overdue: once a review."""
    untold = DefinitionReview.objects.filter(pk=review.pk, overdue_told_at=None, closed_at=None)
    return untold.update(overdue_told_at=at) == 1


@transaction.atomic
def record_findings(review: DefinitionReview, *, text: str, seen: str) -> None:
    """Write down what both sides found, in place of what was there.

    seen: the findings that the writer had before them.

    Raises:
        ReviewIsClosed: both sides signed it, or its version is not in force any more.
        FindingsChanged: somebody wrote others meanwhile.
    """
    _lock_open(review)
    if review.findings != seen:
        raise FindingsChanged(f"The findings of {review} were changed meanwhile.")
    review.findings = text
    review.save(update_fields=["findings"])


@transaction.atomic
def sign(
    review: DefinitionReview,
    *,
    side: str,
    outcome: str,
    looked_at: Collection[str],
    by: AbstractBaseUser,
    at: datetime,
    comment: str = "",
) -> ReviewSignature:
    """Sign a review for a side; the second side's signature closes it.

    It is confirmed when both sides want that. When one of them wants a change, it is to be
    revised: a draft that copies the version is written, unless a next version is under way, and
    linked. Whether `by` may sign for the side at all is for the caller to check.

    Raises:
        ReviewIsClosed: both sides signed it, or its version is not in force any more.
        NothingLookedAt: `looked_at` names no part.
        ReasonRequired: a change is wanted, and the comment is blank.
        SideAlreadySigned: somebody signed for the side.
        SignerMayNotSign: `by` signed for the other side, or is not active.
    """
    _lock_open(review)
    seen = [part for part in PARTS if part in looked_at]
    if not seen:
        raise NothingLookedAt("Say what you looked at.")
    if outcome == DefinitionReview.Outcome.REVISED and words.is_blank(comment):
        raise ReasonRequired("Say what should change.")
    earlier = list(review.signatures.all())
    _check_signer(earlier, side=side, by=by)
    signature = ReviewSignature.objects.create(
        review=review,
        side=side,
        outcome=outcome,
        signer_id=by.pk,
        signed_at=at,
        looked_at=seen,
        comment=comment.strip(),
    )
    logger.info("%s signed for %s by %s: %s", review, side, by, outcome)
    if earlier:
        _close(review, [*earlier, signature], by=by, at=at)
    return signature


def _check_signer(
    earlier: Collection[ReviewSignature], *, side: str, by: AbstractBaseUser
) -> None:
    if any(signature.side == side for signature in earlier):
        raise versions.SideAlreadySigned(f"{Side(side).label} has signed this review.")
    if not by.is_active or any(signature.signer_id == by.pk for signature in earlier):
        raise versions.SignerMayNotSign("The two sides are signed for by two people, both active.")


def _close(
    review: DefinitionReview,
    signatures: Collection[ReviewSignature],
    *,
    by: AbstractBaseUser,
    at: datetime,
) -> None:
    outcomes = {signature.outcome for signature in signatures}
    is_revised = DefinitionReview.Outcome.REVISED in outcomes
    review.outcome = (
        DefinitionReview.Outcome.REVISED if is_revised else DefinitionReview.Outcome.CONFIRMED
    )
    review.next_version = _next_version(review.version, by=by) if is_revised else None
    review.closed_at = at
    review.save(update_fields=["outcome", "next_version", "closed_at"])
    logger.info("%s closed: %s", review, review.outcome)


def _next_version(version: DefinitionVersion, *, by: AbstractBaseUser) -> DefinitionVersion | None:
    """Return the version that is to follow: one under way, else a new draft that is a copy.

    None when the copy would not be valid by what drafts are held to by now.
    """
    later = version.definition.versions.filter(number__gt=version.number, state__in=UNDER_WAY)
    found = later.order_by("-number").first()
    if found is not None:
        return found
    try:
        return versions.revise(version, by=by)
    except versions.ContentInvalid as refusal:
        logger.warning("No draft was made of %s: %s", version, refusal)
        return None


def _due_at() -> "ExpressionWrapper[Any]":
    closed = DefinitionReview.objects.filter(version=OuterRef("pk")).exclude(closed_at=None)
    last = Coalesce(closed.order_by("-closed_at").values("closed_at")[:1], F("activated_at"))
    every = F("definition__review_every_days") * Value(timedelta(days=1))
    return ExpressionWrapper(last + every, output_field=DateTimeField())


def _due(*, at: datetime) -> QuerySet[DefinitionVersion]:
    is_open = DefinitionReview.objects.filter(version=OuterRef("pk"), closed_at=None)
    return (
        DefinitionVersion.objects.filter(~Exists(is_open), state=VersionState.ACTIVE)
        .alias(review_due_at=_due_at())
        .filter(review_due_at__lte=at)
        .select_related("definition")
        .defer("content")
        .order_by("review_due_at", "pk")
    )


def _open() -> QuerySet[DefinitionReview]:
    return DefinitionReview.objects.filter(closed_at=None, version__state=VersionState.ACTIVE)


def _lock_open(review: DefinitionReview) -> None:
    locked = DefinitionReview.objects.select_for_update(of=("self",), no_key=True)
    review.refresh_from_db(from_queryset=locked.select_related("version"))
    if review.closed_at is not None or review.version.state != VersionState.ACTIVE:
        raise ReviewIsClosed(f"{review} is closed.")
