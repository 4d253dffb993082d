"""A version's life, from a file to retirement."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import document, engine, queries, versions
from definitions.content import content_of
from definitions.enums import VersionState
from definitions.models import DefinitionVersion, SignOff
from definitions.versions import (
    ContentInvalid,
    SideAlreadySigned,
    SignerMayNotSign,
    VersionIsFrozen,
    VersionNotActive,
    VersionNotInReview,
    VersionNotSigned,
    VersionNotYetEffective,
)

InState = Callable[[str], DefinitionVersion]
STATES = VersionState.values


def test_load_writes_the_next_draft_of_its_definition(
    small: dict[str, Any], rita: User, marta: User, sam: User
) -> None:
    small["about"] = {"name": "Small deals", "position": 7, "is_catch_all": True}
    text = document.render(small)

    first = versions.load(text, by=rita)
    second = versions.load(text, by=marta)

    assert (first.number, second.number) == (1, 2)
    assert (first.state, first.author_id) == ("draft", rita.pk)
    assert first.definition == second.definition
    definition = first.definition
    assert (definition.name, definition.position) == ("Small deals", 7)
    assert definition.is_catch_all
    assert (first.marketing_operator, first.marketing_deputy) == (marta, rita)
    assert (first.sales_operator, first.sales_deputy) == (sam, None)


def test_load_copies_the_catalog_where_the_text_is_silent(
    small: dict[str, Any], rita: User, marta: User, sam: User, shipped_catalog: None
) -> None:
    del small["kinds"], small["title_rules"]

    version = versions.load(document.render(small), by=rita)

    assert version.kinds.get(key="demo_request").is_direct_intent
    assert version.title_rules.count() > 100


def test_load_refuses_nonsense_and_leaves_nothing(
    small: dict[str, Any], rita: User, marta: User, sam: User
) -> None:
    small["stages"][0]["fit"] = "in"

    with pytest.raises(ContentInvalid) as refused:
        versions.load(document.render(small), by=rita)

    assert refused.value.problems[0] == "stages.mql.standard: no criterion grants fit in"
    assert not DefinitionVersion.objects.exists()


def test_load_refuses_people_whom_nobody_knows(small: dict[str, Any], rita: User) -> None:
    with pytest.raises(ContentInvalid, match=r"nobody has the address sam@example\.com"):
        versions.load(document.render(small), by=rita)


def test_load_refuses_a_second_catch_all(
    small: dict[str, Any], rita: User, marta: User, sam: User
) -> None:
    small["about"] = {"is_catch_all": True}
    versions.load(document.render(small), by=rita)

    with pytest.raises(ContentInvalid, match="small is the catch-all already"):
        versions.load(document.render(small | {"definition": "other"}), by=rita)


@pytest.mark.parametrize("about", [{"position": "first"}, {"color": "red"}, ["name"]], ids=str)
def test_load_refuses_nonsense_about_the_definition(
    small: dict[str, Any], rita: User, marta: User, sam: User, about: Any
) -> None:
    with pytest.raises(ContentInvalid, match="about: "):
        versions.load(document.render(small | {"about": about}), by=rita)


def test_text_of_a_draft_loads_to_the_same_text(draft: DefinitionVersion, rita: User) -> None:
    text = versions.canonical_text(draft)

    again = versions.load(text, by=rita)

    assert versions.canonical_text(again) == text
    assert content_of(again) == document.read(text)


def test_a_copy_may_need_mending_before_it_is_submitted(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    draft.stagerule_set.filter(stage="sql", path="standard").update(engagement="", min_points=-1)

    copied = versions.revise(draft, by=rita)

    assert content_of(copied)["stages"] == content_of(draft)["stages"]
    with pytest.raises(versions.ContentInvalid, match=r"stages\.sql\.standard"):
        versions.submit(copied, by=rita, at=noon)


def test_submit_freezes_the_text_and_its_hash(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    text = versions.canonical_text(draft)

    versions.submit(draft, by=rita, at=noon)

    draft.refresh_from_db()
    assert draft.content == text
    assert draft.content_hash == hashlib.sha256(text.encode()).hexdigest()
    assert (draft.state, draft.submitted_at) == ("in_review", noon)


def test_agreement_is_the_same_before_and_after_submit(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    before = queries.agreement_of(draft)
    values = [5] * len(before.refs)
    verdict = engine.judge(before, values, at=noon)

    versions.submit(draft, by=rita, at=noon)

    after = queries.agreement_of(draft)
    assert after.refs == before.refs
    assert engine.judge(after, values, at=noon) == verdict
    assert queries.agreement_of(draft) is after, "remembered by its hash"


def test_submit_refuses_rows_that_make_no_sense(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    draft.slaterm_set.filter(key="other").delete()

    with pytest.raises(ContentInvalid, match="no first_response term takes everyone"):
        versions.submit(draft, by=rita, at=noon)


def test_submit_wants_an_operator_for_each_side(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    draft.sales_operator = None
    draft.save(update_fields=("sales_operator",))

    with pytest.raises(ContentInvalid, match="sales: nobody is named operator"):
        versions.submit(draft, by=rita, at=noon)


def test_first_signature_leaves_the_version_in_review(
    in_state: InState, marta: User, noon: datetime
) -> None:
    version = in_state("in_review")

    signoff = versions.sign(version, side="marketing", by=marta, at=noon, comment="Agreed.")

    assert version.state == "in_review"
    assert (signoff.content_hash, signoff.review_round) == (version.content_hash, 1)
    assert (signoff.signer, signoff.signed_at, signoff.comment) == (marta, noon, "Agreed.")


def test_second_signature_makes_it_signed(
    in_state: InState, marta: User, sam: User, noon: datetime
) -> None:
    version = in_state("in_review")

    versions.sign(version, side="sales", by=sam, at=noon)
    versions.sign(version, side="marketing", by=marta, at=noon)

    assert version.state == "signed"


def test_one_person_does_not_sign_for_both_sides(
    in_state: InState, marta: User, noon: datetime
) -> None:
    version = in_state("in_review")
    versions.sign(version, side="marketing", by=marta, at=noon)

    with pytest.raises(SignerMayNotSign):
        versions.sign(version, side="sales", by=marta, at=noon)


def test_a_side_signs_once(in_state: InState, marta: User, sam: User, noon: datetime) -> None:
    version = in_state("in_review")
    versions.sign(version, side="marketing", by=marta, at=noon)

    with pytest.raises(SideAlreadySigned):
        versions.sign(version, side="marketing", by=sam, at=noon)


def test_nobody_signs_what_they_did_not_read(
    in_state: InState, rita: User, marta: User, noon: datetime
) -> None:
    version = in_state("in_review")
    read = version.content_hash
    versions.withdraw(version, by=rita)
    version.change_note = "Four touchpoints are too many."
    version.save(update_fields=["change_note"])
    versions.submit(version, by=rita, at=noon)

    with pytest.raises(versions.ContentChanged, match="changed after you opened it"):
        versions.sign(version, side="marketing", by=marta, at=noon, seen=read)

    assert versions.sign(version, side="marketing", by=marta, at=noon, seen=version.content_hash)


def test_the_author_may_sign_for_one_side(
    in_state: InState, rita: User, sam: User, noon: datetime
) -> None:
    version = in_state("in_review")

    versions.sign(version, side="marketing", by=rita, at=noon)
    versions.sign(version, side="sales", by=sam, at=noon)

    assert version.state == "signed"


def test_somebody_inactive_does_not_sign(in_state: InState, sam: User, noon: datetime) -> None:
    version = in_state("in_review")
    sam.is_active = False

    with pytest.raises(SignerMayNotSign):
        versions.sign(version, side="sales", by=sam, at=noon)


def test_withdraw_ends_the_round_and_its_signatures(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime
) -> None:
    version = in_state("signed")

    versions.withdraw(version, by=rita)

    assert (version.state, version.review_round) == ("draft", 2)
    assert (version.content, version.content_hash, version.submitted_at) == ("", "", None)
    version.scorerule_set.update(points=5)
    versions.submit(version, by=rita, at=noon)
    versions.sign(version, side="marketing", by=sam, at=noon)
    assert version.state == "in_review", "the signature for sales was over another content"
    versions.sign(version, side="sales", by=marta, at=noon)
    assert version.state == "signed"
    assert SignOff.objects.count() == 4


def test_activate_retires_the_version_in_force(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime
) -> None:
    former = in_state("active")
    later = noon + timedelta(days=90)
    version = versions.revise(former, by=rita)
    versions.submit(version, by=rita, at=later)
    versions.sign(version, side="marketing", by=marta, at=later)
    versions.sign(version, side="sales", by=sam, at=later)

    versions.activate(version, by=rita, at=later)

    former.refresh_from_db()
    assert (former.state, former.retired_at) == ("retired", later)
    assert (version.state, version.activated_at, version.number) == ("active", later, 2)
    assert [*queries.active_versions()] == [version]
    assert [*queries.versions_active_at(noon)] == [former]
    assert [*queries.versions_active_at(later)] == [version]


def test_activate_waits_for_the_effective_date(
    draft: DefinitionVersion, in_state: InState, rita: User, noon: datetime
) -> None:
    draft.effective_at = noon + timedelta(days=1)
    draft.save(update_fields=("effective_at",))
    version = in_state("signed")

    with pytest.raises(VersionNotYetEffective):
        versions.activate(version, by=rita, at=noon + timedelta(hours=23, minutes=59))

    versions.activate(version, by=rita, at=noon + timedelta(days=1))
    assert version.state == "active"


OPERATIONS: dict[str, tuple[Callable[..., Any], type[Exception], dict[str, str]]] = {
    "submit": (versions.submit, VersionIsFrozen, {"draft": "in_review"}),
    "withdraw": (
        lambda version, by, at: versions.withdraw(version, by=by),
        VersionIsFrozen,
        {"in_review": "draft", "signed": "draft"},
    ),
    "sign": (
        lambda version, by, at: versions.sign(version, side="sales", by=by, at=at),
        VersionNotInReview,
        {"in_review": "in_review"},
    ),
    "activate": (versions.activate, VersionNotSigned, {"signed": "active"}),
    "retire": (versions.retire, VersionNotActive, {"active": "retired"}),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_succeeds_exactly_in_its_states(
    in_state: InState, rita: User, noon: datetime, operation: str, state: str
) -> None:
    act, refusal, moves = OPERATIONS[operation]
    version = in_state(state)

    if state in moves:
        act(version, by=rita, at=noon)
        assert version.state == moves[state]
    else:
        with pytest.raises(refusal):
            act(version, by=rita, at=noon)
        version.refresh_from_db()
        assert version.state == state


def test_active_versions_come_in_the_order_of_segments_the_catch_all_last(
    small: dict[str, Any], rita: User, marta: User, sam: User, noon: datetime
) -> None:
    for key, position, is_catch_all in (("a", 1, True), ("b", 9, False), ("c", 5, False)):
        about = {"position": position, "is_catch_all": is_catch_all}
        segment = [{"fact": "expected_acv", "operator": "is", "wanted": position}]
        content = small | {"definition": key, "segment": segment}
        version = versions.create_draft(content, by=rita, about=about)
        versions.submit(version, by=rita, at=noon)
        versions.sign(version, side="marketing", by=marta, at=noon)
        versions.sign(version, side="sales", by=sam, at=noon)
        versions.activate(version, by=rita, at=noon)

    assert [version.definition.key for version in queries.active_versions()] == ["c", "b", "a"]
