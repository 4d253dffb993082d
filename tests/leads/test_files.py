import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula

from leads import files, workbooks
from leads.files import FileFormat, FileRefused, Layout, Record

CSV = Layout(format=FileFormat.CSV)
MULTILINE = Layout(format=FileFormat.CSV, is_multiline=True)


def read(content: bytes, layout: Layout | None = None) -> list[Record]:
    file = io.BytesIO(content)
    return list(files.read(file, layout or files.look(file).layout))


def look(content: bytes) -> files.Look:
    return files.look(io.BytesIO(content))


def values(records):
    return [record.values for record in records]


def workbook(*rows, sheet="Sheet1") -> bytes:
    book = Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# How a file is written is found by its content.


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_rows_are_read_whatever_the_line_ends_and_marks(end, mark):
    found = read(mark + end.join([b"mail,name", b"a@x.org,Ann", b"", b"b@x.org,Bob"]))

    assert found == [Record(2, ("a@x.org", "Ann")), Record(4, ("b@x.org", "Bob"))]


@pytest.mark.parametrize(
    ("written", "found", "note"),
    [
        ("utf-8", "utf-8", ()),
        ("utf-8-sig", "utf-8-sig", ("UTF-8 with a byte order mark.",)),
        ("utf-16", "utf-16", ("UTF-16 with a byte order mark.",)),
        ("utf-16-le", "utf-16-le", ("UTF-16 without a byte order mark.",)),
        ("utf-16-be", "utf-16-be", ("UTF-16 without a byte order mark.",)),
    ],
)
def test_the_encoding_is_found(written, found, note):
    seen = look("mail,name\nz@x.org,Zoë 王\n".encode(written))

    assert (seen.layout.encoding, seen.notes) == (found, note)
    assert seen.header == ("mail", "name")
    assert values(seen.sample) == [("z@x.org", "Zoë 王")]


def test_what_is_not_utf_8_is_taken_for_cp1252_and_the_user_is_told():
    seen = look("mail,name\nz@x.org,Zoë “Zo” €\n".encode("cp1252"))

    assert seen.layout.encoding == "cp1252"
    assert "Check letters with accents" in seen.notes[0]
    assert values(seen.sample) == [("z@x.org", "Zoë “Zo” €")]


@pytest.mark.parametrize(
    ("delimiter", "format_"),
    [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("|", "csv")],
    ids=["comma", "semicolon", "tab", "pipe"],
)
def test_the_delimiter_is_found_by_the_header_and_the_rows(delimiter, format_):
    rows = [["id", "name", "note"], ["1", "Ann", "likes a,b;c|d"], ["2", "Bob", "1,50"]]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)

    seen = look(written.getvalue().encode())

    assert (seen.layout.delimiter, seen.layout.format) == (delimiter, format_)
    assert seen.header == tuple(rows[0])
    assert values(seen.sample) == [tuple(row) for row in rows[1:]]


def test_the_line_that_tells_spreadsheets_the_delimiter_is_no_header():
    seen = look(b"sep=;\r\nmail;name\r\na@x.org;Ann, Baker\r\n")

    assert seen.header == ("mail", "name")
    assert seen.sample == (Record(3, ("a@x.org", "Ann, Baker")),)


def test_names_in_brackets_are_no_web_page_and_no_json():
    assert look(b"<id>,[name]\n1,Ann\n").header == ("<id>", "[name]")


def test_one_column_needs_no_delimiter():
    assert values(read(b"mail\na@x.org\nb@x.org\n")) == [("a@x.org",), ("b@x.org",)]


def test_single_quotes_are_found():
    seen = look(b"'mail','name'\n'a@x.org','Baker, Ann'\n")

    assert seen.layout.quote == "'"
    assert values(seen.sample) == [("a@x.org", "Baker, Ann")]


def test_line_breaks_within_values_are_found_and_said_even_far_below():
    rows = b"".join(b"a%d@x.org,Ann\n" % number for number in range(30_000))
    seen = look(b"mail,name\n" + rows + b'b@x.org,"Bob\nBaker"\nc@x.org,Cy\n')

    assert seen.layout.is_multiline
    assert seen.notes == ("Quoted values hold line breaks.",)
    assert len(seen.sample) == 200


def test_a_layout_survives_being_kept():
    seen = look("mail;name\na@x.org;Ann\n".encode("utf-16")).layout

    assert Layout.of_json(seen.as_json()) == seen


@pytest.mark.parametrize(
    "said",
    [
        {"format": "xls"},
        {"format": "csv", "delimiter": ",,"},
        {"format": "csv", "delimiter": "\n"},
        {"format": "csv", "quote": ","},
        {"format": "csv", "encoding": "klingon"},
        {"format": "csv", "encoding": "hex"},
        {"format": "csv", "encoding": "unicode-escape"},
        {"format": "csv", "encoding": "raw-unicode-escape"},
        {"format": "csv", "encoding": "utf-8\0"},
        {"format": "csv", "sheets": ""},
        {"format": "csv", "delimiter": None},
        {"format": "csv", "is_multiline": "yes"},
        {},
    ],
)
def test_a_layout_in_which_no_file_is_written_is_refused(said):
    with pytest.raises(FileRefused):
        Layout.of_json(said)


def test_a_declared_layout_wins():
    file = io.BytesIO("name|mail;x\nZoë|b;c\n".encode("latin-1"))

    seen = files.look(file, Layout(format=FileFormat.CSV, encoding="iso8859-15", delimiter="|"))

    assert seen.header == ("name", "mail;x")
    assert values(seen.sample) == [("Zoë", "b;c")]


# The header names the columns.


def test_names_are_trimmed_and_blank_ones_told_by_their_place():
    seen = look(b'" e mail ","First\nname",,note,,\na,b,c,d,,\n')

    assert seen.header == ("e mail", "First name", "Column 3", "note")
    assert seen.sample[0].values == ("a", "b", "c", "d")
    assert not seen.sample[0].repair


def test_a_value_in_a_column_without_a_name_is_not_dropped():
    (record,) = read(b"mail,name,\na@x.org,Ann,VIP\n")

    assert record.damage == "has a value in a column without a name."
    assert record.values == ("a@x.org", "Ann", "VIP")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty"),
        (b"\n\r\n , ,\n", "first line must name the columns"),
        (b"mail,name, MAIL \n", "Two columns have one name, “mail” and “MAIL”"),
        (b"First  Name,first name\n", "Two columns have one name"),
        (b"Ann,a@x.org\nBob,b@x.org\n", "“a@x.org” is an e-mail address"),
        (b"webinar,2024-05-01 10:00\n", "“2024-05-01 10:00” is a date"),
        (b"webinar,01/05/2024\n", "“01/05/2024” is a date"),
        (b"webinar,17\n", "“17” is a number"),
        (b"webinar,4.91E+11\n", "“4.91E[+]11” is a number"),
        (b'mail,"name\na@x.org,Ann\n', "Line 1, the header, opens a quote"),
        (b"Leads of May\nmail,name\na,b\nc,d\n", "remove what stands above the header"),
        (b"x" * 300 + b"\n", "Is this file a table"),
        (b",".join(b"c%d" % n for n in range(1_001)), "between 1 and 1,000 columns"),
        (b"<!DOCTYPE html><table>", "a web page or XML"),
        (b"\n <!-- x --><p>", "a web page or XML"),
        (b'[{"mail": "a@x.org"}]', "JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "XLS.*password.*Save it as XLSX"),
        (b"%PDF-1.7\n", "a PDF. Save it as XLSX or CSV"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\x1f\x8b\x08\0", "a compressed file"),
        (bytes(range(256)) * 50 + b"\0" * 5000, "no text and no XLSX"),
    ],
)
def test_a_file_that_is_no_table_is_refused_and_says_what_to_do(content, reason):
    with pytest.raises(FileRefused, match=reason):
        look(content)


def test_a_file_that_is_not_written_as_declared_is_refused():
    for content, layout, reason in [
        ("mail,name\n".encode("utf-16"), CSV, "another encoding"),
        (b"mail,name\n", Layout(format=FileFormat.CSV, encoding="utf-16"), "not written in"),
        (b"\xe4,\xff\n", CSV, "another encoding"),
        (b"mail,name\n", Layout(format=FileFormat.XLSX), "is no XLSX"),
        (workbook(["mail"]), CSV, "is an XLSX"),
    ]:
        with pytest.raises(FileRefused, match=reason):
            read(content, layout)


# Damage costs its row alone; what has one reading is mended and shown.


def test_quoted_values_may_hold_the_delimiter_and_quotes():
    assert values(read(b'mail,name\na@x.org,"cat, ""big"" wolf"\n')) == [
        ("a@x.org", 'cat, "big" wolf')
    ]


def test_blanks_before_a_quote_do_not_count():
    assert values(read(b'mail, name\na@x.org, "Baker, Ann"\n')) == [("a@x.org", "Baker, Ann")]


def test_line_breaks_within_values_are_read():
    found = read(b'mail,name\na@x.org,"Ann\r\nBaker"\r\nb@x.org,Bob\n')

    assert found == [Record(2, ("a@x.org", "Ann\r\nBaker")), Record(4, ("b@x.org", "Bob"))]


def test_a_quote_left_open_costs_its_line_alone():
    damaged, good, last = read(b'mail,name\na@x.org,"Ann\nb@x.org,Bob\nc@x.org,"Cy"\n')

    assert (damaged.line, damaged.damage) == (2, "opens a quote that is not closed.")
    assert damaged.values == ("a@x.org", "Ann")
    assert values([good, last]) == [("b@x.org", "Bob"), ("c@x.org", "Cy")]


def test_a_quote_left_open_costs_its_line_alone_among_line_breaks_too():
    content = b'mail,name\na@x.org,"Ann\nb@x.org,Bob\nc@x.org,"Cy\nBaker"\nd@x.org,Di\n'

    damaged, *good = read(content, MULTILINE)

    assert damaged == Record(2, ("a@x.org", "Ann"), "opens a quote that is not closed.")
    assert [record.line for record in good] == [3, 4, 6]
    assert values(good) == [("b@x.org", "Bob"), ("c@x.org", "Cy\nBaker"), ("d@x.org", "Di")]


def test_a_quote_at_the_very_end_may_close_one_far_above_by_accident_which_is_refused_as_a_whole():
    rows = ['1,"Ann,DE', "2,Bob,FR", "3,Cy,IT", '4,Di",ES', "5,Eve,PT"]

    damaged, good = read("\n".join(["id,name,country", *rows]).encode(), MULTILINE)

    assert damaged.line == 2
    assert "closed in line 5: either a value holds line breaks, or quotes are missing" in (
        damaged.damage
    )
    assert good == Record(6, ("5", "Eve", "PT"))


def test_line_breaks_are_not_read_against_the_declared_layout():
    damaged, good = read(b'mail,name\na@x.org,"Ann\nBaker"\nb@x.org,Bob\n', CSV)

    assert (damaged.line, damaged.values) == (2, ("a@x.org", "Ann\nBaker"))
    assert "either a value holds line breaks" in damaged.damage
    assert good.values == ("b@x.org", "Bob")


def test_a_row_within_line_breaks_may_span_what_is_read_at_once():
    filler = b"".join(b"%d@x.org,%s\n" % (n, b"y" * 100) for n in range(2_400))
    long = b'z@x.org,"' + b"line\n" * 900 + b'end"\n'

    found = read(b"mail,name\n" + filler + long + b"b@x.org,Bob\n")

    assert len(found) == 2_402
    assert found[-2].values == ("z@x.org", "line\n" * 900 + "end")
    assert found[-1] == Record(2_402 + 901, ("b@x.org", "Bob"))


def test_reading_goes_on_after_text_behind_a_closing_quote():
    damaged, good = read(b'mail,name\n"a@x.org"x,Ann\nb@x.org,Bob\n', MULTILINE)

    assert damaged.damage == "has text after a closing quote."
    assert good.values == ("b@x.org", "Bob")


def test_a_whole_row_within_quotes_is_split_once_more():
    mended, good = read(b'id,name,note\n"1,Ann,""a, b"""\n2,Bob,c\n')

    assert mended.values == ("1", "Ann", "a, b")
    assert mended.repair == "The whole row was within quotes: it was split once more."
    assert good == Record(3, ("2", "Bob", "c"))


def test_a_file_all_of_which_is_within_quotes_is_split_once_more():
    seen = look(b'"id;name"\n"1;Ann"\n"2;Bob"\n')

    assert seen.layout.delimiter == ";"
    assert seen.header == ("id", "name")
    assert values(seen.sample) == [("1", "Ann"), ("2", "Bob")]


def test_a_file_within_quotes_is_found_even_if_some_rows_are_damaged():
    seen = look(b'"id,name"\n"1,Ann"\n"2,Bob,x"\n"3,""Cy, Dr."""\n4,Di\n')

    assert seen.header == ("id", "name")
    assert [bool(record.damage) for record in seen.sample] == [False, True, False, False]
    assert seen.sample[2].values == ("3", "Cy, Dr.")


def test_a_row_within_quotes_that_does_not_fit_is_refused():
    (damaged,) = read(b'id,name,note\n"1,Ann"\n')

    assert damaged.damage == "has 1 value, the header has 3."


def test_blank_values_too_many_are_dropped_and_shown():
    (mended,) = read(b"id,name\n1,Ann,,\n")

    assert mended == Record(2, ("1", "Ann"), "", "2 blank values too many were dropped.")


@pytest.mark.parametrize(
    ("row", "count"),
    [
        (b"1", "1 value"),
        (b"1,Ann", "2 values"),
        (b"1,Ann,x,y", "4 values"),
        (b"1,,,y", "4 values"),
    ],
)
def test_a_row_of_another_length_is_refused_since_nobody_knows_which_value_is_missing(row, count):
    (damaged,) = read(b"id,name,note\n" + row)

    assert damaged.damage == f"has {count}, the header has 3."
    assert damaged.values == tuple(row.decode().split(","))


def test_rows_keep_their_lines_below_damage_of_every_kind():
    rows = ["1", "2,b", '"3,c"', "4,d,", '5,"e', "6,f,x", '7,"g\ng"', ",", '8,h"', "9,i"]

    found = read("\n".join(["id,name", *rows]).encode())

    assert [record.line for record in found] == [2, 3, 4, 5, 6, 7, 8, 11, 12]
    assert [bool(record.damage) for record in found] == [
        True,
        *[False] * 3,
        *[True] * 2,
        False,
        True,
        False,
    ]


def test_quotes_within_an_unquoted_value_are_taken_as_they_stand_and_shown():
    (mended,) = read(b'id,name,note\n1,24" monitor,Bob "Bobby" Smith\n')

    assert mended.values == ("1", '24" monitor', 'Bob "Bobby" Smith')
    assert mended.repair == "Quotes within a value that is not quoted were taken as they stand."


def test_a_quote_that_nothing_opens_is_refused():
    (damaged,) = read(b'id,name\n1,Ann"\n')

    assert damaged.damage == 'has the value Ann" with a quote that nothing opens.'


def test_rows_without_any_value_are_none():
    assert read(b"id,name\n,\n   \n , \n\n1,Ann\n") == [Record(6, ("1", "Ann"))]


def test_bytes_that_are_no_text_cost_their_row_alone():
    content = b"id,name\n1,Zo\xeb\n2,Z\xc3\xb6e\n"

    seen = look(content)

    damaged, good = seen.sample
    assert seen.layout.encoding == "utf-8"
    assert "in 1 place bytes are no text" in seen.notes[0]
    assert damaged.values == ("1", "Zo\ufffd")
    assert damaged.damage == "has bytes that are no text in utf-8 (shown as \ufffd)."
    assert good.values == ("2", "Zöe")


def test_a_null_byte_costs_its_row_alone():
    damaged, good = read(b"id,name\n1,An\0n\n2,Bob\n" + b"3,Cy\n" * 50)[:2]

    assert "no text" in damaged.damage
    assert good.values == ("2", "Bob")


def test_a_row_of_utf_8_in_a_file_of_cp1252_is_refused_not_garbled():
    rows = [f"{number},Müller" for number in range(50)]
    content = "\n".join(["id,name", *rows]).encode("cp1252") + "\n50,Zoë\n".encode()

    *good, damaged = read(content)

    assert good[0].values == ("0", "Müller")
    assert not any(record.damage for record in good)
    assert damaged.damage == "mixes encodings: “ZoÃ«” would be “Zoë” in UTF-8."


def test_an_endless_value_is_damage_not_memory():
    damaged, good = read(b"mail,name\n" + b"x" * 200_000 + b",Ann\nb@x.org,Bob\n")

    assert damaged.damage == "has a value of more than 100,000 characters."
    assert good.values == ("b@x.org", "Bob")


def test_an_endless_line_is_damage_not_memory():
    content = b"mail,name\n" + b"x," * 3_000_000 + b"\nb@x.org,Bob\n"

    damaged, good = read(content, CSV)

    assert damaged.damage == "is a line of more than 1,000,000 characters."
    assert good == Record(3, ("b@x.org", "Bob"))


# Workbooks.


def test_workbooks_are_told_by_content_and_read_as_text():
    content = workbook(
        ["text", "whole", "number", "flag", "day", "instant", "time", "formula", "none", "error"],
        [
            "Zoë",
            4_915_112_345_678,
            19.99,
            True,
            date(2024, 5, 1),
            datetime.fromisoformat("2024-05-01T10:30"),
            time(9, 15),
            "=1+1",
            None,
            "#N/A",
        ],
    )

    seen = look(content)

    assert seen.layout == Layout(format=FileFormat.XLSX, encoding="", delimiter="", quote="")
    assert seen.sample == (
        Record(
            2,
            (
                "Zoë",
                "4915112345678",
                "19.99",
                "true",
                "2024-05-01",
                "2024-05-01T10:30:00",
                "09:15:00",
                "=1+1",
                "",
                "#N/A",
            ),
        ),
    )


def test_midnight_keeps_its_time_where_the_cell_shows_one():
    book = Workbook()
    midnight = datetime.fromisoformat("2024-05-01")
    book.active.append(["at", "since", "took"])
    book.active.append([midnight, midnight, timedelta(hours=30)])
    book.active["A2"].number_format = "yyyy-mm-dd hh:mm"
    book.active["B2"].number_format = "dd.mm.yyyy"

    (record,) = read(saved(book))

    assert record.values == ("2024-05-01T00:00:00", "2024-05-01", "30:00:00")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (4.91e11, "491000000000"),
        (1e20, "1" + "0" * 20),
        (1e-7, "0.0000001"),
        (-0.5, "-0.5"),
        (100.0, "100"),
    ],
)
def test_numbers_of_workbooks_have_no_exponent_and_no_noise(value, text):
    assert read(workbook(["x"], [value]))[0].values == (text,)


def test_array_formulas_are_text():
    book = Workbook()
    book.active.append(["total"])
    book.active["A2"] = ArrayFormula("A2:A2", "=SUM(B1:B9*C1:C9)")

    assert values(read(saved(book))) == [("=SUM(B1:B9*C1:C9)",)]


def test_rows_of_a_sheet_keep_their_number_and_missing_cells_are_blank():
    content = workbook(
        [], ["id", "name", "note", None], [], ["1"], ["2", None, "x"], [None, None, "y"]
    )

    assert read(content) == [
        Record(4, ("1", "", "")),
        Record(5, ("2", "", "x")),
        Record(6, ("", "", "y")),
    ]


def test_a_cell_beyond_the_header_is_damage():
    (damaged,) = read(workbook(["id", "name"], ["1", "Ann", None, "stray"]))

    assert damaged.damage == "has a value beyond the 2 columns that the header names."
    assert damaged.values == ("1", "Ann", "", "stray")


def test_the_first_sheet_that_can_be_seen_is_read_unless_another_is_chosen():
    book = Workbook()
    book.active.title = "Lists"
    book.active.sheet_state = "hidden"
    for name in ("Leads", "Deals"):
        sheet = book.create_sheet(name)
        sheet.append([f"{name} id"])
        sheet.append(["1"])
    file = io.BytesIO(saved(book))

    first = files.look(file)
    chosen = files.look(file, Layout(format=FileFormat.XLSX, sheet="Deals"))

    assert first.header == ("Leads id",)
    assert first.sheets == ("Leads", "Deals")
    assert first.notes == ("Only the sheet “Leads” is read, not “Deals”.",)
    assert chosen.header == ("Deals id",)
    with pytest.raises(FileRefused, match="no sheet “Nothing”"):
        files.read(file, Layout(format=FileFormat.XLSX, sheet="Nothing"))


def zipped(**parts: bytes | str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped(**{"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b"0" * (60 << 20)})
    assert len(bomb) < 100_000

    with pytest.raises(FileRefused, match="would unpack to 60 MB"):
        look(bomb)


def test_a_workbook_whose_texts_do_not_fit_into_memory_is_refused(monkeypatch):
    texts = "<si><t>name</t></si><si><t>Zoe</t></si>"
    content = handmade("<row><c t='s'><v>0</v></c></row>", texts=texts)
    assert look(content).header == ("name",)
    monkeypatch.setattr(workbooks, "MOST_TEXT_BYTES", 100)

    with pytest.raises(FileRefused, match="holds too much text"):
        look(content)


def test_merged_cells_are_told_of_since_only_the_first_has_the_value():
    book = Workbook()
    for row in (["mail", "company"], ["ann@acme.example", "Acme"], ["bob@acme.example", None]):
        book.active.append(row)
    assert look(saved(book)).notes == ()
    book.active.merge_cells("B2:B3")

    found = look(saved(book))

    assert found.notes == ("Cells are merged: only the first of them has their value.",)
    assert values(found.sample) == [("ann@acme.example", "Acme"), ("bob@acme.example", "")]


def test_archives_that_are_no_workbook_are_refused():
    for content, reason in [
        (zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "no XLSX"),
        (workbook(["mail"])[:-30], "is damaged"),
        (zipped(**{"xl/workbook.xml": b"<a"}), "is damaged"),
        (b"PK\x03\x04" + b"\0" * 100, "is damaged"),
    ]:
        with pytest.raises(FileRefused, match=reason):
            look(content)


def tampered(content: bytes, part: str, change) -> bytes:
    old = zipfile.ZipFile(io.BytesIO(content))
    return zipped(
        **{
            name: change(old.read(name)) if name == part else old.read(name)
            for name in old.namelist()
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: b'<!DOCTYPE a [<!ENTITY x "y">]>' + xml,
        lambda xml: xml.replace(b'<row r="2"', b'<row r="99999999999"'),
        lambda xml: xml.replace(b"</sheetData>", b""),
        lambda xml: xml.replace(b'r="A2"', b'r="ZZZZZZ2"'),
        lambda xml: xml.replace(b'<row r="2"', b'<row r="x"'),
    ],
    ids=["entities", "a row beyond the end", "malformed", "a column beyond", "no row number"],
)
def test_a_tampered_sheet_is_refused(change):
    content = tampered(workbook(["n"], [7]), "xl/worksheets/sheet1.xml", change)

    with pytest.raises(FileRefused, match="damaged"):
        read(content)


def test_a_sheet_that_claims_to_be_huge_is_read_as_it_is():
    content = tampered(
        workbook(["n"], [7]),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'),
    )

    assert read(content) == [Record(2, ("7",))]


def handmade(rows: str, *, texts: str = "", book: str = "") -> bytes:
    """Make a workbook of the XML of its rows, its table of texts and its properties."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    )
    return zipped(
        **{
            "_rels/.rels": f'{relations}<Relationship Id="r1" Type="{kinds}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook {space} xmlns:r="{kinds}">{book}<sheets>'
            '<sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f"{relations}"
            f'<Relationship Id="r1" Type="{kinds}/worksheet" Target="/xl/sheet.xml"/>'
            f'<Relationship Id="r2" Type="{kinds}/sharedStrings" Target="texts.xml"/>'
            f'<Relationship Id="r3" Type="{kinds}/styles" Target="styles.xml"/></Relationships>',
            "xl/sheet.xml": f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>",
            "xl/texts.xml": f"<sst {space}>{texts}</sst>",
            "xl/styles.xml": f'<styleSheet {space}><cellStyleXfs><xf numFmtId="0"/></cellStyleXfs>'
            '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        }
    )


TEXTS = (
    "<si><t>name</t></si><si><r><t>Zo</t></r><r><t>ë</t></r></si>"
    "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
    "<si><t>one_x000D_\ntwo _x005F_x000D_ _xD800_</t></si>"
)


def test_texts_of_workbooks_are_read_without_their_readings_and_escapes():
    content = handmade(
        "<row><c t='s'><v>0</v></c></row><row><c t='s'><v>1</v></c></row>"
        "<row><c t='s'><v>2</v></c></row><row><c t='s'><v>3</v></c></row>"
        "<row><c t='inlineStr'><is><r><t>in</t></r><r><t>line</t></r></is></c></row>",
        texts=TEXTS,
    )

    *good, damaged, inline = read(content)

    assert values(good) == [("Zoë",), ("東京",)]
    assert damaged.values == ("one\ntwo _x000D_ \ufffd",)
    assert damaged.damage == "has characters that are no text (shown as \ufffd)."
    assert inline == Record(5, ("inline",))


def test_formulas_are_text_even_where_cells_share_one():
    content = handmade(
        "<row r='1'><c r='A1' t='s'><v>0</v></c></row>"
        "<row r='2'><c r='A2'><f t='shared' ref='A2:A3' si='0'>B2*2</f><v>4</v></c></row>"
        "<row r='3'><c r='A3'><f t='shared' si='0'/><v>6</v></c></row>"
        "<row r='4'><c r='A4' t='str'><f>UPPER(\"a\")</f><v>A</v></c></row>",
        texts=TEXTS,
    )

    assert values(read(content)) == [("=B2*2",), ("=B3*2",), ('=UPPER("a")',)]


@pytest.mark.parametrize(("first", "day"), [("0", "2024-05-01"), ("1", "2028-05-02")])
def test_days_count_from_the_epoch_of_the_workbook(first, day):
    content = handmade(
        "<row><c t='s'><v>0</v></c></row><row><c s='1'><v>45413</v></c></row>"
        "<row><c s='1'><v>99999999999</v></c></row>",
        texts=TEXTS,
        book=f"<workbookPr date1904='{first}'/>",
    )

    assert values(read(content)) == [(day,), ("99999999999",)]


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='2'><c t='s'><v>0</v></c></row><row r='1'><c><v>1</v></c></row>",
        "<row><c r='B1'><v>1</v></c><c r='A1'><v>1</v></c></row>",
        "<row r='2'><c r='A3'><v>1</v></c></row>",
        "<row><c t='s'><v>7</v></c></row>",
        "<row><c t='s'><v>-1</v></c></row>",
        "<row><c t='nonsense'><v>1</v></c></row>",
        "<row><c><v>12 apples</v></c></row>",
        "<row><c><f t='shared' si='3'/></c></row>",
    ],
    ids=[
        "rows out of order",
        "cells out of order",
        "a cell of another row",
        "a text that is not there",
        "a text before the first",
        "an unknown type",
        "a number that is none",
        "a formula that is not there",
    ],
)
def test_what_would_be_lost_or_misread_in_a_workbook_refuses_it(rows):
    with pytest.raises(FileRefused, match="damaged"):
        read(handmade("<row><c t='s'><v>0</v></c></row>" * ("r='" not in rows) + rows))


# What is written is read again.


def test_refused_rows_open_in_spreadsheets_without_running_formulas():
    content = b"".join(files.write_csv(["name", "phone"], [["=cmd|'/c calc'!A0", "+49 30 1"]]))

    assert content.startswith(b"\xef\xbb\xbf")
    assert b"'=cmd|" in content
    assert b"'+49 30 1" in content
    assert values(read(content)) == [("=cmd|'/c calc'!A0", "+49 30 1")]


cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=12
) | st.sampled_from(
    ["=1", "'=1", "''+1", "-", "\t", "＝1", '"', 'a"', ",", ";", " x ", "\r", "\n"]
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=5))
@example(rows=[('a"', "\n=1", ""), ("x", "y\r\nz", '"')])
def test_what_is_written_is_read_again_as_it_was(rows):
    content = b"".join(files.write_csv(["a", "b", "c"], rows))

    layout = Layout(format=FileFormat.CSV, encoding="utf-8-sig", is_multiline=True)
    assert values(read(content, layout)) == [row for row in rows if any(row)]


def test_a_digest_is_of_all_of_the_file():
    file = io.BytesIO(b"a,b\n1,2\n")
    file.read(3)

    assert files.digest(file) == (
        "492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470"
    )
