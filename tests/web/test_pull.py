"""A rep helps themselves from a queue where the territory lets its people do so."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from leads.models import Lead
from routing import assignment, escalation
from routing.enums import HandoffStatus, RuleKind
from routing.models import Handoff, Rep, RoutingDecision, Suspension
from tests.routing.sales import away
from tests.web import world

HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/queue/"}


@pytest.fixture
def waiting(version, dach, dana):
    """A lead that waits in the queue of DACH, which lets its people take leads."""
    Rep.objects.filter(pk=dana.pk).update(capacity=0)
    dach.may_pull = True
    dach.save()
    handoff = world.handed_over(version, world.lead("Wanda"))
    assert handoff.status == HandoffStatus.QUEUED
    return handoff


def room_for(rep, count=1):
    Rep.objects.filter(pk=rep.pk).update(capacity=count)


def offered(client):
    return client.get("/queue/waiting/").content.decode()


def take(client, handoff, **headers):
    return client.post(f"/handoffs/{handoff.public_id}/take/", **headers)


def test_what_waits_is_offered_to_whoever_works_the_territory(waiting, dana, alex, door):
    room_for(dana)

    assert "Wanda" in offered(door(dana.user))
    assert "you have room for 1 more" in offered(door(dana.user))
    assert "Wanda" not in offered(door(alex.user))


def test_nothing_is_offered_where_leads_are_given_out(waiting, dach, dana, door):
    dach.may_pull = False
    dach.save()

    assert "Wanda" not in offered(door(dana.user))
    assert take(door(dana.user), waiting).status_code == 404


def test_taking_makes_it_theirs_and_says_so(waiting, dana, door):
    room_for(dana)

    response = take(door(dana.user), waiting, **HTMX)

    assert "is yours" in response.content.decode()
    waiting.refresh_from_db()
    assert (waiting.rep, waiting.status) == (dana, HandoffStatus.ASSIGNED)
    decision = RoutingDecision.objects.filter(handoff=waiting).latest("pk")
    assert (decision.rule, decision.by) == (RuleKind.PULLED, dana.user)
    assert decision.why == "Taken from DACH queue by Dana Fischer, 0 of 1 open"


def test_whoever_is_full_is_told_and_gets_nothing(waiting, dana, door):
    page = offered(door(dana.user))
    assert "you are full" in page
    assert "disabled" in page

    response = take(door(dana.user), waiting, **HTMX)

    assert "answer a lead before you take another" in response.content.decode()
    waiting.refresh_from_db()
    assert waiting.rep is None


def test_the_territory_s_own_limit_counts_too(waiting, dach, dana, door):
    room_for(dana, 5)
    dach.memberships.filter(rep=dana).update(capacity=0)

    assert "0/0 open in DACH" in take(door(dana.user), waiting, **HTMX).content.decode()


def test_who_let_a_lead_s_clock_run_out_does_not_take_it_again(waiting, dana, door):
    room_for(dana)
    assignment.pull(waiting.pk, rep=dana, by=dana.user, at=timezone.now())
    Rep.objects.filter(pk=dana.pk).update(is_active=False)
    waiting.refresh_from_db()
    clock = waiting.timers.get(milestone="first_response")
    escalation.fire_due(at=clock.due_at + world.HOUR, limit=10)
    assignment.assign(waiting, at=clock.due_at + world.HOUR)
    assert waiting.status == HandoffStatus.QUEUED
    Rep.objects.filter(pk=dana.pk).update(is_active=True)

    response = take(door(dana.user), waiting, **HTMX)

    assert "Wanda" not in offered(door(dana.user))
    assert (
        "held this lead before, and gave it back or was late with it" in response.content.decode()
    )


def test_whoever_is_away_takes_nothing_until_they_are_back(waiting, dana, door):
    room_for(dana)
    until = timezone.now() + world.DAY
    absence = away(dana, since=timezone.now() - world.HOUR, until=until)
    page = offered(door(dana.user))
    assert "you are away" in page
    assert "disabled" in page

    said = take(door(dana.user), waiting, **HTMX).content.decode()

    assert f"You are away until {date_format(until, 'DATETIME_FORMAT')}" in said
    assert "say that you are back before you take a lead" in said
    waiting.refresh_from_db()
    assert waiting.rep is None
    absence.delete()
    assert "is yours" in take(door(dana.user), waiting, **HTMX).content.decode()


def test_whoever_is_away_until_further_notice_is_told_so(waiting, dana, door):
    room_for(dana)
    away(dana, since=timezone.now() - world.HOUR, until=None)

    said = take(door(dana.user), waiting, **HTMX).content.decode()

    assert "You are away until further notice" in said


def test_a_manager_assigns_instead(waiting, manager, marketer, door):
    assert take(door(manager), waiting).status_code == 404
    assert take(door(marketer), waiting).status_code == 403


def test_offers_ask_as_often_for_three_as_for_one(version, waiting, dana, door):
    client = door(dana.user)
    offered(client)
    with CaptureQueriesContext(connection) as few:
        offered(client)
    for number in range(2):
        world.handed_over(version, world.lead(f"More {number}"))

    with CaptureQueriesContext(connection) as many:
        assert offered(client).count("Take it") == 3
    assert len(many) == len(few)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_reach_for_it_at_once_one_gets_it():
    version = world.company()
    dach = world.territory()
    dach.may_pull = True
    dach.save()
    reps = [world.rep(name, dach, capacity=0) for name in ("Dana Fischer", "Lena Vogt")]
    handoff = world.handed_over(version)
    Rep.objects.update(capacity=1)
    outcomes, gate = [], threading.Barrier(2)

    def reach(rep):
        gate.wait()
        try:
            assignment.pull(handoff.pk, rep=rep, by=rep.user, at=timezone.now())
            outcomes.append("taken")
        except assignment.PullNotAllowed as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=reach, args=(rep,)) for rep in reps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [
        "This lead does not wait any more: somebody was faster.",
        "taken",
    ]
    assert Handoff.objects.get().rep in reps


def test_who_does_not_speak_the_language_asked_for_is_not_offered_the_lead(
    waiting, dach, dana, door
):
    room_for(dana)
    Rep.objects.filter(pk=dana.pk).update(languages=["en"])
    Lead.objects.filter(pk=waiting.lead_id).update(language="de")
    assert "Wanda" in offered(door(dana.user))

    dach.language_is_required = True
    dach.save()

    assert "Wanda" not in offered(door(dana.user))
    refused = take(door(dana.user), waiting, **HTMX).content.decode()
    assert "This lead is for somebody who speaks German." in refused

    Rep.objects.filter(pk=dana.pk).update(languages=["en", "de"])
    assert "Wanda" in offered(door(dana.user))


def test_a_lead_that_names_no_language_is_offered_to_anybody(waiting, dach, dana, door):
    room_for(dana)
    Lead.objects.filter(pk=waiting.lead_id).update(language="")
    dach.language_is_required = True
    dach.save()

    assert "Wanda" in offered(door(dana.user))


def test_who_is_out_of_rotation_sees_why_they_cannot_take_one(waiting, dana, door):
    room_for(dana)
    Suspension.objects.create(rep=dana, began_at=timezone.now(), missed_count=5)

    page = offered(door(dana.user))

    assert "you are out of rotation" in page
    assert "disabled" in page
