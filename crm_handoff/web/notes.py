"""Notes about a lead: add one, see them all."""

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.web.requests import PageRequest
from definitions.words import is_blank
from leads import notes
from leads.models import Lead, Note

MOST = 100
"""Notes shown, the latest first."""


class NoteForm(forms.Form):
    """What the next reader should know."""

    text = forms.CharField(
        max_length=4000,
        error_messages={"required": _("Write what the next reader should know.")},
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if is_blank(text):
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text


def notes_of(lead: Lead) -> QuerySet[Note]:
    """Return the latest notes about a lead, latest first; one query."""
    return lead.notes.select_related("by").order_by("-at", "-pk")[:MOST]


@require_POST
@permission_required(("leads.view_lead", "leads.add_note"), raise_exception=True)
def add_note(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Keep a note about a lead; htmx gets the notes anew, others the page they came from."""
    lead = get_object_or_404(access.leads.visible_to(request.user), public_id=public_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        notes.add(lead.pk, text=form.cleaned_data["text"], by=request.user, at=database_now())
        if not request.htmx:
            return redirect(_page_of(request, lead))
        form, is_kept = NoteForm(), True
    else:
        is_kept = False
    context = {
        "lead": lead,
        "notes": notes_of(lead),
        "note_form": form,
        "may_note": True,
        "is_kept": is_kept,
        "page_address": _page_of(request, lead),
        "partial": "web/handoff/notes.html",
    }
    template = "web/handoff/notes.html" if request.htmx else "web/sheet.html"
    return render(request, template, context, status=200 if is_kept else 422)


def _page_of(request: PageRequest, lead: Lead) -> str:
    said = request.POST.get("page", "")
    is_ours = said.startswith("/") and url_has_allowed_host_and_scheme(said, allowed_hosts=None)
    return said if is_ours else reverse("web:lead", args=[lead.public_id])
