from dataclasses import replace

import pytest

from leads import files, mappings
from leads.files import FileRefused

MAPPING = mappings.parse(
    """
name: Forms
system: forms
mode: live
file: {delimiter: ",", encoding: utf-8}
blanks: [""]
lead: {email: mail, last_name: name}
""",
    key="forms",
)


@pytest.fixture
def read(tmp_path):
    def read(content: bytes, mapping=MAPPING):
        path = tmp_path / "forms.csv"
        path.write_bytes(content)
        return list(files.records(path, mapping))

    return read


def values(records):
    return [tuple(record.values.values()) for record in records]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_records_are_read_whatever_the_line_ends_and_marks(read, end, mark):
    found = read(mark + end.join([b"mail,name", b"a@x.org,Ann", b"", b"b@x.org,Bob"]))

    assert values(found) == [("a@x.org", "Ann"), ("b@x.org", "Bob")]
    assert [record.line for record in found] == [2, 4]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "Zoë"), ("cp1252", "Zoë"), ("utf-16", "Zoë 王"), ("utf8", "王")],
)
def test_records_are_decoded_as_declared(read, encoding, name):
    mapping = replace(MAPPING, encoding=encoding)

    assert values(read(f"mail,name\nz@x.org,{name}\n".encode(encoding), mapping)) == [
        ("z@x.org", name)
    ]


def test_bytes_that_are_no_text_cost_their_value_alone(read):
    first, second = read("mail,name\na@x.org,Zoë\nb@x.org,Bob\n".encode("latin-1"))

    assert first.values["name"] == "Zo\udceb"
    assert second.values["name"] == "Bob"


def test_quoted_values_may_hold_the_delimiter(read):
    assert values(read(b'mail,name\na@x.org,"cat, ""big"" wolf"\n')) == [
        ("a@x.org", 'cat, "big" wolf')
    ]


def test_a_quote_left_open_costs_its_line_alone(read):
    damaged, good = read(b'mail,name\na@x.org,"Ann\nb@x.org,Bob\n')

    assert (damaged.line, damaged.damage[:23]) == (2, "is no row of values: un")
    assert good.values["name"] == "Bob"


def test_line_breaks_in_values_are_read_where_declared(read):
    mapping = replace(MAPPING, is_multiline=True)

    found = read(b'mail,name\na@x.org,"Ann\nBaker"\nb@x.org,Bob\n', mapping)

    assert values(found) == [("a@x.org", "Ann\nBaker"), ("b@x.org", "Bob")]
    assert [record.line for record in found] == [3, 4]


def test_reading_goes_on_after_damage_among_line_breaks(read):
    mapping = replace(MAPPING, is_multiline=True)

    damaged, good = read(b'mail,name\n"a@x.org"x,Ann\nb@x.org,Bob\n', mapping)

    assert damaged.line == 2
    assert damaged.damage
    assert good.values["name"] == "Bob"


@pytest.mark.parametrize("row", [b"a@x.org", b"a@x.org,Ann,more"])
def test_a_row_of_another_length_is_damaged(read, row):
    assert "the header has 2" in read(b"mail,name\n" + row)[0].damage


def test_an_endless_value_is_damage_not_memory(read):
    damaged, good = read(b"mail,name\n" + b"x" * 200_000 + b",Ann\nb@x.org,Bob\n")

    assert "field larger than field limit" in damaged.damage
    assert good.values["name"] == "Bob"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"mail;name\na;b\n", "no column “mail”; its columns are mail;name. Is the delimiter"),
        (b"mail,name,mail\n", "more than one column “mail”"),
        (b'"mail,name\n', "the header is no row of values"),
        ("mail,name\n".encode("utf-16"), "no column “mail”"),
    ],
)
def test_a_file_that_is_not_the_mappings_is_refused_whole(read, content, reason):
    with pytest.raises(FileRefused, match=reason):
        read(content)


def test_a_file_in_another_encoding_is_refused(read):
    with pytest.raises(FileRefused, match="is not written in utf-16"):
        read(b"mail,name\n", replace(MAPPING, encoding="utf-16"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileRefused, match="No such file"):
        files.check(tmp_path / "nothing.csv", MAPPING)
