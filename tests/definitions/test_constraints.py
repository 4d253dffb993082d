"""What must never be untrue of versions and signatures, violated once each by raw SQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm_handoff.people.models import User
from definitions import versions
from definitions.enums import VersionState
from definitions.models import DefinitionVersion

InState = Callable[[str], DefinitionVersion]

HASH = "encode(sha256(convert_to('x', 'UTF8')), 'hex')"
CONTENT = f"content = 'x', content_hash = {HASH}"
VOID = "content = '', content_hash = '', activated_at = NULL, retired_at = NULL"

MOVES = {
    ("draft", "in_review"): f"state = 'in_review', {CONTENT}",
    ("in_review", "signed"): "state = 'signed'",
    ("signed", "active"): "state = 'active', activated_at = now()",
    ("active", "retired"): "state = 'retired', retired_at = now()",
    ("in_review", "draft"): f"state = 'draft', review_round = review_round + 1, {VOID}",
    ("signed", "draft"): f"state = 'draft', review_round = review_round + 1, {VOID}",
}
"""The life of a version as the database knows it."""

CONTENT_TABLES = {
    "level": "UPDATE definitions_level SET match = 'any'",
    "criterion": "UPDATE definitions_criterion SET wanted = '9'",
    "question": "UPDATE definitions_question SET valid_days = 1",
    "score_rule": "UPDATE definitions_scorerule SET points = 99",
    "stage_rule": "UPDATE definitions_stagerule SET min_points = 0",
    "segment_rule": "UPDATE definitions_segmentrule SET wanted = '9'",
    "sla_term": "UPDATE definitions_slaterm SET respond_within = '1 day'",
    "version_kind": "UPDATE definitions_versionkind SET intent_level = 'low'",
    "version_title_rule": "UPDATE definitions_versiontitlerule SET confidence = 1",
}

FROZEN_COLUMNS = {
    "process": "'sales_confirmed'",
    "handoff_stage": "'pql'",
    "day_zone": "'UTC'",
    "effective_at": "now()",
    "change_note": "'different'",
    "in_flight_plan": "'requalify'",
    "checklist": "'bant'",
    "handover_fields": "'{country}'",
    "floor_criteria": "'{german}'",
    "floor_exempt_paths": "'{direct}'",
    "criteria_limit_pct": "50",
    "response_limit_pct": "50",
    "marketing_operator_id": "NULL",
    "marketing_deputy_id": "NULL",
    "sales_operator_id": "NULL",
    "sales_deputy_id": "author_id",
    "submitted_at": "now() - interval '1 year'",
}


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """Expect the database to refuse, by the name of the constraint or trigger."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        yield
    diagnostics = refused.value.__cause__.diag  # type: ignore[union-attr]
    assert diagnostics.constraint_name == constraint


def execute(statement: str, *parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.rowcount


def update(version: DefinitionVersion, assignments: str) -> None:
    where = f"WHERE id = {version.pk}"
    assert execute(f"UPDATE definitions_definitionversion SET {assignments} {where}") == 1


@pytest.mark.parametrize(("source", "target"), [*product(VersionState.values, repeat=2)])
def test_state_moves_along_the_life_of_a_version_only(
    in_state: InState, marta: User, sam: User, noon: datetime, source: str, target: str
) -> None:
    version = in_state(source)
    if (source, target) == ("in_review", "signed"):
        sign = "INSERT INTO definitions_signoff (version_id, review_round, side, signer_id,"
        sign += " content_hash, signed_at, comment) VALUES (%s, 1, %s, %s, %s, now(), '')"
        execute(sign, version.pk, "marketing", marta.pk, version.content_hash)
        execute(sign, version.pk, "sales", sam.pk, version.content_hash)

    if source == target:
        update(version, f"state = '{target}'")
    elif (source, target) in MOVES:
        update(version, MOVES[source, target])
    else:
        with refused_by("version_moves_along_its_life"):
            update(version, f"state = '{target}'")


@pytest.mark.parametrize("state", VersionState.values[1:])
def test_version_starts_as_a_draft(draft: DefinitionVersion, state: str) -> None:
    columns = [field.column for field in DefinitionVersion._meta.fields if field.column != "id"]
    values = [
        {
            "public_id": "gen_random_uuid()",
            "number": "number + 1",
            "state": f"'{state}'",
            "content": "'x'",
            "content_hash": HASH,
        }.get(column, column)
        for column in columns
    ]

    with refused_by("version_starts_as_draft"):
        execute(
            f"INSERT INTO definitions_definitionversion ({', '.join(columns)}) "
            f"SELECT {', '.join(values)} FROM definitions_definitionversion"
        )


def test_version_is_not_signed_without_signatures(in_state: InState) -> None:
    version = in_state("in_review")

    with refused_by("version_needs_two_signatures"):
        update(version, "state = 'signed'")


def test_version_is_not_signed_by_one_side(in_state: InState, marta: User, noon: datetime) -> None:
    version = in_state("in_review")
    versions.sign(version, side="marketing", by=marta, at=noon)

    with refused_by("version_needs_two_signatures"):
        update(version, "state = 'signed'")


def test_signatures_of_an_earlier_round_do_not_count(
    in_state: InState, rita: User, noon: datetime
) -> None:
    version = in_state("signed")
    versions.withdraw(version, by=rita)
    versions.submit(version, by=rita, at=noon)

    with refused_by("version_needs_two_signatures"):
        update(version, "state = 'signed'")


def test_activation_looks_at_the_signatures_again(in_state: InState) -> None:
    version = in_state("signed")
    with transaction.atomic():
        execute("SET LOCAL app.erasing = 'on'")
        execute("DELETE FROM definitions_signoff WHERE side = 'sales'")
        execute("SET LOCAL app.erasing = 'off'")

    with refused_by("version_needs_two_signatures"):
        update(version, MOVES["signed", "active"])


def test_review_round_grows_at_withdrawal_alone(in_state: InState) -> None:
    version = in_state("in_review")

    with refused_by("version_round_counts_withdrawals"):
        update(version, "review_round = review_round + 1")
    with refused_by("version_round_counts_withdrawals"):
        update(version, f"state = 'draft', {VOID}")


def test_content_hash_is_of_the_content(draft: DefinitionVersion) -> None:
    with refused_by("version_hash_is_of_content"):
        update(draft, f"state = 'in_review', content = 'y', content_hash = {HASH}")


def test_version_has_content_once_submitted(draft: DefinitionVersion) -> None:
    with refused_by("version_has_content_iff_submitted"):
        update(draft, "state = 'in_review'")
    with refused_by("version_has_content_iff_submitted"):
        update(draft, CONTENT)


@pytest.mark.parametrize("state", VersionState.values[1:])
def test_version_is_frozen_once_it_left_draft(in_state: InState, state: str) -> None:
    version = in_state(state)
    assignments = [f"{column} = {value}" for column, value in FROZEN_COLUMNS.items()]

    for assignment in [*assignments, CONTENT]:
        with refused_by("version_is_frozen"):
            update(version, assignment)


def test_frozen_columns_are_all_that_a_version_agrees_on() -> None:
    fields = {field.column for field in DefinitionVersion._meta.fields}
    life = {"state", "review_round", "content", "content_hash", "activated_at", "retired_at"}
    life |= {"updated_at", "activation_problem", "activation_retry_at"}
    identity = {"id", "public_id", "definition_id", "number", "author_id", "created_at"}

    assert fields - life - identity - {"sunset_days"} == set(FROZEN_COLUMNS)


@pytest.mark.parametrize("table", ["definition", "definitionversion", "touchpointkind"])
def test_a_row_says_when_it_was_last_changed_and_nobody_else_does(
    draft: DefinitionVersion, table: str
) -> None:
    execute(
        "INSERT INTO definitions_touchpointkind (key, name, category, intent_level, "
        "is_direct_intent, is_product_use) VALUES ('call', 'Call', 'other', 'none', false, false)"
    )

    assert execute(f"UPDATE definitions_{table} SET updated_at = '2020-01-01'")

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(updated_at) > now() FROM definitions_{table}")
        assert cursor.fetchone() == (True,)


def test_a_frozen_version_says_when_its_life_went_on(in_state: InState) -> None:
    version = in_state("signed")
    before = version.updated_at

    update(version, MOVES["signed", "active"])

    version.refresh_from_db()
    assert version.updated_at > before


def test_withdrawing_changes_nothing_that_was_agreed(in_state: InState) -> None:
    version = in_state("signed")

    with refused_by("version_is_frozen"):
        update(version, MOVES["signed", "draft"] + ", day_zone = 'UTC'")


@pytest.mark.parametrize("column", ["activated_at", "retired_at"])
def test_dates_of_the_life_are_kept(in_state: InState, column: str) -> None:
    version = in_state("retired")

    with refused_by("version_is_frozen"):
        update(version, f"{column} = now()")


@pytest.mark.parametrize(
    "assignment", ["number = 9", "author_id = sales_operator_id", "public_id = gen_random_uuid()"]
)
def test_version_keeps_its_identity(draft: DefinitionVersion, assignment: str) -> None:
    with refused_by("version_identity_is_kept"):
        update(draft, assignment)


def test_version_that_left_draft_is_not_deleted(
    in_state: InState, rita: User, draft: DefinitionVersion
) -> None:
    in_state("in_review")
    with refused_by("version_that_left_draft_is_kept"):
        execute("DELETE FROM definitions_definitionversion")
    versions.withdraw(draft, by=rita)
    with refused_by("version_that_left_draft_is_kept"):
        execute("DELETE FROM definitions_definitionversion")


def test_draft_is_deleted_with_its_rows(draft: DefinitionVersion) -> None:
    draft.delete()

    assert not DefinitionVersion.objects.exists()


@pytest.fixture
def with_segment(draft: DefinitionVersion) -> DefinitionVersion:
    """The draft with a row in every content table."""
    draft.segmentrule_set.create(fact="revenue", operator="at_least", wanted=1)
    draft.question_set.create(
        key="budget", question="Budget?", side="sales", answer_within=timedelta(hours=8)
    )
    draft.criterion_set.create(
        key="has_budget",
        label="Budget",
        fact="asserted",
        operator="is",
        wanted=True,
        parameters={"what": "budget"},
    )
    return draft


@pytest.mark.parametrize("state", VersionState.values[1:])
def test_rows_of_content_are_frozen_with_their_version(
    with_segment: DefinitionVersion, in_state: InState, state: str
) -> None:
    version = in_state(state)

    for noun, change in CONTENT_TABLES.items():
        table = change.split(" ")[1]
        insert = f"INSERT INTO {table} (version_id) VALUES ({version.pk})"
        for statement in (change, f"DELETE FROM {table}", insert):
            with refused_by(f"{noun}_frozen_after_draft"):
                execute(statement)


def test_rows_of_a_draft_are_free(with_segment: DefinitionVersion) -> None:
    for change in CONTENT_TABLES.values():
        assert execute(change) > 0


def test_row_is_not_moved_into_a_frozen_version(
    draft: DefinitionVersion, in_state: InState, rita: User
) -> None:
    frozen = in_state("active")
    other = versions.revise(frozen, by=rita)

    with refused_by("score_rule_frozen_after_draft"):
        execute(
            f"UPDATE definitions_scorerule SET version_id = {frozen.pk}, key = 'new' "
            f"WHERE version_id = {other.pk}"
        )


def test_criterion_grants_a_level_of_its_own_version(draft: DefinitionVersion, rita: User) -> None:
    other = versions.revise(draft, by=rita)
    level = other.level_set.get(key="high")

    with refused_by("criterion_level_is_of_its_version"):
        execute(f"UPDATE definitions_criterion SET level_id = {level.pk} WHERE key = 'german'")
        execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_two_versions_of_a_definition_are_not_active_together(
    in_state: InState, rita: User, marta: User, sam: User, noon: datetime
) -> None:
    second = versions.revise(in_state("active"), by=rita)
    versions.submit(second, by=rita, at=noon)
    versions.sign(second, side="marketing", by=marta, at=noon)
    versions.sign(second, side="sales", by=sam, at=noon)

    with refused_by("one_active_version_per_definition"):
        update(second, MOVES["signed", "active"])


def test_version_is_not_active_before_its_effective_date(
    draft: DefinitionVersion, in_state: InState, noon: datetime
) -> None:
    draft.effective_at = noon
    draft.save(update_fields=("effective_at",))
    version = in_state("signed")

    with refused_by("version_not_active_before_effective"):
        update(version, "state = 'active', activated_at = '2026-01-13T11:59:59Z'")


def test_sunset_days_go_with_the_sunset_plan(draft: DefinitionVersion) -> None:
    with refused_by("version_sunset_days_iff_sunset"):
        update(draft, "in_flight_plan = 'sunset'")
    with refused_by("version_sunset_days_iff_sunset"):
        update(draft, "sunset_days = 30")


SIGN = (
    "INSERT INTO definitions_signoff"
    " (version_id, review_round, side, signer_id, content_hash, signed_at, comment)"
    " SELECT id, {round}, '{side}', {signer}, {hash}, now(), '' FROM definitions_definitionversion"
)


def sign(signer: User, *, side: str = "sales", on: str = "review_round", over: str = "") -> None:
    execute(SIGN.format(round=on, side=side, signer=signer.pk, hash=over or "content_hash"))


@pytest.mark.parametrize("state", ["draft", "signed", "active", "retired"])
def test_signature_is_given_in_review_only(in_state: InState, rita: User, state: str) -> None:
    in_state(state)

    with refused_by("signoff_is_over_present_content"):
        sign(rita)


def test_signature_is_over_the_present_content_in_this_round(in_state: InState, sam: User) -> None:
    in_state("in_review")

    with refused_by("signoff_is_over_present_content"):
        sign(sam, over=HASH)
    with refused_by("signoff_is_over_present_content"):
        sign(sam, on="2")
    sign(sam)


def test_signatures_are_of_two_sides_by_two_people(
    in_state: InState, sam: User, marta: User
) -> None:
    in_state("in_review")
    sign(sam)

    with refused_by("one_signature_per_side"):
        sign(marta)
    with refused_by("one_signature_per_person"):
        sign(sam, side="marketing")
    with refused_by("signoff_side_known"):
        sign(marta, side="legal")


def test_signatures_are_append_only(in_state: InState) -> None:
    in_state("signed")

    with refused_by("signoff_is_append_only"):
        execute("UPDATE definitions_signoff SET comment = 'I never agreed.'")
    with refused_by("signoff_is_append_only"):
        execute("DELETE FROM definitions_signoff")


def test_erasing_may_change_what_is_append_only(in_state: InState) -> None:
    in_state("signed")

    execute("SET LOCAL app.erasing = 'on'")

    assert execute("UPDATE definitions_signoff SET comment = ''") == 2


def test_one_catch_all_definition(draft: DefinitionVersion) -> None:
    insert = "INSERT INTO definitions_definition"
    insert += " (public_id, key, name, description, position, is_catch_all)"
    execute(insert + " VALUES (gen_random_uuid(), 'one', 'One', '', 1, true)")

    with refused_by("one_catch_all_definition"):
        execute(insert + " VALUES (gen_random_uuid(), 'two', 'Two', '', 1, true)")
