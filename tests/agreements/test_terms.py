"""SLA terms are said in words."""

from typing import Any

import pytest

from crm_handoff.agreements import terms


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ({"respond_within": "5 minutes"}, "5 minutes of business time"),
        (
            {"respond_within": "1 hour", "is_business_time": False},
            "1 hour around the clock",
        ),
        (
            {"respond_within": "4 hours", "at_latest_within": "24 hours"},
            "4 hours of business time, 24 hours at the latest",
        ),
        (
            {"respond_within": "4 hours", "milestone": "second_attempt"},
            "4 hours of business time, counted from the first attempt",
        ),
        (
            {"respond_within": "4 hours", "milestone": "outcome", "counts_from": "assigned"},
            "4 hours of business time, counted from the assignment to a rep",
        ),
        (
            {"respond_within": "4 hours", "milestone": "outcome", "counts_from": "qualified"},
            "4 hours of business time",
        ),
    ],
)
def test_a_promise_is_said(term: dict[str, Any], text: str) -> None:
    assert terms.promise(term) == text


def test_a_cadence_is_said() -> None:
    term = {
        "respond_within": "4 hours",
        "cadence": [
            {"kind": "call", "after": "1 hour", "what": "Call about the request"},
            {"kind": "email", "after": "8 hours", "what": "Send an example"},
        ],
    }

    assert terms.cadence(term) == [
        "After 1 hour: call, “Call about the request”",
        "After 8 hours: e-mail, “Send an example”",
    ]
    assert terms.line(term, labels={}) == (
        "First Response for everyone: 4 hours of business time; cadence of 2 tasks"
    )
    assert terms.cadence({"respond_within": "4 hours"}) == []


def test_what_follows_a_miss_is_said_in_order() -> None:
    term = {
        "warn_at_pct": 50,
        "later_warnings": [80],
        "remind_after": "5 minutes",
        "manager_after": "10 minutes",
        "reassign_after": "1 hour",
    }

    assert terms.steps(term) == [
        "50 percent of the time gone: the owner is warned",
        "80 percent of the time gone: the owner is warned again",
        "5 minutes after the miss: the owner is reminded",
        "10 minutes after the miss: the owner's manager is told",
        "1 hour after the miss: given to another rep",
    ]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ({"milestone": "acceptance"}, "acceptance or rejection"),
        ({"milestone": "outcome"}, "an opportunity, a rejection, or a return"),
        ({"milestone": "second_attempt", "stop_kinds": ["call"]}, "call"),
        ({}, "any attempt"),
    ],
)
def test_what_keeps_a_promise_is_said(term: dict[str, Any], text: str) -> None:
    assert terms.stops(term) == text


def test_to_whom_a_promise_applies_is_said() -> None:
    when = {
        "stage": "sql",
        "path": "direct",
        "min_points": 60,
        "intent": "medium",
        "criteria": ["demo"],
    }

    said = terms.when(when, labels={"demo": "Asked for a demo"})

    assert said == (
        "SQL direct, at least 60 points, intent medium or above, and “Asked for a demo”"
    )
    assert terms.when(None, labels={}) == "everyone"
    assert terms.when({"path": "direct"}, labels={}) == "Direct path"
