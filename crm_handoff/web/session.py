"""Signing in and out."""

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect

from crm_handoff.web.forms import SignInForm


class SignIn(LoginView):
    """Sign in by e-mail; a partial update of a page that lost its session loads this one whole."""

    template_name = "web/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request, "htmx", False) and not request.user.is_authenticated:
            return HttpResponseClientRedirect(request.path)
        return super().dispatch(request, *args, **kwargs)


class SignOut(LogoutView):
    """Sign out, by POST alone."""
