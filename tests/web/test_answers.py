from datetime import timedelta

import pytest
from django.utils import timezone

from definitions.enums import AttemptKind
from leads.enums import OpportunityStage, Stage
from leads.models import Lead, Opportunity
from routing import handoffs
from routing.confirmations import QUESTIONS, ChecklistAnswer
from routing.enums import AttemptOutcome, HandoffStatus, TimerState
from routing.models import Acceptance, Attempt, Handoff, Rejection, RejectionReason
from tests.web import world

QUEUE = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/queue/?view=late"}


@pytest.fixture
def handoff(version, dana):
    return world.handed_over(version, world.lead("Maria", "Keller"))


@pytest.fixture
def reason(version):
    return RejectionReason.objects.get(key="bad_timing")


def at(handoff, action):
    return f"/handoffs/{handoff.public_id}/{action}/"


def test_accept_returns_to_the_lead_and_offers_to_take_it_back(handoff, dana, door):
    response = door(dana.user).post(at(handoff, "accept"), follow=True)

    page = response.content.decode()
    assert response.redirect_chain == [(f"/handoffs/{handoff.public_id}/", 302)]
    assert "You accepted Maria Keller." in page
    assert f'action="{at(handoff, "undo")}"' in page
    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.ACCEPTED


def test_accept_in_the_queue_answers_with_a_toast_and_refreshes_the_rows(handoff, dana, door):
    response = door(dana.user).post(at(handoff, "accept"), **QUEUE)

    assert response.status_code == 200
    assert 'class="toast success"' in response.content.decode()
    assert "queue-changed" in response["HX-Trigger"]


def test_accept_twice_says_what_happened_meanwhile(handoff, dana, door):
    client = door(dana.user)
    client.post(at(handoff, "accept"))

    response = client.post(at(handoff, "accept"), **QUEUE)

    assert response.status_code == 409
    assert 'class="toast error"' in response.content.decode()
    assert Acceptance.objects.count() == 1


@pytest.mark.parametrize("comment", ["", "   \n"], ids=["missing", "blank"])
def test_reject_without_a_comment_is_refused_beside_the_field(
    handoff, dana, door, reason, comment
):
    response = door(dana.user).post(
        at(handoff, "reject"), {"reason": reason.pk, "comment": comment}
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-describedby="id_comment_wrong"' in page
    assert "Say in a sentence what was wrong" in page
    assert f'<option value="{reason.pk}" selected>' in page
    assert not Rejection.objects.exists()


def test_reject_without_a_reason_keeps_what_was_written(handoff, dana, door, reason):
    response = door(dana.user).post(at(handoff, "reject"), {"comment": "Signed elsewhere."})

    assert response.status_code == 422
    assert "Choose the reason that fits best.<" in response.content.decode()
    assert "Signed elsewhere.</textarea>" in response.content.decode()


def test_reject_offers_only_reasons_in_use(handoff, dana, door, reason):
    RejectionReason.objects.filter(key="other").update(is_active=False)
    retired = RejectionReason.objects.get(key="other")
    client = door(dana.user)

    assert f'value="{retired.pk}"' not in client.get(at(handoff, "reject")).content.decode()
    response = client.post(at(handoff, "reject"), {"reason": retired.pk, "comment": "Why not."})

    assert response.status_code == 422
    assert not Rejection.objects.exists()


def test_could_not_reach_says_beforehand_what_it_takes(handoff, dana, door):
    could_not_reach = RejectionReason.objects.get(key="could_not_reach")
    client = door(dana.user)

    dialog = client.get(at(handoff, "reject")).content.decode()
    form = {"reason": could_not_reach.pk, "comment": "No answer."}
    response = client.post(at(handoff, "reject"), form)

    takes = "takes 3 attempts (0 so far) on 2 different days (0 so far)."
    assert f"“Could not reach” {takes}" in dialog
    assert f'value="{could_not_reach.pk}" disabled' in dialog
    assert response.status_code == 422
    assert f"{takes} Log what is missing" in response.content.decode()
    assert not Rejection.objects.exists()


def test_reject_then_undo_leaves_the_lead_as_it_was(handoff, dana, door, reason):
    client = door(dana.user)
    client.post(at(handoff, "reject"), {"reason": reason.pk, "comment": "Signed elsewhere."})
    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.REJECTED

    response = client.post(at(handoff, "undo"), follow=True)

    assert "Taken back." in response.content.decode()
    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.ASSIGNED
    assert handoff.timers.get().state == TimerState.RUNNING


def test_undo_after_its_grace_says_that_it_is_too_late(handoff, dana, door):
    handoffs.accept(handoff.pk, by=dana.user, at=timezone.now() - timedelta(seconds=31))

    response = door(dana.user).post(at(handoff, "undo"), follow=True)

    assert "can be taken back for 30 seconds" in response.content.decode()
    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.ACCEPTED


def test_attempt_records_and_stops_the_clock(handoff, dana, door):
    form = {"kind": "call", "outcome": "reached", "note": "Wants a demo", "next_step": "Send it"}

    response = door(dana.user).post(at(handoff, "attempt"), form, follow=True)

    page = response.content.decode()
    assert "Attempt logged for Maria Keller." in page
    assert "Wants a demo" in page
    assert "Next: Send it" in page
    assert handoff.timers.get().state == TimerState.MET


def test_attempt_without_an_outcome_is_refused_in_the_dialog(handoff, dana, door):
    response = door(dana.user).post(at(handoff, "attempt"), {"kind": "call"}, **QUEUE)

    assert response.status_code == 422
    assert "Choose what came of it." in response.content.decode()
    assert "<html" not in response.content.decode()
    assert not Attempt.objects.exists()


def test_an_opportunity_is_opened_and_won(handoff, dana, door):
    client = door(dana.user)
    form = {"name": "Whole team", "amount": "48000", "currency": "eur"}

    opened = client.post(at(handoff, "opportunity"), form, follow=True).content.decode()
    assert "48,000 EUR" in opened
    client.post(at(handoff, "outcome"), {"outcome": "won"})

    deal = Opportunity.objects.get()
    assert (deal.stage, deal.currency) == (OpportunityStage.WON, "EUR")
    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.CONVERTED


@pytest.mark.parametrize("currency", ["1$€", "EU", "ÄÖÜ"])
def test_a_currency_is_three_letters(handoff, dana, door, currency):
    form = {"name": "Whole team", "amount": "48000", "currency": currency}

    response = door(dana.user).post(at(handoff, "opportunity"), form)

    assert response.status_code == 422
    assert "three letters" in response.content.decode()
    assert not Opportunity.objects.exists()


def test_a_comment_of_invisible_characters_is_refused_on_the_page(handoff, dana, door):
    form = {"reason": RejectionReason.objects.first().pk, "comment": "\u200b\u2060"}

    response = door(dana.user).post(at(handoff, "reject"), form)

    assert response.status_code == 422
    assert "marketing learns from it" in response.content.decode()


def test_an_amount_without_a_currency_is_refused_on_the_page(handoff, dana, door):
    response = door(dana.user).post(
        at(handoff, "opportunity"), {"name": "Whole team", "amount": "48000"}
    )

    assert response.status_code == 422
    assert "Which currency?" in response.content.decode()
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize("action", ["attempt", "accept", "reject", "undo", "confirm"])
def test_another_reps_handoff_does_not_exist(handoff, alex, door, action):
    assert door(alex.user).post(at(handoff, action)).status_code == 404


@pytest.mark.parametrize("action", ["attempt", "accept", "reject", "confirm"])
def test_marketing_sees_handoffs_but_does_not_answer_them(handoff, marketer, door, action):
    assert door(marketer).post(at(handoff, action)).status_code == 403
    assert Handoff.objects.get().status == HandoffStatus.ASSIGNED


def test_a_manager_answers_for_a_rep(handoff, manager, door, reason):
    door(manager).post(at(handoff, "reject"), {"reason": reason.pk, "comment": "Known duplicate."})

    assert Rejection.objects.get().by == manager


@pytest.mark.parametrize("action", ["accept", "undo", "opportunity", "outcome"])
def test_nothing_is_answered_by_a_link(handoff, dana, door, action):
    assert door(dana.user).get(at(handoff, action)).status_code == 405


@pytest.fixture
def to_confirm(db):
    """A lead of the process in which the rep confirms, and the rep who holds it."""
    version = world.company("sales_confirmed")
    rep = world.rep("Dana Fischer", world.territory())
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    Lead.objects.filter(pk=handoff.lead_id).update(stage=version.handoff_stage)
    return handoff, rep


def called(handoff, rep):
    handoffs.attempt(
        handoff.pk,
        by=rep.user,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.REACHED,
        at=timezone.now(),
    )


def test_a_lead_is_confirmed_by_the_checklist_with_evidence(to_confirm, door):
    handoff, rep = to_confirm
    called(handoff, rep)
    client = door(rep.user)
    client.post(at(handoff, "accept"))
    asked = client.get(at(handoff, "confirm")).context["form"].questions
    answers = dict.fromkeys(asked, "Yes") | {f"{key}_evidence": "Call today" for key in asked}

    response = client.post(at(handoff, "confirm"), answers, follow=True)

    assert asked
    assert "Maria Keller is confirmed as SQL." in response.content.decode()
    assert Lead.objects.get().stage == Stage.SQL


def test_an_opportunity_is_offered_once_the_lead_is_confirmed(to_confirm, door):
    handoff, rep = to_confirm
    called(handoff, rep)
    client = door(rep.user)
    client.post(at(handoff, "accept"))

    page = client.get(f"/handoffs/{handoff.public_id}/").content.decode()

    assert "Confirm as SQL" in page
    assert "Open an opportunity" not in page
    handoffs.confirm(
        handoff.pk,
        answers={key: ChecklistAnswer("Yes", "Call today") for key in QUESTIONS["bant"]},
        by=rep.user,
        at=timezone.now(),
    )
    page = client.get(f"/handoffs/{handoff.public_id}/").content.decode()
    assert "Open an opportunity" in page


def test_a_checklist_without_evidence_is_refused_beside_the_field(to_confirm, door):
    handoff, rep = to_confirm
    called(handoff, rep)
    client = door(rep.user)
    client.post(at(handoff, "accept"))
    asked = client.get(at(handoff, "confirm")).context["form"].questions

    response = client.post(at(handoff, "confirm"), dict.fromkeys(asked, "Yes"))

    assert response.status_code == 422
    assert "Say how you know" in response.content.decode()
    assert Lead.objects.get().stage == Stage.SAL


def test_a_page_whose_address_is_none_is_no_queue(version, dana, door):
    handoff = world.handed_over(version)
    said = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://["}

    response = door(dana.user).post(f"/handoffs/{handoff.public_id}/accept/", **said)

    assert response["HX-Redirect"] == f"/handoffs/{handoff.public_id}/"
