"""A side that does not sign says why, and blocks nobody."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from crm_handoff.people.models import User
from definitions import refusals, versions
from definitions.enums import VersionState
from definitions.models import DefinitionVersion, Refusal
from definitions.refusals import AlreadyRefused, ReasonRequired
from definitions.versions import ContentChanged, SideAlreadySigned, VersionNotInReview
from tests.definitions.test_races import in_threads

InState = Callable[[str], DefinitionVersion]

WHY = "Four touchpoints are too few for partner leads."


def test_refuse_keeps_who_when_why_and_over_which_text(
    in_state: InState, sam: User, noon: datetime
) -> None:
    version = in_state("in_review")

    refusal = refusals.refuse(version, side="sales", by=sam, reason=f"  {WHY}\n", at=noon)

    refusal.refresh_from_db()
    assert (refusal.side, refusal.refused_by, refusal.refused_at) == ("sales", sam, noon)
    assert (refusal.reason, refusal.review_round) == (WHY, 1)
    assert refusal.content_hash == version.content_hash
    version.refresh_from_db()
    assert version.state == "in_review"


@pytest.mark.parametrize("reason", ["", "  \n", "\u00a0"], ids=["empty", "spaces", "no-break"])
def test_refuse_wants_a_reason(in_state: InState, sam: User, noon: datetime, reason: str) -> None:
    with pytest.raises(ReasonRequired):
        refusals.refuse(in_state("in_review"), side="sales", by=sam, reason=reason, at=noon)

    assert not Refusal.objects.exists()


def test_a_side_that_refused_may_sign_after_all(
    in_state: InState, sam: User, noon: datetime
) -> None:
    version = in_state("in_review")
    refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon)

    versions.sign(version, side="sales", by=sam, at=noon + timedelta(hours=1))

    assert version.signoffs.get().signer == sam


def test_a_side_that_signed_refuses_no_more(in_state: InState, sam: User, noon: datetime) -> None:
    version = in_state("in_review")
    versions.sign(version, side="sales", by=sam, at=noon)

    with pytest.raises(SideAlreadySigned):
        refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon)


def test_somebody_refuses_once_a_round(
    in_state: InState, sam: User, rita: User, noon: datetime
) -> None:
    version = in_state("in_review")
    refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon)

    with pytest.raises(AlreadyRefused):
        refusals.refuse(version, side="sales", by=sam, reason="Still.", at=noon)

    versions.withdraw(version, by=rita)
    versions.submit(version, by=rita, at=noon)
    again = refusals.refuse(version, side="sales", by=sam, reason="Still.", at=noon)
    assert again.review_round == 2


@pytest.mark.parametrize("state", VersionState.values)
def test_only_what_is_in_review_is_refused(
    in_state: InState, sam: User, noon: datetime, state: str
) -> None:
    version = in_state(state)

    if state == "in_review":
        refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon)
    else:
        with pytest.raises(VersionNotInReview):
            refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon)
    assert Refusal.objects.count() == (state == "in_review")


def test_a_text_that_changed_is_neither_refused_nor_signed(
    in_state: InState, rita: User, sam: User, noon: datetime
) -> None:
    version = in_state("in_review")
    read = version.content_hash
    versions.withdraw(version, by=rita)
    version.scorerule_set.update(points=5)
    versions.submit(version, by=rita, at=noon)

    with pytest.raises(ContentChanged):
        refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon, seen=read)
    with pytest.raises(ContentChanged):
        versions.sign(version, side="sales", by=sam, at=noon, seen=read)

    versions.sign(version, side="sales", by=sam, at=noon, seen=version.content_hash)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_refusal(in_state: InState, sam: User, noon: datetime) -> None:
    in_state("in_review")

    def refuse() -> str:
        version = DefinitionVersion.objects.get()
        return refusals.refuse(version, side="sales", by=sam, reason=WHY, at=noon).reason

    done = in_threads(refuse, refuse)

    assert {type(one) for one in done} == {AlreadyRefused, str}
    assert Refusal.objects.count() == 1
