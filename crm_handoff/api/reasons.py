"""The words to choose from: reasons of a rejection and kinds of touchpoint."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request

from crm_handoff.api.views import ListView
from definitions.models import TouchpointKind
from routing.models import RejectionReason


class ReasonList(ListView):
    """`/rejection-reasons/`."""

    required_permissions: ClassVar = {"GET": "routing.view_rejectionreason"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[RejectionReason]:
        return RejectionReason.objects.filter(is_active=True)

    def represent(self, row: RejectionReason) -> dict[str, Any]:
        return {
            "key": row.key,
            "name": row.name,
            "category": row.category,
            "cool_off_days": row.cool_off.days if row.cool_off else None,
            "position": row.position,
        }


class KindList(ListView):
    """`/touchpoint-kinds/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_touchpointkind"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[TouchpointKind]:
        return TouchpointKind.objects.all()

    def represent(self, row: TouchpointKind) -> dict[str, Any]:
        return {
            "key": row.key,
            "name": row.name,
            "category": row.category,
            "intent_level": row.intent_level,
            "is_direct_intent": row.is_direct_intent,
            "is_product_use": row.is_product_use,
        }
