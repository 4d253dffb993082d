import pytest
from django.test import Client

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


def test_a_partial_update_without_a_session_loads_the_sign_in_whole(version):
    client = Client(headers={"hx-request": "true"})

    response = client.get("/queue/", follow=True)

    assert response["HX-Redirect"] == LOGIN


def test_sign_out_is_not_a_link(user, door):
    client = door(user)

    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/notices/").status_code == 302
