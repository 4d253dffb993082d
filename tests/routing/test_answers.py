"""Sales' answers: accept, reject, taking back, confirming."""

from datetime import datetime, timedelta

import pytest

from crm_handoff.people.models import User
from definitions.enums import AttemptKind, Checklist
from leads.enums import Cause, Stage
from leads.models import Assertion, Lead
from routing import handoffs
from routing.answers import ACCUSED
from routing.confirmations import QUESTIONS, ChecklistAnswer, usual_time
from routing.enums import (
    AttemptOutcome,
    HandoffStatus,
    NoticeKind,
    ReasonCategory,
    TimerMilestone,
    TimerState,
)
from routing.models import (
    Confirmation,
    Handoff,
    Notice,
    Rejection,
    RejectionReason,
    Rep,
    SlaTimer,
)
from tests.routing import sales
from tests.routing.clockwork import person
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(minutes=5)
LATER = SOON + timedelta(seconds=20)
NEXT_DAY = NOON + timedelta(days=1)


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep)
    return rep


@pytest.fixture
def rep(rita: Rep) -> User:
    return sales.user_of(rita)


@pytest.fixture
def handoff(rita: Rep) -> Handoff:
    return sales.opened(sales.agreement())


def response_clock(handoff: Handoff) -> SlaTimer:
    return SlaTimer.objects.get(handoff=handoff, milestone=TimerMilestone.FIRST_RESPONSE)


def lead_of(handoff: Handoff) -> Lead:
    return Lead.objects.get(pk=handoff.lead_id)


def load(rita: Rep) -> int:
    rita.refresh_from_db()
    return rita.open_count


def test_accept_takes_the_lead_and_leaves_the_response_clock_running(
    handoff: Handoff, rep: User
) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    handoff.refresh_from_db()
    assert (handoff.status, handoff.accepted_at) == (HandoffStatus.ACCEPTED, SOON)
    assert lead_of(handoff).stage == Stage.SAL
    assert response_clock(handoff).state == TimerState.RUNNING


def test_accept_twice_is_decided_already(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    with pytest.raises(handoffs.HandoffAlreadyDecided, match="accepted already"):
        handoffs.accept(handoff.pk, by=rep, at=SOON)

    assert handoff.acceptances.count() == 1


def test_accept_from_a_queue_asks_for_a_holder_first(rep: User) -> None:
    Rep.objects.update(capacity=0)
    queued = sales.opened(sales.agreement())

    with pytest.raises(handoffs.HandoffNotHeld):
        handoffs.accept(queued.pk, by=rep, at=SOON)


@pytest.mark.parametrize(
    "comment",
    ["", "  \n", "\u00a0\u2003", "\u200b\u2060\ufeff \u00ad"],
    ids=["empty", "blank", "blank in Unicode", "invisible"],
)
def test_reject_without_a_comment_is_refused(handoff: Handoff, rep: User, comment: str) -> None:
    with pytest.raises(handoffs.CommentRequired):
        handoffs.reject(handoff.pk, reason=sales.reason(), comment=comment, by=rep, at=SOON)

    assert not Rejection.objects.exists()


def test_reject_with_a_retired_reason_is_refused(handoff: Handoff, rep: User) -> None:
    retired = sales.reason()
    retired.is_active = False

    with pytest.raises(handoffs.ReasonRetired):
        handoffs.reject(handoff.pk, reason=retired, comment="Not now", by=rep, at=SOON)


def test_reject_recycles_the_lead_frees_the_rep_and_answers_the_clock(
    handoff: Handoff, rita: Rep, rep: User
) -> None:
    handoffs.reject(
        handoff.pk, reason=sales.reason("bad_timing"), comment="Budget in May", by=rep, at=SOON
    )

    handoff.refresh_from_db()
    lead = lead_of(handoff)
    assert (handoff.status, handoff.closed_at) == (HandoffStatus.REJECTED, SOON)
    assert (lead.stage, lead.cool_off_until) == (Stage.RECYCLED, SOON + timedelta(days=90))
    assert load(rita) == 0
    assert response_clock(handoff).state == TimerState.MET
    assert handoff.assignments.get().ended_at == SOON


def test_reject_without_a_cool_off_disqualifies(handoff: Handoff, rep: User) -> None:
    handoffs.reject(
        handoff.pk, reason=sales.reason("competitor"), comment="Works at Rival", by=rep, at=SOON
    )

    assert lead_of(handoff).stage == Stage.DISQUALIFIED


def test_reject_says_what_must_change_before_the_lead_returns(handoff: Handoff, rep: User) -> None:
    handoffs.reject(
        handoff.pk, reason=sales.reason("no_fit"), comment="Too small", by=rep, at=SOON
    )

    lead = lead_of(handoff)
    assert (lead.recycled_for, lead.is_cool_off_firm) == (["fit"], False)


def test_reject_tells_the_operator_of_marketing(handoff: Handoff, rep: User) -> None:
    handoffs.reject(handoff.pk, reason=sales.reason(), comment=" Budget in May ", by=rep, at=SOON)

    notice = Notice.objects.get(kind=NoticeKind.REJECTED)
    assert str(notice.recipient) == "Marta"
    assert notice.detail == {"reason": "Bad timing", "comment": "Budget in May"}


def test_reject_tells_the_deputy_of_an_operator_who_has_left(rita: Rep, rep: User) -> None:
    deputy = person("Dora")
    operators = {
        "marketing": {"operator": person("Gone").email, "deputy": deputy.email},
        "sales": {"operator": person("Sam").email},
    }
    handoff = sales.opened(sales.agreement(operators=operators))
    User.objects.filter(full_name="Gone").update(is_active=False)

    handoffs.reject(handoff.pk, reason=sales.reason(), comment="Left in May.", by=rep, at=SOON)

    assert Notice.objects.get(kind="rejected").recipient == deputy


def test_reject_after_accept_returns_the_lead(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=rep, at=NEXT_DAY)

    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.RETURNED
    assert lead_of(handoff).stage == Stage.RECYCLED
    with pytest.raises(handoffs.HandoffAlreadyDecided, match="returned already"):
        handoffs.accept(handoff.pk, by=rep, at=NEXT_DAY)


def test_reject_of_what_was_just_accepted_is_decided_already(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    with pytest.raises(handoffs.HandoffAlreadyDecided, match="Take the acceptance back first"):
        handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=rep, at=LATER)


def test_reject_of_a_lead_that_the_crm_moved_on_leaves_its_stage(
    handoff: Handoff, rep: User
) -> None:
    Lead.objects.filter(pk=handoff.lead_id).update(stage=Stage.WON)

    handoffs.reject(handoff.pk, reason=sales.reason(), comment="Sold", by=rep, at=SOON)

    assert lead_of(handoff).stage == Stage.WON


def test_undo_accept(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    handoffs.undo(handoff.pk, by=rep, at=LATER)

    handoff.refresh_from_db()
    assert (handoff.status, handoff.accepted_at) == (HandoffStatus.ASSIGNED, None)
    assert lead_of(handoff).stage == Stage.SQL
    assert [step.cause for step in handoff.lead.transitions.order_by("pk")] == [
        Cause.ACCEPT,
        Cause.UNDO,
    ]
    handoffs.accept(handoff.pk, by=rep, at=LATER)


def test_undo_reject_restores_holder_load_stage_and_clock(
    handoff: Handoff, rita: Rep, rep: User
) -> None:
    due_at = response_clock(handoff).due_at
    handoffs.reject(handoff.pk, reason=sales.reason(), comment="Oops", by=rep, at=SOON)

    handoffs.undo(handoff.pk, by=rep, at=LATER)

    handoff.refresh_from_db()
    clock = response_clock(handoff)
    assert (handoff.status, handoff.closed_at) == (HandoffStatus.ASSIGNED, None)
    assert lead_of(handoff).stage == Stage.SQL
    assert lead_of(handoff).cool_off_until is None
    assert load(rita) == 1
    assert (clock.state, clock.due_at) == (TimerState.RUNNING, due_at)
    assert handoff.assignments.get(ended_at=None).rep == rita
    assert handoff.rejections.get().reversal.by == rep


def test_undo_return_is_accepted_again(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)
    handoffs.reject(handoff.pk, reason=sales.reason(), comment="Oops", by=rep, at=NEXT_DAY)

    handoffs.undo(handoff.pk, by=rep, at=NEXT_DAY)

    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.ACCEPTED
    assert lead_of(handoff).stage == Stage.SAL


def test_undo_reject_goes_above_capacity_when_the_place_was_taken(rita: Rep, rep: User) -> None:
    Rep.objects.update(capacity=1)
    version = sales.agreement()
    first = sales.opened(version)
    handoffs.reject(first.pk, reason=sales.reason(), comment="Oops", by=rep, at=SOON)
    sales.opened(version, at=SOON)

    handoffs.undo(first.pk, by=rep, at=LATER)

    rita.refresh_from_db()
    first.refresh_from_db()
    assert (rita.open_count, rita.excess_count) == (1, 1)
    assert first.is_over_capacity


def test_undo_by_somebody_else_is_refused(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)

    with pytest.raises(handoffs.NotYourAnswer):
        handoffs.undo(handoff.pk, by=person("Nosy"), at=SOON)


@pytest.mark.parametrize(
    ("seconds", "is_allowed"), [(29, True), (30, True), (31, False)], ids=["29s", "30s", "31s"]
)
def test_undo_has_thirty_seconds(
    handoff: Handoff, rep: User, seconds: int, is_allowed: bool
) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)
    at = SOON + timedelta(seconds=seconds)

    if is_allowed:
        handoffs.undo(handoff.pk, by=rep, at=at)
    else:
        with pytest.raises(handoffs.UndoTooLate):
            handoffs.undo(handoff.pk, by=rep, at=at)


def test_undo_twice_has_nothing_left(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)
    handoffs.undo(handoff.pk, by=rep, at=SOON)

    with pytest.raises(handoffs.NothingToUndo):
        handoffs.undo(handoff.pk, by=rep, at=SOON)


def test_undo_of_a_lead_that_moved_on_is_refused(handoff: Handoff, rep: User) -> None:
    handoffs.accept(handoff.pk, by=rep, at=SOON)
    handoffs.open_opportunity(handoff.pk, name="Deal", by=rep, at=SOON)

    with pytest.raises(handoffs.NothingToUndo):
        handoffs.undo(handoff.pk, by=rep, at=LATER)


def test_attempt_stops_the_clock_by_the_kinds_that_count(handoff: Handoff, rep: User) -> None:
    for kind, state in ((AttemptKind.EMAIL, TimerState.RUNNING), (AttemptKind.CALL, "met")):
        handoffs.attempt(handoff.pk, by=rep, kind=kind, outcome=AttemptOutcome.NO_ANSWER, at=SOON)
        assert response_clock(handoff).state == state

    handoff.refresh_from_db()
    assert handoff.first_attempt_at == SOON
    assert handoff.attempts.count() == 2


def test_attempt_on_a_closed_handoff_is_refused(handoff: Handoff, rep: User) -> None:
    handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=rep, at=SOON)

    with pytest.raises(handoffs.HandoffAlreadyDecided):
        handoffs.attempt(
            handoff.pk, by=rep, kind=AttemptKind.CALL, outcome=AttemptOutcome.REACHED, at=LATER
        )


BANT = {
    "budget": ChecklistAnswer("40,000 EUR", "Said so on the call"),
    "authority": ChecklistAnswer(True, "Signs contracts"),
    "need": ChecklistAnswer("Replace a spreadsheet", "Said so on the call"),
    "timing": ChecklistAnswer("This quarter", "E-mail of Monday"),
}


@pytest.fixture
def unconfirmed(rita: Rep) -> Handoff:
    """A handoff at MQL in the process where sales confirms."""
    version = sales.agreement(
        process="sales_confirmed",
        handoff_stage="mql",
        checklist="bant",
        stages=[{"stage": "mql", "path": "standard", "fit": "in"}],
    )
    return sales.opened(version, sales.lead(stage=Stage.MQL))


def called(handoff: Handoff, rep: User) -> None:
    handoffs.attempt(
        handoff.pk, by=rep, kind=AttemptKind.CALL, outcome=AttemptOutcome.REACHED, at=SOON
    )


def test_confirm_makes_an_sql_and_keeps_the_answers(unconfirmed: Handoff, rep: User) -> None:
    handoffs.accept(unconfirmed.pk, by=rep, at=SOON)
    called(unconfirmed, rep)

    handoffs.confirm(unconfirmed.pk, answers=BANT, by=rep, at=SOON)

    assert lead_of(unconfirmed).stage == Stage.SQL
    assert dict(Assertion.objects.values_list("what", "value"))["need"] == "Replace a spreadsheet"
    with pytest.raises(handoffs.NothingToConfirm):
        handoffs.confirm(unconfirmed.pk, answers=BANT, by=rep, at=SOON)


def test_confirm_wants_the_lead_to_be_contacted_first(unconfirmed: Handoff, rep: User) -> None:
    handoffs.accept(unconfirmed.pk, by=rep, at=SOON)

    with pytest.raises(handoffs.AttemptRequired):
        handoffs.confirm(unconfirmed.pk, answers=BANT, by=rep, at=SOON)

    assert lead_of(unconfirmed).stage == Stage.SAL
    assert not Confirmation.objects.exists()


@pytest.mark.parametrize(
    ("ago", "kept"),
    [
        (timedelta(0), True),
        (timedelta(minutes=2), True),
        (timedelta(hours=2), True),
        (timedelta(hours=2, microseconds=1), False),
        (-timedelta(microseconds=1), False),
    ],
    ids=["at once", "two minutes", "two hours", "over two hours", "from the future"],
)
def test_confirm_keeps_the_time_taken_when_it_is_plausible(
    unconfirmed: Handoff, rep: User, ago: timedelta, kept: bool
) -> None:
    called(unconfirmed, rep)

    handoffs.confirm(unconfirmed.pk, answers=BANT, by=rep, at=NEXT_DAY, began_at=NEXT_DAY - ago)

    confirmation = Confirmation.objects.get()
    assert confirmation.began_at == (NEXT_DAY - ago if kept else None)
    assert (confirmation.by, confirmation.at, confirmation.checklist) == (rep, NEXT_DAY, "bant")


def test_the_usual_time_is_the_median_of_ninety_days(unconfirmed: Handoff, rep: User) -> None:
    def took(minutes: int, *, at: datetime = NOON, checklist: str = "bant") -> None:
        began_at = at - timedelta(minutes=minutes)
        Confirmation.objects.create(
            handoff=unconfirmed, by=rep, at=at, began_at=began_at, checklist=checklist
        )

    assert usual_time(Checklist.BANT, at=NOON) is None
    for minutes in (1, 2, 30):
        took(minutes)
    took(60, at=NOON - timedelta(days=90))
    took(60, checklist="champ")
    Confirmation.objects.create(handoff=unconfirmed, by=rep, at=NOON, checklist="bant")

    assert usual_time(Checklist.BANT, at=NOON) == timedelta(minutes=2)


def test_confirm_names_what_is_missing(unconfirmed: Handoff, rep: User) -> None:
    answers = BANT | {"need": ChecklistAnswer("", "?"), "timing": ChecklistAnswer("Soon", " ")}
    called(unconfirmed, rep)

    with pytest.raises(handoffs.ChecklistIncomplete) as refused:
        handoffs.confirm(unconfirmed.pk, answers=answers, by=rep, at=SOON)

    assert refused.value.missing == ["need", "timing"]
    assert lead_of(unconfirmed).stage == Stage.MQL


def test_confirm_has_no_place_where_criteria_lead(handoff: Handoff, rep: User) -> None:
    with pytest.raises(handoffs.NothingToConfirm):
        handoffs.confirm(handoff.pk, answers=BANT, by=rep, at=SOON)


def test_tables_are_total() -> None:
    assert set(ACCUSED) == set(ReasonCategory)
    assert set(QUESTIONS) == set(Checklist)


def test_defaults_have_a_reason_of_every_category_and_keep_edits() -> None:
    sales.reason()
    RejectionReason.objects.filter(key="bad_timing").update(name="Later")

    assert sales.reason("bad_timing").name == "Later"
    assert set(RejectionReason.objects.values_list("category", flat=True)) == set(ReasonCategory)
