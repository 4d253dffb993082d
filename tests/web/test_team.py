"""Is anything slipping: clocks, loads, absences, queues, both promises; and what to do."""

import re

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.web import tags
from leads.companies import AccountFacts
from routing import escalation, handoffs
from routing.enums import HandoffStatus
from routing.models import Absence, Handoff, Rep, Suspension
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def lena(dach):
    return world.rep("Lena Vogt", dach)


def clocks(client, query=""):
    return client.get(f"/team/{query}").context["rows"]


def side(client):
    return client.get("/team/side/", **HTMX)


def absent(rep, *, begins, ends, delegate=None):
    return Absence.objects.create(rep=rep, span=DateTimeTZRange(begins, ends), delegate=delegate)


def test_every_running_clock_is_there_due_first_with_its_owner(version, dana, manager, door):
    world.handed_over(version, world.lead("Fresh"), at=timezone.now())
    world.handed_over(version, world.lead("Late"), at=timezone.now() - HOUR)

    client = door(manager)

    assert [row.handoff.lead.first_name for row in clocks(client)] == ["Late", "Fresh"]
    page = client.get("/team/").content.decode()
    assert "Dana Fischer" in page
    assert client.get("/team/").context["counts"] == {
        "every": 2,
        "late": 1,
        "paused": 0,
        "wanted": 2,
        "queued": 0,
    }


def test_what_was_answered_in_time_does_not_stand_there(version, dana, manager, door):
    answered = world.handed_over(version, at=timezone.now())
    handoffs.attempt(answered.pk, kind="call", outcome="reached", by=dana.user, at=timezone.now())

    assert clocks(door(manager)) == []
    assert "Every lead is answered" in door(manager).get("/team/").content.decode()


def test_clocks_are_narrowed_by_state_rep_and_territory(version, dana, alex, manager, door):
    world.handed_over(version, world.lead("Late"), at=timezone.now() - HOUR)
    world.handed_over(version, world.lead("Fresh"), at=timezone.now())
    lyon = AccountFacts(name="Lyon Fret", domain="lyonfret.example", country="FR")
    french = world.lead("Amélie", country="FR", account=lyon)
    world.handed_over(version, french, at=timezone.now())
    client = door(manager)

    def names(query):
        return {row.handoff.lead.first_name for row in clocks(client, query)}

    assert names("?state=late") == {"Late"}
    assert names("?state=running") == {"Fresh", "Amélie"}
    assert names(f"?rep={alex.public_id}") == {"Amélie"}
    assert names(f"?territory={dana.memberships.get().territory.key}") == {"Late", "Fresh"}
    assert names("?rep=nonsense") == set()
    assert names("?state=nonsense") == {"Late", "Fresh", "Amélie"}


def test_all_clocks_are_reached_page_by_page(version, dana, manager, door, monkeypatch):
    monkeypatch.setattr("crm_handoff.web.team.PAGE_SIZE", 2)
    for number in range(3):
        world.handed_over(version, world.lead(f"Number {number}"))
    client = door(manager)

    first, second = clocks(client), clocks(client, "?page=2")

    assert len(first) == 2
    assert len(second) == 1
    assert "1 to 2 of 3" in client.get("/team/").content.decode()


def test_of_very_many_clocks_it_says_that_there_are_more(
    version, dana, manager, door, monkeypatch
):
    monkeypatch.setattr("crm_handoff.web.awaited.MOST", 3)
    monkeypatch.setattr("crm_handoff.web.team.PAGE_SIZE", 2)
    for number in range(4):
        world.handed_over(version, world.lead(f"Number {number}"))

    page = door(manager).get("/team/").content.decode()

    assert "<b>more than 3</b> running" in page
    assert "1 to 2 of more than 3" in page
    assert "Due later" not in door(manager).get("/team/?page=2").content.decode()


def test_a_list_that_has_not_changed_is_not_sent_again(version, dana, manager, door):
    world.handed_over(version, at=timezone.now())
    client = door(manager)
    tag = client.get("/team/", **HTMX)["ETag"]

    again = client.get("/team/", **HTMX, HTTP_IF_NONE_MATCH=tag)
    world.handed_over(version, at=timezone.now())
    changed = client.get("/team/", **HTMX, HTTP_IF_NONE_MATCH=tag)

    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


def test_clocks_are_narrowed_by_what_they_wait_for(version, dana, manager, door):
    world.handed_over(version, world.lead("Late"), at=timezone.now() - HOUR)
    escalation.fire_due(at=timezone.now(), limit=50)
    client = door(manager)

    found = {
        milestone: len(clocks(client, f"?milestone={milestone}"))
        for milestone in ("first_response", "re_response", "outcome", "nonsense")
    }

    assert found == {"first_response": 0, "re_response": 1, "outcome": 0, "nonsense": 0}


def test_asked_by_htmx_only_the_clocks_come(version, dana, manager, door):
    page = door(manager).get("/team/", **HTMX).content.decode()

    assert page.startswith("\n<section") or page.startswith("<section")
    assert "<html" not in page


def test_an_escalated_lead_says_to_whom(version, dana, manager, door):
    world.handed_over(version, at=timezone.now() - 3 * HOUR)
    escalation.fire_due(at=timezone.now() - HOUR, limit=50)

    assert "escalated to Samir Haddad" in door(manager).get("/team/").content.decode()


def test_loads_show_who_is_full_above_capacity_and_away(version, dach, dana, lena, manager, door):
    Rep.objects.filter(pk=lena.pk).update(capacity=1)
    now = timezone.now()
    absent(dana, begins=now - HOUR, ends=now + DAY)
    world.handed_over(version)
    extra = world.handed_over(version)
    lena.refresh_from_db()
    handoffs.reassign(extra.pk, by=manager, at=now, rep=lena, reason="They know each other.")

    first, second = side(door(manager)).context["loads"]

    assert (first.rep, first.held_count, first.excess_count, first.is_full) == (lena, 2, 1, True)
    assert (second.rep, second.held_count, second.away is not None) == (dana, 0, True)
    assert first.territories == ["DACH"]
    page = side(door(manager)).content.decode()
    assert "1 above capacity" in page
    assert "2 of 1" in page


def test_who_waits_in_a_queue_is_shown_the_longest_wait_first(version, dach, manager, door):
    world.handed_over(version, world.lead("Second"), at=timezone.now() - MINUTE)
    world.handed_over(version, world.lead("First"), at=timezone.now() - HOUR)

    response = side(door(manager))

    assert [h.lead.first_name for h in response.context["waiting"]] == ["First", "Second"]
    assert "DACH queue" in response.content.decode()


def test_absences_of_today_and_the_next_two_weeks_name_who_stands_in(
    version, dana, lena, manager, door
):
    now = timezone.now()
    absent(dana, begins=now - HOUR, ends=now + HOUR, delegate=lena)
    absent(lena, begins=now + 3 * DAY, ends=now + 4 * DAY)
    absent(lena, begins=now + 30 * DAY, ends=now + 31 * DAY)

    response = side(door(manager))

    assert [a.rep for a in response.context["away_now"]] == [dana]
    assert [a.rep for a in response.context["away_soon"]] == [lena]
    page = response.content.decode()
    assert "Lena Vogt stands in" in page
    assert "nobody stands in" in page


def test_both_promises_stand_beside_their_limits(version, dana, manager, door):
    gauges = side(door(manager)).context["gauges"]

    assert [gauge.explains for gauge in gauges] == [
        "response_misses",
        "floor_misses",
    ]
    assert {gauge.verdict.state for gauge in gauges} == {"few"}


def test_the_dialog_says_who_is_away_or_out_of_rotation(version, dana, lena, manager, door):
    lead = world.handed_over(version, world.lead("Maria", "Keller"))
    now = timezone.now()
    ends_at = (now + 2 * DAY).replace(second=0, microsecond=0)
    absent(lena, begins=now - HOUR, ends=ends_at)
    Suspension.objects.create(rep=dana, began_at=now, missed_count=5)

    page = door(manager).get(f"/team/assign/?handoff={lead.public_id}", **HTMX).content.decode()

    until = tags.over_at(ends_at)
    assert f"of 30 open, away until {until}" in page
    assert "of 30 open, out of rotation" in page


def test_a_manager_gives_leads_to_a_rep_and_is_told(version, dana, lena, manager, door):
    mine = world.handed_over(version, world.lead("Maria", "Keller"))
    other = dana if mine.rep == lena else lena
    client = door(manager)
    address = f"/team/assign/?handoff={mine.public_id}"
    assert "Assign Maria Keller" in client.get(address, **HTMX).content.decode()

    response = client.post(
        "/team/assign/", {"handoff": mine.public_id, "rep": other.public_id}, **HTMX
    )

    mine.refresh_from_db()
    assert mine.rep == other
    assert f"Maria Keller goes to {other}." in response.content.decode()
    assert "team-changed" in response["HX-Trigger"]


def test_of_several_each_says_what_became_of_it(version, dana, lena, manager, door):
    Rep.objects.filter(pk=lena.pk).update(capacity=1)
    rows = [world.handed_over(version, world.lead(f"Number {n}")) for n in range(3)]
    held = [row for row in rows if row.rep == dana][:2]
    data = {"handoff": [row.public_id for row in held], "rep": lena.public_id}

    response = door(manager).post("/team/assign/", data, **HTMX)

    outcomes = response.context["outcomes"]
    assert any("say why this one goes on top" in outcome.words for outcome in outcomes)
    assert "What became of each" in response.content.decode()


def test_above_capacity_a_reason_is_enough(version, dana, lena, manager, door):
    Rep.objects.filter(pk=lena.pk).update(capacity=0)
    mine = world.handed_over(version)
    data = {"handoff": mine.public_id, "rep": lena.public_id, "reason": "They know each other."}

    door(manager).post("/team/assign/", data)

    mine.refresh_from_db()
    assert (mine.rep, mine.is_over_capacity) == (lena, True)


def test_without_a_rep_the_rules_choose(version, dana, manager, door):
    waiting = world.handed_over(version, world.lead(country="DE"))
    Handoff.objects.filter(pk=waiting.pk).update(status=HandoffStatus.ASSIGNED)

    response = door(manager).post("/team/assign/", {"handoff": waiting.public_id}, follow=True)

    assert response.status_code == 200
    waiting.refresh_from_db()
    assert waiting.status in HandoffStatus.OPEN


@pytest.mark.parametrize("said", ["", "nonsense", "7f7bb6a7-4d1a-4dd0-8f5c-36f9a8e2b7c1"])
def test_no_lead_chosen_is_said(said, version, manager, door):
    page = door(manager).get(f"/team/assign/?handoff={said}", follow=True).content.decode()

    assert "Choose at least one lead that is still open." in page


def test_a_manager_enters_and_ends_an_absence(version, dana, lena, manager, door):
    client = door(manager)
    data = {
        "rep": dana.public_id,
        "begins_at": "2030-05-06T09:00",
        "ends_at": "2030-05-10T18:00",
        "delegate": lena.public_id,
        "note": "Holiday",
    }

    said = client.post("/team/absences/", data, follow=True).content.decode()
    absence = Absence.objects.get()

    assert "Dana Fischer is entered as away." in said
    assert (absence.rep, absence.delegate, absence.entered_by) == (dana, lena, manager)
    again = client.post("/team/absences/", data)
    assert again.status_code == 422
    refusal = "This overlaps the absence from %s until %s: end or change that one first."
    assert re.search(refusal % ("[^<]+", "[^<]+"), again.content.decode())
    client.post(f"/team/absences/{absence.public_id}/end/")
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rep": ""}, "Choose who is away."),
        ({"begins_at": "soon"}, "Write a date and a time."),
        ({"ends_at": "2030-05-06T08:00"}, "The absence ends before it begins."),
        ({"ends_at": "9999-12-31T23:59"}, "Choose a time within ten years from now."),
        ({"begins_at": "0001-01-01T00:00"}, "Choose a time within ten years from now."),
    ],
)
def test_an_absence_that_cannot_be_says_why(changed, words, version, dana, manager, door):
    data = {"rep": dana.public_id, "begins_at": "2030-05-06T09:00"} | changed

    response = door(manager).post("/team/absences/", data)

    assert response.status_code == 422
    assert words in response.content.decode()


@pytest.mark.parametrize("path", ["/team/assign/", "/team/absences/"])
def test_who_may_only_look_changes_nothing(path, version, dana, marketer, auditor, door):
    for person in (marketer, auditor, dana.user):
        assert door(person).post(path, {}).status_code == 403


@pytest.mark.parametrize(("path", "most"), [("/team/", 15), ("/team/side/", 15)])
def test_queries_stay_as_few_with_many_rows(path, most, version, dana, lena, manager, door):
    now = timezone.now()
    absent(dana, begins=now + DAY, ends=now + 2 * DAY, delegate=lena)
    world.handed_over(version)
    client = door(manager)
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for _ in range(6):
        world.handed_over(version)
    absent(lena, begins=now + DAY, ends=now + 2 * DAY, delegate=dana)
    world.rep("Mia Sommer", world.territory("Nordics", ("SE",)))

    with CaptureQueriesContext(connection) as many:
        client.get(path)

    assert len(many) == len(few)
    assert len(few) <= most, [query["sql"][:160] for query in few.captured_queries]


def test_an_address_with_what_no_text_can_hold_finds_as_if_it_were_left_out(
    version, manager, door
):
    assert door(manager).get("/team/?territory=%00&rep=%00&state=%00").status_code == 200
