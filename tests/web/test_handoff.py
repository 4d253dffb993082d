from decimal import Decimal

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.web import lead
from leads import intake, lifecycle, notes
from leads.enums import Cause, Stage
from leads.models import Note, Persona
from routing import escalation, followups, handoffs
from routing.models import Handoff, RejectionReason
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE

NEW = {"persona", "journey"}
"""What packets of the first schema did not have."""


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
    assert "DACH territory, 0 of 30 open" in page
    assert "1 person considered" in page
    assert "chosen" in page


def test_ledger_names_whom_a_miss_was_escalated_to(version, dana, door):
    handoff = world.handed_over(version, at=timezone.now() - 25 * MINUTE)
    escalation.fire_due(at=timezone.now(), limit=10)

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "to Samir Haddad" in page


def test_only_the_top_three_talking_points_are_open_and_say_why_they_rank(version, dana, door):
    who, now = world.lead(), timezone.now()
    for number in range(5):
        made = world.asset(f"guide-{number}", title=f"Guide {number}", question=f"Why {number}?")
        for days in range(number + 1):
            world.did(who, "whitepaper", at=now - (days + 1) * DAY, asset=made.key)
    handoff = world.handed_over(version, who)

    response = door(dana.user).get(page_of(handoff))

    top, others = (response.context[name] for name in ("top_points", "other_points"))
    assert [point.row["title"] for point in top] == ["Guide 4", "Guide 3", "Guide 2"]
    assert [point.row["title"] for point in others] == ["Guide 1", "Guide 0"]
    assert top[0].why == ["White paper download", "yesterday", "touched 5 times"]
    assert "Show 2 more" in response.content.decode()


def test_persona_and_journey_stage_cite_the_asset_that_says_so(version, dana, door):
    persona = Persona.objects.create(key="ops", name="Operations lead")
    world.asset(persona=persona, journey_stage="consideration")
    handoff = world.handed_over(version)
    cited = handoff.packet["journey"]["source"]["touchpoint"]

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "Operations lead" in page
    assert "Consideration" in page
    assert f'<a href="#t{cited}">Webinar: forecasting without spreadsheets</a>' in page


def test_what_the_lead_did_since_it_was_handed_over_is_in_the_timeline(version, dana, door):
    handoff = world.handed_over(version)
    world.did(handoff.lead, "pricing_page_view", at=timezone.now())
    new = handoff.lead.touchpoints.latest("pk")

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "1 since handed over" in page
    assert f'id="t{new.pk}"' in page


def test_what_the_lead_read_since_is_talked_about_too_with_what_was_known(version, dana, door):
    handoff = world.handed_over(version)
    (known,) = handoff.packet["talking_points"]
    stage = {"journey_stage": "decision"}
    fresh = world.asset("fresh", title="Fresh guide", question="Why now?", **stage)
    for _ in range(3):
        world.did(handoff.lead, "demo_request", at=timezone.now(), asset=fresh.key)
    world.did(handoff.lead, "whitepaper", at=timezone.now(), asset=known["asset"])

    context = door(dana.user).get(page_of(handoff)).context

    points = context["top_points"]
    assert context["journey"]["asset"] == "Fresh guide"
    assert [point.row["title"] for point in points] == ["Fresh guide", known["title"]]
    assert points[1].row["touched_count"] == known["touched_count"] + 1
    assert points[1].row["source"] == known["source"]
    assert points[1].why[-1] == "last today"


def test_what_was_done_several_times_on_a_day_is_one_line_that_keeps_each_citation(
    version, dana, door
):
    who, now = world.lead(), timezone.now()
    for minutes in (1, 2, 3):
        world.did(who, "blog_view", at=now - 3 * DAY - minutes * MINUTE)
    world.interested(who, at=now)
    ids = who.touchpoints.filter(kind__key="blog_view").values_list("pk", flat=True)

    page = door(dana.user).get(page_of(world.handed_over(version, who))).content.decode()

    assert page.count('<b class="plainly">Blog post read</b>') == 1
    assert "×3" in page
    assert all(f'id="t{pk}"' in page for pk in ids)


def test_older_days_are_folded(version, dana, door):
    who, now = world.lead(), timezone.now()
    for days in range(12, 30):
        world.did(who, "blog_view", at=now - days * DAY)
    world.interested(who, at=now)

    timeline = door(dana.user).get(page_of(world.handed_over(version, who))).context["timeline"]

    assert sum(len(day.did) for day in timeline.recent) >= 8
    assert len(timeline.earlier) > 10


def test_attempts_of_this_and_of_earlier_handoffs_are_told(version, dana, door):
    first = world.handed_over(version, at=timezone.now() - 3 * DAY)
    at = first.opened_at + MINUTE
    handoffs.attempt(
        first.pk, by=dana.user, kind="call", outcome="no_answer", note="Voicemail.", at=at
    )
    reason = RejectionReason.objects.filter(cool_off__isnull=False).first()
    handoffs.reject(first.pk, reason=reason, comment="In May.", by=dana.user, at=at + HOUR)
    second = world.handed_over(version, rested(first.lead))
    handoffs.attempt(second.pk, by=dana.user, kind="email", outcome="reached", at=timezone.now())

    response = door(dana.user).get(page_of(second))

    contacts = response.context["contacts"]
    assert [(contact.title, contact.is_earlier) for contact in contacts] == [
        ("E-mail: Reached", False),
        (f"Rejected: {reason}", True),
        ("Call: No answer", True),
    ]
    assert page_of(first) in response.content.decode()


def test_a_packet_that_somebody_may_not_open_is_named_without_a_link(version, dana, door):
    first = world.handed_over(version, at=timezone.now() - 3 * DAY)
    Handoff.objects.filter(pk=first.pk).update(
        status="expired", rep=None, closed_at=timezone.now() - 2 * DAY
    )
    second = world.handed_over(version, first.lead)

    page = door(dana.user).get(page_of(second)).content.decode()

    assert "Other handoffs of this lead" in page
    assert page_of(first) not in page


def test_similar_won_deals_are_told_with_why_and_how_long_they_took(version, dana, door):
    won = world.lead("Otto")
    intake.record_opportunity(
        intake.OpportunityFacts(
            system="crm",
            external_id="deal-1",
            lead=won,
            stage="won",
            amount=Decimal(48000),
            currency="EUR",
            closed_at=timezone.now(),
        ),
        received_at=timezone.now(),
    )

    page = door(dana.user).get(page_of(world.handed_over(version))).content.decode()

    assert won.account.name in page
    assert "48,000 EUR" in page
    assert "same industry · same company size" in page


def test_a_note_is_kept_and_read_by_the_next(version, dana, manager, door):
    handoff = world.handed_over(version)
    address = f"/leads/{handoff.lead.public_id}/notes/"

    added = door(dana.user).post(
        address, {"text": "Asks for <b>ISO</b>.", "page": page_of(handoff)}, follow=True
    )

    assert added.redirect_chain == [(page_of(handoff), 302)]
    page = door(manager).get(page_of(handoff)).content.decode()
    assert "Asks for &lt;b&gt;ISO&lt;/b&gt;." in page


def test_a_note_added_in_place_brings_the_notes_back(version, dana, door):
    handoff = world.handed_over(version)
    address = f"/leads/{handoff.lead.public_id}/notes/"

    added = door(dana.user).post(address, {"text": "Hello."}, headers={"HX-Request": "true"})
    page = added.content.decode()

    assert added.status_code == 200
    assert "Hello." in page
    assert "Note added." in page
    assert "<html" not in page


@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
def test_a_blank_note_is_asked_for_again(version, dana, door, text):
    handoff = world.handed_over(version)
    address = f"/leads/{handoff.lead.public_id}/notes/"

    refused = door(dana.user).post(address, {"text": text}, headers={"HX-Request": "true"})

    assert refused.status_code == 422
    assert "Write what the next reader should know." in refused.content.decode()
    assert not Note.objects.exists()


def test_a_note_sends_nobody_to_another_site(version, dana, door):
    lead = world.handed_over(version).lead
    address = f"/leads/{lead.public_id}/notes/"

    added = door(dana.user).post(address, {"text": "Hi.", "page": "https://evil.example/"})

    assert added.headers["Location"] == f"/leads/{lead.public_id}/"


def test_a_note_that_came_from_no_page_goes_back_to_the_lead(version, dana, door):
    lead = world.handed_over(version).lead

    back = door(dana.user).post(f"/leads/{lead.public_id}/notes/", {"text": "Hm.", "page": "abc"})

    assert back["Location"] == f"/leads/{lead.public_id}/"


def test_notes_are_written_by_those_who_see_the_lead_and_may(
    version, dana, alex, auditor, marketer, door
):
    address = f"/leads/{world.handed_over(version).lead.public_id}/notes/"

    answers = [
        door(user).post(address, {"text": "Hi."}).status_code
        for user in (dana.user, alex.user, auditor, marketer)
    ]

    assert answers == [302, 404, 403, 302]


def test_the_next_step_is_said_in_a_sentence_with_the_button_that_does_it(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria"))

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "Call Maria before the time is up." in page
    assert 'href="tel:+49 30 901820"' in page or 'href="tel:+4930901820"' in page
    assert page.count('data-key="a"') == 1


def test_what_is_planned_is_the_next_step(version, dana, door):
    handoff = world.handed_over(version)
    now = timezone.now()
    handoffs.attempt(handoff.pk, by=dana.user, kind="call", outcome="no_answer", at=now)
    followups.add(
        handoff.pk,
        kind="email",
        what="Send the offer",
        due_at=now + 2 * DAY,
        by=dana.user,
        at=now,
    )

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "Send the offer" in page
    assert "Planned" in page


def test_the_checklist_shows_what_is_answered_and_how_it_is_known(db, door):
    version = world.company("sales_confirmed")
    dana = world.rep("Dana Fischer", world.territory())
    handoff = world.handed_over(version)
    intake.record_assertion(
        handoff.lead,
        what="budget",
        value="60k a year",
        evidence="Said so in the webinar's survey.",
        by=dana.user,
        at=timezone.now(),
    )

    page = door(dana.user).get(page_of(handoff)).content.decode()

    assert "1 of 4 answered" in page
    assert "60k a year" in page
    assert "Said so in the webinar&#x27;s survey." in page


def test_a_process_without_a_checklist_shows_none(version, dana, door):
    response = door(dana.user).get(page_of(world.handed_over(version)))

    assert response.context["checks"] == []
    assert "answered" not in response.content.decode()


def test_a_packet_of_the_first_schema_is_still_read(version, dana, door):
    handoff = world.handed_over(version)
    old = {key: value for key, value in handoff.packet.items() if key not in NEW} | {"schema": 1}
    old["talking_points"] = [
        {key: point[key] for key in ("asset", "title", "pain", "question", "proof", "source")}
        for point in handoff.packet["talking_points"]
    ]
    handoff.packet = old
    factory = RequestFactory().get("/")
    factory.user = dana.user

    told = lead.page(factory, handoff)

    assert told["top_points"][0].why == []
    assert told["persona"] is None
    assert told["journey"] is None


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
    short, long = told(version, dana, times=1), told(version, dana, times=12)
    client = door(dana.user)
    client.get(page_of(short))
    with CaptureQueriesContext(connection) as once:
        client.get(page_of(short))

    with django_assert_num_queries(len(once)):
        client.get(page_of(long))


def rested(who):
    """The lead, as it is once its cool-off is over and it is judged again."""
    who.refresh_from_db()
    lifecycle.move(who, Stage.SQL, cause=Cause.RECYCLE, at=timezone.now())
    return who


def told(version, dana, *, times):
    """A handoff with so much of everything."""
    who, now = world.lead(), timezone.now()
    former = world.handed_over(version, who, at=now - 60 * DAY)
    reason = RejectionReason.objects.filter(cool_off__isnull=False).first()
    handoffs.reject(former.pk, reason=reason, comment="No.", by=dana.user, at=now - 59 * DAY)
    for number in range(times):
        made = world.asset(f"guide-{times}-{number}", title="Guide")
        world.did(who, "whitepaper", at=now - 3 * DAY - number * HOUR, asset=made.key)
        notes.add(who.pk, text="Hello.", by=dana.user, at=now)
    handoff = world.handed_over(version, who)
    for number in range(times):
        world.did(who, "blog_view", at=now - number * HOUR)
        handoffs.attempt(handoff.pk, by=dana.user, kind="call", outcome="no_answer", at=now)
        followups.add(
            handoff.pk, kind="email", what="Mail", due_at=now + DAY, by=dana.user, at=now
        )
    return handoff
