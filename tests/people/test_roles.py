from fnmatch import fnmatchcase

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.keys import SCOPE_RIGHTS
from crm_handoff.people.roles import ROLES, Role

pytestmark = pytest.mark.django_db


def person(role: Role | None = None) -> User:
    user = User.objects.create_user(f"{role or 'nobody'}@example.com")
    if role:
        roles.grant(user, role)
    return User.objects.get(pk=user.pk)


def all_permissions() -> set[str]:
    return {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in Permission.objects.select_related("content_type")
    }


def test_roles_are_total_and_each_exists_after_migrating():
    assert set(ROLES) == set(Role)
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)


def test_every_pattern_of_a_role_names_a_permission():
    names = all_permissions()

    unused = [
        (role, pattern)
        for role, patterns in ROLES.items()
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    ]

    assert unused == []


def test_every_pattern_of_a_scope_names_a_permission():
    names = all_permissions()

    unused = [
        (scope, pattern)
        for scope, patterns in SCOPE_RIGHTS.items()
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    ]

    assert unused == []


def test_keep_restores_what_was_edited_and_leaves_other_groups_alone():
    group = Group.objects.get(name="rep")
    wanted = set(group.permissions.values_list("pk", flat=True))
    group.permissions.set(Permission.objects.filter(codename="delete_user"))
    own = Group.objects.create(name="our own")
    own.permissions.set(Permission.objects.filter(codename="view_lead"))

    roles.keep()

    assert set(group.permissions.values_list("pk", flat=True)) == wanted
    assert own.permissions.count() == 1


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.REVOPS, False),
        (Role.MARKETING_LEAD, False),
        (Role.SALES_MANAGER, True),
        (Role.REP, True),
        (Role.AUDITOR, False),
    ],
)
def test_only_sales_answers_handoffs(role, allowed):
    assert person(role).has_perm("routing.answer_handoff") is allowed


@pytest.mark.parametrize(
    ("permission", "holder"),
    [
        ("definitions.sign_marketing", Role.MARKETING_LEAD),
        ("definitions.sign_sales", Role.SALES_MANAGER),
        ("routing.answer_any_handoff", Role.SALES_MANAGER),
    ],
)
def test_a_side_has_rights_that_no_other_role_has(permission, holder):
    assert [role for role in Role if person(role).has_perm(permission)] == [holder]


def test_auditor_reads_everything_and_changes_nothing():
    held = person(Role.AUDITOR).get_all_permissions()

    assert held == {
        name
        for name in all_permissions()
        if ".view_" in name and name.split(".")[0] in roles.EVERYTHING
    } | {"auth.view_group"}


def test_rep_may_not_see_everybodys_leads():
    rep = person(Role.REP)

    assert rep.has_perm("leads.view_lead")
    assert not rep.has_perm(roles.SEE_EVERYONES_LEADS)


def test_grant_opens_the_administration_pages_where_the_role_needs_them():
    assert person(Role.AUDITOR).is_staff
    assert person(Role.REVOPS).is_staff
    assert not person(Role.REP).is_staff


def test_revoke_closes_them_with_the_last_role_that_needed_them():
    user = person(Role.REVOPS)
    roles.grant(user, Role.AUDITOR)

    roles.revoke(user, Role.REVOPS)
    assert user.is_staff
    roles.revoke(user, Role.AUDITOR)

    assert not user.is_staff
    assert roles.roles_of(user) == set()


@pytest.mark.django_db(transaction=True)
def test_roles_survive_a_flush():
    call_command("flush", interactive=False, verbosity=0)

    assert Group.objects.get(name="rep").permissions.filter(codename="answer_handoff").exists()


def test_people_in_roles_are_those_who_have_one_and_have_not_left():
    both = person(Role.REVOPS)
    roles.grant(both, Role.AUDITOR)
    rep, left = person(Role.REP), person(Role.AUDITOR)
    User.objects.filter(pk=left.pk).update(is_active=False)

    assert list(roles.people_in(Role.REVOPS, Role.AUDITOR)) == [both]
    assert set(roles.people_in(Role.REVOPS, Role.REP)) == {both, rep}


def test_people_with_a_permission_have_it_by_role_or_for_themselves_and_were_chosen_for_it():
    lead, manager = person(Role.MARKETING_LEAD), person(Role.SALES_MANAGER)
    chosen = person(Role.REP)
    signing = Permission.objects.get(codename="sign_sales")
    chosen.user_permissions.add(signing)
    User.objects.create_superuser("root@example.com")

    assert set(roles.people_with("definitions.sign_sales")) == {manager, chosen}
    assert set(roles.people_with("definitions.sign_sales", "definitions.sign_marketing")) == {
        lead,
        manager,
        chosen,
    }
    assert not roles.people_with("definitions.no_such_thing").exists()
