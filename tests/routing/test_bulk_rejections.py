"""Sales rejects what a batch has below the floor, once the signed limit is broken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from leads.enums import Stage
from leads.models import Campaign
from routing import batches, bulk_rejections, handoffs
from routing.answers import CommentRequired, NothingToUndo
from routing.batches import Batch
from routing.bulk_rejections import (
    AcceptedJustNow,
    LimitKept,
    NoLimitInForce,
    NotBelowTheFloor,
    NothingOpen,
    ReasonTakesAttempts,
    TooFewHandovers,
)
from routing.enums import BatchKind, HandoffStatus, NoticeKind, TimerState
from routing.grace import NotYourAnswer, UndoTooLate
from routing.models import (
    BulkRejection,
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

LATER = NOON + timedelta(hours=1)

Act = Callable[..., BulkRejection]


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep, sales.rep("Ben"))
    return rep


@pytest.fixture
def version(rita: Rep) -> DefinitionVersion:
    return sales.put_in_force(sales.agreement())


@pytest.fixture
def campaign() -> Campaign:
    return Campaign.objects.create(key="spring", name="Spring")


@pytest.fixture
def manager() -> User:
    return person("Manuela")


@pytest.fixture
def reason() -> RejectionReason:
    return sales.reason("no_fit")


def handed_over(version: DefinitionVersion, campaign: Campaign, *, is_clean: bool) -> Handoff:
    who = sales.lead(campaign=campaign)
    met = ["company_size"] if is_clean else []
    handoff = handoffs.open(sales.qualified(version, who, met=met), at=NOON)
    assert handoff is not None
    return handoff


@pytest.fixture
def offending(version: DefinitionVersion, campaign: Campaign) -> list[Handoff]:
    """Five open handovers below the floor."""
    return [handed_over(version, campaign, is_clean=False) for _ in range(5)]


@pytest.fixture
def clean(version: DefinitionVersion, campaign: Campaign) -> Handoff:
    return handed_over(version, campaign, is_clean=True)


@pytest.fixture
def batch(version: DefinitionVersion, campaign: Campaign) -> Batch:
    return batches.find(version.definition, BatchKind.CAMPAIGN, str(campaign.pk), at=LATER)


@pytest.fixture
def reject(batch: Batch, reason: RejectionReason, manager: User) -> Act:
    def act(**changes: object) -> BulkRejection:
        said = {"reason": reason, "comment": "Bought list without sizes.", "by": manager}
        return bulk_rejections.reject(batch, **(said | {"at": LATER} | changes))  # type: ignore[arg-type]

    return act


def statuses(handoffs_: list[Handoff]) -> set[str]:
    ids = [handoff.pk for handoff in handoffs_]
    return {*Handoff.objects.filter(pk__in=ids).values_list("status", flat=True)}


def loads() -> int:
    return sum(Rep.objects.values_list("open_count", flat=True))


def test_above_the_limit_exactly_what_offends_and_is_open_is_rejected(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)
    assert loads() == 6

    bulk = reject()

    assert (bulk.missed_count, bulk.handed_over_count, bulk.batch_name) == (5, 98, "Spring")
    assert statuses(offending) == {HandoffStatus.REJECTED}
    assert statuses([clean]) == {HandoffStatus.ASSIGNED}
    assert loads() == 1
    assert {*bulk.rejections.values_list("handoff", flat=True)} == {h.pk for h in offending}


def test_each_lead_is_let_go_as_if_rejected_by_itself(
    offending: list[Handoff], clean: Handoff, reject: Act, reason: RejectionReason
) -> None:
    sales.bring(clean, clean=92)

    reject()

    for handoff in Handoff.objects.filter(floor_missed=True).select_related("lead"):
        assert handoff.lead.stage == Stage.RECYCLED
        assert reason.cool_off is not None
        assert handoff.lead.cool_off_until == LATER + reason.cool_off
        assert handoff.closed_at == LATER
        [clock] = SlaTimer.objects.filter(handoff=handoff)
        assert clock.state == TimerState.MET


def test_what_its_rep_accepted_this_very_moment_is_left_to_them(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)
    kept, *others = offending
    handoffs.accept(kept.pk, by=sales.user_of(kept.rep), at=LATER - timedelta(seconds=30))

    bulk = reject()

    assert statuses([kept]) == {HandoffStatus.ACCEPTED}
    assert statuses(others) == {HandoffStatus.REJECTED}
    assert bulk.rejections.count() == 4


def test_what_was_accepted_longer_ago_is_returned_with_the_others(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)
    at = LATER - timedelta(seconds=31)
    handoffs.accept(offending[0].pk, by=sales.user_of(offending[0].rep), at=at)

    reject()

    assert statuses(offending[:1]) == {HandoffStatus.RETURNED}


def test_a_batch_of_which_all_was_accepted_this_moment_is_refused_and_says_why(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)
    for handoff in offending:
        handoffs.accept(handoff.pk, by=sales.user_of(handoff.rep), at=LATER)

    with pytest.raises(AcceptedJustNow, match="was accepted a moment ago"):
        reject()

    assert statuses(offending) == {HandoffStatus.ACCEPTED}
    assert not BulkRejection.objects.exists()


def test_at_exactly_the_limit_the_server_refuses_and_says_the_figures(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=94)

    with pytest.raises(LimitKept) as refused:
        reject()

    sentence = "5 of 100 are below the floor: 5.0 %, the limit is 5 %."
    assert str(refused.value) == sentence
    assert statuses(offending) == {HandoffStatus.ASSIGNED}
    assert not BulkRejection.objects.exists()


def test_just_above_the_limit_the_share_does_not_read_like_the_limit(
    offending: list[Handoff], clean: Handoff, batch: Batch
) -> None:
    sales.bring(clean, missed=496, clean=9499)

    said = bulk_rejections.sentence(batches.rate(batch))

    assert said == "501 of 10001 are below the floor: 5.01 %, the limit is 5 %."


def test_a_batch_of_nineteen_is_too_small(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=13)

    with pytest.raises(TooFewHandovers, match="19 handovers: the limit counts from 20"):
        reject()


def test_a_clean_lead_cannot_be_rejected_with_a_batch(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)

    with pytest.raises(NotBelowTheFloor, match=str(clean.lead)):
        reject(handoff_ids=[offending[0].pk, clean.pk])
    assert statuses([*offending, clean]) == {HandoffStatus.ASSIGNED}


def test_neither_can_one_of_another_batch(
    version: DefinitionVersion, offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)
    other = Campaign.objects.create(key="autumn", name="Autumn")
    elsewhere = handed_over(version, other, is_clean=False)

    with pytest.raises(NotBelowTheFloor):
        reject(handoff_ids=[elsewhere.pk])
    reject()
    assert statuses([elsewhere]) == {HandoffStatus.ASSIGNED}


def test_named_leads_alone_are_rejected_and_those_answered_meanwhile_left_out(
    offending: list[Handoff], clean: Handoff, reject: Act, manager: User, reason: RejectionReason
) -> None:
    sales.bring(clean, clean=92)
    first, second, third, *_others = offending
    handoffs.reject(first.pk, reason=reason, comment="Too small.", by=manager, at=NOON)

    bulk = reject(handoff_ids=[first.pk, second.pk, third.pk])

    rejected = {*bulk.rejections.values_list("handoff", flat=True)}
    assert rejected == {second.pk, third.pk}


def test_an_accepted_lead_goes_back_as_returned(
    offending: list[Handoff], clean: Handoff, reject: Act, rita: Rep
) -> None:
    sales.bring(clean, clean=92)
    handoffs.accept(offending[0].pk, by=sales.user_of(rita), at=NOON)

    reject()

    assert statuses(offending[:1]) == {HandoffStatus.RETURNED}


def test_when_nothing_is_open_any_more_there_is_nothing_to_reject(
    clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=20, missed=20)

    with pytest.raises(NothingOpen):
        reject()


def test_without_a_version_in_force_there_is_no_limit(
    rita: Rep, reason: RejectionReason, manager: User
) -> None:
    version = sales.agreement()
    sales.bring(sales.opened(version), missed=30)
    week = batches.Week(NOON.date(), NOON - timedelta(days=1), NOON + timedelta(days=6))
    batch = batches.find(
        version.definition, BatchKind.WEEK, NOON.date().isoformat(), at=LATER, week=week
    )

    with pytest.raises(NoLimitInForce):
        bulk_rejections.reject(batch, reason=reason, comment="Why?", by=manager, at=LATER)


def test_a_comment_is_wanted_and_a_reason_that_takes_no_attempts(
    offending: list[Handoff], clean: Handoff, reject: Act
) -> None:
    sales.bring(clean, clean=92)

    with pytest.raises(CommentRequired):
        reject(comment=" ")
    unreachable = sales.reason("could_not_reach")
    unreachable.min_attempts = 3
    with pytest.raises(ReasonTakesAttempts, match="Could not reach"):
        reject(reason=unreachable)


def test_marketings_operator_is_told_once_for_all_of_it(
    offending: list[Handoff], clean: Handoff, reject: Act, version: DefinitionVersion
) -> None:
    sales.bring(clean, clean=92)

    bulk = reject()

    [notice] = Notice.objects.filter(kind__in=[NoticeKind.BULK_REJECTED, NoticeKind.REJECTED])
    assert (notice.kind, notice.recipient) == (
        NoticeKind.BULK_REJECTED,
        version.marketing_operator,
    )
    assert notice.detail == {
        "bulk": str(bulk.public_id),
        "batch": "Spring",
        "count": 5,
        "missed": 5,
        "handed_over": 98,
        "comment": "Bought list without sizes.",
    }


class TestTakingBack:
    @pytest.fixture
    def bulk(self, offending: list[Handoff], clean: Handoff, reject: Act) -> BulkRejection:
        sales.bring(clean, clean=92)
        return reject()

    def test_within_thirty_seconds_all_of_it_waits_as_before(
        self, bulk: BulkRejection, offending: list[Handoff], manager: User
    ) -> None:
        undone = bulk_rejections.undo(bulk.pk, by=manager, at=LATER + timedelta(seconds=30))

        assert len(undone) == 5
        assert statuses(offending) == {HandoffStatus.ASSIGNED}
        assert loads() == 6
        with pytest.raises(NothingToUndo):
            bulk_rejections.undo(bulk.pk, by=manager, at=LATER + timedelta(seconds=30))

    def test_later_it_stands(self, bulk: BulkRejection, manager: User) -> None:
        with pytest.raises(UndoTooLate):
            bulk_rejections.undo(bulk.pk, by=manager, at=LATER + timedelta(seconds=31))

    def test_nobody_else_takes_it_back(self, bulk: BulkRejection) -> None:
        with pytest.raises(NotYourAnswer):
            bulk_rejections.undo(bulk.pk, by=person("Nora"), at=LATER)


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_at_once_one_rejects_and_the_other_finds_nothing_left(
    offending: list[Handoff], clean: Handoff, reject: Act, manager: User
) -> None:
    sales.bring(clean, clean=92)
    other = person("Nora")

    def act(by: User) -> BulkRejection | None:
        try:
            return reject(by=by)
        except NothingOpen:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(act, [manager, other, manager, other])]

    [bulk] = [one for one in done if one is not None]
    assert BulkRejection.objects.get() == bulk
    assert Rejection.objects.count() == 5
    assert Notice.objects.filter(kind=NoticeKind.BULK_REJECTED).count() == 1
    assert loads() == 1
