"""What a person wants to be told by e-mail, chosen on their own page."""

from datetime import time

import pytest
from django.test import Client

from crm_handoff.integrations.models import NoticePreference, QuietHours
from crm_handoff.integrations.preferences import MANDATORY
from crm_handoff.web.preferences import GROUPS
from routing.enums import NoticeKind

PAGE = "/you/notifications/"
OFFERED = {kind for group in GROUPS.values() for kind in group}
ALL = [str(kind) for kind in OFFERED]
NIGHT = {"is_on": "on", "starts": "20:00", "ends": "07:00", "weekdays": ["0", "4"]}


@pytest.fixture
def client(dana, door) -> Client:
    return door(dana.user)


def text(response) -> str:
    return response.content.decode()


def test_at_first_everything_is_told_and_there_are_no_quiet_hours(client):
    page = text(client.get(PAGE))

    assert page.count('name="email"') == page.count(" checked") - 7 - 1
    assert 'id="id_is_on" checked' not in page


def test_a_kind_that_is_left_out_is_refused(client, dana):
    client.post(PAGE, {"email": [kind for kind in ALL if kind != "rejected"]})

    refused = NoticePreference.objects.filter(person=dana.user, is_wanted=False)
    assert list(refused.values_list("kind", flat=True)) == ["rejected"]
    assert 'value="rejected">' in text(client.get(PAGE))
    assert 'value="assigned" checked>' in text(client.get(PAGE))


def test_escalations_stay_on_whatever_is_sent_and_the_page_says_why(client):
    page = text(client.get(PAGE))
    client.post(PAGE, {"email": []})

    assert 'value="escalated" checked disabled' in page
    assert "You answer for these leads" in page or "you answer for these leads" in page
    assert not NoticePreference.objects.filter(kind="escalated").exists()


def test_quiet_hours_are_kept_shown_and_taken_away(client, dana):
    response = client.post(PAGE, {"email": ALL, **NIGHT, "lets_high_intent_through": "on"})

    assert response["Location"] == PAGE
    hours = QuietHours.objects.get(person=dana.user)
    assert (hours.starts, hours.ends, hours.weekdays) == (time(20), time(7), [0, 4])
    assert hours.lets_high_intent_through
    page = text(client.get(PAGE))
    assert 'id="id_is_on" checked' in page
    assert 'value="20:00"' in page

    client.post(PAGE, {"email": ALL, **NIGHT, "is_on": ""})

    assert not QuietHours.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ends": "20:00"}, "same time"),
        ({"starts": ""}, "Say a time of day"),
        ({"starts": "25:00"}, "Enter a valid time."),
        ({"weekdays": []}, "Choose at least one day."),
        ({"weekdays": ["7"]}, "Select a valid choice."),
    ],
)
def test_hours_that_are_none_are_refused_and_what_was_typed_stays(client, wrong, says):
    response = client.post(PAGE, {"email": ["assigned"], **NIGHT, **wrong})

    page = text(response)
    assert response.status_code == 422
    assert says in page
    assert 'value="assigned" checked>' in page
    assert 'value="rejected">' in page
    assert not QuietHours.objects.exists()
    assert not NoticePreference.objects.exists()


def test_nonsense_in_hours_that_are_off_is_no_matter(client):
    assert client.post(PAGE, {"email": ALL, "starts": "25:00"}).status_code == 302


def test_nobody_changes_the_wishes_of_another(client, alex):
    client.post(PAGE, {"email": [], "person": alex.user.pk, **NIGHT})

    assert not NoticePreference.objects.filter(person=alex.user).exists()
    assert not QuietHours.objects.filter(person=alex.user).exists()


def test_every_kind_that_is_told_can_be_chosen():
    # Nobody is told of these yet.
    assert set(NoticeKind) - OFFERED == {NoticeKind.ACCEPTED}
    assert MANDATORY < OFFERED
