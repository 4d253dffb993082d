"""What marketing makes, and the texts that reps speak from: those that lack some come first."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import reswap, retarget, trigger_client_event

from crm_handoff.people.access.marketing import assets_visible_to
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import assets as report
from crm_handoff.web.requests import PageRequest
from leads.models import Asset

PAGE_SIZE = 50

VIEWS = {"": lazy("All"), "todo": lazy("Text missing")}
"""Filters by their value in the address."""


class AssetForm(forms.ModelForm[Asset]):
    """What reps can say about an asset."""

    class Meta:
        model = Asset
        fields = ("pain", "question", "proof", "persona", "journey_stage")
        labels = {
            "pain": lazy("Pain"),
            "question": lazy("Question"),
            "proof": lazy("Proof"),
            "persona": lazy("Written for"),
            "journey_stage": lazy("Stage of the journey"),
        }
        help_texts = {
            "pain": lazy("The pain it speaks to, in the buyer's words."),
            "question": lazy("What a rep asks somebody who read it; a whole sentence."),
            "proof": lazy("The evidence it gives: a figure, a customer, a test."),
        }
        widgets = {name: forms.Textarea({"rows": 3}) for name in report.TEXTS}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["persona"].empty_label = lazy("Everybody")  # type: ignore[attr-defined]
        stages = [("", lazy("Not said")), *Asset.JourneyStage.choices]
        self.fields["journey_stage"].choices = stages  # type: ignore[attr-defined]


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_asset", SEE_EVERYONES_LEADS), raise_exception=True)
def assets(request: PageRequest) -> HttpResponse:
    """List assets with how much they are used, those without text first."""
    visible = assets_visible_to(request.user)
    counts = report.figures(visible)
    view = request.GET.get("view", "")
    wanted = visible.filter(report.WITHOUT_TEXT) if view == "todo" else visible
    ranked = report.ranked(wanted, at=timezone.now()).select_related("persona", "campaign")
    context = {
        "page": Paginator(ranked, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": counts,
        "view": view,
        "views": VIEWS,
        "can_edit": request.user.has_perm("leads.change_asset"),
    }
    template = "web/assets/list.html" if request.htmx else "web/assets.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_asset", "leads.change_asset"), raise_exception=True)
def edit(request: PageRequest, asset: str) -> HttpResponse:
    """Write what reps can say about an asset, named by its key."""
    found = get_object_or_404(assets_visible_to(request.user), key=asset)
    form = AssetForm(request.POST or None, instance=found)
    if not form.is_valid():
        return _sheet(request, found, form)
    form.save()
    return _done(request, _("The text of “%(asset)s” is saved.") % {"asset": found})


def _sheet(request: PageRequest, asset: Asset, form: AssetForm) -> HttpResponse:
    partial = "web/assets/edit.html"
    context: dict[str, Any] = {"asset": asset, "form": form, "partial": partial}
    template = partial if request.htmx else "web/team/sheet.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _done(request: PageRequest, said: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, said)
        return redirect("web:assets")
    response = render(request, "web/partials/toast.html", {"text": said, "kind": "success"})
    retarget(response, "#toasts")
    reswap(response, "beforeend")
    trigger_client_event(response, "answered", {})
    return trigger_client_event(response, "assets-changed", {})
