"""How a file is written, found by its content and never by its name."""

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from leads.delimited import CHUNK, SEPARATOR_LINE, Splitter, blocks, lines_of
from leads.records import FileFormat, FileRefused, Layout

DELIMITERS = (",", ";", "\t", "|")
LINES = 200
"""Lines that are looked at to find the delimiter."""

MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with a byte order mark"),
    codecs.BOM_UTF32_LE: ("utf-32", "UTF-32 with a byte order mark"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16 with a byte order mark"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16 with a byte order mark"),
}
"""Byte order marks, the longer before those that they begin with."""

ZIP = b"PK\x03\x04"
SAVE = "Save it as XLSX or CSV and send that."
FOREIGN = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel file (XLS), or protected by a password",
    b"%PDF-": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PK\x05\x06": "an empty archive",
    b"\x1f\x8b": "a compressed file",
    b"BZh": "a compressed file",
    b"7z\xbc\xaf\x27\x1c": "a compressed file",
    b"\xfd7zXZ\x00": "a compressed file",
    b"Rar!": "a compressed file",
    b"SQLite format 3\x00": "a database",
    b"PAR1": "a Parquet file",
    b"{\\rtf": "a text document",
}
MARKUP = re.compile(r"<(!--|(!doctype|\?xml|html|head|body|table|meta)\b)", re.IGNORECASE)
OBJECTS = re.compile(r"\[\s*[\[{]|\{\s*[\"}]")
SINGLE_QUOTED = re.compile(r"'[^'\"]*'([,;\t|])'[^'\"]*'(?:\1'[^'\"]*')*[\r\n]*")


def is_workbook(file: BinaryIO) -> bool:
    """Whether a file is an archive, as XLSX is; otherwise it is text.

    Raises:
        FileRefused: it is neither.
    """
    file.seek(0)
    head = file.read(16)
    if not head:
        raise FileRefused("The file is empty.")
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise FileRefused(f"This file is {what}. {SAVE}")
    return head.startswith(ZIP)


def found(file: BinaryIO) -> tuple[Layout, list[str]]:
    """Find out how a text file is written; returns that and what is remarkable.

    All of the file is looked at.

    Raises:
        FileRefused: it is no table.
    """
    encoding, notes = _encoding(file)
    lines = _first_lines(file, encoding)
    quote = "'" if SINGLE_QUOTED.match(lines[0]) else '"'
    delimiter = _delimiter(lines, quote)
    layout = Layout(
        format=FileFormat.TSV if delimiter == "\t" else FileFormat.CSV,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        is_multiline=True,
    )
    if _has_multiline(file, layout):
        return layout, [*notes, "Quoted values hold line breaks."]
    return Layout.of_json(layout.as_json() | {"is_multiline": False}), notes


def _encoding(file: BinaryIO) -> tuple[str, list[str]]:
    file.seek(0)
    head = file.read(CHUNK)
    for mark, (encoding, note) in MARKS.items():
        if head.startswith(mark):
            return encoding, [f"{note}."]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > max(2, len(head) / 20):
        if min(even, odd) * 4 > max(even, odd):
            raise FileRefused(f"This file is no text and no XLSX. {SAVE}")
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        return encoding, ["UTF-16 without a byte order mark."]
    return _of_eight_bits(file)


def _of_eight_bits(file: BinaryIO) -> tuple[str, list[str]]:
    """Tell UTF-8, maybe with damaged places, from other encodings, which are taken for cp1252."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    file.seek(0)
    good = bad = 0
    while chunk := file.read(CHUNK):
        text = decoder.decode(chunk)
        good += len(chunk) - len(text)
        bad += text.count("\ufffd")
    bad += len(decoder.decode(b"", final=True))
    if not bad:
        return "utf-8", []
    if good * 10 > bad:
        return "utf-8", [f"UTF-8, but in {bad:,} place{'s' * (bad > 1)} bytes are no text in it."]
    return "cp1252", [
        "Not UTF-8: read as cp1252 (Western European). Check letters with accents in the sample."
    ]


def _first_lines(file: BinaryIO, encoding: str) -> list[str]:
    for block in blocks(file, encoding):
        lines = [line for line in lines_of(block) if line.strip()][:LINES]
        if lines:
            if MARKUP.match(lines[0].lstrip()):
                raise FileRefused(f"This file is a web page or XML. {SAVE}")
            if OBJECTS.match(lines[0].lstrip()):
                raise FileRefused(f"This file is JSON. {SAVE}")
            return lines
    raise FileRefused("The file is empty: its first line must name the columns.")


def _delimiter(lines: Sequence[str], quote: str) -> str:
    """Return the delimiter by which the most lines have as many values as the header."""
    if said := SEPARATOR_LINE.match(lines[0]):
        return said[1]
    widths = {
        delimiter: [_width(line, delimiter, quote) for line in lines] for delimiter in DELIMITERS
    }
    if all(header == 1 for header, *_ in widths.values()):
        unwrapped = _delimiter_within(lines, quote)
        if unwrapped:
            return unwrapped
        _check_title(widths.values())
        return next((mark for mark in DELIMITERS if mark not in lines[0]), ",")

    def fit(delimiter: str) -> tuple[int, int]:
        header, *rows = widths[delimiter]
        return (rows.count(header) if header > 1 else -1, header)

    return max(DELIMITERS, key=fit)


def _width(line: str, delimiter: str, quote: str) -> int:
    return len(_split(line, delimiter, quote))


def _split(line: str, delimiter: str, quote: str) -> list[str]:
    reader = csv.reader([line], delimiter=delimiter, quotechar=quote, skipinitialspace=True)
    try:
        return next(reader, [])
    except csv.Error:
        return []


def _delimiter_within(lines: Sequence[str], quote: str) -> str:
    """Return the delimiter of a file whose lines are within quotes as a whole; blank: it is none.

    By it, half of the lines at least have as many values as the header.
    """
    for delimiter in DELIMITERS:
        rows = (_split(line, delimiter, quote) for line in lines)
        header, *widths = (_width(row[0], delimiter, quote) for row in rows if len(row) == 1)
        if lines[0].startswith(quote) and header > 1 and widths.count(header) * 2 >= len(widths):
            return delimiter
    return ""


def _check_title(widths: Iterable[list[int]]) -> None:
    for _, *rows in widths:
        usual = max(set(rows), key=rows.count, default=1)
        if usual > 1 and rows.count(usual) >= max(2, 0.9 * len(rows)):
            raise FileRefused(
                f"The first line is one value, but the lines below have {usual}: "
                "remove what stands above the header."
            )


def _has_multiline(file: BinaryIO, layout: Layout) -> bool:
    """Whether any row takes several lines."""
    splitter, rest = Splitter(layout), blocks(file, layout.encoding)
    splitter.header(rest)
    splitter.split("")
    for block in rest:
        if splitter.held or layout.quote in block:
            splitter.split(block)
        if splitter.multiline:
            break
    splitter.split("", is_last=True)
    return splitter.multiline > 0
