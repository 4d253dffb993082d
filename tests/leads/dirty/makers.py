"""Writes the workbooks of this folder anew: python tests/leads/dirty/makers.py."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).parent


def leads() -> bytes:
    """Make a workbook as people keep one: other sheets, a gap, days, numbers, formulas."""
    book = Workbook()
    book.active.title = "Read me"
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("Leads")
    sheet.append([])
    sheet.append(["E-mail", "Name", "Phone", "Country", "Met", "Target", "Size", "ACV", None])
    met = datetime.fromisoformat("2024-05-01T10:30")
    day = date(2024, 5, 2)
    sheet.append(["a@example.org", "=A3&B3", 4930901820, "Germany", met, True, 250.0, 1e5])
    sheet.append(["b@example.org", "Bob", "4.91E+11", "DEU", day, False, 12.5, 19.99])
    sheet.append([])
    sheet.append(["c@example.org", "Cy", "+33 1 42 68 53 00", "FR", "2024-05-03", "true"])
    sheet.append(["d@example.org", "Di", None, "France", 45413, "maybe", "#N/A", 0.1 + 0.2])
    sheet.append(["e@example.org", "Eve", None, "FR", day, None, None, None, None, "a note"])
    book.create_sheet("Old").append(["nothing"])
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return a workbook as a file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def bomb() -> bytes:
    """Make a workbook of 70 KB that unpacks to 64 MB."""
    return zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(64 << 20)})


def entities() -> bytes:
    """Make a workbook whose sheet declares entities that stand for each other."""
    book = Workbook()
    book.active.append(["email"])
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + parts[sheet]
    return zipped(parts)


def zipped(parts: dict[str, bytes]) -> bytes:
    """Return an archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


FILES = {
    # Told by content: its name lies.
    "workbook_named.csv": leads,
    "bomb.xlsx": bomb,
    "entities.xlsx": entities,
    "open_document.ods": lambda: zipped(
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}
    ),
}

if __name__ == "__main__":
    for name, make in FILES.items():
        (HERE / name).write_bytes(make())
