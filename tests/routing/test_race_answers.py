"""Two people, or one person twice, answer at the same instant."""

from datetime import timedelta

import pytest

from leads.enums import Stage
from leads.models import Lead
from routing import handoffs
from routing.enums import HandoffStatus
from routing.models import Acceptance, Handoff, Rejection
from tests.routing import sales
from tests.routing.sales import NOON
from tests.routing.test_race_routing import at_once, counters_are_true

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20
SOON = NOON + timedelta(minutes=1)


def test_accept_and_reject_at_once_have_one_winner() -> None:
    rita = sales.rep("Rita", capacity=ROUNDS)
    sales.team(rita)
    version, reason = sales.agreement(), sales.reason()
    for _ in range(ROUNDS):
        pk = sales.opened(version).pk

        answers = at_once(
            [
                lambda pk=pk: handoffs.accept(pk, by=rita.user, at=SOON),
                lambda pk=pk: handoffs.reject(
                    pk, reason=reason, comment="No", by=rita.user, at=SOON
                ),
            ]
        )

        winner, loser = sorted(answers, key=lambda answer: isinstance(answer, Exception))
        handoff = Handoff.objects.get(pk=pk)
        lead = Lead.objects.get(pk=handoff.lead_id)
        assert isinstance(loser, handoffs.HandoffAlreadyDecided)
        assert (type(winner), handoff.status, lead.stage) in (
            (Acceptance, HandoffStatus.ACCEPTED, Stage.SAL),
            (Rejection, HandoffStatus.REJECTED, Stage.RECYCLED),
        )
    assert counters_are_true()


def test_two_clicks_on_accept_have_one_winner() -> None:
    rita = sales.rep("Rita", capacity=ROUNDS)
    sales.team(rita)
    version = sales.agreement()
    for _ in range(ROUNDS):
        pk = sales.opened(version).pk

        answers = at_once([lambda pk=pk: handoffs.accept(pk, by=rita.user, at=SOON)] * 2)

        assert sorted(type(answer).__name__ for answer in answers) == [
            "Acceptance",
            "HandoffAlreadyDecided",
        ]


def test_two_rejections_have_one_winner() -> None:
    rita = sales.rep("Rita", capacity=ROUNDS)
    sales.team(rita)
    version, reason = sales.agreement(), sales.reason()
    for _ in range(ROUNDS):
        pk = sales.opened(version).pk

        answers = at_once(
            [
                lambda pk=pk, word=word: handoffs.reject(
                    pk, reason=reason, comment=word, by=rita.user, at=SOON
                )
                for word in ("One", "Other")
            ]
        )

        assert sorted(type(answer).__name__ for answer in answers) == [
            "HandoffAlreadyDecided",
            "Rejection",
        ]
    assert Rejection.objects.count() == ROUNDS


def test_expiry_and_an_attempt_at_once_have_one_winner() -> None:
    rita = sales.rep("Rita", capacity=ROUNDS)
    sales.team(rita)
    version = sales.agreement()
    later = NOON + handoffs.UNTOUCHED_FOR
    for _ in range(ROUNDS):
        pk = sales.opened(version).pk

        attempted, expired = at_once(
            [
                lambda pk=pk: handoffs.attempt(
                    pk, by=rita.user, kind="call", outcome="reached", at=later
                ),
                lambda: handoffs.expire_untouched(at=later, limit=10),
            ]
        )

        is_expired = Handoff.objects.get(pk=pk).status == "expired"
        assert is_expired == isinstance(attempted, handoffs.HandoffAlreadyDecided)
        assert len(expired) == is_expired
    assert counters_are_true()
