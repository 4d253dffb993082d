"""Imports by workers: checked, started, canceled, killed and taken up again."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction

from crm_handoff import relay, tasks
from definitions import catalog
from leads import chunks, imports, saving, slices, staging
from leads.enums import ImportMode, ImportState
from leads.imports import ImportNotInState
from leads.models import (
    Account,
    AttributeChange,
    ImportBatch,
    ImportChunk,
    ImportRow,
    ImportRun,
    Lead,
    LeadIdentity,
    PendingMark,
    Touchpoint,
)
from leads.records import FileRefused

HEADER = "Id,E-Mail,First name,Met\n"
CONTENT: dict[str, Any] = {
    "name": "People we met",
    "system": "fair",
    "mode": "history",
    "blanks": [""],
    "lead": {"external_id": "Id", "email": "E-Mail", "first_name": "First name"},
    "touchpoints": [
        {
            "optional": True,
            "kind": {"value": "webinar_attended"},
            "external_id": {"column": "Id", "prefix": "met:"},
            "occurred_at": {"column": "Met", "formats": ["%Y-%m-%d"], "zone": "UTC"},
        }
    ],
}

pytestmark = pytest.mark.django_db

Receiver = Callable[..., ImportRun]


def people(count: int, *, first: int = 0) -> str:
    rows = (f"p{n},p{n}@firm{n}.example,Ann,2026-01-02" for n in range(first, first + count))
    return "\n".join((HEADER.strip(), *rows)) + "\n"


@pytest.fixture
def receive(noon: datetime, rita: Any) -> Receiver:
    """Rita sends a file."""
    catalog.load_defaults()

    def receive(text: str = HEADER + "1,ann@acme.example,Ann,\n") -> ImportRun:
        file = io.BytesIO(text.encode())
        return imports.receive(file, name="people.csv", by=rita, at=noon)

    return receive


@pytest.fixture
def checked(receive: Receiver, noon: datetime, rita: Any) -> Receiver:
    """The file was checked by a mapping, in history mode unless told."""

    def checked(
        text: str, content: dict[str, Any] = CONTENT, mode: ImportMode = ImportMode.HISTORY
    ) -> ImportRun:
        run = receive(text)
        imports.check(run, content=content, mode=mode, by=rita, at=noon)
        return worked(run)

    return checked


@pytest.fixture
def imported(checked: Receiver, noon: datetime, rita: Any) -> Receiver:
    """The file was checked and saved."""

    def imported(text: str, **how: Any) -> ImportRun:
        run = checked(text, **how)
        imports.start(run, by=rita, at=noon)
        return worked(run)

    return imported


def worked(run: ImportRun) -> ImportRun:
    """The run after workers did all that there was to do."""
    while imports.work():
        pass
    return ImportRun.objects.get(pk=run.pk)


def shown(report: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in report.items() if count}


def everything() -> tuple[int, ...]:
    models = (Lead, LeadIdentity, Touchpoint, AttributeChange, PendingMark, ImportBatch)
    return tuple(model.objects.count() for model in models)


def test_a_file_is_looked_at_when_it_is_received(receive, noon, rita):
    run = receive()

    assert (run.state, run.header) == ("uploaded", ["Id", "E-Mail", "First name", "Met"])
    assert (run.layout["format"], run.layout["delimiter"], run.mode) == ("csv", ",", "")
    assert (run.started_by, run.started_at, run.file_size) == (rita, noon, 49)
    assert [row.values for row in imports.sample(run)] == [("1", "ann@acme.example", "Ann", "")]
    with chunks.opened(run) as file:
        assert file.read().decode().splitlines()[1] == "1,ann@acme.example,Ann,"


def test_what_is_no_table_is_not_received(receive):
    with pytest.raises(FileRefused):
        receive("")

    assert not ImportRun.objects.exists()
    assert not ImportChunk.objects.exists()


def test_its_sender_says_that_it_is_written_otherwise(receive):
    run = receive("Id;Name, first\n1;Ann, B.\n")

    read = imports.relook(run, staging.Layout.of_json(run.layout | {"delimiter": ","}))

    assert read.header == ["Id;Name", "first"]


def test_the_first_rows_are_shown_as_they_would_be_stored(receive):
    run = receive(HEADER + "1,Ann@ACME.example,  Ann ,2026-01-02\n2,nobody,Bob,\n")

    shown = imports.preview(run, CONTENT)

    first, second = shown.rows
    assert (first.line, first.stored["lead.first_name"]) == (2, "Ann")
    assert first.stored["touchpoint.occurred_at"] == "2026-01-02T00:00:00Z"
    assert (second.stored, second.problems[0].column) == ({}, "E-Mail")
    assert "lead.first_name" in shown.columns
    assert not Lead.objects.exists()


def test_a_check_says_what_would_become_of_every_row_and_saves_nothing(checked, imported, noon):
    imported(people(2))
    before = everything()

    run = checked(
        HEADER
        + "p0,p0@firm0.example,Ann,2026-01-02\n"  # as it is
        + "p1,p1@firm1.example,Anna,2026-01-02\n"  # another name
        + "q1,p0@firm0.example,Ann,\n"  # the first, under another id
        + "q2,new@acme.example,Zoe,\n"
        + "q2,new@acme.example,Zoe,\n"  # said before
        + "q2,new@acme.example,Zoey,\n"  # contradicts
        + "q3,no address,Zoe,\n"
    )

    assert run.state == "checked"
    assert everything() == before
    assert shown(run.check_report) == {
        "created": 1, "updated": 1, "merged": 1, "unchanged": 1, "duplicate": 1, "refused": 2,
    }  # fmt: skip
    remarkable = ImportRow.objects.filter(run=run).exclude(state="ready").order_by("line")
    assert [(row.line, row.state) for row in remarkable] == [
        (3, "updated"), (4, "merged"), (6, "duplicate"), (7, "refused"), (8, "refused"),
    ]  # fmt: skip
    assert remarkable[0].changes == {"first_name": ["Ann", "Anna"]}
    assert remarkable[3].problems == [
        {"column": "", "reason": "says something else of the same lead than line 5."}
    ]


def test_the_import_does_what_the_check_said(checked, noon, rita):
    run = checked(people(3) + "x,no address,Ann,\n" + "p0,p0@firm0.example,Ann,2026-01-02\n")
    said = run.check_report

    imports.start(run, by=rita, at=noon + timedelta(hours=1))
    run = worked(run)

    assert (run.state, run.report, run.done_count, run.row_count) == ("done", said, 3, 3)
    assert Lead.objects.count() == Touchpoint.objects.count() == 3
    assert set(Touchpoint.objects.values_list("received_at", flat=True)) == {
        noon + timedelta(hours=1)
    }
    states = [*ImportRow.objects.order_by("line").values_list("line", "state")]
    assert states == [(5, "refused"), (6, "duplicate")]
    assert not ImportChunk.objects.exists()


def test_rows_of_one_lead_are_tried_together_however_far_apart(checked, monkeypatch):
    monkeypatch.setattr(staging, "SLICE", 10)
    header = "Id,E-Mail,First name,Met,Since\n"
    content = CONTENT | {
        "lead": CONTENT["lead"]
        | {"effective_at": {"column": "Since", "formats": ["%Y-%m-%d"], "zone": "UTC"}}
    }
    rows = [f"p{n},p{n}@firm{n}.example,Ann,,2026-01-0{1 + n // 30}" for n in range(60)]
    rows[45] = "p1,p1@firm1.example,Anna,,2026-01-03"  # its lead is new in the first slice
    rows[58] = "other,p1@firm1.example,Anna,,2026-01-04"

    run = checked(header + "\n".join(rows) + "\n", content)

    assert shown(run.check_report) == {"created": 58, "updated": 1, "merged": 1}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("1,ANN@acme.example,Ann,", {"created": 1, "duplicate": 1}),
        (",Ann@acme.example,Ann,", {"created": 1, "duplicate": 1}),
        ("2,ann@acme.example,Ann,", {"created": 1, "merged": 1}),
        ("1,bob@acme.example,Ann,", {"created": 1, "refused": 1}),
        ("2,ann@acme.example,Bob,", {"created": 1, "refused": 1}),
        ("1,,Ann,", {"created": 1, "unchanged": 1}),
    ],
)
def test_two_rows_are_about_one_lead_by_their_id_or_their_address(imported, second, expected):
    run = imported(f"{HEADER}1,ann@acme.example,Ann,\n{second}\n")

    assert shown(run.report) == expected
    assert Lead.objects.get().first_name == "Ann"
    assert Lead.objects.get().email == "ann@acme.example"


def test_a_person_is_one_whatever_the_case_of_the_address(imported):
    content = {
        "name": "People",
        "blanks": [""],
        "person": {"email": "E-Mail", "full_name": "Name"},
    }

    run = imported("E-Mail,Name\nann@acme.example,Ann\nAnn@acme.example,Eve\n", content=content)

    assert shown(run.report) == {"created": 1, "refused": 1}


@pytest.mark.parametrize("order", [1, -1])
def test_parents_are_joined_to_subsidiaries_however_far_apart(imported, monkeypatch, order):
    monkeypatch.setattr(staging, "SLICE", 2)
    names = {"name": "Company", "domain": "Website", "parent_domain": "Owned by"}
    lines = [f"Firm {n},firm{n}.example,firm{n + 1}.example" for n in range(7)]
    lines.append("Firm 7,firm7.example,")

    run = imported(
        "\n".join(["Company,Website,Owned by", *lines[::order]]),
        content={"name": "Groups", "system": "crm", "blanks": [""], "account": names},
    )

    assert shown(run.report) == {"created": 8}
    owned = dict(Account.objects.values_list("name", "parent__name"))
    assert owned == {f"Firm {n}": f"Firm {n + 1}" for n in range(7)} | {"Firm 7": None}


def test_a_check_can_be_repeated_with_another_mapping(checked, noon, rita):
    run = checked(people(3))
    content = CONTENT | {"lead": CONTENT["lead"] | {"first_name": {"value": "Zoe"}}}

    imports.check(run, content=content, mode=ImportMode.LIVE, by=rita, at=noon)
    run = worked(run)
    imports.start(run, by=rita, at=noon)
    worked(run)

    assert {*Lead.objects.values_list("first_name", flat=True)} == {"Zoe"}
    assert PendingMark.objects.exists()


def test_the_same_file_again_changes_nothing(imported):
    imported(people(3))
    before = everything()

    run = imported(people(3))

    assert shown(run.report) == {"unchanged": 3}
    assert everything() == before


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ("uploaded", {"check", "relook", "cancel"}),
        ("checking", {"cancel"}),
        ("checked", {"check", "relook", "start", "cancel"}),
        ("importing", {"cancel"}),
        ("done", {"undo"}),
        ("canceled", {"undo"}),
        ("failed", {"undo"}),
        ("undoing", set()),
        ("undone", set()),
    ],
)
def test_what_can_be_done_depends_on_how_far_it_is(receive, rita, noon, state, allowed):
    run = receive()
    how: dict[str, Any] = {"content": CONTENT, "mode": "history", "received_at": noon}
    ImportRun.objects.filter(pk=run.pk).update(state="importing", **how)
    ImportBatch.objects.create(run=run, slice=0)
    layout = staging.Layout.of_json(run.layout)
    said: dict[str, Callable[[], object]] = {
        "relook": lambda: imports.relook(run, layout),
        "check": lambda: imports.check(
            run, content=CONTENT, mode=ImportMode.LIVE, by=rita, at=noon
        ),
        "start": lambda: imports.start(run, by=rita, at=noon),
        "cancel": lambda: imports.cancel(run, by=rita, at=noon),
        "undo": lambda: imports.undo(run, by=rita, at=noon),
    }

    for name, call in said.items():
        ImportRun.objects.filter(pk=run.pk).update(state=state)
        if name in allowed:
            call()
        else:
            with pytest.raises(ImportNotInState):
                call()


def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_read(receive, rita, noon):
    run = receive()
    staged = CONTENT | {"lead": CONTENT["lead"] | {"stage": {"value": "mql"}}}
    strange = CONTENT | {"lead": CONTENT["lead"] | {"phone": "Telephone"}}

    with pytest.raises(FileRefused, match="history mode alone"):
        imports.check(run, content=staged, mode=ImportMode.LIVE, by=rita, at=noon)
    with pytest.raises(imports.ColumnsMissing, match="Telephone"):
        imports.check(run, content=strange, mode=ImportMode.LIVE, by=rita, at=noon)
    with pytest.raises(imports.MappingUnreadable):
        imports.check(run, content={"name": "x"}, mode=ImportMode.LIVE, by=rita, at=noon)

    run.refresh_from_db()
    assert run.state == "uploaded"


def test_a_started_import_is_canceled_after_the_slice_that_a_worker_is_in(
    checked, rita, noon, monkeypatch
):
    monkeypatch.setattr(staging, "SLICE", 10)
    run = checked(people(35))
    imports.start(run, by=rita, at=noon)
    slices.work()
    slices.work()
    ImportRun.objects.filter(pk=run.pk).update(cancel_at=noon)  # while a worker is in the third

    run = worked(run)

    assert (run.state, run.done_count, run.row_count) == ("canceled", 20, 35)
    assert shown(run.report) == {"created": 20}
    assert Lead.objects.count() == 20
    assert not ImportRow.objects.exists()
    assert not ImportChunk.objects.exists()


def test_what_nobody_works_on_is_canceled_at_once(receive, rita, noon):
    run = receive()

    imports.cancel(run, by=rita, at=noon)

    run.refresh_from_db()
    assert run.state == "canceled"


def test_a_file_that_turns_out_to_be_none_fails_with_the_reason(receive, rita, noon):
    run = receive()
    imports.check(run, content=CONTENT, mode=ImportMode.LIVE, by=rita, at=noon)
    ImportRun.objects.filter(pk=run.pk).update(layout=run.layout | {"format": "pdf"})

    run = worked(run)

    assert run.state == "failed"
    assert "no layout of a file" in run.problem


def test_a_failure_that_nobody_foresaw_ends_the_import_and_is_logged(
    checked, rita, noon, monkeypatch, caplog
):
    run = checked(people(1))
    imports.start(run, by=rita, at=noon)

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(saving, "row_of", broken)
    run = worked(run)

    assert (run.state, run.problem) == ("failed", slices.BROKEN)
    assert "oops" in caplog.text
    assert not Lead.objects.exists()


def test_refused_rows_come_back_as_a_file_to_be_mended(imported):
    run = imported(people(1) + 'x,nobody,"=1+1, ""quoted""",\n' + "y,y@acme.example,Yve,,a,b\n")

    text = b"".join(imports.refused_file(run)).decode("utf-8-sig")

    header, first, second = csv.reader(io.StringIO(text))
    assert header == ["Id", "E-Mail", "First name", "Met", "Why refused"]
    assert first[:2] == ["x", "nobody"]
    assert first[4].startswith("E-Mail: “nobody” is no e-mail address")
    assert second[:4] == ["y", "y@acme.example", "Yve", ""]
    assert second[5:] == ["a", "b"]
    mended = text.replace('"nobody"', '"x@acme.example"').replace(',"a","b"', "")
    assert shown(imported(mended).report) == {"created": 2}
    assert Lead.objects.get(email="x@acme.example").first_name == '=1+1, "quoted"'


def test_broken_rows_that_come_back_unmended_stay_refused(imported):
    run = imported(people(1) + 'x,x@acme.example\ny,"y@acme.example,Yve,\n')
    assert shown(run.report) == {"created": 1, "refused": 2}

    text = b"".join(imports.refused_file(run)).decode("utf-8-sig")
    assert text.count("Mend the row, then empty this cell.") == 2
    again = imported(text)
    assert shown(again.report) == {"refused": 2}
    reasons = [row.problems[0]["reason"] for row in ImportRow.objects.filter(run=again)]
    assert reasons == ["has 2 values, the header has 4.", "opens a quote that is not closed."]

    twice = b"".join(imports.refused_file(again)).decode("utf-8-sig")
    assert twice == text
    mended = [row[:4] for row in csv.reader(io.StringIO(text)) if row[0] != "y"]
    assert shown(imported("\n".join(map(",".join, mended))).report) == {"created": 1}


def test_characters_that_the_database_does_not_take_are_shown_and_refused(imported):
    run = imported(HEADER + "1,a@acme.example,A\0nn,\n2,b@acme.example,Bob,\n")

    assert shown(run.report) == {"created": 1, "refused": 1}
    assert "\0" not in ImportRow.objects.get().values[2]


@pytest.mark.django_db(transaction=True)
def test_the_relay_finds_imports_that_wait_and_that_nobody_is_at(receive, rita, noon):
    run = receive()
    with connection.cursor() as cursor:
        cursor.execute(imports.WAITING)
        assert cursor.fetchone() is None
        imports.check(run, content=CONTENT, mode=ImportMode.LIVE, by=rita, at=noon)
        cursor.execute(imports.WAITING)
        assert cursor.fetchone() is not None
        with transaction.atomic():
            assert slices.is_free(run)
            cursor.execute(imports.WAITING)
            assert cursor.fetchone() is None


@pytest.mark.django_db(transaction=True)
def test_a_worker_goes_on_until_nothing_waits(receive, rita, noon):
    run = receive(people(5))
    imports.check(run, content=CONTENT, mode=ImportMode.LIVE, by=rita, at=noon)

    tasks.work_on_imports()

    run.refresh_from_db()
    assert run.state == "checked"
    assert "imports.work" in {job.name for job in relay.JOBS}


WORKER = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "crm_handoff.settings"
import django
django.setup()
from leads import imports
while imports.work():
    pass
"""


@contextmanager
def a_process(program: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own on the database of the test."""
    settings = connection.settings_dict
    login = f"{settings['USER']}:{quote(settings['PASSWORD'])}"
    address = f"postgres://{login}@{settings['HOST']}:{settings['PORT']}"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": f"{address}/{settings['NAME']}"},
        cwd=Path(__file__).parents[2],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_saves_leaves_whole_slices_and_another_goes_on(
    checked, rita, noon, monkeypatch
):
    monkeypatch.setattr(staging, "SLICE", 20)
    run = checked(people(1500))
    imports.start(run, by=rita, at=noon)

    def done_count() -> int:
        return ImportRun.objects.get(pk=run.pk).done_count

    with a_process(WORKER) as process:
        wait_for(lambda: done_count() >= 60)
        process.send_signal(signal.SIGKILL)
        process.wait()

    half = done_count()
    assert 0 < half < 1500
    wait_for(lambda: Lead.objects.count() == done_count())
    assert Touchpoint.objects.count() == LeadIdentity.objects.count() == done_count()
    run = worked(run)
    assert (run.state, shown(run.report)) == ("done", {"created": 1500})
    assert Lead.objects.count() == Touchpoint.objects.count() == 1500


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_reads_leaves_nothing_and_another_reads_anew(receive, rita, noon):
    run = receive(people(20_000))
    imports.check(run, content=CONTENT, mode=ImportMode.HISTORY, by=rita, at=noon)

    def is_held() -> bool:
        with transaction.atomic():
            return not slices.is_free(run)

    with a_process(WORKER) as process:
        wait_for(is_held)
        process.send_signal(signal.SIGKILL)
        process.wait()

    wait_for(lambda: not is_held())
    run.refresh_from_db()
    assert (run.state, run.row_count) == (ImportState.CHECKING, None)
    assert not ImportRow.objects.exists()
    slices.work()
    run.refresh_from_db()
    assert run.row_count == ImportRow.objects.count() == 20_000


MEASURED = """
import os, resource
os.environ["DJANGO_SETTINGS_MODULE"] = "crm_handoff.settings"
import django
django.setup()
from leads import imports
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
imports.work()
imports.work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.django_db(transaction=True)
def test_rows_are_not_held_in_memory(receive, rita, noon):
    """What a file of 100,000 rows takes beyond what the program is: less than 60 MB."""
    run = receive(people(100_000))
    imports.check(run, content=CONTENT, mode=ImportMode.HISTORY, by=rita, at=noon)

    with a_process(MEASURED) as process:
        grown = int(process.communicate()[0])

    run.refresh_from_db()
    assert (run.row_count, run.done_count) == (100_000, staging.SLICE)
    assert grown < 60_000
