"""A new draft: from a template, as a copy of a version, or from a file."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from crm_handoff.admin.base import AdminRequest, ModelAdmin
from crm_handoff.admin.content_rows import CHANGE
from crm_handoff.admin.links import page_of
from definitions import templates, versions
from definitions.document import LONGEST_TEXT, DocumentUnreadable
from definitions.models import Definition, DefinitionVersion

REFUSALS = (versions.ContentInvalid, DocumentUnreadable)
"""What making a draft may answer; each line is shown."""


MOST_PROBLEMS = 100
"""Problems of a file that are shown at once."""


class DraftForm(forms.Form):
    """What a way to a new draft needs."""

    def draft(self, *, by: Any) -> DefinitionVersion:
        """Make the draft.

        Raises:
            ContentInvalid: with every problem found.
            DocumentUnreadable: a file is no YAML mapping.
        """
        raise NotImplementedError


class TemplateForm(DraftForm):
    """A template, for a definition that exists or for a new one."""

    template = forms.ChoiceField(
        label=lazy("Template"),
        choices=lambda: [(one.key, one.name) for one in templates.TEMPLATES],
        widget=UnfoldAdminRadioSelectWidget,
    )
    definition = forms.ModelChoiceField(
        Definition.objects.none(),
        label=lazy("For the definition"),
        required=False,
        empty_label=lazy("A new definition, named below"),
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.CharField(
        label=lazy("Name of the new definition"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=lazy("What both teams call the segment, for example “Enterprise”."),
    )
    key = forms.SlugField(
        label=lazy("Key"),
        max_length=64,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=lazy("In addresses and files, for example “enterprise”. It stays."),
    )
    position = forms.IntegerField(
        label=lazy("Place in the order"),
        min_value=0,
        max_value=2**31 - 1,
        initial=100,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=lazy("A whole number: segments are tried in this order, the smallest first."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known: Any = self.fields["definition"]
        known.queryset = Definition.objects.order_by("position", "pk")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("definition") is None:
            for name in ("name", "key"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("A new definition needs it."))
            if cleaned.get("key") and Definition.objects.filter(key=cleaned["key"]).exists():
                self.add_error("key", _("There is a definition with this key: choose it above."))
        return cleaned

    def draft(self, *, by: Any) -> DefinitionVersion:
        chosen = self.cleaned_data
        known: Definition | None = chosen["definition"]
        return templates.start(
            chosen["template"],
            definition=known.key if known else chosen["key"],
            name=known.name if known else chosen["name"],
            position=known.position if known else chosen["position"] or 0,
            by=by,
        )


class CopyForm(DraftForm):
    """A version whose copy is the next draft of its definition."""

    version = forms.ModelChoiceField(
        DefinitionVersion.objects.none(),
        label=lazy("Version to copy"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["version"]
        chosen.queryset = DefinitionVersion.objects.select_related("definition").order_by(
            "definition__position", "definition_id", "-number"
        )
        chosen.label_from_instance = lambda one: f"{one} ({one.get_state_display()})"

    def draft(self, *, by: Any) -> DefinitionVersion:
        return versions.revise(self.cleaned_data["version"], by=by)


class FileForm(DraftForm):
    """A file that holds a whole version."""

    file = forms.FileField(
        label=lazy("YAML file"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".yaml,.yml"}),
        help_text=lazy(
            "As “Download as file” writes it, one megabyte at most. It names its definition, "
            "which is made when it does not exist."
        ),
    )

    def clean_file(self) -> str:
        """Return the text of the file."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > LONGEST_TEXT:
            raise ValidationError(_("The file is larger than one megabyte."))
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError(_("The file is no text in UTF-8.")) from error

    def draft(self, *, by: Any) -> DefinitionVersion:
        return versions.load(self.cleaned_data["file"], by=by)


WAYS: dict[str, type[DraftForm]] = {"template": TemplateForm, "copy": CopyForm, "file": FileForm}
"""By which ways a draft is made, each with its form."""


class DraftingAdmin(ModelAdmin):
    """Makes drafts instead of adding blank rows."""

    def add_view(
        self, request: AdminRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the ways to a new draft, and take one."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        way = request.POST.get("way", "") if request.method == "POST" else ""
        form = WAYS[way](request.POST, request.FILES, prefix=way) if way in WAYS else None
        problems: list[str] = []
        if form is not None and form.is_valid():
            try:
                return self._drafted(request, form.draft(by=request.user))
            except REFUSALS as refusal:
                problems = _first(str(refusal).splitlines())
        return self._ways(request, way, form, problems)

    def _drafted(self, request: HttpRequest, version: DefinitionVersion) -> HttpResponse:
        said = _("%(version)s is a draft: edit it, then submit it for review.")
        self.message_user(request, said % {"version": version}, messages.SUCCESS)
        return HttpResponseRedirect(page_of(version))

    def _ways(
        self, request: HttpRequest, way: str, form: forms.Form | None, problems: list[str]
    ) -> HttpResponse:
        forms_ = {
            name: form if name == way and form else made(prefix=name, initial=_initial(request))
            for name, made in WAYS.items()
        }
        context = self.admin_site.each_context(request) | {
            "title": _("New draft"),
            "opts": self.opts,
            "ways": forms_,
            "templates": templates.TEMPLATES,
            "chosen": way,
            "problems": problems,
            "has_versions": DefinitionVersion.objects.exists(),
            "media": self.media + forms_["file"].media,
            "list_address": reverse("admin:definitions_definitionversion_changelist"),
        }
        status = 422 if form is not None else 200
        page = "admin/definitions/new_draft.html"
        return TemplateResponse(request, page, context, status=status)


def _first(problems: list[str]) -> list[str]:
    """Return as many problems as people read, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    if more <= 0:
        return problems
    said = ngettext("… and %(count)s more.", "… and %(count)s more.", more) % {"count": more}
    return [*problems[:MOST_PROBLEMS], said]


def _initial(request: HttpRequest) -> dict[str, Any]:
    named = {name: request.GET[name] for name in ("definition", "version") if name in request.GET}
    return {name: value for name, value in named.items() if value.isdecimal()}
