"""People, the organization and its conversion rates."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from crm_handoff.admin.base import AdminRequest, EditableAdmin, ModelAdmin, ReadOnlyAdmin
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import aged
from crm_handoff.admin.fields import ZoneField
from crm_handoff.admin.links import Related
from crm_handoff.admin.steps import Step, StepsAdmin
from crm_handoff.clock import database_now
from crm_handoff.models import ConversionRate, Heartbeat, Invitation, Organization, User
from crm_handoff.people import invitations, passwords, roles
from crm_handoff.web.people_forms import languages, own_languages

admin.site.unregister(Group)

IS_INVITED = Exists(
    Invitation.objects.filter(person=OuterRef("pk"), accepted_at=None, revoked_at=None)
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class RolesField(forms.ModelMultipleChoiceField):
    """The roles of a person, by their names."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, group: Group) -> str:
        return _role_name(group)


class PersonForm(forms.ModelForm):
    """What RevOps change about somebody: never a password."""

    time_zone = ZoneField(
        blank_label="The organization's", help_text="Times are shown to the person in this zone."
    )
    language = forms.ChoiceField(
        choices=own_languages,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Of pages and e-mails; the person chooses it in their profile.",
    )
    groups = RolesField(
        label="Roles",
        queryset=Group.objects.order_by("name"),
        required=False,
        help_text="What the person may do; see each role's permissions under Groups.",
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class CannotLetOneselfGo(Exception):
    """Somebody else must do that."""


class Presence(admin.SimpleListFilter):
    """Whether people are here, invited, or neither."""

    title = "presence"
    parameter_name = "presence"

    def lookups(self, request: HttpRequest, page: Any) -> list[tuple[str, str]]:
        return [
            ("here", "Here"),
            ("invited", "Invited, not here yet"),
            ("inactive", "Neither: named by an import, or left"),
        ]

    def queryset(self, request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
        wanted: dict[str | None, QuerySet[User]] = {
            "here": people.filter(is_active=True),
            "invited": people.filter(IS_INVITED, is_active=False),
            "inactive": people.filter(~IS_INVITED, is_active=False),
        }
        return wanted.get(self.value(), people)


REFUSALS = (CannotLetOneselfGo, invitations.InvitationRefused, passwords.TooManyRequests)


def _invite(request: AdminRequest, person: User) -> str:
    invitations.invite_back(person, by=request.user, at=database_now())
    return f"{person.email} is invited."


def _send_link(request: AdminRequest, person: User) -> str:
    passwords.send_link(person, at=database_now())
    return f"A link to choose a new password is on its way to {person.email}."


def _let_go(request: AdminRequest, person: User) -> str:
    if person.pk == request.user.pk:
        raise CannotLetOneselfGo("Somebody else must deactivate you.")
    invitations.let_go(person)
    return (
        f"{person} is signed out everywhere and cannot come back without an invitation. "
        "Leads that they hold go to others now, by the routing rules." + _left_behind(person)
    )


def _left_behind(person: User) -> str:
    """Name what still names a person who left as the one who answers; "" for nothing."""
    queues = list(person.managed_queues.order_by("name").values_list("name", flat=True))
    reps = person.managed_reps.filter(is_active=True, user__is_active=True).select_related("user")
    names = [f"the queue {name}" for name in queues] + [str(rep) for rep in reps]
    if not names:
        return ""
    said = f" Name a new manager of {', '.join(names)}"
    if person.managed_queues.filter(is_fallback=True).exists():
        return f"{said}: until then the operator of sales is told in their place."
    return f"{said}: until then whoever manages the fallback queue is told in their place."


def _invite_row(request: AdminRequest, person: User) -> str:
    invitations.invite_back(person, by=request.user, at=database_now())
    return "is invited"


def _send_link_row(request: AdminRequest, person: User) -> str:
    if person.is_superuser and not request.user.is_superuser:
        raise RowRefused("may do everything: only a superuser sends them a link")
    if not person.is_active:
        raise RowRefused("is not here; invite them instead")
    passwords.send_link(person, at=database_now())
    return "gets a link to choose a new password"


def _is_invitable(person: User) -> bool:
    return not person.is_active and invitations.open_invitation_of(person) is None


@admin.register(User)
class UserAdmin(StepsAdmin, BulkAdmin, EditableAdmin):
    list_display = (
        "email",
        "full_name",
        "roles",
        "presence_label",
        "is_staff",
        aged("last_login", description="signed in, ago", is_sortable=True),
    )
    list_filter = (Presence, "is_staff", "groups")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    form = PersonForm
    filter_horizontal = ()
    readonly_fields = ("presence", "is_staff", "last_login", "joined_at")
    when_empty = "People appear here when you invite them, or when an import names them."
    related = (
        Related("routing.rep", "Rep", at="rep"),
        Related("crm_handoff.invitation", "Invitations", by="person__id__exact"),
    )
    actions_list = ("open_invitations",)
    fieldsets = (
        (None, {"fields": ("email", "full_name", "time_zone", "language")}),
        (
            "Access",
            {
                "fields": ("presence", "groups", "is_staff"),
                "description": "Roles decide what a person may do, and whether these pages open "
                "for them. Nobody changes their own. Passwords are chosen by the people "
                "themselves, by a link in an e-mail: the buttons above send it.",
            },
        ),
        ("History", {"fields": ("last_login", "joined_at")}),
    )
    steps = {
        "invite": Step("Invite", "crm_handoff.add_invitation", _is_invitable, _invite),
        "send-link": Step(
            "Send a link to a new password",
            "crm_handoff.change_user",
            lambda person: person.is_active,
            _send_link,
        ),
        "let-go": Step(
            "Deactivate (ends sessions)",
            "crm_handoff.change_user",
            lambda person: person.is_active,
            _let_go,
            is_grave=True,
        ),
    }
    refusals = REFUSALS
    bulk = {
        "invite": Bulk("Invite", "crm_handoff.add_invitation", _invite_row, refusals=REFUSALS),
        "send_link": Bulk(
            "Send a link to a new password",
            "crm_handoff.change_user",
            _send_link_row,
            refusals=REFUSALS,
        ),
    }

    def has_add_permission(self, request: HttpRequest) -> bool:
        # People come in by invitation.
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Else RevOps could make a superuser's address their own, and sign in as one.
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def take_step(self, request: AdminRequest, object_id: str, name: str) -> HttpResponse:
        if not self.has_change_permission(request, self.get_object(request, object_id)):
            raise PermissionDenied
        return super().take_step(request, object_id, name)

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if obj is None:
            return fields
        was_here = obj.has_usable_password() or obj.last_login is not None
        if was_here and not request.user.is_superuser:
            # Whoever reads the mailbox of an address can choose its password, and then acts and
            # signs as the person whom history names.
            fields = (*fields, "email")
        return (*fields, "groups") if obj.pk == request.user.pk else fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(is_invited=IS_INVITED).prefetch_related("groups")

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        roles.keep_admin_access(form.instance)

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ", ".join(sorted(_role_name(group) for group in user.groups.all()))

    @admin.display(description="presence")
    def presence(self, user: User) -> str:
        if user.is_active:
            return "here"
        return "invited" if user.is_invited else "inactive"  # type: ignore[attr-defined]

    @display(
        description="presence",
        label={"here": "success", "invited": "info", "inactive": "warning"},
    )
    def presence_label(self, user: User) -> str:
        return self.presence(user)

    @action(description="Invite people", url_path="open-invitations", permissions=["invite"])
    def open_invitations(self, request: HttpRequest) -> HttpResponse:
        return redirect("web:invite")

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("crm_handoff.add_invitation")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = (
        "person",
        "invited_by",
        aged("invited_at", description="invited, ago"),
        aged("sent_at", description="last sent, ago"),
        aged("accepted_at", description="accepted, ago"),
        aged("revoked_at", description="taken back, ago"),
    )
    list_select_related = ("person", "invited_by")
    list_filter = (
        ("accepted_at", admin.EmptyFieldListFilter),
        ("revoked_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("person__email", "person__full_name")
    when_empty = "Each invitation appears here, also those that were accepted or taken back."
    ordering = ("-invited_at", "-pk")


def _role_name(group: Group) -> str:
    is_role = group.name in roles.Role.values
    return str(roles.Role(group.name).label) if is_role else group.name


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    when_empty = "Roles appear here with every migration; the product keeps them."
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
    language = forms.ChoiceField(
        choices=languages,
        widget=UnfoldAdminSelectWidget,
        help_text="Of e-mails to people who chose none.",
    )
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
    when_empty = "Say who the organization is and where it counts its days: add it once."
    list_display = ("name", "time_zone", "week_starts_on", "currency", "language")
    search_fields = ("name",)
    ordering = ("pk",)
    form = OrganizationForm
    fields = ("name", "time_zone", "week_starts_on", "currency", "language")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organization.objects.exists()


@admin.register(ConversionRate)
class ConversionRateAdmin(ModelAdmin):
    when_empty = "Add what a currency is worth, so that amounts in several can be summed."
    help_texts = {
        "effective_on": "Day from which the rate holds, in the organization's time zone.",
        "rate": "What one unit of the currency is worth in the organization's currency.",
    }
    list_display = ("currency", "effective_on", "rate")
    list_filter = ("currency",)
    search_fields = ("currency",)
    ordering = ("currency", "-effective_on")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    when_empty = "Workers and relays appear here as soon as they run."
    list_display = ("name", "kind", "at")
    search_fields = ("name",)
    ordering = ("name",)
