"""Checklists as a rep sees them."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from crm_handoff.web import checklists
from definitions.enums import AttemptKind
from leads import assertions
from leads.models import Lead
from routing import handoffs
from routing.confirmations import QUESTIONS
from routing.enums import AttemptOutcome
from routing.models import Confirmation
from tests.web import world


@pytest.fixture
def confirming(db):
    """A called lead of the process in which the rep confirms, and the rep who holds it."""
    version = world.company("sales_confirmed")
    rep = world.rep("Dana Fischer", world.territory())
    who = world.lead("Maria", "Keller", expected_acv="24000", currency="EUR")
    handoff = world.handed_over(version, who)
    Lead.objects.filter(pk=who.pk).update(stage=version.handoff_stage)
    return handoff, rep


def call(handoff, rep):
    handoffs.attempt(
        handoff.pk,
        by=rep.user,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.REACHED,
        at=timezone.now(),
    )


def address(handoff):
    return f"/handoffs/{handoff.public_id}/confirm/"


def test_every_question_has_a_sentence_and_knows_where_to_look():
    asked = {key for questions in QUESTIONS.values() for key in questions}

    assert set(checklists.SENTENCES) == set(checklists.HINTS) == asked


def test_a_lead_that_nobody_called_is_called_first(confirming, door):
    handoff, rep = confirming

    page = door(rep.user).get(address(handoff)).content.decode()

    assert "Contact Maria Keller first" in page
    assert f'href="/handoffs/{handoff.public_id}/attempt/"' in page
    assert "<textarea" not in page


def test_what_is_known_is_filled_in_and_the_touchpoints_that_speak_are_beside(confirming, door):
    handoff, rep = confirming
    call(handoff, rep)
    assertions.record(
        handoff.lead,
        what="need",
        value="A forecast that holds",
        evidence="Said so at the fair",
        by=rep.user,
        at=timezone.now(),
    )

    page = door(rep.user).get(address(handoff)).content.decode()

    assert ">24,000 EUR</textarea>" in page
    assert ">A forecast that holds</textarea>" in page
    assert ">Said so at the fair</textarea>" in page
    assert "Filled in for you: Dana Fischer, " in page
    assert re.search(r'#t\d+"[^>]*>Pricing page view', page)
    assert re.search(r'#t\d+"[^>]*>The forecast is wrong every quarter\.', page)


def test_an_answer_that_has_expired_is_not_filled_in(confirming, door):
    handoff, rep = confirming
    call(handoff, rep)
    at = timezone.now()
    assertions.record(
        handoff.lead,
        what="need",
        value="Old",
        evidence="Long ago",
        by=rep.user,
        at=at - timedelta(days=2),
        expires_at=at - timedelta(days=1),
    )

    assert ">Old</textarea>" not in door(rep.user).get(address(handoff)).content.decode()


@pytest.mark.parametrize("forged", [False, True], ids=["as it came", "forged"])
def test_the_time_taken_counts_from_when_the_checklist_was_opened(confirming, door, forged):
    handoff, rep = confirming
    call(handoff, rep)
    client = door(rep.user)
    began = client.get(address(handoff)).context["began"]
    keys = QUESTIONS["bant"]
    answers = dict.fromkeys(keys, "Yes") | {f"{key}_evidence": "Call today" for key in keys}

    again = client.post(address(handoff), answers | {"need": "", "began": began})
    client.post(address(handoff), answers | {"began": "x" + began if forged else began})

    assert again.context["began"] == began
    confirmation = Confirmation.objects.get()
    assert (confirmation.began_at is None) is forged
    page = client.get(address(handoff)).content.decode()
    assert ("Usually 0:0" in page) is not forged


def test_the_opening_of_another_leads_checklist_is_none(confirming):
    handoff, _ = confirming
    stamp = checklists.stamp(handoff.pk, at=timezone.now())

    assert checklists.began_at(stamp, handoff.pk + 1) is None
    assert checklists.began_at(signing.dumps([handoff.pk, "now"]), handoff.pk) is None
