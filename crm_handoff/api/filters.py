"""Query parameters by which lists are narrowed; an unknown one is refused, not ignored."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm_handoff.api.fields import Instant

INSTANT = Instant()
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class TruthField(forms.CharField):
    """True or false; anything else is refused, where Django's own field would ignore it."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if str(value).lower() not in TRUTHS:
            raise forms.ValidationError("Write true or false.", code="invalid")
        return TRUTHS[str(value).lower()]


class TruthFilter(django_filters.Filter):
    """Narrow by what is true or false."""

    field_class = TruthField


class NumberFilter(django_filters.NumberFilter):
    """Narrow by a number that a column could hold: few characters can write a monstrous one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_digits": 30, "decimal_places": 10} | options)


class KeysFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """Narrow to any of some keys, parted by commas."""


class InstantField(forms.CharField):
    """An instant with its zone; without one nobody could say which is meant."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return INSTANT.run_validation(super().to_python(value))
        except ValidationError as error:
            reason = " ".join(map(str, error.detail))
            raise forms.ValidationError(reason, code="invalid") from None


class InstantFilter(django_filters.Filter):
    """Narrow by an instant."""

    field_class = InstantField


def since(column: str) -> InstantFilter:
    """Build a filter: at the given instant or later."""
    return InstantFilter(field_name=column, lookup_expr="gte")


def before(column: str) -> InstantFilter:
    """Build a filter: before the given instant."""
    return InstantFilter(field_name=column, lookup_expr="lt")


def at_least(column: str) -> NumberFilter:
    """Build a filter: the given number or more."""
    return NumberFilter(field_name=column, lookup_expr="gte")


def at_most(column: str) -> NumberFilter:
    """Build a filter: the given number or less."""
    return NumberFilter(field_name=column, lookup_expr="lte")


class TextFilter(django_filters.CharFilter):
    """Narrow to one text in upper or lower case, by the index of texts in lower case."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        rows = qs.filter(Exact(Lower(self.field_name), Lower(Value(value))))
        # Such indexes leave out what is blank, which the database cannot tell of the text.
        return rows if "__" in self.field_name else rows.exclude(**{self.field_name: ""})


def same_text(column: str) -> TextFilter:
    """Build a filter: the given text, in upper or lower case."""
    return TextFilter(field_name=column)


def key_of(relation: str) -> django_filters.CharFilter:
    """Build a filter: the row to which this one points has the given key."""
    return django_filters.CharFilter(field_name=f"{relation}__key")


def id_of(relation: str) -> django_filters.UUIDFilter:
    """Build a filter: the row to which this one points has the given id."""
    return django_filters.UUIDFilter(field_name=f"{relation}__public_id")


class Filters(django_filters.FilterSet):
    """Filters of a list."""

    @classmethod
    def refuse_unknown(cls, parameters: QueryDict, *, beside: frozenset[str]) -> None:
        """Refuse what is no filter and not understood beside the filters either.

        Raises:
            ValidationError: naming each such parameter, each that may be said only once, and each
                that says nothing: whoever sent it meant some rows, and would be given all.
        """
        faults = {
            name: [ErrorDetail("There is no such filter.", code="unknown_filter")]
            for name in parameters
            if name not in cls.base_filters and name not in beside
        }
        faults |= {
            name: [ErrorDetail("Say this once.", code="repeated")]
            for name, values in parameters.lists()
            if len(values) > 1 and not cls._is_repeatable(name)
        }
        faults |= {
            name: [ErrorDetail("Write a value, or leave this out.", code="blank")]
            for name, values in parameters.lists()
            if name not in faults and not all(value.strip() for value in values)
        }
        if faults:
            raise ValidationError(faults)

    @classmethod
    def narrow(cls, rows: QuerySet[Any], parameters: QueryDict) -> QuerySet[Any]:
        """Apply the query parameters to the rows.

        Raises:
            ValidationError: the value of a parameter is of no use.
        """
        filters = cls(parameters, queryset=rows)
        if not filters.is_valid():
            raise ValidationError(
                {
                    name: [ErrorDetail(str(text), code="invalid") for text in texts]
                    for name, texts in filters.errors.items()
                }
            )
        narrowed: QuerySet[Any] = filters.qs
        return narrowed

    @classmethod
    def _is_repeatable(cls, name: str) -> bool:
        return isinstance(cls.base_filters.get(name), django_filters.MultipleChoiceFilter)


class NoFilters(Filters):
    """A list too short to be narrowed."""
