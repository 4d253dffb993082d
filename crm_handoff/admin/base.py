"""Base classes of the administration pages."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Field, Model, QuerySet, UniqueConstraint
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline as UnfoldStackedInline
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.admin import checkbox
from unfold.forms import PaginationInlineFormSet

from crm_handoff.admin.links import Related, links_of
from crm_handoff.admin.pages import PagedList
from crm_handoff.models import User
from crm_handoff.pages import LookAhead
from crm_handoff.search import UnsearchableText, search
from crm_handoff.web import deadlines

__all__ = [
    "AdminRequest",
    "ByIdentity",
    "EditableAdmin",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "RowsFormSet",
    "StackedInline",
    "TabularInline",
]


ROW_KEY = "row-key"
"""Stands for a row's primary key in its checkbox."""


@cache
def _checkbox() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, ROW_KEY))


class AdminRequest(HttpRequest):
    """A request by somebody who may open these pages."""

    user: User


class Explained:
    """Inputs with a word of help; `help_texts` says the units where the model does not."""

    help_texts: Mapping[str, str | Promise] = {}

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        if field is not None and db_field.name in self.help_texts:
            field.help_text = self.help_texts[db_field.name]
        if field is not None and isinstance(db_field, DateTimeField):
            field.validators = [*field.validators, _check_reach]
        return field


def _check_reach(instant: datetime) -> None:
    if not deadlines.is_in_reach(instant, at=timezone.now()):
        raise ValidationError(deadlines.TOO_FAR)


class TabularInline(Explained, UnfoldTabularInline):
    """Rows beneath something, a line each.

    Inputs bear their names: the head of a column gives them none.
    """

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and field.label:
            inner = getattr(field.widget, "widget", field.widget)
            inner.attrs.setdefault("aria-label", capfirst(field.label))
        return field


class StackedInline(Explained, UnfoldStackedInline):
    """Rows beneath something, a block each."""


class ModelAdmin(Explained, UnfoldModelAdmin):
    """What every list and page shares.

    A list reads one page and never counts; words are found by the trigram indexes, each in one of
    `search_fields` (text columns, or paths to related ones). `when_empty` says what will appear
    in the list, and how; `related` are the pages that belong to a row.
    """

    paginator = LookAhead
    list_per_page = 25
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_form_outer_before_template = "admin/related.html"
    when_empty = ""
    related: tuple[Related, ...] = ()

    def action_checkbox(self, obj: Model) -> SafeString:
        # Drawn by a template only once, since every row has one.
        return mark_safe(_checkbox().replace(ROW_KEY, escape(obj.pk)))  # noqa: S308

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[PagedList]:
        return PagedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            found = search(queryset, search_term, self.get_search_fields(request))
            if self.list_select_related:
                # Also for who chooses one of these rows elsewhere: each is drawn by its name.
                found = found.select_related(*self.list_select_related)
        except UnsearchableText as error:
            self.message_user(request, str(error), messages.ERROR)
            found = queryset.none()
        if not found.ordered:
            found = found.order_by(*self.get_ordering(request))
        return found, False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        row = options.get("obj")
        related = list(links_of(row, self.related, request)) if row is not None else []
        page: HttpResponse = super().render_change_form(
            request, context | {"related": related}, *args, **options
        )
        return page


class ByIdentity(ModelAdmin):
    """Finds a row also by its name in another system, written like `crm:4711`.

    `identity` is the path to the row that has the name; blank: this one.
    """

    identity = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        system, _, external_id = search_term.strip().partition(":")
        if system and external_id:
            path = f"{self.identity}__" if self.identity else ""
            named = {f"{path}system": system, f"{path}external_id": external_id}
            return queryset.filter(**named), False
        return super().get_search_results(request, queryset, search_term)


class ReadOnly:
    """Nothing is added, changed or deleted here: history, or state that operations keep."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A log, or a thing that only operations change; large, hence ordered by indexes alone."""

    sortable_by: tuple[Any, ...] | None = ()


class ReadOnlyInline(ReadOnly, TabularInline):
    """A log beneath the thing that it is about; `joined` are the relations that it draws."""

    extra = 0
    per_page = 25
    tab = True
    hide_title = True
    show_change_link = True
    joined: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.joined) if self.joined else rows


class EditableAdmin(ModelAdmin):
    """Something that RevOps edit; never deleted, since history points at it.

    `fixed_fields` are chosen once: other rows, or signed agreements, refer to them.
    """

    fixed_fields: tuple[str, ...] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields + self.fixed_fields if obj else fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # What was fixed keeps its place at the top instead of falling behind the inputs.
        fields = list(super().get_fields(request, obj))
        return sorted(fields, key=lambda field: field not in self.fixed_fields)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        # Counters in the same row move while somebody has the form open.
        if change:
            obj.save(update_fields=_changed_columns(form))
        else:
            obj.save()


class RowsFormSet(PaginationInlineFormSet):
    """Rows beneath something: each writes only what was changed in it, and none is there twice.

    Django leaves out the constraints that name what the rows are beneath, which then crash.
    """

    def clean(self) -> None:
        super().clean()
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            if form.errors or form in self.deleted_forms or not _is_filled(form):
                continue
            for key in _unique_keys(form.instance):
                if key in seen or (form.has_changed() and _is_taken(form.instance)):
                    form.add_error(None, "There is one like this already.")
                seen.add(key)

    def save_existing(self, form: ModelForm, obj: Any, commit: bool = True) -> Any:
        if commit:
            obj.save(update_fields=_changed_columns(form))
        return obj


def _is_filled(form: ModelForm) -> bool:
    return form.instance.pk is not None or form.has_changed()


def _unique_keys(row: Model) -> list[tuple[Any, ...]]:
    keys = [
        [constraint.name, *(getattr(row, name) for name in _names(constraint))]
        for constraint in row._meta.constraints
        if isinstance(constraint, UniqueConstraint) and constraint.expressions
    ]
    return [tuple(key) for key in keys]


def _names(constraint: UniqueConstraint) -> list[str]:
    fields = [part for part in constraint.expressions if isinstance(part, F)]
    return [field.name for field in fields]  # type: ignore[attr-defined]


def _is_taken(row: Model) -> bool:
    try:
        row.validate_constraints()
    except ValidationError:
        return True
    return False


def _changed_columns(form: ModelForm) -> list[str]:
    names = {field.name for field in form.instance._meta.concrete_fields}
    return [name for name in form.changed_data if name in names]
