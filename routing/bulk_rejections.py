"""Sales refuses what a batch has below the criteria floor, in one go, once the limit is broken."""

import logging
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion
from leads.models import Lead
from routing import answers, batches, notices, territories
from routing import roster as rosters
from routing.batches import ENOUGH, Batch, BatchRate
from routing.enums import HandoffStatus, NoticeKind
from routing.grace import UNDO_WITHIN, NotYourAnswer, UndoTooLate
from routing.models import BulkRejection, Handoff, Rejection, RejectionReason, Reversal

logger = logging.getLogger(__name__)


class BatchRefusal(Exception):
    """A batch cannot be rejected; the sentence says why."""


class NoLimitInForce(BatchRefusal):
    """No version of the definition is in force, so there is no limit to break."""

    def __init__(self) -> None:
        super().__init__(_("No version of this definition is in force: there is no limit."))


class TooFewHandovers(BatchRefusal):
    """The batch is so small that its rate says nothing."""

    def __init__(self, rate: BatchRate) -> None:
        said = ngettext(
            "This batch has %(count)s handover: the limit counts from %(enough)s.",
            "This batch has %(count)s handovers: the limit counts from %(enough)s.",
            rate.handed_over_count,
        )
        super().__init__(said % {"count": rate.handed_over_count, "enough": ENOUGH})


class LimitKept(BatchRefusal):
    """The rate is at the signed limit or below it."""

    def __init__(self, rate: BatchRate) -> None:
        super().__init__(sentence(rate))


class NothingOpen(BatchRefusal):
    """What the batch has below the floor was answered already."""

    def __init__(self) -> None:
        super().__init__(_("Nothing that this batch has below the floor is open any more."))


class AcceptedJustNow(BatchRefusal):
    """What the batch has open below the floor was accepted so shortly before that it stays."""

    def __init__(self) -> None:
        said = _(
            "What is open below the floor was accepted a moment ago, and stays with whoever did: "
            "look again in %(seconds)s seconds."
        )
        super().__init__(said % {"seconds": f"{UNDO_WITHIN.total_seconds():.0f}"})


class NotBelowTheFloor(BatchRefusal):
    """A lead that was named keeps to the floor, or is not of the batch."""

    def __init__(self, lead: Lead) -> None:
        said = _("%(lead)s is not below the floor in this batch: reject that lead by itself.")
        super().__init__(said % {"lead": lead})


class ReasonTakesAttempts(BatchRefusal):
    """A reason that each lead must be called for first is none for a batch."""

    def __init__(self, reason: RejectionReason) -> None:
        said = _("“%(reason)s” takes attempts at each lead: choose what the batch got wrong.")
        super().__init__(said % {"reason": reason})


def sentence(rate: BatchRate) -> str:
    """Say the figures of a batch: "5 of 100 are below the floor: 5.0 %, the limit is 5 %."."""
    said = ngettext(
        "%(missed)s of %(count)s is below the floor: %(pct)s %%, the limit is %(limit)s %%.",
        "%(missed)s of %(count)s are below the floor: %(pct)s %%, the limit is %(limit)s %%.",
        rate.missed_count,
    )
    return said % figures(rate)


def figures(rate: BatchRate) -> dict[str, Any]:
    """Return the counts, share and limit of a batch as they are written in a sentence.

    The share has so many places that it never reads like a limit which it is not.
    """
    limit = rate.limit_pct or Decimal(0)
    places = 1
    while places < 4 and round(rate.pct, places) == limit != Decimal(str(rate.pct)):
        places += 1
    return {
        "missed": rate.missed_count,
        "count": rate.handed_over_count,
        "pct": number_format(round(rate.pct, places), places),
        "limit": number_format(limit.normalize() if limit % 1 else int(limit)),
    }


def check(rate: BatchRate) -> Decimal:
    """Return the limit that a batch breaks; refuse when sales may not reject it.

    Raises:
        NoLimitInForce: no version of its definition is in force.
        TooFewHandovers: it has fewer than 20 handovers.
        LimitKept: its rate is at the signed limit or below.
        NothingOpen: what misses the floor is closed already.
    """
    if rate.limit_pct is None:
        raise NoLimitInForce
    if not rate.is_enough:
        raise TooFewHandovers(rate)
    if not rate.is_broken:
        raise LimitKept(rate)
    if not rate.open_count:
        raise NothingOpen
    return rate.limit_pct


@transaction.atomic
def reject(
    batch: Batch,
    *,
    reason: RejectionReason,
    comment: str,
    by: AbstractBaseUser,
    at: datetime,
    handoff_ids: Collection[int] | None = None,
) -> BulkRejection:
    """Reject what a batch has open and below the floor, each lead as if by itself.

    All of it or nothing, in one transaction: the batch is counted under the locks of what it
    rejects, so that of two people one finds nothing left. What was accepted so shortly before
    that nobody can have seen it is left out, as it is refused one by one (`kept`). Marketing's
    operator is told once.

    handoff_ids: only these; those closed meanwhile are left out. None: all of them.

    Raises:
        CommentRequired, ReasonRetired: as for a single rejection.
        BatchRefusal: the figures forbid it (`check`), a lead that was named is not below the
            floor, or the reason takes attempts at each lead.
    """
    answers.check_words(reason, comment)
    if reason.min_attempts:
        raise ReasonTakesAttempts(reason)
    version = _lock_definition(batch.definition)
    handoffs = _lock(batch)
    rate = batches.rate(batch)
    chosen = handoffs if handoff_ids is None else _chosen(handoffs, batch, handoff_ids)
    limit_pct = check(rate)
    chosen = _unless_accepted(chosen, at=at)
    _lock_holders(chosen)
    bulk = BulkRejection.objects.create(
        definition=batch.definition,
        batch_kind=batch.kind,
        batch_key=batch.key,
        batch_name=batch.name,
        handed_over_count=rate.handed_over_count,
        missed_count=rate.missed_count,
        limit_pct=limit_pct,
        reason=reason,
        comment=comment.strip(),
        by_id=by.pk,
        at=at,
    )
    for handoff in chosen:
        said = Rejection(reason=reason, comment=bulk.comment, bulk=bulk, by_id=by.pk, at=at)
        answers.refuse(handoff, said, by=by)
    _tell_marketing(bulk, version, len(chosen))
    logger.info("%s leads of a batch rejected by %s: %s", len(chosen), by.pk, bulk)
    return bulk


@transaction.atomic
def undo(bulk_id: int, *, by: AbstractBaseUser, at: datetime) -> list[Reversal]:
    """Take back a rejection of a batch: all of it that still stands, each as if by itself.

    Raises:
        BulkRejection.DoesNotExist: there is none of that id.
        NotYourAnswer: somebody else rejected the batch.
        UndoTooLate: that was more than 30 seconds ago.
        NothingToUndo: nothing of it stands, or a lead has moved on since.
    """
    bulk = BulkRejection.objects.get(pk=bulk_id)
    if bulk.by_id != by.pk:
        raise NotYourAnswer
    if at - bulk.at > UNDO_WITHIN:
        raise UndoTooLate
    _lock_definition(bulk.definition)
    standing = Handoff.objects.filter(rejections__bulk=bulk, rejections__reversal=None)
    handoffs = _locked(standing.values_list("pk", flat=True))
    if not handoffs:
        raise answers.NothingToUndo
    territories.lock({one.territory_id for one in handoffs if one.territory_id is not None})
    _lock_holders(handoffs)
    return [answers.undo(one.pk, by=by, at=at) for one in handoffs]


def kept(batch: Batch, *, at: datetime) -> QuerySet[Handoff]:
    """Return what a rejection at an instant leaves to whoever accepted it just now."""
    return batch.offending().filter(accepted_at__gte=at - UNDO_WITHIN)


def _lock_definition(definition: Definition) -> DefinitionVersion | None:
    """Let one person at a time reject batches of a definition; return its version in force."""
    Definition.objects.select_for_update(no_key=True).get(pk=definition.pk)
    active = DefinitionVersion.objects.filter(definition=definition, state=VersionState.ACTIVE)
    return active.select_related("marketing_operator", "marketing_deputy").first()


def _lock(batch: Batch) -> list[Handoff]:
    """Lock what a batch has open and below the floor: leads first, each kind by ascending id."""
    found = batch.offending().values_list("pk", flat=True)
    return [one for one in _locked(found) if _is_offending(one)]


def _locked(ids: Collection[int]) -> list[Handoff]:
    wanted = list(ids)
    leads = Lead.objects.filter(handoffs__in=wanted).select_related("version").order_by("pk")
    held = {lead.pk: lead for lead in leads.select_for_update(of=("self",), no_key=True)}
    handoffs = list(
        Handoff.objects.filter(pk__in=wanted)
        .select_for_update(no_key=True)
        .defer("packet")
        .order_by("pk")
    )
    for handoff in handoffs:
        handoff.lead = held[handoff.lead_id]
    return handoffs


def _lock_holders(handoffs: Collection[Handoff]) -> None:
    """Lock whose turns and loads change, territories first, as routing does."""
    territories.lock({one.territory_id for one in handoffs if one.territory_id is not None})
    rosters.lock_reps({one.rep_id for one in handoffs if one.rep_id is not None})


def _is_offending(handoff: Handoff) -> bool:
    return handoff.floor_missed and handoff.status in HandoffStatus.OPEN


def _unless_accepted(handoffs: Collection[Handoff], *, at: datetime) -> list[Handoff]:
    """Return those of the offending that were not accepted just now.

    Raises:
        NothingOpen: there are none to begin with.
        AcceptedJustNow: all of them were.
    """
    if not handoffs:
        raise NothingOpen
    rest = [
        one for one in handoffs if one.accepted_at is None or at - one.accepted_at > UNDO_WITHIN
    ]
    if not rest:
        raise AcceptedJustNow
    return rest


def _chosen(
    handoffs: Collection[Handoff], batch: Batch, handoff_ids: Collection[int]
) -> list[Handoff]:
    """Return those of the offending that were named.

    Raises:
        NotBelowTheFloor: one that was named is clean, or of no such batch.
    """
    of_batch = batch.handoffs().filter(floor_missed=True)
    named = Handoff.objects.filter(pk__in=handoff_ids).exclude(Q(pk__in=of_batch.values("pk")))
    clean = named.select_related("lead").defer("packet").order_by("pk").first()
    if clean is not None:
        raise NotBelowTheFloor(clean.lead)
    wanted = frozenset(handoff_ids)
    return [handoff for handoff in handoffs if handoff.pk in wanted]


def _tell_marketing(bulk: BulkRejection, version: DefinitionVersion | None, count: int) -> None:
    if version is None:
        return
    operator = notices.first_active(version.marketing_operator, version.marketing_deputy)
    if operator is None:
        return
    notices.tell_people(
        NoticeKind.BULK_REJECTED,
        [operator],
        at=bulk.at,
        key=f"bulk-rejection:{bulk.pk}",
        detail={
            "bulk": str(bulk.public_id),
            "batch": bulk.batch_name,
            "count": count,
            "missed": bulk.missed_count,
            "handed_over": bulk.handed_over_count,
            "comment": bulk.comment,
        },
    )
