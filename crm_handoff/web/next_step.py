"""The one thing to do next about a handoff: a pure answer to where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from definitions.enums import AttemptKind
from leads.enums import OpportunityStage
from routing.enums import AttemptOutcome, HandoffStatus

MANY_TRIES = 6
"""Tries without an answer after which a lead is rather given up."""


class Action(StrEnum):
    """What the button of a next step does."""

    NONE = "none"
    ACCEPT = "accept"
    ASSIGN = "assign"
    CALL = "call"
    CONFIRM = "confirm"
    LOG = "log"
    OPPORTUNITY = "opportunity"
    OUTCOME = "outcome"
    REJECT = "reject"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Task:
    """What is planned: how, what, and until when; `due` in words of the reader."""

    kind: AttemptKind
    what: str
    due_at: datetime
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where a handoff stands.

    name: whom it is about. owner: who holds it, a person or a queue. outcomes: what came of its
    attempts, latest first. is_running, is_late: its clock is. stop_kinds: kinds of attempt that
    stop the running clock; empty when any does. task: what is planned first. deal: the state of
    the deal that it became, None without one. rests_until: when the lead may return, in words.
    """

    status: HandoffStatus
    name: str
    owner: str
    may_answer: bool = True
    may_assign: bool = False
    may_confirm: bool = False
    has_phone: bool = True
    has_email: bool = True
    is_running: bool = False
    is_late: bool = False
    stop_kinds: frozenset[str] = frozenset()
    outcomes: tuple[AttemptOutcome, ...] = ()
    task: Task | None = None
    answered_count: int = 0
    question_count: int = 0
    deal: OpportunityStage | None = None
    rests_until: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One sentence, and what its button does."""

    action: Action
    sentence: str


def next_step_of(now: Situation, *, at: datetime) -> NextStep:
    """Return the one thing to do next; `Action.NONE` where there is nothing to be done."""
    if now.status in HandoffStatus.CLOSED:
        return _closed(now)
    if now.status == HandoffStatus.QUEUED:
        return _queued(now)
    if not now.may_answer:
        return _step(Action.NONE, _("%(owner)s works on this lead."), now)
    return _held(now, at=at)


def _held(now: Situation, *, at: datetime) -> NextStep:
    if not now.outcomes:
        return _first_contact(now)
    if now.task is not None and now.task.due_at <= at:
        return _due_task(now, now.task)
    return _after_contact(now)


def _step(action: Action, sentence: str, now: Situation, **told: object) -> NextStep:
    return NextStep(action, sentence % {"name": now.name, "owner": now.owner, **told})


def _closed(now: Situation) -> NextStep:
    if now.status == HandoffStatus.CONVERTED:
        return _converted(now)
    if now.rests_until:
        sentence = _("Nothing to do: %(name)s rests and may return after %(until)s.")
        return _step(Action.NONE, sentence, now, until=now.rests_until)
    return _step(Action.NONE, _("Nothing to do: this handoff is closed."), now)


def _converted(now: Situation) -> NextStep:
    if now.deal == OpportunityStage.WON:
        return _step(Action.NONE, _("Won: nothing is left to do here."), now)
    if now.deal == OpportunityStage.LOST:
        return _step(Action.NONE, _("The deal was lost: nothing is left to do here."), now)
    if not now.may_answer:
        return _step(Action.NONE, _("%(owner)s works on the deal."), now)
    return _step(Action.OUTCOME, _("Record how the deal ended, once it has."), now)


def _queued(now: Situation) -> NextStep:
    if now.may_assign:
        return _step(Action.ASSIGN, _("Give %(name)s to a rep: the lead waits in %(owner)s."), now)
    return _step(Action.NONE, _("The lead waits in %(owner)s for a rep."), now)


def _first_contact(now: Situation) -> NextStep:
    if now.has_phone:
        return _first_call(now)
    if not now.has_email:
        sentence = _("Find a way to reach %(name)s, or reject: no phone and no e-mail is known.")
        return _step(Action.REJECT, sentence, now)
    if now.is_running and now.stop_kinds and AttemptKind.EMAIL not in now.stop_kinds:
        sentence = _(
            "Write to %(name)s and ask for a number: none is known, and an e-mail alone does not "
            "stop this clock."
        )
        return _step(Action.WRITE, sentence, now)
    return _step(Action.WRITE, _("Write to %(name)s: no phone number is known."), now)


def _first_call(now: Situation) -> NextStep:
    if now.is_late:
        return _step(Action.CALL, _("Call %(name)s now: the first contact is late."), now)
    if now.is_running:
        return _step(Action.CALL, _("Call %(name)s before the time is up."), now)
    return _step(Action.CALL, _("Call %(name)s: nobody has made contact yet."), now)


def _due_task(now: Situation, task: Task) -> NextStep:
    sentence = _("Do what you planned for %(due)s: %(what)s")
    if task.kind == AttemptKind.CALL and now.has_phone:
        return _step(Action.CALL, sentence, now, due=task.due, what=task.what)
    if task.kind == AttemptKind.EMAIL and now.has_email:
        return _step(Action.WRITE, sentence, now, due=task.due, what=task.what)
    return _step(Action.LOG, sentence, now, due=task.due, what=task.what)


def _after_contact(now: Situation) -> NextStep:
    if AttemptOutcome.REACHED not in now.outcomes:
        return _not_reached(now)
    if now.status == HandoffStatus.ASSIGNED:
        return _step(
            Action.ACCEPT, _("You have reached %(name)s: accept the lead, or reject it."), now
        )
    if now.may_confirm:
        return _confirm(now)
    if now.task is not None:
        return _planned(now, now.task)
    sentence = _("Open an opportunity if there is a project; else plan the next contact.")
    return _step(Action.OPPORTUNITY, sentence, now)


def _confirm(now: Situation) -> NextStep:
    left = now.question_count - now.answered_count
    if left <= 0:
        return _step(Action.CONFIRM, _("Confirm %(name)s as SQL."), now)
    sentence = ngettext(
        "Confirm %(name)s as SQL: %(left)s answer is left.",
        "Confirm %(name)s as SQL: %(left)s answers are left.",
        left,
    )
    return _step(Action.CONFIRM, sentence, now, left=left)


def _not_reached(now: Situation) -> NextStep:
    tries = len(now.outcomes)
    if tries >= MANY_TRIES:
        sentence = _("Reject as not reached, so that the lead rests: %(tries)s tries, no answer.")
        return _step(Action.REJECT, sentence, now, tries=tries)
    if now.task is not None:
        return _planned(now, now.task)
    if now.outcomes[0] == AttemptOutcome.WRONG_CONTACT or not now.has_phone:
        return _other_way(now)
    sentence = ngettext(
        "Try again at another time of day: %(tries)s try, no answer yet.",
        "Try again at another time of day: %(tries)s tries, no answer yet.",
        tries,
    )
    return _step(Action.CALL, sentence, now, tries=tries)


def _other_way(now: Situation) -> NextStep:
    if now.has_email:
        return _step(Action.WRITE, _("Try %(name)s by e-mail: the last way did not work."), now)
    return _step(Action.REJECT, _("Find another way to reach %(name)s, or reject."), now)


def _planned(now: Situation, task: Task) -> NextStep:
    sentence = _("Nothing until %(due)s: %(what)s")
    return _step(Action.NONE, sentence, now, due=task.due, what=task.what)
