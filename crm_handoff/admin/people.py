"""People, the organization and its conversion rates."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from crm_handoff.admin.base import EditableAdmin, ModelAdmin, ReadOnlyAdmin
from crm_handoff.admin.fields import ZoneField
from crm_handoff.models import ConversionRate, Heartbeat, Organization, User
from crm_handoff.people import roles

admin.site.unregister(Group)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class RolesField(forms.ModelMultipleChoiceField):
    """The roles of a person, by their names."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, group: Group) -> str:
        return _role_name(group)


class NewPersonForm(UserCreationForm):
    time_zone = ZoneField(blank_label="The organization's")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class PersonForm(UserChangeForm):
    time_zone = ZoneField(
        blank_label="The organization's", help_text="Times are shown to the person in this zone."
    )
    groups = RolesField(
        label="Roles",
        queryset=Group.objects.order_by("name"),
        required=False,
        help_text="What the person may do; see each role's permissions under Groups.",
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(DjangoUserAdmin, EditableAdmin):  # type: ignore[misc]
    list_display = ("email", "full_name", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = ()
    readonly_fields = ("is_staff", "last_login", "joined_at")
    fieldsets = (
        (None, {"fields": ("email", "full_name", "time_zone", "password")}),
        (
            "Access",
            {
                "fields": ("is_active", "groups", "is_staff"),
                "description": "Roles decide what a person may do, and whether these pages open "
                "for them. Nobody changes their own.",
            },
        ),
        ("History", {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "email",
                    "full_name",
                    "time_zone",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Else RevOps could set a superuser's password, and sign in as one.
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        is_oneself = obj is not None and obj.pk == request.user.pk
        return (*fields, "is_active", "groups") if is_oneself else fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        roles.keep_admin_access(form.instance)

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ", ".join(sorted(_role_name(group) for group in user.groups.all()))


def _role_name(group: Group) -> str:
    is_role = group.name in roles.Role.values
    return str(roles.Role(group.name).label) if is_role else group.name


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    list_display = ("name", "label")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "label", "may")
    readonly_fields = ("label", "may")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.prefetch_related("permissions__content_type")

    @admin.display(description="role")
    def label(self, group: Group) -> str:
        return _role_name(group)

    @admin.display(description="permissions")
    def may(self, group: Group) -> SafeString:
        given = group.permissions.all()
        names = sorted(f"{one.content_type.app_label}.{one.codename}" for one in given)
        return format_html_join("", "{}<br>", ((name,) for name in names))


class OrganizationForm(forms.ModelForm):
    time_zone = ZoneField(help_text="Where days and weeks are counted in reports.")
    week_starts_on = forms.TypedChoiceField(
        choices=list(enumerate(WEEKDAYS)), coerce=int, widget=UnfoldAdminSelectWidget
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        help_text="ISO 4217 code that reports convert to.",
        error_messages={"invalid": "Write three capitals, for example EUR."},
    )


@admin.register(Organization)
class OrganizationAdmin(EditableAdmin):
    list_display = ("name", "time_zone", "week_starts_on", "currency")
    search_fields = ("name",)
    ordering = ("pk",)
    form = OrganizationForm
    fields = ("name", "time_zone", "week_starts_on", "currency")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organization.objects.exists()


@admin.register(ConversionRate)
class ConversionRateAdmin(ModelAdmin):
    list_display = ("currency", "effective_on", "rate")
    list_filter = ("currency",)
    search_fields = ("currency",)
    ordering = ("currency", "-effective_on")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "at")
    search_fields = ("name",)
    ordering = ("name",)
