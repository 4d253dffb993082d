"""The page of sales' promise, alerts, and reps out of rotation."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff import alerts
from crm_handoff.web import tags
from routing.models import Handoff, Rep, SlaAlert, SlaTimer, Suspension
from tests.routing import clockwork
from tests.routing.due import promise, promises
from tests.web import world

PAGE = "/sla/response/"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def ago():
    return timezone.now() - DAY


@pytest.fixture
def client(manager, door) -> Client:
    return door(manager)


@pytest.fixture
def alert(version, dana, ago) -> SlaAlert:
    Rep.objects.filter(pk=dana.pk).update(capacity=99)
    promises(version, dana, missed=3, of=20, at=ago)
    alerts.attend(at=timezone.now())
    return SlaAlert.objects.get()


def text(response) -> str:
    return response.content.decode()


def test_before_anything_came_due_the_page_says_what_will_stand_there(client):
    page = text(client.get(PAGE))

    assert "No first response came due" in page
    assert "What was signed, over 28 days" in page


def test_every_line_with_its_limit_and_its_cases(client, version, dana, ago):
    promises(version, dana, missed=1, of=3, at=ago)

    page = text(client.get(PAGE))

    for title in ("By rep", "By team", "By territory", "By promise", "By source", "By week"):
        assert f">{title}</h2>" in page
    assert "1 of 3" in page
    assert "too few to say: 3 of 20" in page
    assert f"by=holder&amp;key=rep%3A{dana.pk}#cases" in page


def test_a_line_leads_to_the_leads_behind_it(client, version, dana, alex, ago):
    promise(version, dana, at=ago, is_missed=True)
    promise(version, alex, at=ago, is_missed=True)
    [danas] = Handoff.objects.filter(rep=dana)
    [alexs] = Handoff.objects.filter(rep=alex)

    page = text(client.get(PAGE, {"by": "holder", "key": f"rep:{dana.pk}"}))

    assert "Missed: Dana Fischer" in page
    assert str(danas.public_id) in page
    assert str(alexs.public_id) not in page


def test_what_nobody_held_stands_last_and_says_what_is_meant(client, version, dana, ago):
    promises(version, dana, missed=1, of=20, at=ago)
    early = promise(version, dana, at=ago, is_missed=True, opened_at=ago + HOUR)
    SlaTimer.objects.filter(handoff=early).update(missed_by_rep=None)

    response = client.get(PAGE)

    tables = {table.key: [row.name for row in table.rows] for table in response.context["tables"]}
    assert tables["holder"] == ["Dana Fischer", "Nobody: due before handover"]
    assert tables["team"][-1] == ("No manager, or due before handover")
    cases = text(response).partition('id="cases"')[2]
    assert "Nobody: due before handover" in cases


@pytest.mark.parametrize(
    "query",
    [
        {"weeks": "x"},
        {"by": "holder", "key": "rep:\0"},
        {"by": "nobody", "key": "1"},
        {"definition": "none", "page": "99999"},
        {"weeks": "13", "definition": "mid-market"},
    ],
)
def test_an_address_that_makes_no_sense_shows_the_page(client, version, query):
    assert client.get(PAGE, query).status_code == 200


def test_the_window_and_the_definition_narrow_it(client, version, dana):
    promise(version, dana, at=timezone.now() - 30 * DAY, is_missed=True)

    assert "No first response came due" in text(client.get(PAGE))
    assert "1 of 1" in text(client.get(PAGE, {"weeks": "13"}))
    assert "1 of 1" in text(
        client.get(PAGE, {"weeks": "13", "definition": version.definition.key})
    )


def test_as_many_queries_for_three_as_for_thirty(client, version, ago):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE)
        return len(seen)

    for number in range(3):
        promise(version, clockwork.rep(f"Rep {number}"), at=ago, is_missed=True)
    client.get(PAGE)
    few = queries()
    for number in range(3, 30):
        promise(version, clockwork.rep(f"Rep {number}"), at=ago, is_missed=True)

    assert queries() == few <= 15


@pytest.mark.parametrize("role", ["manager", "marketer", "auditor"])
def test_both_homes_show_a_broken_limit_until_somebody_answers(
    alert, door, role, request, manager
):
    page = door(request.getfixturevalue(role)).get("/")
    until = tags.moment(alert.at)
    said = f"3 of 20 first responses were missed in the four weeks up to {until}, above"
    assert said in text(page), "a later day may say something else"
    assert world.unbroken("above the signed 10 %") in text(page)

    alerts.acknowledge(alert, by=manager, at=timezone.now(), comment="A second shift.")

    assert "above the signed" not in text(door(request.getfixturevalue(role)).get("/"))


def test_who_is_named_says_what_is_done_about_it(alert, client, manager):
    address = f"/sla/alerts/{alert.public_id}/"
    page = text(client.get(address))
    assert "sales missed too many first responses" in page
    assert "Acknowledge</button>" in page

    response = client.post(address, {"comment": "A second shift."}, follow=True)

    page = text(response)
    assert "A second shift." in page
    assert "Acknowledge</button>" not in page
    alert.refresh_from_db()
    assert alert.acknowledged_by == manager


def test_an_answer_says_something(alert, client):
    response = client.post(f"/sla/alerts/{alert.public_id}/", {"comment": "  "})

    assert response.status_code == 422
    assert "Say what is done about it." in text(response)


def test_the_second_answer_is_told_who_was_first(alert, client, manager):
    alerts.acknowledge(alert, by=manager, at=timezone.now(), comment="A second shift.")

    page = client.post(f"/sla/alerts/{alert.public_id}/", {"comment": "Mine."}, follow=True)

    assert "Samir Haddad has acknowledged this already." in text(page)


def test_the_other_side_reads_but_does_not_answer(alert, door, marketer):
    address = f"/sla/alerts/{alert.public_id}/"

    assert "Acknowledge</button>" not in text(door(marketer).get(address))
    assert door(marketer).post(address, {"comment": "Mine."}).status_code == 403


def test_a_rep_sees_no_alert(alert, door, dana):
    assert door(dana.user).get(f"/sla/alerts/{alert.public_id}/").status_code == 404


def test_a_manager_puts_a_rep_back_into_the_rotation(client, dana, manager):
    out = Suspension.objects.create(rep=dana, began_at=timezone.now(), missed_count=5)
    side = text(client.get("/team/side/"))
    assert "Out of rotation" in side
    assert "Put Dana Fischer back into the rotation" in side
    assert "Dana Fischer is out of rotation since" in text(client.get("/"))

    page = client.post(f"/team/suspensions/{out.public_id}/end/", follow=True)

    assert "Dana Fischer is in the rotation again." in text(page)
    out.refresh_from_db()
    assert out.ended_by == manager
    assert "Out of rotation" not in text(client.get("/team/side/"))


def test_putting_back_twice_changes_nothing(client, dana):
    out = Suspension.objects.create(rep=dana, began_at=timezone.now(), missed_count=5)
    address = f"/team/suspensions/{out.public_id}/end/"
    client.post(address)

    page = client.post(address, follow=True)

    assert "back into the rotation already" in text(page)
