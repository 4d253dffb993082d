"""The administration site: one door to sign in, and the exceptions that its theme needs."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

THEME_EXCEPTIONS = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
"""Unfold's Alpine build evaluates expressions and its templates carry inline styles."""


class HandoffAdminSite(UnfoldAdminSite):
    """Unfold's site with the product's own sign-in page."""

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return HttpResponseRedirect(f"{reverse('web:login')}?{query}")

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        wrapped: Callable[..., HttpResponse] = csp_update(THEME_EXCEPTIONS)(
            super().admin_view(view, cacheable)
        )
        return wrapped
