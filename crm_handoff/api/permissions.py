"""What a caller must be allowed to do: one permission a view and method, by default none."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class HasViewPermission(BasePermission):
    """Demand the permission that the view declares for the method.

    A view declares `required_permissions`, from method to permission. Whatever it does not name
    nobody may do. Which rows exist for the caller is the answer of `people.access`.
    """

    message = "Your role or key does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS" or method not in view.allowed_methods:
            # Harmless, or soon to be answered as a method that the view does not have.
            return True
        required = getattr(view, "required_permissions", {}).get(method)
        return required is not None and request.user.has_perm(required)
