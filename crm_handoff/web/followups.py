"""Tasks about a lead: set, done, taken back, moved."""

from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people.access.handoffs import followups_visible_to, may_answer
from crm_handoff.web import outcomes
from crm_handoff.web.answers import HOLDER, answerable, lead_page, sheet
from crm_handoff.web.forms import TaskForm, WhenForm
from crm_handoff.web.requests import PageRequest
from routing import followups
from routing.models import FollowUp


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(HOLDER, raise_exception=True)
def new_task(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Set a task about a lead."""
    found = answerable(request, public_id)
    form = TaskForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return sheet(request, found, form, "task")
    return outcomes.done(
        request,
        lambda: followups.add(found.pk, by=request.user, at=database_now(), **form.said()),
        said=_("Task set for %(lead)s.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def complete(request: PageRequest, task_id: UUID) -> HttpResponse:
    """Mark a task as done; for 30 seconds it can be taken back."""
    task = _task(request, task_id)
    return outcomes.done(
        request,
        lambda: followups.complete(task.pk, by=request.user, at=database_now()),
        said=_("Done: %(what)s, %(lead)s.") % {"what": task.what, "lead": task.handoff.lead},
        undo=reverse("web:task_reopen", args=[task.public_id]),
        back=lead_page(task.handoff),
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def reopen(request: PageRequest, task_id: UUID) -> HttpResponse:
    """Take back that a task is done, within the 30 seconds."""
    task = _task(request, task_id)
    return outcomes.done(
        request,
        lambda: followups.reopen(task.pk, by=request.user, at=database_now()),
        said=_("Taken back: %(what)s is still to be done.") % {"what": task.what},
        back=lead_page(task.handoff),
    )


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(HOLDER, raise_exception=True)
def move(request: PageRequest, task_id: UUID) -> HttpResponse:
    """Move a task to another time."""
    task = _task(request, task_id)
    form = WhenForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return sheet(request, task.handoff, form, "move", task=task)
    due_at = form.cleaned_data["due_at"]
    return outcomes.done(
        request,
        lambda: followups.reschedule(task.pk, due_at=due_at, by=request.user, at=database_now()),
        said=_("Moved: %(what)s, %(lead)s.") % {"what": task.what, "lead": task.handoff.lead},
        back=lead_page(task.handoff),
    )


def _task(request: PageRequest, task_id: UUID) -> FollowUp:
    visible = followups_visible_to(request.user).select_related("handoff__lead", "handoff__rep")
    task = get_object_or_404(visible, public_id=task_id)
    if not may_answer(request.user, task.handoff):
        raise PermissionDenied
    return task
