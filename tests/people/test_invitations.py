"""How people come in and leave: by a link to their own mailbox, never by somebody's typing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test import Client

from crm_handoff.integrations.models import Delivery
from crm_handoff.models import Invitation, User
from crm_handoff.people import invitations, roles
from crm_handoff.people.invitations import InvitationRefused, Invitee, RepPlace
from crm_handoff.people.roles import Role
from routing.enums import RepKind
from routing.models import Rep
from tests.web import world

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def robin():
    person = User.objects.create_user("robin@example.com", PASSWORD, full_name="Robin Ops")
    roles.grant(person, Role.REVOPS)
    return person


@pytest.fixture
def root():
    return User.objects.create_superuser("root@example.com", PASSWORD)


def maya(**changes):
    values = {
        "email": "Maya@Example.com",
        "full_name": "Maya Lindqvist",
        "roles": [Role.MARKETING_LEAD],
    }
    return Invitee(**values | changes)


def letters():
    return [delivery.payload for delivery in Delivery.objects.order_by("pk")]


def test_an_invited_person_is_inactive_with_their_roles_and_a_letter_owed(robin, noon):
    invitation = invitations.invite(maya(), by=robin, at=noon)

    person = invitation.person
    assert person.email == "maya@example.com"
    assert not person.is_active
    assert not person.has_usable_password()
    assert roles.roles_of(person) == {Role.MARKETING_LEAD}
    assert letters() == [{"letter": "invitation", "person": person.pk}]
    assert Delivery.objects.get().address == "maya@example.com"


def test_no_row_holds_a_link_or_a_token(robin, noon):
    person = invitations.invite(maya(), by=robin, at=noon).person
    token = default_token_generator.make_token(person)

    stored = str(list(Delivery.objects.values())) + str(list(Invitation.objects.values()))

    assert token not in stored
    assert "password/" not in stored


def test_accepting_lets_in_with_the_chosen_password(robin, noon):
    invitation = invitations.invite(maya(), by=robin, at=noon)
    person = User.objects.get(pk=invitation.person_id)
    person.full_name, person.time_zone, person.language = "Maya L.", "Europe/Paris", "de"

    invitations.accept(person, password=PASSWORD, at=noon + timedelta(hours=1))

    person.refresh_from_db()
    invitation.refresh_from_db()
    assert (person.full_name, person.time_zone, person.language) == (
        "Maya L.",
        "Europe/Paris",
        "de",
    )
    assert person.is_staff
    assert invitation.accepted_at == noon + timedelta(hours=1)
    assert authenticate(None, username="maya@example.com", password=PASSWORD) == person


def test_an_invitation_is_accepted_once(robin, noon):
    person = invitations.invite(maya(), by=robin, at=noon).person
    invitations.accept(person, password=PASSWORD, at=noon)

    with pytest.raises(InvitationRefused):
        invitations.accept(person, password="another one entirely", at=noon)

    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_who_is_here_is_not_invited(robin, noon):
    with pytest.raises(InvitationRefused, match="here already"):
        invitations.invite(maya(email="ROBIN@example.com"), by=robin, at=noon)

    assert roles.roles_of(robin) == {Role.REVOPS}


def test_who_is_invited_is_not_invited_again_but_written_to_again(robin, noon):
    first = invitations.invite(maya(), by=robin, at=noon)

    with pytest.raises(InvitationRefused, match="invited already"):
        invitations.invite(maya(), by=robin, at=noon)
    invitations.resend(first, at=noon + timedelta(minutes=5))

    first.refresh_from_db()
    assert first.sent_at == noon + timedelta(minutes=5)
    assert len(letters()) == 2


def test_impatience_floods_nobodys_mailbox(robin, noon):
    first = invitations.invite(maya(), by=robin, at=noon)

    for minute in range(invitations.LETTERS_AN_HOUR):
        invitations.resend(first, at=noon + timedelta(minutes=minute))
    with pytest.raises(InvitationRefused, match="try again in an hour"):
        invitations.resend(first, at=noon + timedelta(minutes=6))

    assert len(letters()) == 1 + invitations.LETTERS_AN_HOUR


def test_taking_back_ends_every_link_that_went_out(robin, noon):
    invitation = invitations.invite(maya(), by=robin, at=noon)
    token = default_token_generator.make_token(invitation.person)

    invitations.revoke(invitation, by=robin, at=noon)

    person = User.objects.get(pk=invitation.person_id)
    assert not default_token_generator.check_token(person, token)
    with pytest.raises(InvitationRefused):
        invitations.accept(person, password=PASSWORD, at=noon)
    with pytest.raises(InvitationRefused):
        invitations.resend(invitation, at=noon)
    with pytest.raises(InvitationRefused):
        invitations.revoke(invitation, by=robin, at=noon)
    assert not User.objects.get(pk=person.pk).is_active


def test_after_taking_back_a_new_invitation_leaves_the_old_link_dead(robin, noon):
    first = invitations.invite(maya(), by=robin, at=noon)
    token = default_token_generator.make_token(first.person)
    invitations.revoke(first, by=robin, at=noon)

    second = invitations.invite(maya(), by=robin, at=noon)

    assert second.person == first.person
    assert not default_token_generator.check_token(second.person, token)


def test_somebody_whom_an_import_named_can_be_invited(robin, noon):
    named = User.objects.create_user("maya@example.com", full_name="M. Lindqvist", is_active=False)

    invitation = invitations.invite(maya(full_name=""), by=robin, at=noon)

    assert invitation.person == named
    assert invitation.person.full_name == "M. Lindqvist"


def test_an_invited_rep_receives_leads_once_they_came_in(robin, noon):
    dach = world.territory()
    place = RepPlace(RepKind.AE, ("en", "de"), dach)

    invitation = invitations.invite(maya(roles=[Role.REP], place=place), by=robin, at=noon)

    rep = Rep.objects.get(user=invitation.person)
    assert (rep.kind, rep.languages) == (RepKind.AE, ["en", "de"])
    assert rep.memberships.get().territory == dach
    assert not rep.user.is_active


def test_who_leaves_is_out_at_once_and_for_good(robin, noon):
    person = invitations.invite(maya(), by=robin, at=noon).person
    invitations.accept(person, password=PASSWORD, at=noon)
    client = Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    link = default_token_generator.make_token(person)
    assert client.get("/you/").status_code == 200

    invitations.let_go(person)

    assert client.get("/you/").status_code == 302
    assert authenticate(None, username=person.email, password=PASSWORD) is None
    assert not default_token_generator.check_token(User.objects.get(pk=person.pk), link)
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert client.get("/you/").status_code == 302


def test_who_left_comes_back_by_an_invitation_with_its_roles_alone(robin, noon):
    person = invitations.invite(maya(), by=robin, at=noon).person
    invitations.accept(person, password=PASSWORD, at=noon)
    invitations.let_go(person)

    invitations.invite(maya(roles=[Role.AUDITOR]), by=robin, at=noon)

    assert roles.roles_of(person) == {Role.AUDITOR}


def test_inviting_back_keeps_roles(robin, noon):
    person = invitations.invite(maya(), by=robin, at=noon).person
    invitations.accept(person, password=PASSWORD, at=noon)
    invitations.let_go(person)

    invitations.invite_back(person, by=robin, at=noon)

    assert roles.roles_of(person) == {Role.MARKETING_LEAD}


def test_revops_bring_back_no_superuser(robin, root, noon):
    invitations.let_go(root)

    with pytest.raises(InvitationRefused, match="superuser"):
        invitations.invite(maya(email="root@example.com"), by=robin, at=noon)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_invite_somebody_in_the_same_instant_one_is_told(robin, noon):
    def try_it(_number):
        try:
            invitations.invite(maya(), by=robin, at=noon)
        except InvitationRefused as refusal:
            return str(refusal)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(try_it, range(4)))

    assert said.count("") == 1
    assert all("invited already" in refusal for refusal in said if refusal)
    assert Invitation.objects.count() == Delivery.objects.count() == 1
