"""People and keys: what RevOps may give, and what they may not take."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from crm_handoff.models import ApiKey, Organization, User
from crm_handoff.people import keys, roles
from crm_handoff.people.roles import Role

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
LIST = reverse("admin:crm_handoff_user_changelist")
ADD = reverse("admin:crm_handoff_user_add")
ADD_KEY = reverse("admin:crm_handoff_apikey_add")
NEW_KEY = {
    "name": "Forms",
    "system": "website",
    "scopes": ["ingest", "read"],
    "rate_per_minute": 600,
}


@pytest.fixture
def rita():
    return User.objects.create_user("rita@example.com", PASSWORD, full_name="Rita Rep")


@pytest.fixture
def root():
    return User.objects.create_superuser("root@example.com", PASSWORD)


def page_of(user):
    return reverse("admin:crm_handoff_user_change", args=[user.pk])


def said_of(user, *, groups=(), **typed):
    ids = Group.objects.filter(name__in=groups).values_list("pk", flat=True)
    said = {"email": user.email, "full_name": user.full_name, "groups": list(ids)}
    if typed.pop("is_active", True):
        said["is_active"] = "on"
    return said | typed


def test_a_new_person_is_known_by_a_lower_case_address(revops):
    typed = {"email": "Anna@Example.COM", "usable_password": "false", "time_zone": "Europe/Paris"}

    response = revops.post(ADD, typed)

    anna = User.objects.get(email="anna@example.com")
    assert response.status_code == 302
    assert not anna.has_usable_password()
    assert anna.time_zone == "Europe/Paris"


def test_an_address_that_differs_by_case_alone_is_taken(revops, rita):
    response = revops.post(ADD, {"email": "RITA@example.com", "usable_password": "false"})

    assert response.status_code == 200
    assert User.objects.filter(email__iexact="rita@example.com").count() == 1


@pytest.mark.parametrize("role", list(Role))
def test_roles_decide_who_opens_these_pages(revops, rita, role):
    revops.post(page_of(rita), said_of(rita, groups=[role]))

    rita.refresh_from_db()
    assert roles.roles_of(rita) == {role}
    assert rita.is_staff is (role in roles.ADMIN_ROLES)


def test_the_last_role_takes_admin_access_with_it(revops, rita):
    roles.grant(rita, Role.AUDITOR)

    revops.post(page_of(rita), said_of(rita))

    rita.refresh_from_db()
    assert not rita.is_staff


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "user_permissions"])
def test_what_a_form_does_not_offer_it_does_not_take(revops, rita, field):
    revops.post(page_of(rita), said_of(rita, full_name="Rita R.", **{field: "1"}))

    rita.refresh_from_db()
    assert rita.full_name == "Rita R."
    assert not rita.is_superuser
    assert not rita.is_staff
    assert not rita.user_permissions.exists()


def test_nobody_changes_their_own_roles(revops):
    robin = User.objects.get(email="revops@tests.example")
    groups = [Role.REVOPS, Role.MARKETING_LEAD]

    revops.post(page_of(robin), said_of(robin, full_name="Robin", groups=groups, is_active=False))

    robin.refresh_from_db()
    assert robin.full_name == "Robin"
    assert roles.roles_of(robin) == {Role.REVOPS}
    assert robin.is_active


def test_revops_neither_change_a_superuser_nor_set_their_password(revops, root):
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    new = {"usable_password": "true", "password1": "taken over 1", "password2": "taken over 1"}

    assert revops.get(page_of(root)).status_code == 200
    assert revops.post(page_of(root), said_of(root, full_name="Robbed")).status_code == 403
    assert revops.post(password, new).status_code == 403
    root.refresh_from_db()
    assert root.check_password(PASSWORD)
    assert root.full_name == ""


def test_a_person_is_never_deleted(revops, rita):
    url = reverse("admin:crm_handoff_user_delete", args=[rita.pk])

    assert revops.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.MARKETING_LEAD, Role.SALES_MANAGER])
def test_only_revops_and_auditors_see_people(sign_in, role):
    assert sign_in(role).get(LIST).status_code == 403


def test_the_organization_is_one_and_keeps_to_known_zones(revops):
    company = Organization.objects.create(name="Northwind")
    url = reverse("admin:crm_handoff_organization_change", args=[company.pk])
    typed = {"name": "Northwind", "week_starts_on": 6, "currency": "EUR"}

    wrong = revops.post(url, typed | {"time_zone": "Mars/Olympus"})
    right = revops.post(url, typed | {"time_zone": "Asia/Kolkata"})

    company.refresh_from_db()
    assert (wrong.status_code, right.status_code) == (200, 302)
    assert (company.time_zone, company.week_starts_on) == ("Asia/Kolkata", 6)
    assert revops.get(reverse("admin:crm_handoff_organization_add")).status_code == 403


def test_a_key_is_issued_and_shown_once(revops):
    response = revops.post(ADD_KEY, NEW_KEY, follow=True)

    (token,) = re.findall(r"chk_[0-9a-f]{12}_[\w-]{43}", response.content.decode())
    key = ApiKey.objects.get()
    assert keys.check(token, at=key.created_at) == key
    assert key.created_by.email == "revops@tests.example"
    assert (key.scopes, key.rate_per_minute) == (["ingest", "read"], 600)
    assert token not in revops.get(response.redirect_chain[-1][0]).content.decode()


def test_a_key_is_revoked_by_a_button(revops):
    revops.post(ADD_KEY, NEW_KEY)
    key = ApiKey.objects.get()
    page = reverse("admin:crm_handoff_apikey_change", args=[key.pk])
    revoke = reverse("admin:crm_handoff_apikey_step", args=[key.pk, "revoke"])
    assert revoke in revops.get(page).content.decode()

    response = revops.post(revoke)

    key.refresh_from_db()
    assert response.status_code == 302
    assert key.revoked_at is not None
    assert revoke not in revops.get(page).content.decode()


@pytest.mark.parametrize(
    "change", [{"scopes": []}, {"scopes": ["all"]}, {"rate_per_minute": 0}], ids=str
)
def test_a_key_has_a_purpose_and_a_rate(revops, change):
    response = revops.post(ADD_KEY, NEW_KEY | change)

    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_is_replaced_by_a_button_once_and_works_on_for_a_day(revops):
    revops.post(ADD_KEY, NEW_KEY)
    old = ApiKey.objects.get()
    page = reverse("admin:crm_handoff_apikey_change", args=[old.pk])
    rotate = reverse("admin:crm_handoff_apikey_step", args=[old.pk, "rotate"])
    assert rotate in revops.get(page).content.decode()

    response = revops.post(rotate, follow=True)
    again = revops.post(rotate, follow=True)

    (token,) = re.findall(r"chk_[0-9a-f]{12}_[\w-]{43}", response.content.decode())
    old.refresh_from_db()
    assert keys.check(token, at=old.created_at).replaces == old
    assert timedelta(hours=23) < old.expires_at - old.created_at < timedelta(hours=25)
    assert "was replaced already" in again.content.decode()
    assert rotate not in revops.get(page).content.decode()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MARKETING_LEAD, Role.SALES_MANAGER])
def test_others_issue_and_revoke_no_keys(sign_in, role, revops):
    revops.post(ADD_KEY, NEW_KEY)
    key = ApiKey.objects.get()
    other = sign_in(role)

    assert other.post(ADD_KEY, NEW_KEY).status_code == 403
    for step in ("rotate", "revoke"):
        address = reverse("admin:crm_handoff_apikey_step", args=[key.pk, step])
        assert other.post(address).status_code == 403
    assert ApiKey.objects.count() == 1
    key.refresh_from_db()
    assert key.revoked_at is None
