"""The discussion of an agreement: a thread for each criterion, and what was decided together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.web import voices
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.texts import Words
from crm_handoff.web.versions import Page, version_page
from definitions import discussions
from definitions.enums import VersionState
from definitions.models import Remark

READ = "definitions.view_definitionversion"
REMARK = "definitions.add_remark"
RECORD = "definitions.add_workshop"

MOST = 300
"""Remarks shown, the latest of all threads together."""

WORKED_ON = (VersionState.DRAFT, VersionState.IN_REVIEW)
"""States of a version to which the record of a workshop is attached."""


class RemarkForm(forms.Form):
    """A line, and the criterion that it is about; blank: the whole."""

    text = Words(
        max_length=4000,
        error_messages={"required": gettext_lazy("Write what the others should know.")},
    )
    about = forms.ChoiceField(
        required=False,
        error_messages={
            "invalid_choice": gettext_lazy("This version has no such criterion. Choose another.")
        },
    )

    def __init__(self, *args: Any, labels: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("The agreement as a whole")), *labels.items()]
        self.fields["about"].choices = choices  # type: ignore[attr-defined]


class WorkshopForm(forms.Form):
    """When both sides sat together, who was there, and what they decided."""

    held_on = forms.DateField(
        error_messages={
            "required": gettext_lazy("Say on which day it was held."),
            "invalid": gettext_lazy("Pick a day."),
        }
    )
    attendees = Words(
        max_length=2000,
        error_messages={"required": gettext_lazy("Name who was there, one a line.")},
    )
    ideal_customer = forms.CharField(required=False, max_length=4000)
    decisions = Words(
        max_length=8000,
        error_messages={"required": gettext_lazy("Write what was decided, one a line.")},
    )

    def clean_held_on(self) -> date:
        day: date = self.cleaned_data["held_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("Record it once it was held: this day is to come."))
        return day


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said about a criterion, or about the whole (no key), the earliest first.

    `is_gone`: the version that is looked at has no such criterion any more.
    """

    key: str
    label: str
    is_gone: bool = False
    remarks: list[Remark] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def discussion(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Show what was said, by criterion, and add a line; one thread alone for a dialog."""
    page = version_page(request, definition, number)
    labels = voices.labels_of(page.version)
    if request.method == "GET":
        form = RemarkForm(labels=labels, initial={"about": request.GET.get("about", "")})
        return _show(request, page, labels, remark_form=form)
    return _add(request, page, labels)


@permission_required(REMARK, raise_exception=True)
def _add(request: PageRequest, page: Page, labels: Mapping[str, str]) -> HttpResponse:
    form = RemarkForm(request.POST, labels=labels)
    if not form.is_valid():
        return _show(request, page, labels, status=422, remark_form=form)
    key = form.cleaned_data["about"]
    discussions.remark(
        page.version,
        criterion_key=key,
        text=form.cleaned_data["text"],
        by=request.user,
        at=database_now(),
    )
    if request.htmx:
        fresh = RemarkForm(labels=labels, initial={"about": key})
        return _show(request, page, labels, remark_form=fresh, is_kept=True)
    messages.success(request, _("Your remark is kept."))
    return redirect(f"{page.address('version_discussion')}#about-{key or 'whole'}")


@require_POST
@permission_required((READ, RECORD), raise_exception=True)
def record_workshop(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Attach the record of a joint workshop to a version that is still worked on."""
    page = version_page(request, definition, number)
    form = WorkshopForm(request.POST)
    if not form.is_valid():
        labels = voices.labels_of(page.version)
        return _show(request, page, labels, status=422, workshop_form=form)
    try:
        discussions.record_workshop(
            page.version, **form.cleaned_data, by=request.user, at=database_now()
        )
    except discussions.WorkshopTooLate:
        messages.error(
            request,
            _("%(version)s is agreed by now. Attach the record to the next draft.")
            % {"version": page.version},
        )
    else:
        messages.success(request, _("The workshop is recorded."))
    return redirect(f"{page.address('version_discussion')}#workshops")


def _show(
    request: PageRequest,
    page: Page,
    labels: Mapping[str, str],
    *,
    status: int = 200,
    remark_form: RemarkForm | None = None,
    workshop_form: WorkshopForm | None = None,
    is_kept: bool = False,
) -> HttpResponse:
    form = remark_form or RemarkForm(labels=labels)
    context: dict[str, Any] = {
        "page": page,
        "remark_form": form,
        "may_remark": request.user.has_perm(REMARK),
        "is_kept": is_kept,
    }
    about = str(form["about"].value() or "")
    if request.htmx:
        thread = _thread(request, page, labels, about)
        context["thread"] = thread
        return render(request, "web/definitions/thread_sheet.html", context, status=status)
    context |= {
        "threads": threads(request, page, labels),
        "workshops": voices.workshops_of(page.version, request.user),
        "workshop_form": workshop_form or WorkshopForm(),
        "may_record": request.user.has_perm(RECORD) and page.version.state in WORKED_ON,
        "open_proposals": access.agreements.proposals_visible_to(request.user)
        .filter(definition=page.definition, outcome="")
        .count(),
    }
    return render(request, "web/definitions/discussion.html", context, status=status)


def threads(request: PageRequest, page: Page, labels: Mapping[str, str]) -> list[Thread]:
    """Return the threads in which something was said: the whole, then the agreement's order."""
    said: dict[str, list[Remark]] = defaultdict(list)
    for remark in reversed(_remarks(request, page)):
        said[remark.criterion_key].append(remark)
    order = ["", *labels, *sorted(set(said) - set(labels) - {""})]
    return [_named(key, labels, said[key]) for key in order if key in said]


def _thread(request: PageRequest, page: Page, labels: Mapping[str, str], key: str) -> Thread:
    return _named(key, labels, list(reversed(_remarks(request, page, criterion_key=key))))


def _remarks(request: PageRequest, page: Page, **wanted: str) -> list[Remark]:
    visible = access.agreements.remarks_visible_to(request.user).filter(
        definition=page.definition, **wanted
    )
    people = visible.select_related("said_by", "version__definition").defer("version__content")
    return list(people.order_by("-said_at", "-pk")[:MOST])


def _named(key: str, labels: Mapping[str, str], remarks: list[Remark]) -> Thread:
    label = labels.get(key, key) if key else _("The agreement as a whole")
    return Thread(key, label, is_gone=bool(key) and key not in labels, remarks=remarks)
