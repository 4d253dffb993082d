"""Rows of a draft: saved, moved, deleted, and refused by name, whoever asks."""

from datetime import datetime
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import discussions, drafts, versions
from definitions.content import content_of
from definitions.models import (
    Criterion,
    DefinitionVersion,
    SegmentRule,
    SlaTerm,
    StageRule,
)


def a_criterion(version: DefinitionVersion, **fields: Any) -> Criterion:
    given = {"key": "new", "label": "New", "fact": "employee_count", "operator": "at_least"}
    return Criterion(version=version, **given | {"wanted": 50} | fields)


def keys(version: DefinitionVersion) -> list[str]:
    return list(version.criterion_set.order_by("position", "pk").values_list("key", flat=True))


def test_a_new_row_comes_behind_its_like(draft: DefinitionVersion, rita: User) -> None:
    drafts.save_row(a_criterion(draft), by=rita)

    assert keys(draft)[-1] == "new"


def test_a_row_that_is_tried_is_not_saved(draft: DefinitionVersion) -> None:
    row = a_criterion(draft)

    drafts.check_row(row, place=("fit", "in"))

    assert row.pk is None
    assert "new" not in keys(draft)
    assert not draft.level_set.filter(dimension="fit").exists()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"parameters": {"days": 30}}, "criteria.new: fact employee_count takes no days"),
    ({"operator": "any_of", "wanted": ["x"]}, "criteria.new: fact employee_count is not compared"),
    ({"wanted": "fifty"}, "criteria.new: wanted must be a number"),
    ({"operator": "at_most", "wanted": -1}, "criteria.new: nobody can meet it"),
    ({"is_exclusion": True, "operator": "any_of"}, "exclusions.new: fact employee_count is not"),
    ({"key": "german"}, "criteria.german: there is one like it already"),
]


@pytest.mark.parametrize(("fields", "sentence"), REFUSED)
def test_nonsense_is_refused_in_a_sentence_that_names_the_row(
    draft: DefinitionVersion, rita: User, fields: dict[str, Any], sentence: str
) -> None:
    before = content_of(draft)

    with pytest.raises(drafts.RowRefused) as refused:
        drafts.save_row(a_criterion(draft, **fields), by=rita)

    assert refused.value.problems[0].startswith(sentence)
    assert content_of(draft) == before


def test_what_contradicts_another_row_is_refused_by_both_names(
    draft: DefinitionVersion, rita: User
) -> None:
    drafts.save_row(a_criterion(draft, key="large"), place=("fit", "in"), by=rita)

    small = a_criterion(draft, key="small", operator="at_most", wanted=10)
    with pytest.raises(drafts.RowRefused) as refused:
        drafts.save_row(small, place=("fit", "in"), by=rita)

    assert refused.value.problems == [
        "levels.fit.in: nobody reaches it, criteria.large and criteria.small contradict each other"
    ]


def test_what_an_edit_breaks_elsewhere_is_a_problem_of_the_draft(
    draft: DefinitionVersion, rita: User
) -> None:
    rule = draft.stagerule_set.get(stage="mql")
    rule.engagement = "high"
    rule.min_points = 2

    drafts.save_row(rule, by=rita)

    assert drafts.problems_of(draft) == ["stages.sql.standard: asks less points than mql"]


def test_one_mistake_elsewhere_does_not_keep_from_mending_another(
    draft: DefinitionVersion, rita: User
) -> None:
    drafts.delete_row(draft.criterion_set.get(key="german"), by=rita)
    assert len(drafts.problems_of(draft)) == 2
    rule = draft.stagerule_set.get(stage="sql", path="standard")
    rule.required_criteria = []

    drafts.save_row(rule, by=rita)

    assert drafts.problems_of(draft) == ["sla_terms.german: there is no criterion german"]


def test_rows_of_each_sort_are_called_as_problems_call_them(
    draft: DefinitionVersion, rita: User
) -> None:
    first = SegmentRule(version=draft, fact="country", operator="is", wanted="DE")
    second = SegmentRule(version=draft, fact="region", operator="known")
    for row in (first, second):
        drafts.save_row(row, by=rita)
    rows = [
        second,
        draft.level_set.get(dimension="engagement", key="high"),
        draft.stagerule_set.get(stage="sql", path="direct"),
        draft.slaterm_set.get(key="other"),
        draft.scorerule_set.get(),
        draft.kinds.get(key="demo_request"),
        draft.title_rules.order_by("position").last(),
    ]

    assert [drafts.name_of(row) for row in rows if row] == [
        "segment[2]",
        "levels.engagement.high",
        "stages.sql.direct",
        "sla_terms.other",
        "score.touchpoints",
        "kinds.demo_request",
        "title_rules[2]",
    ]


def test_a_row_is_moved_past_its_neighbor_and_no_further(
    draft: DefinitionVersion, rita: User
) -> None:
    other = draft.slaterm_set.get(key="other")

    drafts.move_row(other, is_up=True, by=rita)
    drafts.move_row(other, is_up=True, by=rita)

    assert list(content_of(draft)["sla_terms"]) == ["other", "german"]
    assert drafts.problems_of(draft) == [
        "sla_terms.german: never applies, an earlier term takes everyone"
    ]


def test_a_version_that_left_draft_is_not_touched(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    row = draft.criterion_set.get(key="german")
    versions.submit(draft, by=rita, at=noon)

    for touch in (
        lambda: drafts.save_row(row, by=rita),
        lambda: drafts.delete_row(row, by=rita),
        lambda: drafts.move_row(row, is_up=True, by=rita),
        lambda: drafts.save_version(draft, fields=["change_note"], by=rita),
        lambda: drafts.discard(draft, by=rita),
    ):
        with pytest.raises(versions.VersionIsFrozen):
            touch()


def test_own_fields_are_refused_by_their_part(draft: DefinitionVersion, rita: User) -> None:
    draft.handoff_stage = "pql"

    with pytest.raises(drafts.RowRefused) as refused:
        drafts.save_version(draft, fields=["handoff_stage"], by=rita)

    assert refused.value.problems == ["handoff_stage: no stage rule reaches pql"]
    draft.refresh_from_db()
    assert draft.handoff_stage == "sql"


def test_a_draft_is_discarded_with_its_rows(draft: DefinitionVersion, rita: User) -> None:
    drafts.discard(draft, by=rita)

    assert not DefinitionVersion.objects.exists()
    assert not StageRule.objects.exists()
    assert not SlaTerm.objects.exists()


def test_a_draft_that_people_spoke_about_is_kept(
    draft: DefinitionVersion, rita: User, noon: datetime
) -> None:
    discussions.remark(draft, text="Why 30 days?", by=rita, at=noon)

    with pytest.raises(drafts.DraftIsHistory):
        drafts.discard(draft, by=rita)

    assert draft.criterion_set.exists()
