"""Several leads of the queue at once."""

import re

import pytest

from definitions.enums import AttemptKind
from routing.enums import HandoffStatus
from routing.models import Attempt, Handoff
from tests.web import world

QUEUE = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/queue/"}


@pytest.fixture
def three(version, dana):
    return [world.handed_over(version, world.lead(name, "One")) for name in ("Ada", "Bo", "Cy")]


def chosen(handoffs):
    return {"handoff": [str(handoff.public_id) for handoff in handoffs]}


def statuses():
    return list(Handoff.objects.order_by("pk").values_list("status", flat=True))


def test_accept_several_and_take_all_back_by_one_undo(three, dana, door):
    client = door(dana.user)

    response = client.post("/queue/accept/", chosen(three[:2]), **QUEUE)

    assert "2 leads accepted." in response.content.decode()
    assert statuses() == ["accepted", "accepted", "assigned"]
    undo = re.search(r'hx-post="([^"]+)"', response.content.decode()).group(1)
    client.post(undo.replace("&amp;", "&"), **QUEUE)
    assert set(statuses()) == {HandoffStatus.ASSIGNED}


def test_each_that_is_refused_says_why_and_the_others_are_done(three, dana, door):
    client = door(dana.user)
    client.post("/queue/accept/", chosen(three[:1]), **QUEUE)

    page = client.post("/queue/accept/", chosen(three), **QUEUE).content.decode()

    assert "2 leads accepted." in page
    assert "<li>Ada One: This handoff is accepted already.</li>" in page
    assert set(statuses()) == {HandoffStatus.ACCEPTED}


def test_when_all_are_refused_there_is_nothing_to_take_back(three, dana, door):
    client = door(dana.user)
    client.post("/queue/accept/", chosen(three[:1]), **QUEUE)

    response = client.post("/queue/accept/", chosen(three[:1]), **QUEUE)

    assert response.status_code == 409
    assert "Undo" not in response.content.decode()


def test_an_e_mail_is_logged_for_several(three, dana, door):
    page = door(dana.user).post("/queue/wrote/", chosen(three), **QUEUE).content.decode()

    assert "E-mail logged for 3 leads." in page
    assert set(Attempt.objects.values_list("kind", "outcome")) == {
        (AttemptKind.EMAIL, "left_message")
    }


@pytest.mark.parametrize("said", [{}, {"handoff": "nonsense"}], ids=["nothing", "no id"])
def test_with_nothing_selected_it_says_how_to_select(three, dana, door, said):
    response = door(dana.user).post("/queue/accept/", said, **QUEUE)

    assert response.status_code == 409
    assert "Select leads first" in response.content.decode()


def test_leads_of_others_are_left_alone(three, alex, marketer, door):
    door(alex.user).post("/queue/accept/", chosen(three), **QUEUE)
    page = door(marketer).post("/queue/accept/", chosen(three), **QUEUE).content.decode()

    assert "somebody else holds this lead" in page
    assert set(statuses()) == {HandoffStatus.ASSIGNED}


def test_without_a_script_it_goes_back_to_the_queue(three, dana, door):
    response = door(dana.user).post("/queue/accept/", chosen(three), follow=True)

    assert response.redirect_chain == [("/queue/", 302)]
    assert "3 leads accepted." in response.content.decode()


def test_who_selects_more_than_are_done_in_one_go_is_told(three, dana, door, monkeypatch):
    monkeypatch.setattr("crm_handoff.web.bulk.MOST", 2)

    page = door(dana.user).post("/queue/accept/", chosen(three), **QUEUE).content.decode()

    assert "2 leads accepted." in page
    assert "<li>1 more lead was left as it is: choose 2 at most.</li>" in page
    assert statuses().count("accepted") == 2
