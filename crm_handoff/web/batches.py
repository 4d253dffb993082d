"""Marketing's promise: which definitions and batches bring leads below the agreed floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.people.access.agreements import definitions_visible_to
from crm_handoff.people.access.handoffs import bulk_rejections_visible_to, may_reject_batch
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import criteria as reports
from crm_handoff.reports.criteria import DefinitionRate
from crm_handoff.web.criteria import Miss, misses_of
from crm_handoff.web.glossary.explanation import Text
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import pct, percent, with_sign
from crm_handoff.web.verdicts import Verdict
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from routing import batches, bulk_rejections, floor
from routing.batches import ENOUGH, Batch, BatchRate, UnknownBatch
from routing.bulk_rejections import BatchRefusal
from routing.enums import BatchKind, HandoffStatus
from routing.models import BulkRejection, Handoff

PERMISSIONS = ("routing.view_handoff", SEE_EVERYONES_LEADS)

PAGE_SIZE = 50
"""Batches, or leads, on a page."""

CLEAN_SHOWN = 12
"""Leads of a batch that keep to the floor, the latest first; all of them are counted."""

KINDS: dict[str, Text] = {
    BatchKind.CAMPAIGN: gettext_lazy("Campaigns"),
    BatchKind.SOURCE: gettext_lazy("Sources"),
    BatchKind.IMPORT_RUN: gettext_lazy("Imports"),
    BatchKind.WEEK: gettext_lazy("Weeks"),
}
"""What batches are made of, in the plural; total."""

LATEST_FIRST = ("-opened_at", "pk")


@dataclass(frozen=True, slots=True)
class Gauge:
    """A share beside its limit, which is drawn in the middle; `width` is of the drawing."""

    value: str
    width: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A definition's share with whoever answers for it."""

    found: DefinitionRate
    gauge: Gauge


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's share with the address of its page."""

    found: BatchRate
    gauge: Gauge
    address: str


@dataclass(frozen=True, slots=True)
class Offender:
    """A handover below the floor with the criteria that it misses."""

    handoff: Handoff
    misses: Sequence[Miss]
    is_open: bool


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def criteria(request: PageRequest) -> HttpResponse:
    """Show the share below the floor by definition and by batch, the worst first."""
    at = timezone.now()
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        kind = BatchKind.CAMPAIGN
    found = reports.by_batch(at=at)
    of_kind = [one for one in found if one.batch.kind == kind]
    if kind == BatchKind.WEEK:
        of_kind.sort(key=lambda one: one.batch.key, reverse=True)
    page = Paginator(of_kind, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "definitions": [_definition_row(one) for one in reports.by_definition(at=at)],
        "rows": [_batch_row(one) for one in page],
        "page": page,
        "kinds": [(key, name, _broken_count(found, key)) for key, name in KINDS.items()],
        "kind": kind,
        "sentence": _sentence(found),
        "is_broken": any(one.is_broken for one in found),
        "enough": ENOUGH,
    }
    return render(request, "web/sla/criteria.html", context)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def batch(request: PageRequest, definition: str, kind: str, key: str) -> HttpResponse:
    """Show what a batch has below the floor, by which criteria, and what of it is clean."""
    found = batch_for(request, definition, kind, key, at=timezone.now())
    rate, version = batches.rate(found), version_in_force(found)
    of_batch = _of_batch(request, found)
    below = of_batch.filter(floor_missed=True).order_by(_open_first(), *LATEST_FIRST)
    clean = of_batch.filter(floor_missed=False).order_by(*LATEST_FIRST)[:CLEAN_SHOWN]
    page = Paginator(below, PAGE_SIZE).get_page(request.GET.get("page"))
    # What stands beside a lead is joined to those shown, not to all that are sorted.
    rows = with_people(Handoff.objects.all()).in_bulk([*page, *clean])
    context = {
        "batch": found,
        "kind": found.kind.label,
        "rate": rate,
        "gauge": gauge_of(rate),
        "sentence": bulk_rejections.sentence(rate) if rate.limit_pct is not None else "",
        "refusal": refusal_of(rate),
        "may_reject": may_reject_batch(request.user, version),
        "version": version,
        "reject_address": address_of(found, "web:sla_batch_reject"),
        "offenders": offenders_of([rows[key] for key in page if key in rows]),
        "page": page,
        "clean": [rows[key] for key in clean if key in rows],
        "clean_count": rate.handed_over_count - rate.missed_count,
        "rejected": _rejected_before(request, found),
    }
    return render(request, "web/sla/batch.html", context)


def batch_for(
    request: PageRequest, definition: str, kind: str, key: str, *, at: datetime
) -> Batch:
    """Return the batch that an address names.

    Raises:
        Http404: it names none, or not for this person.
    """
    found = get_object_or_404(definitions_visible_to(request.user), key=definition)
    try:
        return reports.batch_of(found, kind, key, at=at)
    except UnknownBatch as unknown:
        raise Http404 from unknown


def version_in_force(found: Batch) -> DefinitionVersion | None:
    """Return the version in force of a batch's definition, with its people; one query."""
    active = DefinitionVersion.objects.filter(
        definition=found.definition, state=VersionState.ACTIVE
    )
    people = ("marketing_operator", "marketing_deputy", "sales_operator")
    return active.select_related("definition", *people).defer("content").first()


def address_of(found: Batch, view: str = "web:sla_batch") -> str:
    """Return the address of a page about a batch."""
    return reverse(view, args=[found.definition.key, found.kind.value, found.key])


def refusal_of(rate: BatchRate) -> str:
    """Say why a batch of these figures may not be rejected; blank when it may."""
    try:
        bulk_rejections.check(rate)
    except BatchRefusal as refusal:
        return str(refusal)
    return ""


def offenders_of(handoffs: Sequence[Handoff]) -> list[Offender]:
    """Return handovers with what each misses of the floor; one query."""
    found = floor.found(handoffs)
    return [
        Offender(one, misses_of(one, found[one.pk]), one.status in HandoffStatus.OPEN)
        for one in handoffs
    ]


def with_people(handoffs: QuerySet[Handoff, Handoff]) -> QuerySet[Handoff, Handoff]:
    """Load what a list of handovers shows of each."""
    related = ("lead__account", "rep__user", "queue", "version", "evaluation")
    return handoffs.select_related(*related).defer("packet", "version__content")


def gauge_of(rate: BatchRate) -> Gauge:
    """Draw a batch's share beside its limit."""
    exact = with_sign(bulk_rejections.figures(rate)["pct"])
    value = exact if rate.is_broken else pct(rate.pct)
    return _gauge(
        value,
        rate.pct,
        limit=float(rate.limit_pct) if rate.limit_pct is not None else None,
        count=rate.handed_over_count,
        is_broken=rate.is_broken,
    )


def _definition_row(found: DefinitionRate) -> DefinitionRow:
    share = found.rate.pct or 0.0
    gauge = _gauge(
        percent(found.rate),
        share,
        limit=found.limit_pct,
        count=found.rate.of,
        is_broken=found.is_broken,
    )
    return DefinitionRow(found, gauge)


def _batch_row(found: BatchRate) -> BatchRow:
    return BatchRow(found, gauge_of(found), address_of(found.batch))


def _gauge(value: str, share: float, *, limit: float | None, count: int, is_broken: bool) -> Gauge:
    width = f"{min(50 * share / limit, 100) if limit else min(share, 100):.1f}%"
    if limit is None:
        return Gauge(value, width, Verdict("few", _("no version in force")))
    if count < ENOUGH:
        few = _("too few to say: %(count)s of %(enough)s") % {"count": count, "enough": ENOUGH}
        return Gauge(value, width, Verdict("few", few))
    words = _("over %(limit)s") if is_broken else _("within %(limit)s")
    state = "late" if is_broken else "good"
    return Gauge(value, width, Verdict(state, words % {"limit": pct(limit)}))


def _broken_count(found: Sequence[BatchRate], kind: str) -> int:
    return sum(1 for one in found if one.batch.kind == kind and one.is_broken)


def _sentence(found: Sequence[BatchRate]) -> str:
    broken = sorted((one for one in found if one.is_broken), key=lambda one: -one.pct)
    if not broken:
        return _("Every batch that is large enough to judge keeps its limit.")
    names = ngettext(
        "%(count)s batch breaks its limit, the worst is %(name)s with %(pct)s.",
        "%(count)s batches break their limit, the worst is %(name)s with %(pct)s.",
        len(broken),
    )
    worst = broken[0]
    share = with_sign(bulk_rejections.figures(worst)["pct"])
    return names % {"count": len(broken), "name": worst.batch.name, "pct": share}


def _of_batch(request: PageRequest, found: Batch) -> QuerySet[Handoff, int]:
    """Return the keys of a batch's handovers that this person may see."""
    visible = access.handoffs.visible_to(request.user)
    return visible.filter(pk__in=found.handoffs().values("pk")).values_list("pk", flat=True)


def _open_first() -> Case:
    return Case(When(status__in=sorted(HandoffStatus.OPEN), then=0), default=1)


def _rejected_before(request: PageRequest, found: Batch) -> QuerySet[BulkRejection]:
    rejected = bulk_rejections_visible_to(request.user).filter(
        definition=found.definition, batch_kind=found.kind, batch_key=found.key
    )
    return rejected.select_related("by", "reason").order_by("-at", "-pk")


def context_of(found: Batch, rate: BatchRate) -> dict[str, Any]:
    """Return what the dialog that rejects a batch says of it."""
    return {
        "batch": found,
        "rate": rate,
        "sentence": bulk_rejections.sentence(rate) if rate.limit_pct is not None else "",
        "address": address_of(found, "web:sla_batch_reject"),
        "back": address_of(found),
    }
