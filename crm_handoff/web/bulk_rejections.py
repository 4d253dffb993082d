"""Sales rejects what a batch has below the floor, in one go; and what became of it."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.access.handoffs import bulk_rejections_visible_to, may_reject_batch
from crm_handoff.web import outcomes
from crm_handoff.web.batches import (
    PAGE_SIZE,
    PERMISSIONS,
    address_of,
    batch_for,
    context_of,
    offenders_of,
    refusal_of,
    version_in_force,
    with_people,
)
from crm_handoff.web.forms import RejectForm
from crm_handoff.web.outcomes import Outcome
from crm_handoff.web.requests import PageRequest
from routing import batches, bulk_rejections
from routing.batches import Batch, BatchRate
from routing.bulk_rejections import AcceptedJustNow
from routing.grace import UNDO_WITHIN
from routing.models import BulkRejection, Rejection


class RejectBatchForm(RejectForm):
    """Why a batch is refused: one reason that takes no attempts, and one comment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = self.fields["reason"].queryset  # type: ignore[attr-defined]
        self.fields["reason"].queryset = reasons.filter(min_attempts=0)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def reject(request: PageRequest, definition: str, kind: str, key: str) -> HttpResponse:
    """Reject what a batch has open and below the floor; for 30 seconds it can be taken back."""
    found = batch_for(request, definition, kind, key, at=timezone.now())
    if not may_reject_batch(request.user, version_in_force(found)):
        raise PermissionDenied
    form = RejectBatchForm(request.POST or None)
    if not form.is_valid():
        return _sheet(request, found, form)
    return _rejected(request, found, form)


@require_POST
@permission_required(PERMISSIONS, raise_exception=True)
def undo(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Take back one's own rejection of a batch within its 30 seconds."""
    bulk = get_object_or_404(bulk_rejections_visible_to(request.user), public_id=public_id)
    return outcomes.done(
        request,
        lambda: bulk_rejections.undo(bulk.pk, by=request.user, at=database_now()),
        said=_("Taken back. The leads wait as before."),
        back=reverse("web:bulk_rejection", args=[bulk.public_id]),
    )


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def bulk_rejection(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show what was rejected together: by whom, why, and which criteria each lead missed."""
    rejected = bulk_rejections_visible_to(request.user)
    bulk = get_object_or_404(
        rejected.select_related("definition", "reason", "by"), public_id=public_id
    )
    handoffs = access.handoffs.visible_to(request.user).filter(rejections__bulk=bulk)
    page = Paginator(with_people(handoffs).order_by("pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    taken_back = Rejection.objects.filter(bulk=bulk).exclude(reversal=None).count()
    context = {
        "bulk": bulk,
        "kind": bulk.get_batch_kind_display(),
        "offenders": offenders_of(list(page)),
        "page": page,
        "taken_back_count": taken_back,
        "can_undo": bulk.by_id == request.user.pk
        and timezone.now() - bulk.at <= UNDO_WITHIN
        and taken_back < page.paginator.count,
        "batch_address": reverse(
            "web:sla_batch", args=[bulk.definition.key, bulk.batch_kind, bulk.batch_key]
        ),
    }
    return render(request, "web/sla/bulk_rejection.html", context)


def _rejected(request: PageRequest, found: Batch, form: RejectBatchForm) -> HttpResponse:
    said = form.cleaned_data
    try:
        bulk = bulk_rejections.reject(
            found,
            reason=said["reason"],
            comment=said["comment"],
            by=request.user,
            at=database_now(),
        )
    except outcomes.REFUSALS as refusal:
        refused = Outcome(str(refusal), is_refused=True)
        return outcomes.say(request, refused, back=address_of(found))
    return outcomes.say(request, _done(found, bulk), back=address_of(found))


def _done(found: Batch, bulk: BulkRejection) -> Outcome:
    count = bulk.rejections.count()
    said = ngettext(
        "%(count)s lead of %(batch)s rejected: %(reason)s. Marketing is told.",
        "%(count)s leads of %(batch)s rejected: %(reason)s. Marketing is told.",
        count,
    )
    words = {"count": count, "batch": bulk.batch_name, "reason": bulk.reason}
    undo = reverse("web:bulk_rejection_undo", args=[bulk.public_id])
    kept = bulk_rejections.kept(found, at=bulk.at).count()
    return Outcome(said % words, undo, details=(_kept(kept),) if kept else ())


def _kept(count: int) -> str:
    said = ngettext(
        "%(count)s lead stays: its rep accepted it a moment ago.",
        "%(count)s leads stay: their reps accepted them a moment ago.",
        count,
    )
    return said % {"count": count}


def _nothing_left(rate: BatchRate, kept: int) -> str:
    return str(AcceptedJustNow()) if kept >= rate.open_count else ""


def _sheet(request: PageRequest, found: Batch, form: RejectBatchForm) -> HttpResponse:
    """Show the form: a dialog's content for htmx, else a page; 422 after an error."""
    rate = batches.rate(found)
    kept = bulk_rejections.kept(found, at=timezone.now()).count()
    partial = "web/sla/reject_batch.html"
    context = context_of(found, rate) | {
        "form": form,
        "count": rate.open_count - kept,
        "kept": _kept(kept) if kept else "",
        "refusal": refusal_of(rate) or _nothing_left(rate, kept),
        "partial": partial,
        "lead": found.name,
    }
    template = partial if request.htmx else "web/sheet.html"
    return render(request, template, context, status=422 if form.is_bound else 200)
