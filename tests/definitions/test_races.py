"""Edits, submissions, signatures and activations at the same time, with real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm_handoff.people.models import User
from definitions import document, versions
from definitions.content import content_of
from definitions.models import DefinitionVersion, ScoreRule

pytestmark = pytest.mark.django_db(transaction=True)

InState = Callable[[str], DefinitionVersion]


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run works at once, each on a connection of its own; return results or exceptions."""

    def run(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:  # the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [*pool.map(run, works)]


def test_submit_waits_for_an_edit_and_freezes_what_it_wrote(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    edited, release = Event(), Event()

    def edit() -> None:
        with transaction.atomic():
            ScoreRule.objects.update(points=77)
            edited.set()
            release.wait(5)

    def submit() -> None:
        edited.wait(5)
        release_soon()
        versions.submit(DefinitionVersion.objects.get(), by=rita, at=noon)

    def release_soon() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(release.set)

    assert in_threads(edit, submit) == [None, None]

    frozen = DefinitionVersion.objects.get()
    assert document.read(frozen.content)["score"]["touchpoints"]["points"] == 77


def test_edit_waits_for_a_submit_and_is_refused(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    submitted, edit_begun = Event(), Event()

    def submit() -> None:
        with transaction.atomic():
            versions.submit(DefinitionVersion.objects.get(), by=rita, at=noon)
            submitted.set()
            edit_begun.wait(5)

    def edit() -> None:
        submitted.wait(5)
        edit_begun.set()
        ScoreRule.objects.update(points=77)

    done, refused = in_threads(submit, edit)

    assert done is None
    assert isinstance(refused, IntegrityError)
    assert "score_rule_frozen_after_draft" in str(refused.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize("attempt", range(5))
def test_edits_and_submit_never_leave_a_text_beside_its_rows(
    draft: DefinitionVersion, rita: User, noon: datetime, attempt: int
) -> None:
    ready = Barrier(4)

    def edit(points: int) -> Callable[[], None]:
        def work() -> None:
            ready.wait(5)
            ScoreRule.objects.update(points=points)

        return work

    def submit() -> None:
        ready.wait(5)
        versions.submit(DefinitionVersion.objects.get(), by=rita, at=noon)

    in_threads(edit(11), submit, edit(22), edit(33))

    frozen = DefinitionVersion.objects.get()
    assert frozen.state == "in_review"
    assert frozen.content == document.render(content_of(frozen))


@pytest.mark.parametrize("attempt", range(3))
def test_two_signers_at_once_make_it_signed(
    in_state: InState, marta: User, sam: User, noon: datetime, attempt: int
) -> None:
    in_state("in_review")
    ready = Barrier(2)

    def signing(side: str, by: User) -> Callable[[], None]:
        def work() -> None:
            version = DefinitionVersion.objects.get()
            ready.wait(5)
            versions.sign(version, side=side, by=by, at=noon)

        return work

    assert in_threads(signing("marketing", marta), signing("sales", sam)) == [None, None]

    assert DefinitionVersion.objects.get().state == "signed"


@pytest.mark.parametrize("others", [True, False], ids=["two people", "two tabs"])
def test_one_side_signed_twice_at_once_has_one_signature(
    in_state: InState, marta: User, rita: User, noon: datetime, others: bool
) -> None:
    in_state("in_review")
    ready = Barrier(2)

    def signing(by: User) -> Callable[[], None]:
        def work() -> None:
            version = DefinitionVersion.objects.get()
            ready.wait(5)
            versions.sign(version, side="marketing", by=by, at=noon)

        return work

    outcomes = in_threads(signing(marta), signing(rita if others else marta))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "NoneType",
        "SideAlreadySigned",
    ]
    assert DefinitionVersion.objects.get().signoffs.count() == 1


def test_one_person_signing_both_sides_at_once_signs_one(
    in_state: InState, marta: User, noon: datetime
) -> None:
    in_state("in_review")
    ready = Barrier(2)

    def signing(side: str) -> Callable[[], None]:
        def work() -> None:
            version = DefinitionVersion.objects.get()
            ready.wait(5)
            versions.sign(version, side=side, by=marta, at=noon)

        return work

    outcomes = in_threads(signing("marketing"), signing("sales"))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "NoneType",
        "SignerMayNotSign",
    ]


def test_two_activations_at_once_leave_one_active(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime
) -> None:
    first = in_state("signed")
    second = versions.revise(first, by=rita)
    versions.submit(second, by=rita, at=noon)
    versions.sign(second, side="marketing", by=marta, at=noon)
    versions.sign(second, side="sales", by=sam, at=noon)
    ready = Barrier(2)

    def activating(version: DefinitionVersion) -> Callable[[], None]:
        def work() -> None:
            ready.wait(5)
            versions.activate(version, by=rita, at=noon)

        return work

    assert in_threads(activating(first), activating(second)) == [None, None]

    states = DefinitionVersion.objects.values_list("state", flat=True)
    assert sorted(states) == ["active", "retired"]


@pytest.mark.parametrize("attempt", range(3))
def test_a_signature_never_outlives_a_withdrawal_at_the_same_time(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime, attempt: int
) -> None:
    version = in_state("in_review")
    versions.sign(version, side="marketing", by=marta, at=noon)
    ready = Barrier(2)

    def sign() -> None:
        mine = DefinitionVersion.objects.get()
        ready.wait(5)
        versions.sign(mine, side="sales", by=sam, at=noon)

    def withdraw() -> None:
        mine = DefinitionVersion.objects.get()
        ready.wait(5)
        versions.withdraw(mine, by=rita)

    signed, withdrawn = in_threads(sign, withdraw)

    assert withdrawn is None
    assert signed is None or isinstance(signed, versions.VersionNotInReview)
    left = DefinitionVersion.objects.get()
    assert (left.state, left.review_round, left.content) == ("draft", 2, "")
    assert not left.signoffs.filter(review_round=left.review_round).exists()


@pytest.mark.parametrize("attempt", range(3))
def test_activation_beside_the_last_signature_waits_for_it_or_is_refused(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime, attempt: int
) -> None:
    version = in_state("in_review")
    versions.sign(version, side="marketing", by=marta, at=noon)
    ready = Barrier(2)

    def sign() -> None:
        mine = DefinitionVersion.objects.get()
        ready.wait(5)
        versions.sign(mine, side="sales", by=sam, at=noon)

    def activate() -> None:
        mine = DefinitionVersion.objects.get()
        ready.wait(5)
        versions.activate(mine, by=rita, at=noon)

    signed, activated = in_threads(sign, activate)

    assert signed is None
    left = DefinitionVersion.objects.get()
    assert left.signoffs.count() == 2
    if activated is None:
        assert left.state == "active"
    else:
        assert isinstance(activated, versions.VersionNotSigned)
        assert left.state == "signed"
