"""Filters of lists that the theme does not bring along."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str


class DaysFilter(RangeDateFilter):
    """Rows whose instant lies on or between two days, in the zone of whoever looks."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.parameter_name
        first, last = self._day(f"{name}_from"), self._day(f"{name}_to")
        if first is not None:
            queryset = queryset.filter(**{f"{name}__gte": _midnight(first)})
        if last is not None:
            queryset = queryset.filter(**{f"{name}__lt": _midnight(last + timedelta(days=1))})
        return queryset

    def _day(self, parameter: str) -> date | None:
        day: date | None = parse_date_str(self.used_parameters.get(parameter) or "")
        return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
