"""Query parameters by which lists are narrowed; an unknown one is refused, not ignored."""

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError

from leads.enums import OpportunityStage, Stage
from leads.models import Evaluation, Lead, Opportunity, Touchpoint
from routing.enums import HandoffStatus
from routing.models import Handoff

PAGING = frozenset({"cursor", "page_size"})
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


class KeysFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """Narrow to any of some keys, parted by commas."""


class Filters(django_filters.FilterSet):
    """Filters of a list."""

    @classmethod
    def narrow(cls, rows: QuerySet[Any], parameters: QueryDict) -> QuerySet[Any]:
        """Apply the query parameters to the rows.

        Raises:
            ValidationError: a parameter is unknown or its value is of no use.
        """
        unknown = {
            name: [ErrorDetail("There is no such filter.", code="unknown_filter")]
            for name in parameters
            if name not in cls.base_filters and name not in PAGING
        }
        if unknown:
            raise ValidationError(unknown)
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


class LeadFilters(Filters):
    """Narrow leads; `stage` may be given more than once."""

    stage = django_filters.MultipleChoiceFilter(choices=Stage.choices)
    source = django_filters.CharFilter(field_name="source__key")
    campaign = django_filters.CharFilter(field_name="campaign__key")
    account = django_filters.UUIDFilter(field_name="account__public_id")
    country = django_filters.CharFilter(lookup_expr="iexact")
    email = django_filters.CharFilter(lookup_expr="iexact")
    system = django_filters.CharFilter(field_name="identities__system", distinct=True)
    no_longer_meets = TruthFilter()
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    created_since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Lead
        fields: ClassVar[list[str]] = []


class TouchpointFilters(Filters):
    """Narrow touchpoints; `kind` may be given more than once, parted by commas."""

    lead = django_filters.UUIDFilter(field_name="lead__public_id")
    kind = KeysFilter(field_name="kind__key")
    channel = django_filters.CharFilter()
    campaign = django_filters.CharFilter(field_name="campaign__key")
    system = django_filters.CharFilter()
    external_id = django_filters.CharFilter()
    is_verified = TruthFilter()
    is_bot = TruthFilter()
    occurred_since = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="gte")
    occurred_before = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="lt")

    class Meta:
        model = Touchpoint
        fields: ClassVar[list[str]] = []


class OpportunityFilters(Filters):
    """Narrow opportunities; `stage` may be given more than once."""

    lead = django_filters.UUIDFilter(field_name="lead__public_id")
    stage = django_filters.MultipleChoiceFilter(choices=OpportunityStage.choices)
    system = django_filters.CharFilter()
    external_id = django_filters.CharFilter()
    closed_since = django_filters.IsoDateTimeFilter(field_name="closed_at", lookup_expr="gte")
    closed_before = django_filters.IsoDateTimeFilter(field_name="closed_at", lookup_expr="lt")

    class Meta:
        model = Opportunity
        fields: ClassVar[list[str]] = []


class HandoffFilters(Filters):
    """Narrow handoffs; `status` may be given more than once."""

    lead = django_filters.UUIDFilter(field_name="lead__public_id")
    status = django_filters.MultipleChoiceFilter(choices=HandoffStatus.choices)
    is_open = TruthFilter(field_name="closed_at", lookup_expr="isnull", label="Not closed yet")
    rep = django_filters.UUIDFilter(field_name="rep__public_id")
    queue = django_filters.CharFilter(field_name="queue__key")
    territory = django_filters.CharFilter(field_name="territory__key")
    floor_missed = TruthFilter()
    opened_since = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt")
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = Handoff
        fields: ClassVar[list[str]] = []


class EvaluationFilters(Filters):
    """Narrow the evaluations of a lead."""

    stage = django_filters.CharFilter()
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    before = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = Evaluation
        fields: ClassVar[list[str]] = []


class NoFilters(Filters):
    """A list too short to be narrowed."""
