"""What the pages of a version's rows share: they open from the version and lead back to it."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import AdminRequest, ModelAdmin
from crm_handoff.admin.links import Related, page_of
from definitions import drafts
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.versions import VersionIsFrozen

CHANGE = "definitions.change_definitionversion"
"""Who may change a version may change its rows."""


def anchor_of(row: models.Model) -> str:
    """Return the name of a row's place on the page of its version."""
    return f"{row._meta.model_name}-{row.pk}"


class RowForm(forms.ModelForm):
    """A row of a draft; nonsense is refused at its input, in a sentence that names the row."""

    version: DefinitionVersion

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.version = self.version

    def place(self) -> drafts.Place:
        """Return the level that the row helps to grant; None for most rows."""
        return None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            drafts.check_row(self.instance, place=self.place())
        except drafts.RowRefused as refusal:
            for problem in refusal.problems:
                self.add_error(self._input_of(problem), problem)
        except VersionIsFrozen as refusal:
            self.add_error(None, str(refusal))

    def _input_of(self, problem: str) -> str | None:
        """Return the input that a problem speaks of: the first whose name is in its sentence."""
        said = re.findall(r"\w+", problem.partition(": ")[2])
        if "wanted" in said:
            said += ["number", "flag", "choices", "rank", "others"]
        return next((name for name in said if name in self.fields), None)


class ContentRowAdmin(ModelAdmin):
    """Rows of a version's content: edited while it is a draft, read from then on."""

    list_filter: tuple[Any, ...] = (("version", AutocompleteSelectFilter),)
    list_filter_submit = True
    when_empty = "The content of versions appears here, once a draft is made."
    related = (Related("definitions.definitionversion", "back to its version", at="version"),)
    list_select_related: tuple[str, ...] = ("version__definition",)
    ordering: tuple[str, ...] = ("-version", "position", "pk")
    actions = None
    row_fields: tuple[str, ...] = ()
    """Inputs, in order."""
    labels: Mapping[str, Any] = {}
    """Names of inputs, where the columns' are not what people say."""
    typed_once: tuple[str, ...] = ()
    """Inputs of a new row only: others name the row by them."""

    class Media:
        css = {"all": ("admin/definitions.css",)}
        js = ("admin/definitions.js",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A row is added from the page of its version, which it names.
        return request.user.has_perm(CHANGE) and _version_named(request) is not None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE) and (obj is None or _is_draft(obj.version))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE) and obj is not None and _is_draft(obj.version)

    def get_urls(self) -> list[URLPattern]:
        move = path(
            "<path:object_id>/move/<str:way>/",
            self.admin_site.admin_view(require_POST(self.move)),
            name=f"{self.opts.app_label}_{self.opts.model_name}_move",
        )
        return [move, *super().get_urls()]

    def move(self, request: AdminRequest, object_id: str, way: str) -> HttpResponse:
        """Move a row up or down among its like, and come back to it."""
        row = self.get_object(request, object_id)
        if row is None or way not in ("up", "down"):
            raise Http404
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        try:
            drafts.move_row(row, is_up=way == "up", by=request.user)
        except VersionIsFrozen as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return self.after_move(row)

    def after_move(self, row: Any) -> HttpResponse:
        """Lead back to where a row was moved: its place on the page of its version."""
        return _back_to(row.version, anchor_of(row))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **options | {"form": forms.ModelForm})
        form = type("Form", (self.form,), self.known_to_form(request, obj))
        columns = [name for name in self.inputs(request, obj) if name in _columns(self.model)]
        options |= {"form": form, "fields": columns}
        return super().get_form(request, obj, change, **options)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name in self.labels:
            field.label = self.labels[db_field.name]
        return field

    def known_to_form(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the form of one request knows beside its row."""
        return {"version": obj.version if obj else _version_named(request)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(None, {"fields": self.inputs(request, obj)})]

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        """Return the names of the inputs, in the order of reading."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [name for name in self.row_fields if name in _columns(self.model)]
        return [name for name in self.row_fields if obj is None or name not in self.typed_once]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        drafts.save_row(obj, by=request.user, place=form.place())

    def delete_model(self, request: AdminRequest, obj: Any) -> None:
        drafts.delete_row(obj, by=request.user)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _("“%(row)s” was added.") % {"row": obj}, messages.SUCCESS)
        return _back_to(obj.version, anchor_of(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, _("“%(row)s” was saved.") % {"row": obj}, messages.SUCCESS)
        return _back_to(obj.version, anchor_of(obj))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        try:
            page: HttpResponse = super().delete_view(request, object_id, extra_context)
        except VersionIsFrozen as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return _back_to(row.version, "content")
        is_done = request.method == "POST" and page.status_code == 302 and row is not None
        return _back_to(row.version, "content") if is_done and row else page


def _columns(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields}


def _version_named(request: HttpRequest) -> DefinitionVersion | None:
    """Return the draft that the address names, None when there is none such."""
    named = request.GET.get("version", "")
    if not named.isdecimal() or len(named) > MOST_DIGITS:
        return None
    if not hasattr(request, "_named_version"):
        drafts_ = DefinitionVersion.objects.filter(pk=named, state=VersionState.DRAFT)
        request._named_version = drafts_.select_related("definition").first()  # type: ignore[attr-defined]
    version: DefinitionVersion | None = request._named_version  # type: ignore[attr-defined]
    return version


MOST_DIGITS = 18
"""Longest key that a column of keys holds."""


def _is_draft(version: DefinitionVersion) -> bool:
    return version.state == VersionState.DRAFT


def _back_to(version: DefinitionVersion, anchor: str) -> HttpResponse:
    return HttpResponseRedirect(f"{page_of(version)}#{anchor}")


def address_to_add(model: type[models.Model], version: DefinitionVersion) -> str:
    """Return the address at which a row of a draft is added."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
    return f"{reverse(name)}?version={version.pk}"
