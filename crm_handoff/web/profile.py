"""A person's own profile: name, zone, language, password."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import organization, rates, roles
from crm_handoff.web.people_forms import OwnPasswordForm, ProfileForm, zones
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.zones import speak_to

OWN_FIELDS = ("full_name", "time_zone", "language")

TRIES, PER = 10, timedelta(minutes=15)
"""Changes of a password that a session may try, so that nobody guesses the present one in it."""


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
def profile(request: PageRequest) -> HttpResponse:
    """Show and change one's name, time zone and language."""
    person = request.user
    initial = {name: getattr(person, name) for name in OWN_FIELDS}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form=form, status=422 if form.errors else 200)
    for name in OWN_FIELDS:
        setattr(person, name, form.cleaned_data[name])
    person.save(update_fields=OWN_FIELDS)
    speak_to(person)
    messages.success(request, _("Your profile is saved."))
    return redirect("web:profile")


@require_POST
@sensitive_post_parameters()
@cache_control(private=True, no_store=True)
def change_password(request: PageRequest) -> HttpResponse:
    """Change one's own password; every other session of the person ends."""
    form = OwnPasswordForm(request.user, request.POST)
    subject = f"password:{request.user.public_id}"
    if not rates.take(subject, limit=TRIES, per=PER, at=database_now()):
        form.add_error(None, _("Too many tries. Wait a quarter of an hour, then try again."))
        return _page(request, password_form=form, status=429)
    if not form.is_valid():
        return _page(request, password_form=form, status=422)
    update_session_auth_hash(request, form.save())
    messages.success(request, _("Your password is changed. You are signed out everywhere else."))
    return redirect("web:profile")


def _page(
    request: PageRequest,
    *,
    form: ProfileForm | None = None,
    password_form: OwnPasswordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    initial = {name: getattr(request.user, name) for name in OWN_FIELDS}
    context = {
        "form": form or ProfileForm(initial=initial),
        "password_form": password_form or OwnPasswordForm(request.user),
        "roles": sorted(role.label for role in roles.roles_of(request.user)),
        "zones": zones(),
        "organization_zone": organization.time_zone(),
    }
    return render(request, "web/profile.html", context, status=status)
