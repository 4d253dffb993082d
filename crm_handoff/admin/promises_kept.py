"""What follows from missed promises: alerts, suspensions, the policy; and what must never be."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from crm_handoff.admin.base import AdminRequest, EditableAdmin, ReadOnlyAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.links import Related
from crm_handoff.checkups import Checkup
from crm_handoff.people import access
from routing import suspensions
from routing.models import RoutingPolicy, SlaAlert, Suspension


@admin.register(SlaAlert)
class SlaAlertAdmin(ReadOnlyAdmin):
    when_empty = "An alert appears here when a side breaks the limit that both signed."
    list_display = (
        "at",
        linked("definition"),
        "side",
        "missed_count",
        "counted",
        "limit_pct",
        "told",
        "acknowledged_at",
        "acknowledged_by",
    )
    list_filter = (
        ("side", ChoicesDropdownFilter),
        ("definition", AutocompleteSelectFilter),
        ("told", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("definition", "told", "acknowledged_by")
    search_fields = ("definition__name", "comment")
    search_help_text = "Definition, or what was said"
    ordering = ("-pk",)
    related = (Related("definitions.definition", "definition", at="definition"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SlaAlert]:
        return access.handoffs.alerts_visible_to(request.user)


@admin.register(Suspension)
class SuspensionAdmin(ReadOnlyAdmin):
    when_empty = (
        "Reps appear here when they missed as many first responses as the routing policy says."
    )
    list_display = (linked("rep"), "began_at", "missed_count", "ended_at", "ended_by")
    list_filter = (("rep", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("rep__user", "ended_by")
    search_fields = ("rep__user__full_name", "rep__user__email")
    search_help_text = "Name or e-mail of the rep"
    ordering = ("-pk",)
    actions = ("end",)
    related = (Related("routing.rep", "rep", at="rep"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Suspension]:
        return access.people.suspensions_visible_to(request.user)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may put reps back into the rotation."""
        return request.user.has_perm("routing.change_suspension")

    @admin.action(description="Put back into the rotation", permissions=["end"])
    def end(self, request: AdminRequest, rows: QuerySet[Suspension]) -> None:
        """End the chosen suspensions that run; misses are counted anew from now."""
        for suspension in rows.select_related("rep__user"):
            try:
                suspensions.end(suspension, by=request.user, at=timezone.now())
            except suspensions.SuspensionAlreadyEnded as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                self.message_user(request, f"{suspension.rep} is in the rotation again.")


@admin.register(RoutingPolicy)
class RoutingPolicyAdmin(EditableAdmin):
    when_empty = "Nobody is taken out of rotation. Add the policy to say after how many misses."
    list_display = ("__str__", "suspend_after_misses", "suspend_window_days")
    ordering = ("pk",)
    fields = ("suspend_after_misses", "suspend_window_days")
    help_texts = {
        "suspend_after_misses": "A whole number of first responses missed after which a rep "
        "leaves the rotation; blank: never.",
    }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not RoutingPolicy.objects.exists()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # One row of numbers: there is nothing to search for.
        return queryset, False


@admin.register(Checkup)
class CheckupAdmin(ReadOnlyAdmin):
    when_empty = "A relay asks each invariant every minute; the answers appear here."
    list_display = ("name", "checked_at", "violated_count", "violated_since", "told_at")
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return access.operations.checkups_visible_to(request.user)
