"""Files of comma-separated values, read as a stream: a damaged line costs itself alone."""

import codecs
import csv
import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from leads.mappings import FileMapping, columns_of

LONGEST_VALUE = 100_000
CHUNK = 1 << 20


class FileRefused(Exception):
    """The file as a whole cannot be read by the mapping."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row by its columns, or why it is none; `line` is where it ends in the file, from 1."""

    line: int
    values: dict[str, str]
    damage: str = ""


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            seen.update(chunk)
    return seen.hexdigest()


def records(path: Path, mapping: FileMapping) -> Generator[Record, None, None]:
    """Yield the rows below the header; empty lines are none.

    A byte order mark is skipped. Bytes that are no text in the declared encoding stay in their
    value as lone surrogates, which no reader of values takes.

    Raises:
        FileRefused: it cannot be read, or a column of the mapping is not there, or there twice.
    """
    is_utf_8 = codecs.lookup(mapping.encoding).name == "utf-8"
    encoding = "utf-8-sig" if is_utf_8 else mapping.encoding
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as lines:
            rows = _rows(lines, mapping)
            header = [name.strip() for name in _header(rows, path)]
            _check(header, mapping, path)
            yield from (_record(line, row, damage, header) for line, row, damage in rows)
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise FileRefused(f"{path.name} is not written in {mapping.encoding}.") from error


def _record(line: int, row: list[str], damage: str, header: list[str]) -> Record:
    if not damage and len(row) != len(header):
        damage = f"has {len(row)} values, the header has {len(header)}."
    return Record(line, {} if damage else dict(zip(header, row, strict=True)), damage)


def check(path: Path, mapping: FileMapping) -> None:
    """Look at the header before anything is read.

    Raises:
        FileRefused: the file cannot be read by the mapping.
    """
    with closing(records(path, mapping)) as rows:
        next(rows, None)


_Line = tuple[int, list[str], str]


def _rows(lines: Iterable[str], mapping: FileMapping) -> Iterator[_Line]:
    csv.field_size_limit(LONGEST_VALUE)
    split = _split_stream if mapping.is_multiline else _split_lines
    return (row for row in split(lines, mapping) if row[1] or row[2])


def _split_lines(lines: Iterable[str], mapping: FileMapping) -> Iterator[_Line]:
    """Split each line for itself, so that a quote left open does not swallow those below."""
    for number, line in enumerate(lines, start=1):
        reader = csv.reader(
            [line], delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True
        )
        try:
            yield number, next(reader, []), ""
        except csv.Error as error:
            yield number, [], f"is no row of values: {error}."


def _split_stream(lines: Iterable[str], mapping: FileMapping) -> Iterator[_Line]:
    reader = csv.reader(lines, delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, [], f"is no row of values: {error}."
        else:
            yield reader.line_num, row, ""


def _header(rows: Iterator[_Line], path: Path) -> list[str]:
    _, header, damage = next(rows, (0, [], "is not there: the file is empty."))
    if damage:
        raise FileRefused(f"{path.name}: the header {damage}")
    return header


def _check(header: list[str], mapping: FileMapping, path: Path) -> None:
    for column in sorted(columns_of(mapping)):
        if header.count(column) != 1:
            times = "no" if column not in header else "more than one"
            raise FileRefused(
                f"{path.name} has {times} column “{column}”; its columns are "
                f"{', '.join(header)}. Is the delimiter “{mapping.delimiter}”?"
            )
