"""The administration site: one door to sign in, and the exceptions that its theme needs."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

THEME_EXCEPTIONS = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
"""Unfold's Alpine build evaluates expressions and its templates carry inline styles."""


class HandoffAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Unfold's site with the product's own sign-in page."""

    index_title = "Administration"

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send people to the sign-in page; who is signed in already may not enter here.

        Raises:
            PermissionDenied: the sign-in page would only send them back, and so on.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return HttpResponseRedirect(f"{reverse('web:login')}?{query}")

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        return csp_update(THEME_EXCEPTIONS)(super().admin_view(view, cacheable))
