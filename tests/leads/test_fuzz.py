"""Files damaged at random: nothing breaks, nothing is misread and nothing is lost in silence."""

import csv
import io
import random
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from definitions import catalog
from leads import imports
from leads.imports import ColumnsMissing, Description, FileRefused
from leads.models import ImportRow, LeadIdentity
from tests.leads.dirty import makers

FILES = 500
AT_ONCE = 50
HEADER = ["id", "name", "title"]
WORDS = (
    "Ann",
    "Zoë",
    "Müller",
    "Acme, Inc",
    "a@example.org",
    "2024-05-01",
    "17",
    "+49 30 901820",
    "=1+1",
    "O'Brien",
    '24" monitor',
    'says "hi"',
    "two\nlines",
    "three\r\nshort\r\nlines",
    "",
    "-",
    "NULL",
    "x;y",
    "a|b",
    "'quoted'",
)

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Damaged:
    """A file that was damaged: what it was, and what a reading by the book makes of it now."""

    name: str
    content: bytes
    rows: list[tuple[str, ...]]
    readings: list[tuple[str, ...]]
    text: str


@pytest.mark.parametrize("first", range(0, FILES, AT_ONCE))
def test_no_row_of_a_damaged_file_is_misread_or_lost_in_silence(first, tmp_path, noon):
    catalog.load_defaults()
    for seed in range(first, first + AT_ONCE):
        damaged = damaged_file(random.Random(seed))
        path = tmp_path / damaged.name
        path.write_bytes(damaged.content)

        try:
            outcome = imports.run_through(path, described(f"fuzz-{seed}"), at=noon)
        except (FileRefused, ColumnsMissing):
            continue

        assert (outcome.run.state, outcome.run.problem) == ("done", ""), f"seed {seed}"
        saved = set(saved_rows(f"fuzz-{seed}"))
        told = " ".join((told_rows(outcome), *(value for row in saved for value in row)))
        allowed = {normal(row) for row in (*damaged.rows, *damaged.readings)}
        assert saved <= allowed, f"seed {seed}: misread"
        lost = {one for one in ids_of(damaged) if one not in told}
        assert not lost, f"seed {seed}: lost in silence"


def described(system: str) -> Description:
    mapping = {
        "system": system,
        "blanks": [""],
        "lead": {"external_id": "id", "last_name": "name", "job_title": "title"},
    }
    return Description(content=mapping, key="fuzz", mode="history")


def saved_rows(system: str) -> Iterator[tuple[str, ...]]:
    for identity in LeadIdentity.objects.filter(system=system).select_related("lead"):
        yield normal((identity.external_id, identity.lead.last_name, identity.lead.job_title))


def told_rows(outcome: imports.Outcome) -> str:
    """Return the text of every row of which the report speaks."""
    rows = ImportRow.objects.filter(run=outcome.run).exclude(state="created")
    return " ".join(text for values in rows.values_list("values", flat=True) for text in values)


def ids_of(damaged: Damaged) -> Iterator[str]:
    """Yield the ids that are still to be read in the file."""
    found = set(re.findall(r"\bid\d+x\b", damaged.text))
    yield from (row[0] for row in damaged.rows if row[0] in found)


def normal(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row without the spaces, and the marks of text, that do not count."""
    return tuple(
        re.sub(r"^'+(?=[=+\-@])", "", " ".join(value.split())) for value in (*row, "", "")[:3]
    )


def damaged_file(chance: random.Random) -> Damaged:
    count = chance.randint(1, 12)
    rows = [(f"id{n}x", chance.choice(WORDS), chance.choice(WORDS)) for n in range(count)]
    return damaged_workbook(rows, chance) if chance.random() < 0.2 else damaged_text(rows, chance)


# Text files.


def damaged_text(rows: list[tuple[str, ...]], chance: random.Random) -> Damaged:
    delimiter, encoding = chance.choice(",,;\t|"), chance.choice(("utf-8", "utf-8-sig", "cp1252"))
    if chance.random() < 0.2:
        encoding = "utf-16"
    lines = io.StringIO()
    writer = csv.writer(
        lines,
        delimiter=delimiter,
        quoting=chance.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)),
        lineterminator=chance.choice(("\n", "\r\n")),
    )
    writer.writerows([HEADER, *rows])
    content = lines.getvalue().encode(encoding)
    for _ in range(chance.randint(1, 2)):
        content = damaged_bytes(content, chance)
    text = content.decode(encoding, "replace")
    readings = [
        row for said in {*decoded(content, encoding)} for row in by_the_book(said, delimiter)
    ]
    readings = [row for row in readings if not any(map(is_garbled, row))]
    return Damaged("file.csv", content, rows, readings, text)


def decoded(content: bytes, encoding: str) -> Iterator[str]:
    """Yield the text by the encodings in which the file may be read."""
    yield content.decode(encoding, "replace")
    yield content.decode("utf-8", "replace")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        yield content.decode("cp1252", "replace")


def is_garbled(value: str) -> bool:
    """Whether a value holds signs that were lost, or is UTF-8 read as if it were cp1252."""
    try:
        return "\ufffd" in value or value.encode("cp1252").decode("utf-8") != value
    except UnicodeError:
        return False


def damaged_bytes(content: bytes, chance: random.Random) -> bytes:
    """Do one of the things that happen to files."""
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.randint(1, 12))
    quotes = [place for place, byte in enumerate(content) if byte == ord('"')] or [start]
    quote = chance.choice(quotes)
    noise = bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
    return chance.choice(
        (
            content[:start] + content[end:],
            content[:start] + noise + content[start:],
            content[:end] + content[start:],
            content[:start],
            content[:quote] + content[quote + 1 :],
            content[:start] + b'"' + content[start:],
            content[:start] + b"\0" + content[start:],
            content[:start] + "ë".encode() + content[start:],
            content[:start] + "ë".encode("cp1252") + content[start:],
            content[:start] + b"\r\n" + content[start:],
        )
    )


def by_the_book(text: str, delimiter: str) -> Iterator[tuple[str, ...]]:
    """Read rows sign by sign as RFC 4180 has it: from each line on, since any may begin a row."""
    text = text.removeprefix("\ufeff")
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    for start in starts:
        row = row_at(text, start, delimiter)
        yield row
        if len(row) == 1:
            # A whole row within quotes is a row once more.
            yield row_at(row[0], 0, delimiter)


def row_at(text: str, start: int, delimiter: str) -> tuple[str, ...]:
    row, place = [], start
    while True:
        value, place = value_at(text, place, delimiter)
        row.append(value)
        if place >= len(text) or text[place] != delimiter:
            break
        place += 1
    while len(row) > len(HEADER) and not row[-1]:
        row.pop()
    return tuple(row)


def value_at(text: str, place: int, delimiter: str) -> tuple[str, int]:
    while text[place : place + 1] == " ":
        place += 1
    ends = (delimiter, "\r", "\n")
    if text[place : place + 1] != '"':
        end = place
        while end < len(text) and text[end] not in ends:
            end += 1
        return text[place:end], end
    value, place = "", place + 1
    while place < len(text):
        if text.startswith('""', place):
            value, place = value + '"', place + 2
        elif text[place] == '"':
            return value, place + 1
        else:
            value, place = value + text[place], place + 1
    return value, place


# Workbooks.


def damaged_workbook(rows: list[tuple[str, ...]], chance: random.Random) -> Damaged:
    book = Workbook()
    for row in (HEADER, *rows):
        book.active.append(row)
    content = makers.saved(book)
    if chance.random() < 0.3:
        return Damaged("file.xlsx", damaged_bytes(content, chance), rows, [], "")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    part = chance.choice((sheet, sheet, *sorted(parts)))
    parts[part] = damaged_xml(parts[part], chance)
    content = makers.zipped(parts)
    readings = [*by_openpyxl(content)]
    text = " ".join(row[0] for row in readings)
    is_telling = part == sheet and readings
    return Damaged("file.xlsx", content, [] if is_telling else rows, readings, text)


def damaged_xml(xml: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return damaged_bytes(xml, chance)
    digits = [match.start() for match in re.finditer(rb"\d", xml)]
    place = chance.choice(digits)
    return xml[:place] + str(chance.randrange(10)).encode() + xml[place + 1 :]


def by_openpyxl(content: bytes) -> Iterator[tuple[str, ...]]:
    """Read rows by another library; none if it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(io.BytesIO(content))
        except Exception:
            return
    for row in book.worksheets[0].iter_rows(values_only=True):
        yield tuple("" if value is None else str(value) for value in row)


def test_the_files_are_damaged_in_all_ways():
    files = [damaged_file(random.Random(seed)) for seed in range(FILES)]

    assert {Path(file.name).suffix for file in files} == {".csv", ".xlsx"}
    assert sum(bool(file.readings) for file in files) > FILES * 0.8
