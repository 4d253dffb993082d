import re

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import get_language, override

from crm_handoff.integrations import deliveries
from crm_handoff.integrations.models import Delivery
from crm_handoff.models import User
from crm_handoff.people import invitations
from crm_handoff.people.invitations import Invitee
from crm_handoff.people.roles import Role
from crm_handoff.web.people_forms import NewPasswordForm, OwnPasswordForm
from tests.web import world

LOGIN = "/login/"


@pytest.fixture
def user(version):
    return world.person("Nobody Special")


def test_sign_in_opens_the_start_page(dana):
    response = Client().post(
        LOGIN, {"username": dana.user.email, "password": world.PASSWORD}, follow=True
    )

    assert response.redirect_chain[-1][0] == "/queue/"


def test_sign_in_returns_to_where_one_was_going(dana):
    client = Client()
    asked = client.get("/notices/")
    assert asked["Location"] == "/login/?next=/notices/"

    response = client.post(
        asked["Location"],
        {"username": dana.user.email, "password": world.PASSWORD, "next": "/notices/"},
    )

    assert response["Location"] == "/notices/"


def test_a_wrong_password_says_so_and_keeps_the_address(user):
    response = Client().post(LOGIN, {"username": user.email, "password": "wrong"})

    page = response.content.decode()
    assert "do not belong together" in page
    assert f'value="{user.email}"' in page


def test_too_many_tries_pause_signing_in(user, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2
    client = Client()
    for _ in range(2):
        response = client.post(LOGIN, {"username": user.email, "password": "wrong"})

    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()


def test_the_pause_holds_for_the_right_password_and_for_nobody_else(user, version, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2
    client = Client()
    for address in (user.email, user.email.upper()):
        client.post(LOGIN, {"username": address, "password": "wrong"})

    paused = client.post(LOGIN, {"username": user.email, "password": world.PASSWORD})
    other = {"username": "robin.ops@example.com", "password": world.PASSWORD}

    assert paused.status_code == 429
    assert client.post(LOGIN, other).status_code == 302


def test_a_partial_update_without_a_session_loads_the_sign_in_whole(version):
    client = Client(headers={"hx-request": "true"})

    response = client.get("/queue/", follow=True)

    assert response["HX-Redirect"] == LOGIN


def test_sign_out_is_not_a_link(user, door):
    client = door(user)

    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/notices/").status_code == 302


def link_to(person):
    """The link as the letter bears it."""
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    return reverse("web:set_password", kwargs={"uidb64": uid, "token": token})


def letters():
    return [delivery.payload["letter"] for delivery in Delivery.objects.order_by("pk")]


def ask_for_link(email, **headers):
    return Client(**headers).post("/forgot/", {"email": email})


def test_a_forgotten_password_is_asked_for_by_e_mail(user):
    response = ask_for_link("NOBODY.special@example.com")

    assert response["Location"] == "/forgot/?sent"
    assert letters() == ["password_reset"]
    assert "on its way" in Client().get(response["Location"]).content.decode()


def test_the_answer_never_tells_whether_an_address_is_known(user):
    known, unknown = ask_for_link(user.email), ask_for_link("stranger@example.com")

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert letters() == ["password_reset"]


def test_who_left_is_sent_nothing(user):
    invitations.let_go(user)

    assert ask_for_link(user.email)["Location"] == "/forgot/?sent"
    assert letters() == []


def test_who_lost_an_invitation_gets_it_again(version, noon):
    robin = User.objects.get(email="robin.ops@example.com")
    invitee = Invitee("new@example.com", "", [Role.AUDITOR])
    invitations.invite(invitee, by=robin, at=noon)

    ask_for_link("new@example.com")

    assert letters() == ["invitation", "invitation"]


def test_one_person_is_written_to_three_times_an_hour_at_most_and_nobody_is_told(user):
    answers = [ask_for_link(user.email)["Location"] for _ in range(5)]

    assert set(answers) == {"/forgot/?sent"}
    assert letters() == ["password_reset"] * 3


def test_one_network_address_asks_for_so_many_links_and_no_more(version):
    for number in range(20):
        ask_for_link(f"guess{number}@example.com")

    refused = ask_for_link("one.more@example.com")
    elsewhere = ask_for_link("one.more@example.com", REMOTE_ADDR="203.0.113.7")

    assert refused.status_code == 429
    assert "Too many links" in refused.content.decode()
    assert elsewhere.status_code == 302


def test_a_mistyped_address_is_refused_with_a_reason(version):
    response = ask_for_link("nobody at example")

    assert response.status_code == 422
    assert "not an e-mail address" in response.content.decode()


def test_a_link_sets_a_password_once(user):
    client, link = Client(), link_to(user)
    page = client.get(link)
    assert page.status_code == 302
    assert "choose" in page["Location"]
    new = {"new_password1": "forty green bicycles", "new_password2": "forty green bicycles"}

    done = client.post(page["Location"], new, follow=True)
    again = Client().get(link, follow=True)

    user.refresh_from_db()
    assert user.check_password("forty green bicycles")
    assert done.redirect_chain[-1][0] == LOGIN
    assert "Your password is changed" in done.content.decode()
    assert "works no longer" in again.content.decode()


def test_the_token_stands_neither_in_the_address_of_the_form_nor_on_it(user):
    link = link_to(user)

    page = Client().get(link, follow=True)

    assert link.rstrip("/").rpartition("/")[2] not in page.content.decode()
    assert link != page.redirect_chain[-1][0]
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]


def test_a_new_password_ends_every_session(user, door):
    elsewhere, client = door(user), Client()
    assert elsewhere.get("/notices/").status_code == 200
    page = client.get(link_to(user))

    client.post(
        page["Location"],
        {"new_password1": "forty green bicycles", "new_password2": "forty green bicycles"},
    )

    assert elsewhere.get("/notices/").status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("short", "short", "at least 8"),
        ("password", "password", "too common"),
        ("nobody.special", "nobody.special", "too similar"),
        ("forty green bicycles", "forty red bicycles", "match"),
    ],
)
def test_a_weak_or_mistyped_password_is_refused_with_the_reason(user, first, second, reason):
    client = Client()
    page = client.get(link_to(user))

    response = client.post(page["Location"], {"new_password1": first, "new_password2": second})

    assert response.status_code == 422
    assert reason in response.content.decode()
    assert User.objects.get(pk=user.pk).check_password(world.PASSWORD)


def test_a_link_of_somebody_who_left_works_no_longer(user):
    link = link_to(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert "works no longer" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("link", ["/password/MQ/abc-def/", "/password/%21/x/", "/password/AA/x/"])
def test_a_made_up_link_is_refused_calmly(version, link):
    response = Client().get(link)

    assert response.status_code == 200
    assert "works no longer" in response.content.decode()


def test_a_paused_person_is_let_in_again_by_their_mailbox(user, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2
    client = Client()
    for _ in range(2):
        client.post(LOGIN, {"username": user.email, "password": "wrong"})
    page = client.get(link_to(user))
    new = "forty green bicycles"

    client.post(page["Location"], {"new_password1": new, "new_password2": new})

    assert client.post(LOGIN, {"username": user.email, "password": new}).status_code == 302


def invited(noon):
    robin = User.objects.get(email="robin.ops@example.com")
    invitee = Invitee("new@example.com", "Nele Neu", [Role.AUDITOR])
    return invitations.invite(invitee, by=robin, at=noon).person


def test_an_invited_person_comes_in_by_one_page(version, noon):
    person, client = invited(noon), Client()
    page = client.get(link_to(person), follow=True)
    assert "Welcome" in page.content.decode()
    assert 'value="Nele Neu"' in page.content.decode()

    response = client.post(
        page.redirect_chain[-1][0],
        {
            "full_name": "Nele Neumann",
            "time_zone": "berlin",
            "language": "de",
            "new_password1": "forty green bicycles",
            "new_password2": "forty green bicycles",
        },
    )

    person.refresh_from_db()
    assert response["Location"] == "/"
    assert client.get("/you/").status_code == 200
    assert (person.full_name, person.time_zone, person.language) == (
        "Nele Neumann",
        "Europe/Berlin",
        "de",
    )
    assert person.is_active


def test_what_an_invited_person_typed_survives_a_refusal(version, noon):
    client = Client()
    page = client.get(link_to(invited(noon)), follow=True)

    response = client.post(
        page.redirect_chain[-1][0],
        {
            "full_name": "Nele Neumann",
            "time_zone": "Mars/Olympus",
            "language": "de",
            "new_password1": "forty green bicycles",
            "new_password2": "forty green bicycles",
        },
    )

    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="Nele Neumann"' in text
    assert "Choose a zone from the list" in text


def test_an_invitation_taken_back_meanwhile_lets_nobody_in(version, noon):
    person, client = invited(noon), Client()
    page = client.get(link_to(person), follow=True)
    robin = User.objects.get(email="robin.ops@example.com")
    invitations.revoke(person.invitations.get(), by=robin, at=noon)

    response = client.post(
        page.redirect_chain[-1][0],
        {
            "full_name": "Nele",
            "new_password1": "forty green bicycles",
            "new_password2": "forty green bicycles",
        },
    )

    assert "works no longer" in response.content.decode()
    assert not User.objects.get(pk=person.pk).is_active


@pytest.mark.parametrize(
    ("spoken", "expected"), [("de-AT,de;q=0.9", "de"), ("en-GB", "en"), ("pl", "en"), ("", "en")]
)
def test_who_is_not_signed_in_reads_the_language_of_their_browser(version, spoken, expected):
    with override("en"):
        response = Client(headers={"accept-language": spoken}).get(LOGIN)

    assert f'<html lang="{expected}">' in response.content.decode()


def test_a_chosen_language_goes_before_the_browsers_but_not_in_the_administration(door, version):
    robin = User.objects.get(email="robin.ops@example.com")
    User.objects.filter(pk=robin.pk).update(language="de")
    client = door(robin)

    page = client.get("/you/", headers={"accept-language": "en"})
    left_behind = get_language()
    with override("en"):
        administration = client.get("/admin/", headers={"accept-language": "de"})

    assert '<html lang="de">' in page.content.decode()
    assert page["Content-Language"] == "de"
    assert administration["Content-Language"] == "en"
    assert left_behind == "en"


def test_the_letter_that_arrives_opens_the_door(version, noon):
    invited(noon)
    deliveries.send_due()
    (letter,) = mail.outbox
    (link,) = re.findall(r"http://localhost:8000(/password/\S+)", letter.body)

    page = Client().get(link, follow=True)

    assert letter.to == ["new@example.com"]
    assert "Robin Ops invites you" in letter.subject
    assert "Nele Neu" in page.content.decode()


@pytest.mark.parametrize("form_of", [NewPasswordForm, OwnPasswordForm])
def test_who_is_let_go_while_choosing_a_password_stays_away(user, form_of):
    said = dict.fromkeys(("new_password1", "new_password2"), "forty green bicycles")
    form = form_of(user, said | {"old_password": world.PASSWORD})
    assert form.is_valid()
    invitations.let_go(User.objects.get(pk=user.pk))

    form.save()

    assert not User.objects.get(pk=user.pk).is_active
