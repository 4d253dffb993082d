import re

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.web import queue
from definitions.enums import AttemptKind
from routing import absences, followups, handoffs
from routing.enums import AttemptOutcome
from routing.models import FollowUp
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE

HTMX = {"HTTP_HX_REQUEST": "true"}


def task(handoff, rep, *, what="Send the offer", due_in=MINUTE):
    at = timezone.now()
    return followups.add(
        handoff.pk, kind=AttemptKind.EMAIL, what=what, due_at=at + due_in, by=rep.user, at=at
    )


def names(response):
    return re.findall(r'class="name"[^>]*>([^<]+)<', response.content.decode())


def test_queue_has_what_is_due_first_on_top(version, dana, door):
    world.handed_over(version, world.lead("Late"), at=timezone.now() - HOUR)
    quick = world.lead("Quick")
    world.handed_over(version, world.lead("Slow"), at=timezone.now() - 2 * MINUTE)
    world.interested(quick, at=timezone.now() - 3 * MINUTE)
    world.handed_over(version, quick, at=timezone.now() - 3 * MINUTE)

    response = door(dana.user).get("/queue/")

    assert [name.split()[0] for name in names(response)] == ["Late", "Quick", "Slow"]


def test_queue_counts_open_due_soon_and_late(version, dana, door):
    world.handed_over(version, at=timezone.now() - HOUR)
    world.handed_over(version)

    page = door(dana.user).get("/queue/").content.decode()

    assert "<b>2</b> open" in page
    assert '<b id="soon-count">1</b> due within the hour' in page
    assert '<b id="late-count">1</b> late' in page


def test_row_says_why_this_lead_and_why_me(version, dana, door):
    world.handed_over(version)

    page = door(dana.user).get("/queue/").content.decode()

    assert "Demo request · SQL" in page
    assert "DACH territory" in page
    assert "420 people, logistics, DE" in page


def test_clock_carries_due_instant_open_intervals_and_server_time(version, dana, door):
    handoff = world.handed_over(version)
    due = handoff.timers.get().due_at

    page = door(dana.user).get("/queue/").content.decode()

    assert f'data-due="{int(due.timestamp())}"' in page
    assert re.search(r'data-open="\d+-\d+(,\d+-\d+)*"', page)
    assert re.search(r'data-now="\d+\.\d+"', page)
    assert 'title="Due ' in page


def test_another_rep_sees_nothing_of_it(version, dana, alex, door):
    world.handed_over(version)

    response = door(alex.user).get("/queue/")

    assert names(response) == []
    assert "Nobody is waiting for you" in response.content.decode()


def test_somebody_without_leads_of_their_own_is_told_what_the_page_is_for(manager, door):
    assert "You hold no leads" in door(manager).get("/queue/").content.decode()


def test_polling_an_unchanged_queue_is_not_modified(version, dana, door):
    world.handed_over(version)
    client = door(dana.user)
    known = client.get("/queue/").context["version"]

    response = client.get("/queue/", **HTMX, HTTP_IF_NONE_MATCH=known)

    assert response.status_code == 304


def test_polling_after_an_attempt_draws_the_rows_anew(version, dana, door):
    handoff = world.handed_over(version)
    client = door(dana.user)
    known = client.get("/queue/").context["version"]
    handoffs.attempt(
        handoff.pk,
        by=dana.user,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.NO_ANSWER,
        at=timezone.now(),
    )

    response = client.get("/queue/", **HTMX, HTTP_IF_NONE_MATCH=known)

    assert response.status_code == 200
    assert "1 attempt, last call: no answer" in response.content.decode()
    assert "<html" not in response.content.decode()


def test_search_matches_every_word_in_name_title_or_company(version, dana, door):
    world.handed_over(version, world.lead("Jonas", "Huber"))
    world.handed_over(version, world.lead("Erik", "Lund"))
    client = door(dana.user)

    assert names(client.get("/queue/?q=nordlicht jonas")) == ["Jonas Huber"]
    assert names(client.get("/queue/?q=operating")) != []
    assert "Nothing matches" in client.get("/queue/?q=zebra").content.decode()


def test_filters_narrow_the_queue(version, dana, door):
    accepted = world.handed_over(version, world.lead("Accepted", "One"))
    handoffs.accept(accepted.pk, by=dana.user, at=timezone.now())
    world.handed_over(version, world.lead("Late", "One"), at=timezone.now() - HOUR)
    client = door(dana.user)

    assert names(client.get("/queue/?view=accepted")) == ["Accepted One"]
    assert names(client.get("/queue/?view=late")) == ["Late One"]
    assert len(names(client.get("/queue/?view=contact"))) == 2


def test_queue_asks_the_database_as_often_for_twenty_rows_as_for_one(
    version, dana, door, django_assert_num_queries
):
    client = door(dana.user)
    task(world.handed_over(version), dana)
    client.get("/queue/")
    with CaptureQueriesContext(connection) as once:
        client.get("/queue/")
    for _ in range(19):
        busy = world.handed_over(version, at=timezone.now() - DAY)
        task(busy, dana)

    with django_assert_num_queries(len(once)):
        page = client.get("/queue/")

    assert len(page.context["waiting"]) == len(page.context["tasks"]) == 20
    assert len(once) <= 15


def test_polling_an_unchanged_queue_costs_few_queries(
    version, dana, door, django_assert_max_num_queries
):
    world.handed_over(version)
    client = door(dana.user)
    known = client.get("/queue/").context["version"]

    with django_assert_max_num_queries(7):
        client.get("/queue/", **HTMX, HTTP_IF_NONE_MATCH=known)


def test_a_search_for_what_no_text_holds_finds_nothing(version, dana, door):
    world.handed_over(version)

    assert door(dana.user).get("/queue/", {"q": "\0 \0a"}).status_code == 200


def test_filters_by_source_path_and_intent_stay_in_the_address(version, dana, door):
    world.handed_over(version, world.lead("Paid", "One"))
    world.handed_over(version, world.lead("Event", "One", source="trade_show"))
    client = door(dana.user)

    response = client.get("/queue/?source=trade_show&intent=high", **HTMX)

    assert names(response) == ["Event One"]
    assert 'hx-get="/queue/?source=trade_show&amp;intent=high"' in response.content.decode()
    assert names(client.get("/queue/?path=account_based")) == []
    assert len(names(client.get("/queue/?path=standard"))) == 2


def test_an_address_that_means_nothing_shows_everything(version, dana, door):
    world.handed_over(version)

    page = door(dana.user).get("/queue/?view=nonsense&path=nowhere&limit=many")

    assert len(names(page)) == 1


def test_a_long_queue_shows_what_is_due_first_and_offers_more(version, dana, door, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 2)
    for number in range(3):
        world.handed_over(version, world.lead(f"Lead{number}", "One"))
    client = door(dana.user)

    page = client.get("/queue/")

    assert len(names(page)) == 2
    assert "2 of 3 shown" in page.content.decode()
    assert 'href="?limit=4"' in page.content.decode()
    assert len(names(client.get("/queue/?limit=4"))) == 3


def test_tasks_due_today_stand_above_the_answered_leads(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    handoffs.attempt(
        handoff.pk,
        by=dana.user,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.REACHED,
        at=timezone.now(),
    )
    task(handoff, dana, due_in=MINUTE / 60)
    task(handoff, dana, what="Ask again", due_in=3 * DAY)

    page = door(dana.user).get("/queue/").content.decode()

    assert page.index("Tasks due today") < page.index("Send the offer")
    assert page.index("Send the offer") < page.index("Answered: keep them moving")
    assert "Next: Send the offer" in page
    assert "Ask again" not in page
    assert '<b id="task-count">1</b> task today' in page


def test_an_accepted_lead_waits_only_when_a_deal_or_return_is_due_soon(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    at = timezone.now()
    said = {"kind": AttemptKind.CALL, "outcome": AttemptOutcome.REACHED}
    handoffs.attempt(handoff.pk, by=dana.user, at=at, **said)
    handoffs.accept(handoff.pk, by=dana.user, at=at)
    outcome = handoff.timers.filter(milestone="outcome", state="running")
    client = door(dana.user)

    assert client.get("/queue/").context["waiting"] == []
    outcome.update(due_at=at + MINUTE, promised_at=at + MINUTE)
    assert len(client.get("/queue/").context["waiting"]) == 1


def test_of_a_cadence_only_the_next_task_is_shown(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    at = timezone.now() - MINUTE
    for step, what in enumerate(("Introduce us", "Send an example"), 1):
        FollowUp.objects.create(
            handoff=handoff,
            kind=AttemptKind.EMAIL,
            what=what,
            due_at=at,
            created_at=at,
            cadence_step=step,
        )
    task(handoff, dana, due_in=MINUTE / 60)
    client = door(dana.user)

    def listed():
        tasks = client.get("/queue/").context["tasks"]
        return {task.followup.what for task in tasks}

    assert listed() == {"Send the offer"}
    handoffs.attempt(
        handoff.pk,
        by=dana.user,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.NO_ANSWER,
        at=timezone.now(),
    )
    assert listed() == {"Send the offer", "Introduce us"}


def test_polling_after_a_task_is_done_draws_the_rows_anew(version, dana, door):
    one = task(world.handed_over(version), dana)
    client = door(dana.user)
    known = client.get("/queue/").context["version"]
    followups.complete(one.pk, by=dana.user, at=timezone.now())

    response = client.get("/queue/", **HTMX, HTTP_IF_NONE_MATCH=known)

    assert response.status_code == 200
    assert "Send the offer" not in response.content.decode()


def test_a_rep_who_is_away_is_told_so(version, dana, door):
    at = timezone.now()
    absences.enter(dana, begins_at=at - HOUR, ends_at=at + DAY, by=dana.user)

    page = door(dana.user).get("/queue/").content.decode()

    assert "You are away until" in page
    assert "I am back" in page
