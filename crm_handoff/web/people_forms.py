"""Forms about people: coming in, their own profile, passwords, the organization."""

import zoneinfo
from functools import lru_cache
from typing import Any

from babel.numbers import list_currencies
from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.db.models import QuerySet
from django.utils import translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from crm_handoff.models import Organization, User
from crm_handoff.people.invitations import Invitee, RepPlace
from crm_handoff.people.roles import Role
from routing.enums import RepKind
from routing.models import Territory

Choices = list[tuple[str, Any]]

NO_SUCH_ZONE = _("Choose a zone from the list, for example Europe/Berlin.")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Return the IANA zones that this machine knows, in order."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if name != "localtime"))


def own_name_of(code: str) -> str:
    """Return what the speakers of a language call it, for example “Deutsch”."""
    return str(translation.get_language_info(code)["name_local"]).capitalize()


def languages() -> Choices:
    """Return the languages of the product, each by its own name."""
    return [(code, own_name_of(code)) for code, _name in settings.LANGUAGES]


def own_languages() -> Choices:
    """Return the languages that a person can choose, the browser's first."""
    return [("", _("As my browser says")), *languages()]


class ZoneField(forms.CharField):
    """An IANA zone, written or chosen from a list that is searched while writing.

    “berlin” and “europe/berlin” find Europe/Berlin; the page includes `web/people/zones.html`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, **options)
        self.widget.attrs |= {"list": "zones", "autocomplete": "off", "spellcheck": "false"}

    def to_python(self, value: Any) -> str:
        written = super().to_python(value)
        if not written:
            return ""
        wanted = written.replace(" ", "_").casefold()
        names = zones()
        exact = [name for name in names if name.casefold() == wanted]
        cities = [name for name in names if name.casefold().rpartition("/")[2] == wanted]
        found = exact or cities
        if len(found) != 1:
            raise forms.ValidationError(NO_SUCH_ZONE, code="invalid")
        return found[0]


WRITTEN = (forms.TextInput, forms.EmailInput, forms.PasswordInput, forms.Textarea)
"""Inputs that one writes in."""


class StyledForm(forms.Form):
    """A form whose fields look as the product's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, WRITTEN):
                field.widget.attrs.setdefault("class", "input")


class SignInForm(StyledForm, AuthenticationForm):
    """E-mail and password."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _(
            "This e-mail address and password do not belong together. "
            "Check both; capital letters count in the password."
        ),
        "inactive": _("This account is not active. Ask your RevOps team."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget = forms.EmailInput(
            {"class": "input", "autocomplete": "username", "autofocus": True}
        )


class ForgotForm(StyledForm):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=_("E-mail"),
        error_messages={
            "required": _("Write the e-mail address with which you sign in."),
            "invalid": _("This is not an e-mail address. It looks like name@company.com."),
        },
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class PasswordAlone:
    """Saves the password and nothing else: who was let go meanwhile stays so."""

    def set_password_and_save(
        self,
        user: User,
        password_field_name: str = "password1",  # noqa: S107 - the name of a field
        commit: bool = True,
    ) -> User:
        save = super().set_password_and_save  # type: ignore[misc]
        person: User = save(user, password_field_name, commit=False)
        if commit:
            person.save(update_fields=["password"])
        return person


class NewPasswordForm(PasswordAlone, StyledForm, SetPasswordForm):  # type: ignore[type-arg]
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "At least 8 characters, not a common one, and unlike your name and address."
        )
        self.fields["new_password2"].label = _("The same again")
        self.fields["new_password2"].help_text = ""


class AcceptForm(NewPasswordForm):
    """What an invited person says about themselves, and their password."""

    full_name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        error_messages={"required": _("Write your name as colleagues know it.")},
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    time_zone = ZoneField(
        label=_("Your time zone"),
        required=False,
        help_text=_("Times are shown in it. Blank: the organization's."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=own_languages, required=False, initial=""
    )

    field_order = ["full_name", "new_password1", "new_password2", "time_zone", "language"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["full_name"].initial = user.full_name
        self.fields["time_zone"].initial = user.time_zone
        self.fields["language"].initial = user.language

    def person(self) -> User:
        """Return the person with what they said, unsaved."""
        person: User = self.user
        for name in ("full_name", "time_zone", "language"):
            setattr(person, name, self.cleaned_data[name])
        return person


class ProfileForm(StyledForm):
    """What a person changes about themselves."""

    full_name = forms.CharField(
        label=_("Name"),
        max_length=200,
        error_messages={"required": _("Write your name as colleagues know it.")},
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    time_zone = ZoneField(
        label=_("Time zone"),
        required=False,
        help_text=_("Times are shown in it, on pages and in e-mails. Blank: the organization's."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=own_languages,
        required=False,
        help_text=_("Of pages and e-mails. The administration pages are in English."),
    )


class OwnPasswordForm(PasswordAlone, StyledForm, PasswordChangeForm):
    """The old password, and a new one twice."""

    error_messages = PasswordChangeForm.error_messages | {
        "password_incorrect": _("That is not your present password. Nothing was changed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Present password")
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "At least 8 characters, not a common one, and unlike your name and address."
        )
        self.fields["new_password2"].label = _("The same again")
        self.fields["new_password2"].help_text = ""


class InviteForm(StyledForm):
    """One person to invite."""

    full_name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("They can change it when they accept."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={
            "required": _("Write the address to which the invitation goes."),
            "invalid": _("This is not an e-mail address. It looks like name@company.com."),
        },
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role: it decides what they see.")},
    )
    kind = forms.ChoiceField(
        label=_("Kind of rep"),
        choices=RepKind,
        initial=RepKind.SDR,
        required=False,
        widget=forms.RadioSelect,
    )
    languages = forms.CharField(
        label=_("Languages"),
        required=False,
        help_text=_("Two-letter codes, for example: en, de. Leads are routed by them."),
    )
    territory = forms.ModelChoiceField(
        Territory.objects.filter(is_active=True).order_by("position", "pk"),
        label=_("Territory"),
        required=False,
        empty_label=_("None yet"),
    )

    def clean_languages(self) -> tuple[str, ...]:
        return language_codes(self.cleaned_data["languages"])

    def invitee(self) -> Invitee:
        """Return whom the form names."""
        said = self.cleaned_data
        place = RepPlace(
            RepKind(said["kind"] or RepKind.SDR), said["languages"], said["territory"]
        )
        roles = [Role(role) for role in said["roles"]]
        return Invitee(said["email"], said["full_name"], roles, place)


def language_codes(written: str) -> tuple[str, ...]:
    """Read two-letter codes between commas or blanks.

    Raises:
        ValidationError: one of them is not two letters.
    """
    codes = written.replace(",", " ").lower().split()
    wrong = [code for code in codes if len(code) != 2 or not code.isalpha()]
    if wrong:
        raise forms.ValidationError(
            _("“%(code)s” is no two-letter code. Write for example: en, de."),
            params={"code": wrong[0]},
        )
    return tuple(dict.fromkeys(codes))


class OrganizationForm(StyledForm, forms.ModelForm[Organization]):
    """The organization, as the first step asks for it."""

    time_zone = ZoneField(
        label=_("Time zone"),
        help_text=_("Days and weeks of reports are counted in it."),
        error_messages={"required": NO_SUCH_ZONE},
    )
    week_starts_on = forms.TypedChoiceField(
        label=_("The week starts on"), choices=lambda: list(WEEKDAYS.items()), coerce=int
    )
    currency = forms.CharField(
        label=_("Currency of reports"),
        min_length=3,
        max_length=3,
        help_text=_("Three letters, for example EUR."),
        widget=forms.TextInput({"autocomplete": "off", "list": "currencies"}),
    )
    language = forms.ChoiceField(
        label=_("Language of e-mails"),
        choices=languages,
        help_text=_("For people who chose none. Pages follow each person's browser."),
    )

    class Meta:
        model = Organization
        fields = ("name", "time_zone", "week_starts_on", "currency", "language")
        labels = {"name": _("Name of the company")}

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code not in list_currencies():
            raise forms.ValidationError(_("No currency has this code. Write for example EUR."))
        return code


SIDES = {"marketing": Role.MARKETING_LEAD, "sales": Role.SALES_MANAGER}
"""Whose role answers for a side of the agreement."""


class OperatorsForm(StyledForm):
    """Who answers for an agreement, one person a side."""

    marketing = forms.ModelChoiceField(User.objects.none())
    sales = forms.ModelChoiceField(User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for side, role in SIDES.items():
            self.fields[side].queryset = _here(role)  # type: ignore[attr-defined]


def candidates() -> dict[str, list[User]]:
    """Return who can answer for each side: the people of its role, by name; two queries."""
    return {side: list(_here(role)) for side, role in SIDES.items()}


def _here(role: Role) -> QuerySet[User]:
    people = User.objects.filter(is_active=True, groups__name=role.value)
    return people.order_by("full_name", "email")
