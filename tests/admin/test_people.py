"""People and keys: what RevOps may give, and what they may not take."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from crm_handoff.integrations.models import Delivery
from crm_handoff.models import ApiKey, Organization, User
from crm_handoff.people import invitations, keys, roles
from crm_handoff.people.roles import Role
from tests.routing import clockwork

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
LIST = reverse("admin:crm_handoff_user_changelist")
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


def step(user, name):
    return reverse("admin:crm_handoff_user_step", args=[user.pk, name])


def said_of(user, *, groups=(), **typed):
    ids = Group.objects.filter(name__in=groups).values_list("pk", flat=True)
    return {"email": user.email, "full_name": user.full_name, "groups": list(ids)} | typed


def letters():
    return [delivery.payload["letter"] for delivery in Delivery.objects.order_by("pk")]


def test_people_come_in_by_invitation_alone(revops):
    add = reverse("admin:crm_handoff_user_add")
    invite = reverse("admin:crm_handoff_user_open_invitations")

    assert revops.get(add).status_code == 403
    assert revops.post(add, {"email": "anna@example.com"}).status_code == 403
    assert invite in revops.get(LIST).content.decode()
    assert revops.get(invite)["Location"] == reverse("web:invite")


def test_nobody_types_somebody_elses_password_anywhere(revops, rita):
    page = revops.get(page_of(rita)).content.decode()

    assert 'type="password"' not in page
    assert revops.get(f"{page_of(rita)}../password/").status_code in (302, 404)
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[rita.pk])


def test_a_link_to_a_new_password_is_sent_by_a_button(revops, rita):
    assert step(rita, "send-link") in revops.get(page_of(rita)).content.decode()

    response = revops.post(step(rita, "send-link"), follow=True)

    assert letters() == ["password_reset"]
    assert "is on its way to rita@example.com" in response.content.decode()
    rita.refresh_from_db()
    assert rita.check_password(PASSWORD)


def test_somebody_who_leaves_is_deactivated_by_a_button_and_invited_back_by_another(revops, rita):
    revops.post(step(rita, "let-go"))

    rita.refresh_from_db()
    assert not rita.is_active
    assert not rita.has_usable_password()
    assert step(rita, "let-go") not in revops.get(page_of(rita)).content.decode()

    revops.post(step(rita, "invite"))

    assert letters() == ["invitation"]
    assert step(rita, "invite") not in revops.get(page_of(rita)).content.decode()


def test_whoever_deactivates_a_manager_is_told_which_queues_and_reps_need_another(revops, rita):
    dana = clockwork.rep("Dana", manager=rita)
    queue = clockwork.queue(manager=rita)

    response = revops.post(step(rita, "let-go"), follow=True)

    page = response.content.decode()
    assert f"Name a new manager of the queue {queue.name}, {dana}" in page


def test_whoever_deactivates_the_manager_of_the_fallback_queue_is_told_who_stands_in(revops, rita):
    clockwork.queue(manager=rita, is_fallback=True)

    page = revops.post(step(rita, "let-go"), follow=True).content.decode()

    assert "until then the operator of sales is told in their place" in page


def test_nobody_deactivates_themselves(revops):
    robin = User.objects.get(email="revops@tests.example")

    response = revops.post(step(robin, "let-go"), follow=True)

    assert "Somebody else must deactivate you" in response.content.decode()
    assert User.objects.get(pk=robin.pk).is_active


def test_several_are_invited_at_once_each_told(revops, rita):
    named = User.objects.create_user("named@example.com", is_active=False)
    chosen = {"action": "invite", ACTION_CHECKBOX_NAME: [rita.pk, named.pk]}

    response = revops.post(LIST, chosen, follow=True)

    page = response.content.decode()
    assert letters() == ["invitation"]
    assert "is invited" in page
    assert "here already" in page


def test_links_are_sent_to_several_but_not_to_a_superuser(revops, rita, root):
    chosen = {"action": "send_link", ACTION_CHECKBOX_NAME: [rita.pk, root.pk]}

    response = revops.post(LIST, chosen, follow=True)

    assert letters() == ["password_reset"]
    assert "may do everything" in response.content.decode()


def test_the_address_of_somebody_who_came_in_is_theirs(revops, rita):
    invited = User.objects.create_user("typo@example.com", is_active=False)

    revops.post(page_of(rita), said_of(rita, email="robin@example.com"))
    revops.post(page_of(invited), said_of(invited, email="Right@Example.com"))

    rita.refresh_from_db()
    invited.refresh_from_db()
    assert (rita.email, invited.email) == ("rita@example.com", "right@example.com")


def test_the_address_of_somebody_who_was_here_stays_theirs_when_they_leave(revops, rita):
    rita.last_login = timezone.now()
    rita.save(update_fields=["last_login"])
    revops.post(step(rita, "let-go"))

    revops.post(page_of(rita), said_of(rita, email="robin@example.com"))

    rita.refresh_from_db()
    assert (rita.is_active, rita.email) == (False, "rita@example.com")


@pytest.mark.parametrize(
    ("presence", "expected"),
    [("here", "rita@"), ("invited", "new@"), ("inactive", "named@")],
)
def test_the_list_is_narrowed_to_who_is_here_invited_or_neither(
    revops, rita, noon, presence, expected
):
    robin = User.objects.get(email="revops@tests.example")
    User.objects.create_user("named@example.com", is_active=False)
    invitee = invitations.Invitee("new@example.com", "", [Role.AUDITOR])
    invitations.invite(invitee, by=robin, at=noon)

    page = revops.get(LIST, {"presence": presence}).content.decode()

    found = [who for who in ("rita@", "new@", "named@") if f"{who}example.com" in page]
    assert found == [expected]


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

    revops.post(page_of(robin), said_of(robin, full_name="Robin", groups=groups))

    robin.refresh_from_db()
    assert robin.full_name == "Robin"
    assert roles.roles_of(robin) == {Role.REVOPS}


@pytest.mark.parametrize("name", ["send-link", "let-go", "invite"])
def test_revops_neither_change_a_superuser_nor_take_a_step_about_them(revops, root, name):
    assert revops.get(page_of(root)).status_code == 200
    assert revops.post(page_of(root), said_of(root, full_name="Robbed")).status_code == 403
    assert revops.post(step(root, name)).status_code == 403

    root.refresh_from_db()
    assert root.is_active
    assert root.full_name == ""
    assert letters() == []


def test_a_person_is_never_deleted(revops, rita):
    url = reverse("admin:crm_handoff_user_delete", args=[rita.pk])

    assert revops.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.MARKETING_LEAD, Role.SALES_MANAGER])
def test_only_revops_and_auditors_see_people(sign_in, role):
    assert sign_in(role).get(LIST).status_code == 403


def test_the_organization_is_one_and_keeps_to_known_zones(revops):
    company = Organization.objects.create(name="Northwind")
    url = reverse("admin:crm_handoff_organization_change", args=[company.pk])
    typed = {"name": "Northwind", "week_starts_on": 6, "currency": "EUR", "language": "de"}

    wrong = revops.post(url, typed | {"time_zone": "Mars/Olympus"})
    right = revops.post(url, typed | {"time_zone": "Asia/Kolkata"})

    company.refresh_from_db()
    assert (wrong.status_code, right.status_code) == (200, 302)
    assert (company.time_zone, company.week_starts_on) == ("Asia/Kolkata", 6)
    assert company.language == "de"
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


def test_a_key_does_not_outlive_the_calendar(revops):
    User.objects.filter(email="revops@tests.example").update(time_zone="America/New_York")
    said = NEW_KEY | {"expires_at_0": "9999-12-31", "expires_at_1": "23:59"}

    page = revops.post(ADD_KEY, said).content.decode()

    assert "Choose a time within ten years from now." in page
    assert not ApiKey.objects.exists()
