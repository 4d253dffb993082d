"""The examples of a definition: whom it must and must not qualify, tried by a version."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_handoff.agreements import values
from crm_handoff.people import access
from crm_handoff.web.portrait_forms import PortraitForm
from crm_handoff.web.portrait_offers import offers_of
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.versions import Page, version_page
from definitions import queries
from definitions.agreement import Agreement
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.vocabulary import FACTS, RuleStage
from leads import examples, portraits
from leads.examples import Decisive, ExampleNameTaken, Result, Said
from leads.models import Example
from leads.portraits import Portrait

READ = ("definitions.view_definitionversion", "leads.view_example")


@dataclass(frozen=True, slots=True)
class Deciding:
    """A criterion that decides about somebody, in words; an exclusion is one that is met."""

    label: str
    wanted: str
    seen: str
    is_exclusion: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An example with its result, and what decides about it in words."""

    result: Result
    deciding: tuple[Deciding, ...]


class ExampleForm(forms.Form):
    """What an example is called, and what must become of it."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=120,
        help_text=lazy("Who it is, for example “Student who reads everything”."),
        error_messages={"required": lazy("Give it a name that both teams understand.")},
    )
    is_expected = forms.TypedChoiceField(
        label=lazy("It"),
        choices=[("yes", lazy("must reach")), ("no", lazy("must not reach"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose what must become of it.")},
    )
    stage = forms.ChoiceField(
        label=lazy("Stage"),
        choices=[(stage.value, stage.value.upper()) for stage in RuleStage],
        help_text=lazy("Or any stage above it."),
    )
    why = forms.CharField(
        label=lazy("Why"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
        help_text=lazy("What it shows; printed with the agreement."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("name", "stage", "why"):
            self.fields[name].widget.attrs["class"] = "input"


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def version_examples(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Try every example by a version, and say which come out as they must."""
    page = version_page(request, definition, number)
    found = rows_of(page.version)
    context = {
        "page": page,
        "must": [row for row in found if row.result.example.is_expected],
        "must_not": [row for row in found if not row.result.example.is_expected],
        "kept_count": sum(row.result.is_kept for row in found),
        "count": len(found),
    }
    return render(request, "web/definitions/examples.html", context)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required((*READ, "leads.add_example"), raise_exception=True)
def example_new(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Describe a new example: blank, like a lead (`lead`), or as it was just tried (`tried`)."""
    page = version_page(request, definition, number)
    is_sent = request.method == "POST" and "tried" not in request.POST
    initial = {"stage": page.version.handoff_stage, "is_expected": "yes"}
    form = ExampleForm(request.POST if is_sent else None, initial=initial)
    portrait = _portrait_form(request, page.version, initial=_like_a_lead(request, page.version))
    if is_sent and (said := _said(form, portrait)):
        try:
            made = examples.create(page.definition, said, by=request.user, at=timezone.now())
        except ExampleNameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            return _done(request, page, _("Kept: “%(name)s”.") % {"name": made})
    return _form(request, page, form, portrait)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required((*READ, "leads.change_example"), raise_exception=True)
def example(request: PageRequest, definition: str, number: int, public_id: UUID) -> HttpResponse:
    """Describe an example anew."""
    page = version_page(request, definition, number)
    found = _example(request, page, public_id)
    is_sent = request.method == "POST"
    initial = {
        "name": found.name,
        "is_expected": "yes" if found.is_expected else "no",
        "stage": found.stage,
        "why": found.why,
    }
    form = ExampleForm(request.POST if is_sent else None, initial=initial)
    portrait = _portrait_form(request, page.version, initial=examples.portrait_of(found))
    if is_sent and (said := _said(form, portrait)):
        try:
            examples.edit(found, said, at=timezone.now())
        except ExampleNameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            return _done(request, page, _("Saved: “%(name)s”.") % {"name": found})
    return _form(request, page, form, portrait, example=found)


@require_POST
@permission_required((*READ, "leads.change_example"), raise_exception=True)
def example_retire(
    request: PageRequest, definition: str, number: int, public_id: UUID
) -> HttpResponse:
    """Take an example out of use."""
    page = version_page(request, definition, number)
    found = _example(request, page, public_id)
    examples.retire(found, at=timezone.now())
    return _done(request, page, _("“%(name)s” is out of use.") % {"name": found})


def rows_of(version: DefinitionVersion) -> list[Row]:
    """Try the examples of a version's definition now, with what decides about each in words."""
    found = examples.results(version, at=timezone.now())
    return [
        Row(result, tuple(deciding(decisive) for decisive in result.decisive)) for result in found
    ]


def deciding(decisive: Decisive) -> Deciding:
    """Write what decides about somebody."""
    criterion = decisive.criterion
    unit = FACTS[criterion.ref.fact].unit
    return Deciding(
        label=criterion.label,
        wanted=values.wanted_words(criterion.operator, criterion.wanted, unit),
        seen=values.words(decisive.seen, unit),
        is_exclusion=criterion.is_exclusion,
    )


def readable(version: DefinitionVersion) -> Agreement | None:
    """Return what a version says, None while the rows of a draft make no agreement."""
    try:
        return queries.agreement_of(version)
    except (LookupError, TypeError, ValueError):
        if version.state != VersionState.DRAFT:
            raise
        return None


def _example(request: PageRequest, page: Page, public_id: UUID) -> Example:
    visible = access.agreements.examples_visible_to(request.user).filter(is_active=True)
    return get_object_or_404(visible, definition=page.definition, public_id=public_id)


def _like_a_lead(request: PageRequest, version: DefinitionVersion) -> Portrait | None:
    """Return the lead that the address names, without what names it; 404 when it is not seen."""
    try:
        public_id = UUID(request.GET.get("lead", ""))
    except ValueError:
        return None
    lead = get_object_or_404(access.leads.visible_to(request.user), public_id=public_id)
    if readable(version) is None:
        return None
    return portraits.of_lead(lead, version, at=timezone.now())


def _portrait_form(
    request: PageRequest, version: DefinitionVersion, *, initial: Portrait | None
) -> PortraitForm:
    answered = initial.answers if initial else ()
    offers = offers_of(readable(version), answered=answered)
    data = request.POST if request.method == "POST" else None
    return PortraitForm(offers, data, initial=initial)


def _said(form: ExampleForm, portrait: PortraitForm) -> Said | None:
    """Return what was said, None when something of it cannot be understood."""
    if not all([form.is_valid(), portrait.is_valid()]):
        return None
    return Said(**form.cleaned_data, portrait=portrait.portrait())


def _form(
    request: PageRequest,
    page: Page,
    form: ExampleForm,
    portrait: PortraitForm,
    *,
    example: Example | None = None,
) -> HttpResponse:
    context = {"page": page, "form": form, "portrait": portrait, "example": example}
    is_wrong = form.is_bound and not (form.is_valid() and portrait.is_valid())
    status = 422 if is_wrong else 200
    return render(request, "web/definitions/example.html", context, status=status)


def _done(request: PageRequest, page: Page, said: str) -> HttpResponseRedirect:
    messages.success(request, said)
    return redirect(page.address("version_examples"))
