"""Imports: a file is sent, described, checked, saved with its report, and perhaps undone."""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, BinaryIO, cast
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from crm_handoff import reasons
from crm_handoff.clock import database_now
from crm_handoff.people.access.operations import imports_visible_to
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web import import_descriptions as descriptions
from crm_handoff.web import import_reports as reports
from crm_handoff.web.import_forms import CheckForm, LayoutForm, UploadForm, too_large
from crm_handoff.web.requests import PageRequest
from leads import imports
from leads.enums import ImportMode, ImportState
from leads.files import FileRefused, Layout
from leads.mappings import MappingUnreadable
from leads.models import ImportRun

READ = ("leads.view_importrun", SEE_EVERYONES_LEADS)
IMPORT = "leads.add_importrun"
PAGE = 50

REFUSALS = (
    FileRefused,
    MappingUnreadable,
    imports.ColumnsMissing,
    imports.ImportNotInState,
)
"""What the domain answers about a file, its description, or somebody who was faster."""

UNDOABLE = frozenset({ImportState.DONE, ImportState.CANCELED, ImportState.FAILED})
"""When an import that saved something can be undone."""

LAST_STEP = 5
STEPS = {
    ImportState.UPLOADED: 2,
    ImportState.CHECKING: 3,
    ImportState.CHECKED: 3,
    ImportState.IMPORTING: 4,
}
"""How far a file is on its way; one that saved something is at the last."""


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def runs(request: PageRequest) -> HttpResponse:
    """List the imports by age; asked by htmx, only the list."""
    visible = imports_visible_to(request.user)
    found = visible.select_related("started_by").defer("header", "sample")
    page = Paginator(found.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [reports.entry_of(run) for run in page],
        "is_at_work": any(run.state in ImportState.AT_WORK for run in page),
        "may_import": request.user.has_perm(IMPORT),
    }
    template = "web/imports/list.html" if request.htmx else "web/imports.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(IMPORT, raise_exception=True)
def upload(request: PageRequest) -> HttpResponse:
    """Take a file, look at what it is, and go on to describe it."""
    limit = settings.UPLOAD_LIMIT
    if request.method == "GET":
        return _upload_page(request, UploadForm(limit=limit))
    form = UploadForm(request.POST, request.FILES, limit=limit)
    if getattr(request, "is_upload_too_large", False):
        return _upload_page(request, form, too_large(limit), status=413)
    if not form.is_valid():
        return _upload_page(request, form, status=422)
    file = form.cleaned_data["file"]
    try:
        run = imports.receive(
            cast(BinaryIO, file), name=file.name, by=request.user, at=database_now()
        )
    except FileRefused as refusal:
        return _upload_page(request, form, reasons.said(str(refusal)), status=422)
    return _go(request, run)


def _upload_page(
    request: PageRequest, form: UploadForm, refusal: str = "", *, status: int = 200
) -> HttpResponse:
    limit = settings.UPLOAD_LIMIT
    context = {"form": form, "refusal": refusal, "limit": limit, "too_large": too_large(limit)}
    template = "web/imports/upload.html" if request.htmx else "web/import_new.html"
    return render(request, template, context, status=status)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def run(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Show one import as far as it is: to be described, at work, checked, or its report."""
    found = _run(request, run_id)
    if _is_described_here(request, found):
        return _description(request, found, descriptions.base(found, request.GET))
    context = _report(request, found) if _has_report(found) else {}
    return _show(request, found, _body(found), context)


def _is_described_here(request: PageRequest, found: ImportRun) -> bool:
    is_open = found.state == ImportState.UPLOADED or (
        found.state == ImportState.CHECKED and "describe" in request.GET
    )
    return is_open and request.user.has_perm(IMPORT)


def _has_report(found: ImportRun) -> bool:
    return found.state == ImportState.CHECKED or found.state in ImportState.OVER


def _body(found: ImportRun) -> str:
    if found.state in ImportState.AT_WORK:
        return "working"
    if found.state in ImportState.OVER:
        return "report"
    return "checked" if found.state == ImportState.CHECKED else "wait"


@require_POST
@permission_required(IMPORT, raise_exception=True)
def describe(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Show the first rows by what is said of the file so far; nothing is kept."""
    found = _describable(request, run_id)
    return _description(request, found, descriptions.posted(found, request.POST))


@require_POST
@permission_required(IMPORT, raise_exception=True)
def layout(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Read the file as somebody says that it is written."""
    found = _describable(request, run_id)
    form = LayoutForm(request.POST)
    if not form.is_valid():
        return _description(
            request, found, descriptions.base(found, {}), layout_form=form, status=422
        )
    try:
        imports.relook(found, form.layout(Layout.of_json(found.layout)))
    except (FileRefused, imports.ImportNotInState) as refusal:
        return _description(
            request,
            found,
            descriptions.base(found, {}),
            layout_form=form,
            layout_refusal=reasons.said(str(refusal)),
            status=422,
        )
    return redirect("web:import", run_id=found.public_id)


@require_POST
@permission_required(IMPORT, raise_exception=True)
def check(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Have every row checked by a description, in a mode that was chosen."""
    if (clicked := _run(request, run_id)).state == ImportState.CHECKING:
        # The button was clicked twice.
        return _go(request, clicked)
    found = _describable(request, run_id)
    said, form = descriptions.posted(found, request.POST), CheckForm(request.POST)
    refusals = said.problems
    if form.is_valid() and not refusals:
        try:
            descriptions.check(
                found,
                said,
                mode=ImportMode(form.cleaned_data["mode"]),
                save_as=form.cleaned_data["save_as"],
                by=request.user,
                at=database_now(),
            )
        except descriptions.NameTaken as taken:
            form.add_error("save_as", str(taken))
        except REFUSALS as refusal:
            refusals = [reasons.said(line) for line in str(refusal).splitlines()]
        else:
            return _go(request, found)
    return _description(request, found, said, check_form=form, refusals=refusals, status=422)


@require_POST
@permission_required(IMPORT, raise_exception=True)
def start(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Save the rows that were checked."""
    return _done(request, run_id, imports.start)


@require_POST
@permission_required(IMPORT, raise_exception=True)
def cancel(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Stop what is at work after its present part, or discard a file."""
    return _done(request, run_id, imports.cancel)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(IMPORT, raise_exception=True)
def undo(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Ask whether an import shall be undone; do it by POST."""
    if request.method == "POST":
        return _done(request, run_id, imports.undo)
    partial = "web/imports/undo.html"
    context = {"run": _run(request, run_id), "partial": partial}
    return render(request, partial if request.htmx else "web/import_sheet.html", context)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def refused(request: PageRequest, run_id: UUID) -> StreamingHttpResponse:
    """Send the refused rows as a file that can be mended and sent again."""
    found = _run(request, run_id)
    return StreamingHttpResponse(
        imports.refused_file(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": _attachment(found)},
    )


def _attachment(found: ImportRun) -> str:
    stem = PurePath(found.file_name).stem.replace('"', "") or "rows"
    plain = stem.encode("ascii", "replace").decode().replace("?", "_")
    return (
        f'attachment; filename="{plain} refused.csv"; '
        f"filename*=UTF-8''{quote(stem + ' refused.csv')}"
    )


def _run(request: PageRequest, run_id: UUID) -> ImportRun:
    visible = imports_visible_to(request.user).select_related("started_by", "undone_by")
    return get_object_or_404(visible, public_id=run_id)


def _describable(request: PageRequest, run_id: UUID) -> ImportRun:
    """Return an import that may be described still; others do not exist here."""
    open_ones = imports_visible_to(request.user).filter(
        state__in=(ImportState.UPLOADED, ImportState.CHECKED)
    )
    return get_object_or_404(open_ones, public_id=run_id)


def _done(request: PageRequest, run_id: UUID, act: Callable[..., object]) -> HttpResponse:
    """Do it, or say why not, and come back to the page."""
    found = _run(request, run_id)
    try:
        act(found, by=request.user, at=database_now())
    except REFUSALS as refusal:
        messages.error(request, reasons.said(str(refusal)))
    return redirect("web:import", run_id=found.public_id)


def _step(found: ImportRun) -> int:
    """Return the step that an import is at; 0: it came to nothing."""
    return STEPS.get(ImportState(found.state), LAST_STEP if found.report else 0)


def _go(request: PageRequest, found: ImportRun) -> HttpResponse:
    address = reverse("web:import", args=[found.public_id])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _report(request: PageRequest, found: ImportRun) -> dict[str, Any]:
    counts = reports.counts_of(found)
    tabs = reports.tabs_of(found, counts)
    show = request.GET.get("show", "")
    if tabs and show not in {tab.key for tab in tabs}:
        show = tabs[0].key
    return {
        "counts": counts,
        "tiles": reports.tiles_of(counts),
        "headline": reports.headline(found, counts),
        "will_change": reports.will_change(counts),
        "tabs": tabs,
        "show": show,
        "tab_head": reports.head_of(show) if tabs else "",
        "rows": reports.page_of(found, show, request.GET.get("page")) if tabs else None,
        "undo": reports.undone_of(found) if found.state == ImportState.UNDONE else None,
        "may_undo": found.state in UNDOABLE and found.batches.exists(),
    }


def _description(
    request: PageRequest,
    found: ImportRun,
    said: descriptions.Description,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = descriptions.page(found, said, request.POST) | more
    if request.htmx:
        return render(request, "web/imports/form.html", context | {"run": found}, status=status)
    return _show(request, found, "describe", context, status=status)


def _show(
    request: PageRequest,
    found: ImportRun,
    body: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    is_at_work = found.state in ImportState.AT_WORK
    page = context | {
        "run": found,
        "entry": reports.entry_of(found),
        "body": f"web/imports/{body}.html",
        "step": 2 if body == "describe" else _step(found),
        "is_at_work": is_at_work,
        "share": reports.share_of(found) if is_at_work else None,
        "may_import": request.user.has_perm(IMPORT),
    }
    template = "web/imports/run.html" if request.htmx else "web/import.html"
    return render(request, template, page, status=status)
