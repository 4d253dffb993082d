"""Roles: groups with permissions, kept equal to the table below after every migration."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm_handoff.people.models import User


class Role(models.TextChoices):
    """What a person is here for; the value is the name of a group."""

    REVOPS = "revops", _("RevOps")
    MARKETING_LEAD = "marketing_lead", _("Marketing lead")
    SALES_MANAGER = "sales_manager", _("Sales manager")
    REP = "rep", _("Rep")
    AUDITOR = "auditor", _("Auditor")


ADMIN_ROLES = frozenset({Role.REVOPS, Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.AUDITOR})
"""Roles that open the administration pages: to edit, to sign, or to read."""

SEE_EVERYONES_LEADS = "crm_handoff.view_all_leads"
"""Without it a person sees only the leads and handoffs that they hold or held."""

EVERYTHING = ("definitions", "leads", "routing", "integrations", "crm_handoff")
_DELETABLE = (
    "definitions.delete_criterion",
    "definitions.delete_level",
    "definitions.delete_scorerule",
    "definitions.delete_segmentrule",
    "definitions.delete_slaterm",
    "definitions.delete_stagerule",
    "definitions.delete_versionkind",
    "definitions.delete_versiontitlerule",
    "definitions.delete_titlerule",
    "routing.delete_absence",
    "routing.delete_calendarclosure",
    "routing.delete_calendarwindow",
    "routing.delete_namedaccount",
    "routing.delete_territorymembership",
)

ROLES: dict[Role, tuple[str, ...]] = {
    Role.REVOPS: (
        *(f"{app}.{act}_*" for app in EVERYTHING for act in ("view", "add", "change")),
        *_DELETABLE,
        "auth.view_group",
        "routing.acknowledge_slaalert",
        "routing.assign_handoff",
        "routing.answer_reviewtask",
        "routing.publish_routingplan",
    ),
    Role.MARKETING_LEAD: (
        "definitions.view_*",
        "leads.view_*",
        "routing.view_*",
        "crm_handoff.view_checkup",
        "crm_handoff.view_organization",
        SEE_EVERYONES_LEADS,
        "routing.acknowledge_slaalert",
        "leads.add_campaign",
        "leads.change_campaign",
        "leads.add_asset",
        "leads.change_asset",
        "leads.add_example",
        "leads.change_example",
        "leads.add_impact",
        "leads.add_note",
        "leads.add_persona",
        "leads.change_persona",
        "definitions.sign_marketing",
        "definitions.operator",
        "routing.answer_reviewtask",
        "definitions.add_proposal",
        "definitions.add_remark",
        "definitions.add_workshop",
    ),
    Role.SALES_MANAGER: (
        "definitions.view_*",
        "leads.view_*",
        "routing.view_*",
        "crm_handoff.view_checkup",
        "crm_handoff.view_organization",
        SEE_EVERYONES_LEADS,
        "routing.acknowledge_slaalert",
        "leads.add_assertion",
        "leads.add_example",
        "leads.change_example",
        "leads.add_impact",
        "leads.add_note",
        "leads.add_opportunity",
        "leads.change_opportunity",
        "integrations.view_absencefeed",
        "routing.add_absence",
        "routing.change_absence",
        "routing.add_absenceseries",
        "routing.change_absenceseries",
        "routing.change_slatimer",
        "routing.change_suspension",
        "routing.answer_handoff",
        "routing.answer_any_handoff",
        "routing.assign_handoff",
        "routing.reject_batch",
        "definitions.sign_sales",
        "definitions.operator",
        "routing.answer_reviewtask",
        "definitions.add_proposal",
        "definitions.add_remark",
        "definitions.add_workshop",
    ),
    Role.REP: (
        "definitions.view_*",
        "definitions.add_proposal",
        "definitions.add_remark",
        "leads.view_*",
        "routing.view_*",
        "leads.add_assertion",
        "leads.add_note",
        "leads.add_opportunity",
        "leads.change_opportunity",
        "routing.answer_handoff",
        "routing.enter_own_absence",
        "integrations.view_absencefeed",
    ),
    Role.AUDITOR: (*(f"{app}.view_*" for app in EVERYTHING), "auth.view_group"),
}
"""Permissions of each role, `*` standing for any; which rows of a model is `access`'s answer."""


def keep(sender: Any = None, **kwargs: Any) -> None:
    """Make every role a group with exactly its permissions; idempotent.

    Connected to `post_migrate` of the last app, when all permissions exist; hence also after a
    flush. Groups of other names are left alone.
    """
    permissions = [
        (f"{permission.content_type.app_label}.{permission.codename}", permission)
        for permission in Permission.objects.select_related("content_type")
    ]
    with transaction.atomic():
        for role, patterns in ROLES.items():
            group, _ = Group.objects.get_or_create(name=role.value)
            group.permissions.set(_matching(permissions, patterns))


def grant(user: User, role: Role) -> None:
    """Give a person a role, with access to the administration pages where it needs them."""
    with transaction.atomic():
        user.groups.add(Group.objects.get(name=role.value))
        keep_admin_access(user)


def revoke(user: User, role: Role) -> None:
    """Take a role from a person, and admin access with the last role that needed it."""
    with transaction.atomic():
        user.groups.remove(Group.objects.get(name=role.value))
        keep_admin_access(user)


def keep_admin_access(user: User) -> None:
    """Let a person open the administration pages exactly when superuser or a role needs it.

    To be called after somebody's groups were edited in a form.
    """
    user.is_staff = user.is_superuser or not ADMIN_ROLES.isdisjoint(roles_of(user))
    user.save(update_fields=["is_staff"])


def roles_of(user: User) -> set[Role]:
    """Return the roles of a person; one query."""
    names = user.groups.filter(name__in=Role.values).values_list("name", flat=True)
    return {Role(name) for name in names}


def people_in(*roles: Role) -> QuerySet[User]:
    """Return the active people who have one of the roles, each once."""
    return User.objects.filter(is_active=True, groups__name__in=roles).distinct()


def people_with(*permissions: str) -> QuerySet[User]:
    """Return the active people to whom one of the permissions was given, each once.

    Not superusers, who may do everything without having been chosen for it.
    """
    wanted = Q()
    for name in permissions:
        app, _dot, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    given = Permission.objects.filter(wanted)
    by_role = Q(groups__permissions__in=given) | Q(user_permissions__in=given)
    return User.objects.filter(by_role, is_active=True).distinct()


def _matching(
    permissions: Iterable[tuple[str, Permission]], patterns: tuple[str, ...]
) -> list[Permission]:
    return [
        permission
        for name, permission in permissions
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
