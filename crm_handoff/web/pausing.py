"""A manager halts the clocks of a lead for a while, and lets them go on."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.web import outcomes
from crm_handoff.web.answers import lead_page, sheet
from crm_handoff.web.forms import WhenForm
from crm_handoff.web.requests import PageRequest
from routing import pauses
from routing.enums import PauseReason
from routing.models import Handoff

PAUSES = ("routing.view_handoff", "routing.change_slatimer")


class PauseForm(WhenForm):
    """Why the clocks stand still, and until when."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=[("", gettext_lazy("Choose a reason")), *PauseReason.choices],
        error_messages={"required": gettext_lazy("Choose why the clocks stand still.")},
        widget=forms.Select({"class": "input"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Kept in the history of the clock."),
        widget=forms.TextInput({"class": "input"}),
    )

    def said(self) -> dict[str, Any]:
        """Return what was entered, as the operation wants it."""
        return {
            "reason": PauseReason(self.cleaned_data["reason"]),
            "until": self.cleaned_data["due_at"],
            "note": self.cleaned_data["note"],
        }


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(PAUSES, raise_exception=True)
def pause(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Halt the running clocks of a handoff."""
    found = _visible(request, public_id)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return sheet(request, found, form, "pause", most_days=pauses.MOST_DAYS)
    return outcomes.done(
        request,
        lambda: pauses.pause(found.pk, by=request.user, at=database_now(), **form.said()),
        said=_("The clocks of %(lead)s stand still.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_POST
@permission_required(PAUSES, raise_exception=True)
def resume(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Let the paused clocks of a handoff go on."""
    found = _visible(request, public_id)
    return outcomes.done(
        request,
        lambda: pauses.resume(found.pk, by=request.user, at=database_now()),
        said=_("The clocks of %(lead)s run again.") % {"lead": found.lead},
        back=lead_page(found),
    )


def _visible(request: PageRequest, public_id: UUID) -> Handoff:
    visible = access.handoffs.visible_to(request.user).select_related("lead", "rep", "version")
    return get_object_or_404(visible, public_id=public_id)
