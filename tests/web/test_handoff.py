from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from routing import escalation
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE


def page_of(handoff):
    return f"/handoffs/{handoff.public_id}/"


def test_page_says_who_and_with_how_much_confidence(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "Maria Keller" in page
    assert "Decision maker" in page
    assert "% sure" in page


def test_talking_points_cite_the_touchpoint_they_come_from(version, dana, door):
    handoff = world.handed_over(version)
    cited = handoff.packet["talking_points"][0]["source"]["touchpoint"]

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "How do you reconcile marketing&#x27;s numbers" in page
    assert f'href="#t{cited}"' in page
    assert f'id="t{cited}"' in page


def test_intent_actions_are_marked_in_the_timeline(version, dana, door):
    page = door(dana.user).get(page_of(world.handed_over(version))).content.decode()

    assert "3 intent actions marked" in page
    assert page.count("Direct intent</span>") == 1


def test_points_on_the_page_add_up(version, dana, door):
    response = door(dana.user).get(page_of(world.handed_over(version)))

    explanation = response.context["explanation"]
    assert sum(row.points for row in explanation.points) == explanation.total


def test_page_answers_why_the_lead_went_there(version, dana, door):
    page = door(dana.user).get(page_of(world.handed_over(version))).content.decode()

    assert "Why here" in page
    assert "Territory rotation → Dana Fischer" in page
    assert "1 candidate considered" in page


def test_ledger_names_whom_a_miss_was_escalated_to(version, dana, door):
    handoff = world.handed_over(version, at=timezone.now() - 25 * MINUTE)
    escalation.fire_due(at=timezone.now(), limit=10)

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "to Samir Haddad" in page


def test_other_reps_get_404_and_marketing_reads_without_buttons(
    version, dana, alex, marketer, door
):
    handoff = world.handed_over(version)

    assert door(alex.user).get(page_of(handoff)).status_code == 404
    page = door(marketer).get(page_of(handoff)).content.decode()
    assert "Why qualified" in page
    assert "Accept lead" not in page


def test_page_asks_the_database_as_often_for_a_long_story_as_for_a_short_one(
    version, dana, door, django_assert_num_queries
):
    short, long = world.lead(), world.lead()
    for number in range(20):
        world.did(long, "blog_view", at=timezone.now() - 3 * DAY - number * HOUR)
    world.interested(long, at=timezone.now())
    first, second = world.handed_over(version, short), world.handed_over(version, long)
    client = door(dana.user)
    client.get(page_of(first))
    with CaptureQueriesContext(connection) as once:
        client.get(page_of(first))

    with django_assert_num_queries(len(once)):
        client.get(page_of(second))
