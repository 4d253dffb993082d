"""One's own password again, before a signature: whoever sits at an open screen cannot give it."""

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _


class WrongPassword(Exception):
    """What was typed is not the password of whoever is signed in; nothing was done."""

    def __str__(self) -> str:
        return _("That is not your password; nothing was signed.")


def check(request: HttpRequest) -> None:
    """Compare the `password` of a POST with that of whoever is signed in.

    By way of the sign-in backends, so that wrong guesses count towards the same pause, which the
    middleware answers.

    Raises:
        WrongPassword: it is another, or the pause is on.
    """
    username, typed = request.user.get_username(), request.POST.get("password", "")
    if authenticate(request, username=username, password=typed) != request.user:
        raise WrongPassword
