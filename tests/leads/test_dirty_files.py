"""Dirty files of the field, each with the report that its sender must get.

Beside each file in `dirty` stands a YAML document of the same name: what it covers, how the file
is found to be written, the mapping, the leads that are known before, and the report: rows by what
became of them, each refused row with its reasons, each repair, each change of what was known, and
everything that is stored in the end; what of it stays when the import is undone stands apart.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth import get_user_model

from definitions import catalog
from leads import files, imports, suggestions
from leads.enums import RowState
from leads.fields import Holds
from leads.imports import ColumnsMissing, Description, FileRefused
from leads.models import (
    Account,
    Campaign,
    ImportRow,
    Lead,
    Opportunity,
    StageTransition,
    SuspectedDuplicate,
    Touchpoint,
)
from tests import recipes

DIRTY = Path(__file__).parent / "dirty"
REPORTS = sorted(DIRTY.glob("*.yaml"))
KEPT = {
    "leads": (
        Lead.objects.order_by("email", "pk"),
        "email first_name last_name job_title phone country language source.key expected_acv "
        "currency account.name account_reason",
    ),
    "accounts": (
        Account.objects.order_by("pk"),
        "name domain country employee_count revenue currency is_target parent.name",
    ),
    "touchpoints": (
        Touchpoint.objects.order_by("external_id"),
        "external_id kind.key occurred_at lead.email",
    ),
    "opportunities": (
        Opportunity.objects.order_by("external_id"),
        "external_id stage amount currency closed_at owner.email lead.email",
    ),
    "campaigns": (
        Campaign.objects.order_by("key"),
        "key name source.key starts_on ends_on cost currency",
    ),
    "suspected": (
        SuspectedDuplicate.objects.order_by("pk"),
        "lead.email other.email reason",
    ),
    "people": (
        get_user_model().objects.filter(is_active=False).order_by("email"),
        "email full_name time_zone",
    ),
}
"""What is looked at in the end, and which fields of it."""

pytestmark = pytest.mark.django_db


def cases(*, having: str = "report") -> list[Any]:
    """Return each file of which something is expected, with its expectations."""
    found = []
    for path in REPORTS:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if having in said:
            found.append(pytest.param(file_of(path), said, id=path.stem))
    return found


def file_of(report: Path) -> Path:
    (file,) = (path for path in DIRTY.glob(f"{report.stem}.*") if path != report)
    return file


def described(said: dict[str, Any]) -> Description:
    mapping = {"mode": said["mode"], **said["mapping"]}
    return Description(content=mapping, key="dirty", mode=said["mode"])


@pytest.fixture
def take(noon: datetime):

    def take(file: Path, said: dict[str, Any], **how: Any) -> imports.Outcome:
        if "touchpoints" in said["mapping"]:
            catalog.load_defaults()
        return imports.run_through(file, described(said), at=noon, **how)

    return take


def know(said: dict[str, Any], at: datetime) -> None:
    for lead in said.get("known", ()):
        recipes.known_lead(at=at, **lead)


def test_every_file_has_its_report_and_every_report_its_file():
    names = {path.stem for path in DIRTY.iterdir() if path.suffix not in (".yaml", ".py")}

    assert names - {"__pycache__"} == {path.stem for path in REPORTS}
    assert all(file_of(report) for report in REPORTS)


@pytest.mark.parametrize(("file", "said"), cases())
def test_a_file_is_found_to_be_written_as_it_is(file, said):
    look = files.look(BytesIO(file.read_bytes()))

    layout = look.layout
    assert {
        "format": layout.format.value,
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "multiline": layout.is_multiline,
    } == said["found"]
    assert [*look.notes] == said.get("notes", [])


@pytest.mark.parametrize(("file", "said"), cases())
def test_a_file_gets_its_report(take, noon, file, said):
    know(said, noon)

    outcome = take(file, said)

    assert report_of(outcome) == said["report"]


@pytest.mark.parametrize(("file", "said"), cases())
def test_a_dry_run_says_what_a_run_would_do_and_does_nothing(take, noon, file, said):
    know(said, noon)
    before = stored()

    outcome = take(file, said, is_dry_run=True)

    assert shown(outcome.counts) == said["report"]["counts"]
    assert stored() == before


@pytest.mark.parametrize(("file", "said"), cases())
def test_a_preview_refuses_what_the_run_refuses_and_shows_what_it_saves(take, noon, file, said):
    know(said, noon)
    take(file, said, is_dry_run=True)
    run = imports.receive(BytesIO(file.read_bytes()), name=file.name, by=None, at=noon)

    preview = imports.preview(run, described(said).content)

    refused = said["report"].get("refused", {})
    for row in preview.rows:
        reasons = [f"{one.column}: {one.reason}".removeprefix(": ") for one in row.problems]
        assert reasons in (refused.get(row.line, []), [])
        assert bool(reasons) != bool(row.stored)
        assert row.repair == said["report"].get("repaired", {}).get(row.line, "") or reasons


@pytest.mark.parametrize(("file", "said"), cases())
def test_the_same_file_twice_changes_nothing(take, noon, file, said):
    know(said, noon)
    take(file, said)
    before = stored()

    again = take(file, said)

    assert {name for name, count in again.counts.items() if count} <= {
        "unchanged",
        "duplicate",
        "refused",
        "repaired",
    }
    assert stored() == before


@pytest.mark.parametrize(("file", "said"), cases())
def test_refused_rows_come_back_as_a_file_that_can_be_sent_again(take, noon, file, said):
    know(said, noon)
    outcome = take(file, said)
    before = len(refused_of(outcome))
    if not before:
        assert "refused" not in said["report"]
        return

    content = b"".join(imports.refused_file(outcome.run))

    look = files.look(BytesIO(content))
    assert look.header == (*outcome.run.header, "Why refused")
    assert len(look.sample) == before
    assert not any(record.values[0].startswith(("=", "@")) for record in look.sample)


def test_refused_rows_that_are_mended_come_in(take, noon, tmp_path):
    (file, said), *_ = (case.values for case in cases() if case.id == "damaged_rows")
    refused = b"".join(imports.refused_file(take(file, said).run)).decode("utf-8-sig")
    mended = tmp_path / "mended.csv"
    rows = csv.DictReader(refused.splitlines())
    with mended.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows.fieldnames, extrasaction="ignore")
        writer.writeheader()
        done = {"country": "DE", "created": "2024-05-20", "Why refused": ""}
        writer.writerows(row | done for row in rows)

    outcome = take(mended, said)

    assert shown(outcome.counts) == {"created": said["report"]["counts"]["refused"]}


@pytest.mark.parametrize(("file", "said"), cases())
def test_an_import_that_is_undone_leaves_everything_as_it_was(take, noon, file, said):
    know(said, noon)
    before = stored()
    run = take(file, said).run
    if not run.batches.exists():
        assert stored() == before
        return

    imports.undo(run, by=None, at=noon)
    while imports.work(run.pk):
        pass

    run.refresh_from_db()
    assert (run.state, run.problem) == ("undone", "")
    assert stored() == before | said.get("stays", {})


@pytest.mark.parametrize(("file", "said"), cases(having="file_refused"))
def test_a_file_that_is_no_table_says_what_is_to_be_done(file, said):
    with pytest.raises(FileRefused, match=said["file_refused"]):
        files.look(BytesIO(file.read_bytes()))


@pytest.mark.parametrize(("file", "said"), cases(having="columns_missing"))
def test_a_missing_column_is_named_with_the_nearest(take, file, said):
    with pytest.raises(ColumnsMissing) as refusal:
        take(file, said)

    assert refusal.value.missing == said["columns_missing"]


@pytest.mark.parametrize(("file", "said"), cases(having="asks"))
def test_days_that_can_be_read_in_two_ways_are_asked_for(file, said):
    look = files.look(BytesIO(file.read_bytes()))

    suggestion = suggestions.suggest(look.header, look.sample, holds=Holds.LEADS)

    asked = {
        column
        for column in look.header
        if suggestions.samples.dates_of(
            [record.values[look.header.index(column)] for record in look.sample]
        ).is_ambiguous
    }
    assert asked == set(said["asks"])
    assert not any("formats" in cell for cell in suggestion.content().get("lead", {}).values())


def report_of(outcome: imports.Outcome) -> dict[str, Any]:
    """Return all that an import said and did, without what is empty."""
    rows = ImportRow.objects.filter(run=outcome.run).order_by("line")
    found = {
        "counts": shown(outcome.counts),
        "refused": refused_of(outcome),
        "repaired": {
            row.line: row.repair for row in rows.exclude(repair="").exclude(state="refused")
        },
        "changes": {row.line: row.changes for row in rows if row.changes},
        "stored": stored(),
    }
    return {name: value for name, value in found.items() if value}


def shown(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def refused_of(outcome: imports.Outcome) -> dict[int, list[str]]:
    rows = ImportRow.objects.filter(run=outcome.run, state=RowState.REFUSED)
    return {
        row.line: [
            f"{one['column']}: {one['reason']}" if one["column"] else one["reason"]
            for one in row.problems
        ]
        for row in rows.order_by("line")
    }


def stored() -> dict[str, list[dict[str, Any]]]:
    """Return all that is in the database, as plain values without blanks."""
    found = {
        name: [said for one in rows.all() if (said := dict(fields_of(one, names.split())))]
        for name, (rows, names) in KEPT.items()
    }
    found["stages"] = [
        {"email": step.lead.email, "stage": step.to_stage, "at": plain(step.at)}
        for step in StageTransition.objects.order_by("pk")
    ]
    return {name: rows for name, rows in found.items() if rows}


def fields_of(one: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        value = one
        for part in name.split("."):
            value = getattr(value, part, None)
        if value not in (None, "", False):
            yield name.partition(".")[0], plain(value)


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return str(value) if isinstance(value, Decimal | date) else value
