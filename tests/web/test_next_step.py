"""The one thing to do next, for every standing of a handoff."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from crm_handoff.web.next_step import MANY_TRIES, Action, Situation, Task, next_step_of
from definitions.enums import AttemptKind
from leads.enums import OpportunityStage
from routing.enums import AttemptOutcome, HandoffStatus

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

REACHED, NO_ANSWER = AttemptOutcome.REACHED, AttemptOutcome.NO_ANSWER
ASSIGNED, ACCEPTED = HandoffStatus.ASSIGNED, HandoffStatus.ACCEPTED
CALLS = frozenset({"call", "chat"})


def task(*, hours: int, kind: AttemptKind = AttemptKind.CALL) -> Task:
    return Task(kind, "Send the offer", NOON + hours * HOUR, "14:00")


def step(**standing):
    known = {"status": ASSIGNED, "name": "Maria", "owner": "Dana Fischer"}
    return next_step_of(Situation(**known | standing), at=NOON)


TABLE = {
    "a new lead with a clock is called before the time is up": (
        {"is_running": True, "stop_kinds": CALLS},
        Action.CALL,
        "Call Maria before the time is up.",
    ),
    "any contact may stop the clock": (
        {"has_phone": False, "is_running": True},
        Action.WRITE,
        "Write to Maria: no phone number is known.",
    ),
    "a late one is called now": (
        {"is_running": True, "stop_kinds": CALLS, "is_late": True},
        Action.CALL,
        "Call Maria now: the first contact is late.",
    ),
    "one without a clock is called all the same": (
        {},
        Action.CALL,
        "Call Maria: nobody has made contact yet.",
    ),
    "without a number it is written to": (
        {"has_phone": False, "is_running": True, "stop_kinds": CALLS | {"email"}},
        Action.WRITE,
        "Write to Maria: no phone number is known.",
    ),
    "without a number, an e-mail may not stop the clock": (
        {"has_phone": False, "is_running": True, "stop_kinds": CALLS},
        Action.WRITE,
        "Write to Maria and ask for a number: none is known, and an e-mail alone does not stop "
        "this clock.",
    ),
    "nobody can be reached without number and address": (
        {"has_phone": False, "has_email": False},
        Action.REJECT,
        "Find a way to reach Maria, or reject: no phone and no e-mail is known.",
    ),
    "who was reached is accepted or rejected": (
        {"outcomes": (REACHED,)},
        Action.ACCEPT,
        "You have reached Maria: accept the lead, or reject it.",
    ),
    "who was reached once stays reached": (
        {"outcomes": (NO_ANSWER, REACHED)},
        Action.ACCEPT,
        "You have reached Maria: accept the lead, or reject it.",
    ),
    "who was not reached is tried again": (
        {"outcomes": (NO_ANSWER, NO_ANSWER)},
        Action.CALL,
        "Try again at another time of day: 2 tries, no answer yet.",
    ),
    "the first try is told as one": (
        {"outcomes": (NO_ANSWER,)},
        Action.CALL,
        "Try again at another time of day: 1 try, no answer yet.",
    ),
    "a wrong number means another way": (
        {"outcomes": (AttemptOutcome.WRONG_CONTACT,)},
        Action.WRITE,
        "Try Maria by e-mail: the last way did not work.",
    ),
    "a wrong number and no address": (
        {"outcomes": (AttemptOutcome.WRONG_CONTACT,), "has_email": False},
        Action.REJECT,
        "Find another way to reach Maria, or reject.",
    ),
    "many tries are enough": (
        {"outcomes": (NO_ANSWER,) * MANY_TRIES, "task": task(hours=2)},
        Action.REJECT,
        "Reject as not reached, so that the lead rests: 6 tries, no answer.",
    ),
    "what is planned for later waits": (
        {"outcomes": (NO_ANSWER,), "task": task(hours=2)},
        Action.NONE,
        "Nothing until 14:00: Send the offer",
    ),
    "what is due is done: a call": (
        {"outcomes": (NO_ANSWER,), "task": task(hours=0)},
        Action.CALL,
        "Do what you planned for 14:00: Send the offer",
    ),
    "what is due is done: an e-mail": (
        {"outcomes": (REACHED,), "task": task(hours=-1, kind=AttemptKind.EMAIL)},
        Action.WRITE,
        "Do what you planned for 14:00: Send the offer",
    ),
    "what is due is done: a meeting is logged": (
        {"outcomes": (REACHED,), "task": task(hours=-1, kind=AttemptKind.MEETING)},
        Action.LOG,
        "Do what you planned for 14:00: Send the offer",
    ),
    "an accepted lead that sales confirms is confirmed": (
        {
            "status": ACCEPTED,
            "outcomes": (REACHED,),
            "may_confirm": True,
            "answered_count": 3,
            "question_count": 4,
        },
        Action.CONFIRM,
        "Confirm Maria as SQL: 1 answer is left.",
    ),
    "with all answers nothing is left": (
        {
            "status": ACCEPTED,
            "outcomes": (REACHED,),
            "may_confirm": True,
            "answered_count": 4,
            "question_count": 4,
        },
        Action.CONFIRM,
        "Confirm Maria as SQL.",
    ),
    "nobody is confirmed unheard": (
        {"status": ACCEPTED, "may_confirm": True, "question_count": 4},
        Action.CALL,
        "Call Maria: nobody has made contact yet.",
    ),
    "an accepted lead becomes an opportunity or a plan": (
        {"status": ACCEPTED, "outcomes": (REACHED,)},
        Action.OPPORTUNITY,
        "Open an opportunity if there is a project; else plan the next contact.",
    ),
    "an accepted lead with a plan waits": (
        {"status": ACCEPTED, "outcomes": (REACHED,), "task": task(hours=2)},
        Action.NONE,
        "Nothing until 14:00: Send the offer",
    ),
    "what somebody else holds is theirs": (
        {"may_answer": False, "may_assign": True},
        Action.NONE,
        "Dana Fischer works on this lead.",
    ),
    "what waits in a queue is given to somebody": (
        {"status": HandoffStatus.QUEUED, "owner": "DACH queue", "may_assign": True},
        Action.ASSIGN,
        "Give Maria to a rep: the lead waits in DACH queue.",
    ),
    "what waits in a queue waits, for everybody else": (
        {"status": HandoffStatus.QUEUED, "owner": "DACH queue"},
        Action.NONE,
        "The lead waits in DACH queue for a rep.",
    ),
    "an open deal has an end to record": (
        {"status": HandoffStatus.CONVERTED, "deal": OpportunityStage.OPEN},
        Action.OUTCOME,
        "Record how the deal ended, once it has.",
    ),
    "somebody else's deal is theirs": (
        {
            "status": HandoffStatus.CONVERTED,
            "deal": OpportunityStage.OPEN,
            "may_answer": False,
        },
        Action.NONE,
        "Dana Fischer works on the deal.",
    ),
    "a won deal is done": (
        {"status": HandoffStatus.CONVERTED, "deal": OpportunityStage.WON},
        Action.NONE,
        "Won: nothing is left to do here.",
    ),
    "a lost deal is done": (
        {"status": HandoffStatus.CONVERTED, "deal": OpportunityStage.LOST},
        Action.NONE,
        "The deal was lost: nothing is left to do here.",
    ),
    "a rejected lead rests": (
        {"status": HandoffStatus.REJECTED, "rests_until": "3 May"},
        Action.NONE,
        "Nothing to do: Maria rests and may return after 3 May.",
    ),
    "a closed handoff is closed": (
        {"status": HandoffStatus.EXPIRED},
        Action.NONE,
        "Nothing to do: this handoff is closed.",
    ),
}


@pytest.mark.parametrize(("standing", "action", "sentence"), TABLE.values(), ids=TABLE)
def test_next_step(standing, action, sentence):
    found = step(**standing)

    assert (found.action, found.sentence) == (action, sentence)


def test_every_action_is_the_next_step_of_some_standing():
    assert {action for _, action, _ in TABLE.values()} == set(Action)


def test_every_standing_has_one_next_step_whose_way_is_open():
    choices = product(
        HandoffStatus,
        [True, False],
        [True, False],
        [(), (REACHED,), *[(outcome,) for outcome in AttemptOutcome], (NO_ANSWER,) * 9],
        [None, task(hours=-1), task(hours=1, kind=AttemptKind.EMAIL)],
        [None, *OpportunityStage],
    )
    for status, has_phone, has_email, outcomes, planned, deal in choices:
        found = step(
            status=status,
            has_phone=has_phone,
            has_email=has_email,
            outcomes=outcomes,
            task=planned,
            deal=deal,
        )

        assert found.sentence
        assert "%(" not in found.sentence
        assert found.action != Action.CALL or has_phone
        assert found.action != Action.WRITE or has_email
        assert status in HandoffStatus.OPEN or found.action in (Action.NONE, Action.OUTCOME)
