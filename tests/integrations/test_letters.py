"""Letters about a person's account: owed by name, written and signed as they leave."""

import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from crm_handoff.clock import database_now
from crm_handoff.integrations import deliveries, letters
from crm_handoff.integrations.models import Delivery, DeliveryAttempt
from crm_handoff.models import Invitation, Organization, User

LINK = re.compile(r"http://\S+/password/(?P<uid>[^/]+)/(?P<token>[^/\s]+)/")


@pytest.fixture
def rita(db) -> User:
    return User.objects.create_user(
        "rita@example.com", "an old password of hers", full_name="Rita Rep"
    )


@pytest.fixture
def invited(db) -> User:
    """Somebody whom RevOps invited and who has not come yet; inactive until they accept."""
    robin = User.objects.create_user("robin@example.com", full_name="Robin Ops")
    Organization.objects.create(name="Northwind", time_zone="UTC")
    person = User.objects.create_user("new@example.com", full_name="Nora New", is_active=False)
    at = database_now()
    Invitation.objects.create(person=person, invited_by=robin, invited_at=at, sent_at=at)
    return person


def owe_reset(person: User, key: str = "reset:1") -> Delivery:
    deliveries.owe_letter("password_reset", person=person, key=key, at=database_now())
    return Delivery.objects.get(key=f"letter:{key}")


def test_a_letter_owed_twice_by_one_key_is_one(rita):
    owe_reset(rita)
    owe_reset(rita)

    assert deliveries.send_due() == 1
    assert len(mail.outbox) == 1


def test_only_the_name_and_the_person_are_written_down(rita):
    delivery = owe_reset(rita)

    assert delivery.payload == {"letter": "password_reset", "person": rita.pk}

    deliveries.send_due()

    delivery.refresh_from_db()
    assert delivery.payload == {"letter": "password_reset", "person": rita.pk}


def test_a_letter_of_an_unknown_name_is_refused(rita):
    with pytest.raises(KeyError):
        deliveries.owe_letter("love", person=rita, key="1", at=database_now())


def test_the_link_of_a_reset_lets_its_reader_set_a_password(rita):
    owe_reset(rita)
    deliveries.send_due()

    [message] = mail.outbox
    link = LINK.search(message.body)

    assert link is not None
    assert message.to == ["rita@example.com"]
    assert Client().get(link.group(0), follow=True).status_code == 200
    html, kind = message.alternatives[0]
    assert kind == "text/html"
    assert link.group(0) in html


def test_no_token_is_kept_anywhere(rita):
    owe_reset(rita)
    deliveries.send_due()

    token = LINK.search(mail.outbox[0].body)["token"]
    kept = json.dumps([*Delivery.objects.values(), *DeliveryAttempt.objects.values()], default=str)
    assert token not in kept


def test_no_reset_is_sent_to_somebody_who_left(rita):
    delivery = owe_reset(rita)
    User.objects.update(is_active=False)

    deliveries.send_due()

    delivery.refresh_from_db()
    assert not mail.outbox
    assert delivery.state == "done"
    assert "Nothing was sent" in delivery.attempts.get().detail


def test_no_reset_is_sent_to_somebody_who_signed_in_since(rita):
    owe_reset(rita)
    User.objects.update(last_login=database_now() + timedelta(seconds=1))

    deliveries.send_due()

    assert not mail.outbox


def test_no_letter_goes_to_an_address_that_is_no_longer_theirs(rita):
    owe_reset(rita)
    User.objects.update(email="rita.married@example.com")

    deliveries.send_due()

    assert not mail.outbox


def test_an_invitation_says_who_invites_and_to_what(invited):
    deliveries.owe_letter("invitation", person=invited, key="invitation:1", at=database_now())

    deliveries.send_due()

    [message] = mail.outbox
    assert message.subject == "Robin Ops invites you to CRM Handoff of Northwind"
    assert "You sign in as new@example.com." in message.body
    assert LINK.search(message.body)


@pytest.mark.parametrize("ended", ["accepted_at", "revoked_at"])
def test_an_invitation_that_ended_is_not_sent(invited, ended):
    deliveries.owe_letter("invitation", person=invited, key="invitation:1", at=database_now())
    by = {"revoked_by": invited} if ended == "revoked_at" else {}
    Invitation.objects.update(**{ended: database_now()}, **by)

    deliveries.send_due()

    assert not mail.outbox


@pytest.mark.parametrize("letter", letters.LETTERS)
def test_every_letter_is_written_in_text_and_html(letter, invited):
    User.objects.update(is_active=True)
    deliveries.owe_letter(letter, person=invited, key="1", at=database_now())

    deliveries.send_due()

    [message] = mail.outbox
    assert message.subject
    assert "<table" in message.alternatives[0][0]
    assert "http" not in re.sub(LINK, "", message.alternatives[0][0])
