"""Signing in and out, forgotten passwords, and accepting an invitation."""

from typing import Any

from axes import utils as pauses
from axes.helpers import get_client_ip_address
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import (
    INTERNAL_RESET_SESSION_TOKEN,
    LoginView,
    LogoutView,
    PasswordResetConfirmView,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from crm_handoff.clock import database_now
from crm_handoff.people import invitations, passwords
from crm_handoff.people.models import User
from crm_handoff.web.people_forms import (
    AcceptForm,
    ForgotForm,
    NewPasswordForm,
    SignInForm,
    zones,
)
from crm_handoff.web.zones import speak_to

PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"  # noqa: S105 - a path


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


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
def forgot(request: HttpRequest) -> HttpResponse:
    """Send a link to a new password; the answer never tells whether the address is known."""
    form = ForgotForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        context = {"form": form, "is_sent": "sent" in request.GET}
        return render(request, "web/forgot.html", context, status=status)
    try:
        passwords.ask_for_link(
            form.cleaned_data["email"],
            network_address=get_client_ip_address(request) or "",
            at=database_now(),
        )
    except passwords.TooManyRequests:
        form.add_error(
            None, _("Too many links were asked for from here. Try again in half an hour.")
        )
        return render(request, "web/forgot.html", {"form": form}, status=429)
    return HttpResponseRedirect(f"{reverse('web:forgot')}?sent")


class SetPassword(PasswordResetConfirmView):
    """Choose a password by a link from an e-mail: one's own again, or the first one.

    The link works once. Its token moves into the session before the page is shown, so that it
    stands neither in the history nor in a Referer. Choosing a password ends all sessions.
    """

    template_name = "web/set_password.html"
    reset_url_token = "choose"  # noqa: S105 - what the address shows in the token's place
    is_invitation = False

    def get_user(self, uidb64: str) -> User | None:
        """Return who the link is for: somebody active, or invited; nobody who left."""
        person: User | None = super().get_user(uidb64)
        if person is None or person.is_active:
            return person
        self.is_invitation = invitations.open_invitation_of(person) is not None
        return person if self.is_invitation else None

    def get_form_class(self) -> type[NewPasswordForm]:
        return AcceptForm if self.is_invitation else NewPasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs, is_invitation=self.is_invitation, person=self.user, zones=zones()
        )

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        form = context.get("form")
        status = 422 if form is not None and form.errors else 200
        return super().render_to_response(context, status=status, **options)

    def form_valid(self, form: Any) -> HttpResponse:
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        return self._accept(form) if self.is_invitation else self._change(form)

    def _change(self, form: NewPasswordForm) -> HttpResponse:
        person = form.save()
        # Whoever reads this mailbox is the person: guesses of others keep them out no longer.
        pauses.reset(username=person.get_username())
        messages.success(self.request, _("Your password is changed. Sign in with the new one."))
        return redirect("web:login")

    def _accept(self, form: AcceptForm) -> HttpResponse:
        try:
            person = invitations.accept(
                form.person(), password=form.cleaned_data["new_password1"], at=database_now()
            )
        except invitations.InvitationRefused as refusal:
            messages.error(self.request, str(refusal))
            return redirect("web:login")
        login(self.request, person, PASSWORD_BACKEND)
        speak_to(person)
        messages.success(
            self.request, _("Welcome, %(name)s. This is where you start.") % {"name": person}
        )
        return redirect("web:home")
