"""Base classes of the administration pages."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet, UniqueConstraint
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.forms import PaginationInlineFormSet

from crm_handoff.models import User

__all__ = [
    "AdminRequest",
    "EditableAdmin",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "RowsFormSet",
    "StackedInline",
    "TabularInline",
]


class AdminRequest(HttpRequest):
    """A request by somebody who may open these pages."""

    user: User


class ReadOnly:
    """Nothing is added, changed or deleted here: history, or state that operations keep."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A log, or a thing that only operations change."""

    show_full_result_count = False


class ReadOnlyInline(ReadOnly, TabularInline):
    """A log beneath the thing that it is about; `joined` are the relations that it draws."""

    extra = 0
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
