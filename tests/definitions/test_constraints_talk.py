"""What must never be untrue of exclusions, questions, talk, refusals and reviews, by raw SQL."""

from collections.abc import Callable
from datetime import datetime

import pytest

from crm_handoff.people.models import User
from definitions import versions
from definitions.models import DefinitionReview, DefinitionVersion
from tests.definitions.test_constraints import HASH, execute, refused_by, update

InState = Callable[[str], DefinitionVersion]

QUESTION = (
    "INSERT INTO definitions_question (version_id, position, key, question, side, answer_within,"
    " valid_days) SELECT id, 1, {key}, 'Budget?', {side}, '1 hour', {days}"
    " FROM definitions_definitionversion"
)
REFUSAL = (
    "INSERT INTO definitions_refusal (version_id, review_round, side, refused_by_id,"
    " refused_at, content_hash, reason) SELECT id, {round}, {side}, {by}, now(), {hash}, {reason}"
    " FROM definitions_definitionversion"
)
REMARK = (
    "INSERT INTO definitions_remark (public_id, definition_id, version_id, criterion_key, text,"
    " said_by_id, said_at) SELECT gen_random_uuid(), definition_id, id, '', {text}, author_id,"
    " now() FROM definitions_definitionversion"
)
WORKSHOP = (
    "INSERT INTO definitions_workshop (public_id, version_id, held_on, attendees, ideal_customer,"
    " decisions, recorded_by_id, recorded_at) SELECT gen_random_uuid(), id, now(), {who}, '',"
    " {what}, author_id, now() FROM definitions_definitionversion"
)
PROPOSAL = (
    "INSERT INTO definitions_proposal (public_id, definition_id, field, why, proposed_by_id,"
    " proposed_at, outcome, answer, answered_by_id, answered_at) SELECT gen_random_uuid(),"
    " definition_id, {field}, {why}, author_id, now(), {outcome}, {answer}, {by}, {at}"
    " FROM definitions_definitionversion"
)
REVIEW = (
    "INSERT INTO definitions_definitionreview (public_id, version_id, due_at, opened_at, figures,"
    " findings, outcome, closed_at) SELECT gen_random_uuid(), id, now(), now(), '{{}}', '',"
    " {outcome}, {closed} FROM definitions_definitionversion"
)
SIGNATURE = (
    "INSERT INTO definitions_reviewsignature (review_id, side, outcome, signer_id, signed_at,"
    " looked_at, comment) SELECT id, {side}, {outcome}, {signer}, now(), '[]', ''"
    " FROM definitions_definitionreview"
)
OPEN = {"outcome": "''", "closed": "NULL"}
UNANSWERED = {
    "field": "'Budget owner'",
    "why": "'We always ask.'",
    "outcome": "''",
    "answer": "''",
    "by": "NULL",
    "at": "NULL",
}


def test_exclusion_grants_no_level(draft: DefinitionVersion) -> None:
    with refused_by("exclusion_grants_no_level"):
        execute("UPDATE definitions_criterion SET is_exclusion = true")


def test_question_has_a_side_a_time_and_a_key_of_its_own(draft: DefinitionVersion) -> None:
    good = {"key": "'budget'", "side": "'sales'", "days": "90"}
    execute(QUESTION.format(**good))

    with refused_by("one_question_per_key"):
        execute(QUESTION.format(**good))
    with refused_by("question_side_known"):
        execute(QUESTION.format(**good | {"key": "'b'", "side": "'legal'"}))
    with refused_by("question_answer_holds"):
        execute(QUESTION.format(**good | {"key": "'b'", "days": "0"}))


def test_definition_is_reviewed_some_day(draft: DefinitionVersion) -> None:
    with refused_by("definition_is_reviewed"):
        execute("UPDATE definitions_definition SET review_every_days = 0")


def test_only_a_signed_version_waits_for_another_try(in_state: InState) -> None:
    failed = "activation_problem = 'why', activation_retry_at = now()"
    with refused_by("version_retries_iff_it_failed"):
        update(in_state("draft"), failed)
    version = in_state("signed")
    update(version, failed)
    with refused_by("version_retries_iff_it_failed"):
        update(version, "activation_retry_at = NULL")
    with refused_by("version_retries_iff_it_failed"):
        update(version, "state = 'active', activated_at = now()")


def refuse(signer: User, **other: str) -> None:
    good = {"round": "review_round", "side": "'sales'", "hash": "content_hash", "reason": "'No'"}
    execute(REFUSAL.format(**good | {"by": str(signer.pk)} | other))


def test_refusal_is_of_the_present_content_with_a_reason(in_state: InState, sam: User) -> None:
    in_state("in_review")

    with refused_by("refusal_is_over_present_content"):
        refuse(sam, hash=HASH)
    with refused_by("refusal_is_over_present_content"):
        refuse(sam, round="2")
    with refused_by("refusal_says_why"):
        refuse(sam, reason="' '")
    with refused_by("refusal_side_known"):
        refuse(sam, side="'legal'")
    refuse(sam)
    with refused_by("one_refusal_per_person"):
        refuse(sam)
    with refused_by("refusal_is_append_only"):
        execute("UPDATE definitions_refusal SET reason = 'Yes'")


@pytest.mark.parametrize("state", ["draft", "signed", "active"])
def test_nobody_refuses_what_is_not_in_review(in_state: InState, sam: User, state: str) -> None:
    in_state(state)

    with refused_by("refusal_is_over_present_content"):
        refuse(sam)


def test_what_was_said_is_kept(draft: DefinitionVersion) -> None:
    with refused_by("remark_says_something"):
        execute(REMARK.format(text="' '"))
    execute(REMARK.format(text="'Why thirty days?'"))

    with refused_by("remark_is_append_only"):
        execute("UPDATE definitions_remark SET text = 'Why?'")
    with refused_by("remark_is_append_only"):
        execute("DELETE FROM definitions_remark")


def test_workshop_says_who_decided_what_and_is_kept(draft: DefinitionVersion) -> None:
    with refused_by("workshop_says_who_decided_what"):
        execute(WORKSHOP.format(who="' '", what="'Two touches'"))
    with refused_by("workshop_says_who_decided_what"):
        execute(WORKSHOP.format(who="'Marta'", what="''"))
    execute(WORKSHOP.format(who="'Marta'", what="'Two touches'"))

    with refused_by("workshop_is_append_only"):
        execute("UPDATE definitions_workshop SET decisions = 'None'")


def test_proposal_is_answered_with_a_word_by_somebody(draft: DefinitionVersion) -> None:
    with refused_by("proposal_says_what_and_why"):
        execute(PROPOSAL.format(**UNANSWERED | {"field": "' '"}))
    with refused_by("proposal_says_what_and_why"):
        execute(PROPOSAL.format(**UNANSWERED | {"why": "''"}))
    answered = {"outcome": "'adopted'", "answer": "'Yes'", "by": "author_id", "at": "now()"}
    execute(PROPOSAL.format(**UNANSWERED))
    execute(PROPOSAL.format(**UNANSWERED | answered))
    for missing in ({"answer": "' '"}, {"by": "NULL"}, {"at": "NULL"}, {"outcome": "'maybe'"}):
        with refused_by("proposal_answered_with_a_word"):
            execute(PROPOSAL.format(**UNANSWERED | answered | missing))


@pytest.fixture
def review(in_state: InState, noon: datetime) -> DefinitionReview:
    """An open review of the active version."""
    version = in_state("active")
    return DefinitionReview.objects.create(version=version, due_at=noon, opened_at=noon)


def sign_review(signer: User, *, side: str, outcome: str = "confirmed") -> None:
    execute(SIGNATURE.format(side=f"'{side}'", outcome=f"'{outcome}'", signer=signer.pk))


def close(outcome: str = "confirmed") -> None:
    execute(f"UPDATE definitions_definitionreview SET outcome = '{outcome}', closed_at = now()")


def test_one_review_of_a_version_is_open(review: DefinitionReview) -> None:
    with refused_by("one_open_review_per_version"):
        execute(REVIEW.format(**OPEN))


def test_review_is_closed_with_an_outcome(review: DefinitionReview) -> None:
    with refused_by("review_closed_iff_it_has_an_outcome"):
        execute("UPDATE definitions_definitionreview SET outcome = 'confirmed'")
    with refused_by("review_needs_two_signatures"):
        execute("UPDATE definitions_definitionreview SET closed_at = now()")


def test_review_closes_by_two_signatures_under_one_outcome(
    review: DefinitionReview, marta: User, sam: User
) -> None:
    with refused_by("review_needs_two_signatures"):
        close()
    sign_review(marta, side="marketing")
    with refused_by("review_needs_two_signatures"):
        close()
    with refused_by("one_review_signature_per_person"):
        sign_review(marta, side="sales")
    with refused_by("one_review_signature_per_side"):
        sign_review(sam, side="marketing")
    with refused_by("review_signature_side_known"):
        sign_review(sam, side="legal")
    with refused_by("review_signature_outcome_known"):
        sign_review(sam, side="sales", outcome="maybe")
    sign_review(sam, side="sales")
    with refused_by("review_needs_two_signatures"):
        close("revised")
    close()

    with refused_by("review_closed_for_good"):
        execute("UPDATE definitions_definitionreview SET findings = 'Nothing'")
    with refused_by("review_is_kept"):
        execute("DELETE FROM definitions_definitionreview")
    with refused_by("review_signature_is_append_only"):
        execute("UPDATE definitions_reviewsignature SET comment = 'Not me'")


def test_one_side_that_wants_a_change_is_enough_for_it(
    review: DefinitionReview, marta: User, sam: User
) -> None:
    sign_review(marta, side="marketing")
    sign_review(sam, side="sales", outcome="revised")

    with refused_by("review_needs_two_signatures"):
        close("confirmed")
    close("revised")


def test_a_closed_review_takes_no_signature(
    review: DefinitionReview, rita: User, marta: User, sam: User
) -> None:
    sign_review(marta, side="marketing")
    sign_review(sam, side="sales")
    close()

    with refused_by("review_signature_while_open"):
        sign_review(rita, side="sales")


def test_a_draft_that_came_of_a_review_can_be_discarded(
    review: DefinitionReview, rita: User, marta: User, sam: User
) -> None:
    draft = versions.revise(review.version, by=rita)
    sign_review(marta, side="marketing", outcome="revised")
    sign_review(sam, side="sales", outcome="revised")
    execute(
        "UPDATE definitions_definitionreview SET outcome = 'revised', closed_at = now(),"
        f" next_version_id = {draft.pk}"
    )

    draft.delete()

    review.refresh_from_db()
    assert review.next_version is None
