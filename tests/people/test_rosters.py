"""Pasted lists of people: read leniently, each line on its own."""

import pytest

from crm_handoff.people import rosters
from crm_handoff.people.roles import Role
from crm_handoff.people.rosters import Line, LineUnreadable
from routing.enums import RepKind
from routing.models import Territory

DACH = Territory(key="dach", name="D-A-CH")
KNOWN = {"dach": DACH, "d-a-ch": DACH}


def read(text):
    return rosters.read(Line(1, text), territories=KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "Maya Lindqvist, maya@example.com, marketing lead",
        "Maya Lindqvist;Maya@Example.com;Marketing Lead",
        "Maya Lindqvist\tmaya@example.com\tmarketing_lead",
        '"Maya Lindqvist" , <maya@example.com> , MARKETING',
    ],
)
def test_a_line_is_read_as_people_write_it(text):
    invitee = read(text)

    assert (invitee.full_name, invitee.email) == ("Maya Lindqvist", "maya@example.com")
    assert invitee.roles == [Role.MARKETING_LEAD]


@pytest.mark.parametrize(
    ("written", "role", "kind"),
    [
        ("SDR", Role.REP, RepKind.SDR),
        ("ae", Role.REP, RepKind.AE),
        ("rep", Role.REP, RepKind.SDR),
        ("Sales manager", Role.SALES_MANAGER, RepKind.SDR),
        ("RevOps", Role.REVOPS, RepKind.SDR),
        ("auditor", Role.AUDITOR, RepKind.SDR),
    ],
)
def test_roles_and_kinds_of_rep_are_understood(written, role, kind):
    invitee = read(f"Dana, dana@example.com, {written}")

    assert (invitee.roles, invitee.place.kind) == ([role], kind)


def test_a_rep_may_come_with_languages_and_a_territory():
    place = read("Dana, dana@example.com, SDR, EN de en, DACH").place

    assert place.languages == ("en", "de")
    assert place.territory is DACH


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Maya", "with commas between"),
        ("Maya, maya@example.com", "with commas between"),
        ("Maya, maya at example, rep", "is not an e-mail address"),
        ("Maya, maya@example.com, boss", "is no role"),
        ("Maya, maya@example.com, rep, english", "no two-letter code"),
        ("Maya, maya@example.com, rep, en, Mars", "no territory “Mars”"),
        ("M" * 201 + ", maya@example.com, rep", "no more than 200 characters"),
        (f"Maya, maya@{'.'.join(['b' * 60] * 5)}.example, rep", "is not an e-mail address"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(text, reason):
    with pytest.raises(LineUnreadable, match=reason):
        read(text)


def test_blank_lines_count_but_are_not_read():
    assert rosters.lines_of("one\n\n  \n two ") == [Line(1, "one"), Line(4, "two")]


def test_what_no_text_column_can_hold_is_left_out():
    assert rosters.lines_of("Ma\0ya") == [Line(1, "Maya")]
