"""What people say about themselves: name, zone, language, password."""

import pytest
from django.test import Client

from crm_handoff.models import User
from tests.web import world

SAID = {"full_name": "Nobody S.", "time_zone": "Europe/Berlin", "language": "de"}
NEW = {
    "old_password": world.PASSWORD,
    "new_password1": "forty green bicycles",
    "new_password2": "forty green bicycles",
}


@pytest.fixture
def user(version):
    return world.person("Nobody Special")


@pytest.fixture
def client(user, door):
    return door(user)


def test_name_zone_and_language_are_ones_own_to_change(client, user):
    response = client.post("/you/", SAID)

    user.refresh_from_db()
    assert response["Location"] == "/you/"
    assert (user.full_name, user.time_zone, user.language) == tuple(SAID.values())


def test_nothing_else_is_changed_by_saying_more(client, user):
    client.post("/you/", SAID | {"email": "other@example.com", "is_superuser": "1", "groups": "1"})

    user.refresh_from_db()
    assert user.email == "nobody.special@example.com"
    assert not user.is_superuser
    assert not user.groups.exists()


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("", ""),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_understood_as_people_write_it(client, user, written, zone):
    client.post("/you/", SAID | {"time_zone": written})

    assert User.objects.get(pk=user.pk).time_zone == zone


@pytest.mark.parametrize(
    "change",
    [{"time_zone": "Mars/Olympus"}, {"language": "tlh"}, {"full_name": ""}, {"time_zone": "../x"}],
    ids=str,
)
def test_what_is_not_possible_is_refused_and_nothing_saved(client, user, change):
    response = client.post("/you/", SAID | change)

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert User.objects.get(pk=user.pk).full_name == "Nobody Special"


def test_the_page_offers_every_zone_and_languages_by_their_own_names(client):
    page = client.get("/you/").content.decode()

    assert '<option value="Asia/Kolkata">' in page
    assert ">English<" in page
    assert ">Deutsch<" in page


def test_a_password_is_changed_by_whoever_knows_the_present_one(client, user, door):
    elsewhere = door(user)

    response = client.post("/you/password/", NEW)

    assert response["Location"] == "/you/"
    assert User.objects.get(pk=user.pk).check_password("forty green bicycles")
    assert client.get("/you/").status_code == 200
    assert elsewhere.get("/you/").status_code == 302


def test_a_wrong_present_password_changes_nothing(client, user):
    response = client.post("/you/password/", NEW | {"old_password": "wrong"})

    assert response.status_code == 422
    assert "not your present password" in response.content.decode()
    assert User.objects.get(pk=user.pk).check_password(world.PASSWORD)


def test_nobody_guesses_the_present_password_in_a_session_left_open(client, user):
    for _ in range(10):
        client.post("/you/password/", NEW | {"old_password": "guess"})

    response = client.post("/you/password/", NEW)

    assert response.status_code == 429
    assert User.objects.get(pk=user.pk).check_password(world.PASSWORD)


def test_the_profile_is_for_who_signed_in():
    assert Client().get("/you/")["Location"].startswith("/login/")
