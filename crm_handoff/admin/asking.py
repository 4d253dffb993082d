"""Rows that ask a fact: it is chosen first, and then what is wanted of it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from crm_handoff.admin.base import ModelAdmin
from crm_handoff.admin.conditions import facts_by_subject, subject_of
from definitions.vocabulary import FACTS, Fact, Parameter


class FactFirst(ModelAdmin):
    """Shows the facts to choose from before the form of a row; `facts` are those offered."""

    change_form_outer_before_template = "admin/definitions/asking.html"
    facts: Mapping[str, Fact] = FACTS

    def fact_of(self, request: HttpRequest, obj: Any) -> Fact | None:
        """Return the fact that the row asks, or that the address names instead."""
        named = request.GET.get("fact")
        if named is None and obj is not None:
            named = obj.fact
        return self.facts.get(named or "")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        may_edit = self.has_change_permission(request, row) if row else True
        fact = self.fact_of(request, row)
        if fact is None and may_edit and (row or self.has_add_permission(request)):
            return self._choose_fact(request, row)
        context = (extra_context or {}) | {
            "fact": fact,
            "asked": subject_of(fact) if fact else "",
            "is_windowed": bool(fact and Parameter.DAYS in fact.parameters),
            "elsewhere": address_with(request, fact="") if may_edit else "",
        }
        page: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return page

    def _choose_fact(self, request: HttpRequest, row: Any) -> HttpResponse:
        groups = [
            (
                title,
                [
                    {
                        "key": fact.key,
                        "label": subject_of(fact),
                        "address": address_with(request, fact=fact.key),
                        "is_present": row is not None and row.fact == fact.key,
                    }
                    for fact in facts
                ],
            )
            for title, facts in facts_by_subject(self.facts)
        ]
        context = self.admin_site.each_context(request) | {
            "title": _("What does it ask?"),
            "opts": self.opts,
            "groups": groups,
            "row": row,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/definitions/facts.html", context)


def address_with(request: HttpRequest, **changed: str) -> str:
    """Return the address of a page with some of its parameters changed."""
    named = {key: value for key, value in request.GET.items() if key not in changed}
    return f"?{urlencode(named | changed)}"
