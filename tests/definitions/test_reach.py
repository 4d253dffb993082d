"""Rows that contradict each other are named, and rows that do not are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from definitions.validity import problems_in

Change = Callable[[dict[str, Any]], Any]

SIZE = {"label": "Size", "fact": "employee_count"}
COUNT = {"label": "Some", "fact": "touchpoint_count", "parameters": {"days": 30}}


def row(operator: str, wanted: Any = None, **fields: Any) -> dict[str, Any]:
    given = {} if wanted is None else {"wanted": wanted}
    return SIZE | fields | {"operator": operator} | given


def count(operator: str, wanted: Any) -> dict[str, Any]:
    return COUNT | {"operator": operator, "wanted": wanted}


def level(*rows: dict[str, Any], match: str = "all", name: str = "x") -> dict[str, Any]:
    return {"match": match, "criteria": {f"{name}{n}": one for n, one in enumerate(rows, 1)}}


def fit(**levels: dict[str, Any]) -> Change:
    return lambda content: content["levels"].update(fit=levels)


def with_signals(*, required: list[str], **rows: dict[str, Any]) -> Change:
    """Add signals, and ask for some of them for SQL by the standard path."""

    def change(content: dict[str, Any]) -> None:
        content["signals"].update(rows)
        content["stages"][1]["criteria"] = required

    return change


def with_exclusions(*, required: list[str], signals: dict[str, Any], **rows: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        with_signals(required=required, **signals)(content)
        content["exclusions"] = rows

    return change


def asking(content: dict[str, Any]) -> None:
    content["questions"] = {
        "champion": {
            "question": "Is there a champion?",
            "side": "sales",
            "answer_within": "4 hours",
            "valid_days": 30,
        }
    }


CONTRADICTIONS: list[tuple[str, Change]] = [
    (
        "levels.fit.in: nobody reaches it, criteria.x1 and criteria.x2 contradict each other",
        fit(**{"in": level(count("at_least", 5), count("at_most", 3))}),
    ),
    (
        "levels.fit.in: nobody reaches it, criteria.x1 and criteria.x2 contradict each other",
        fit(**{"in": level(row("known"), row("unknown"))}),
    ),
    (
        "levels.fit.in: nobody reaches it, criteria.x1 and criteria.x2 contradict each other",
        fit(
            **{
                "in": level(
                    row("is", "DE", fact="country"), row("none_of", ["de", "AT"], fact="country")
                )
            }
        ),
    ),
    (
        "levels.fit.in: nobody reaches it, criteria.x1 and criteria.x2 contradict each other",
        fit(
            **{
                "in": level(
                    row("any_of", ["SAP"], fact="technologies"),
                    row("none_of", ["sap", "erp"], fact="technologies"),
                )
            }
        ),
    ),
    (
        "levels.fit.in: nobody reaches it, criteria.x1 and criteria.x2 contradict each other",
        fit(
            **{
                "in": level(
                    row("at_least", "influencer", fact="title_authority"),
                    row("at_most", "end_user", fact="title_authority"),
                )
            }
        ),
    ),
    ("criteria.x1: nobody can meet it", fit(**{"in": level(row("at_most", -1))})),
    (
        "criteria.x1: nobody can meet it",
        fit(**{"in": level(row("at_least", 101, fact="title_confidence"))}),
    ),
    (
        "criteria.x1: nobody can meet it",
        fit(
            **{
                "in": level(
                    row("at_least", 9, fact="touchpoint_days", parameters={"days": 7}),
                )
            }
        ),
    ),
    (
        "levels.fit.low: nobody stays on it, whoever meets it meets in too",
        fit(
            low=level(row("between", [50, 100]), name="y"),
            **{"in": level(row("between", [10, 200]))},
        ),
    ),
    (
        "stages.sql.standard: nobody reaches it, criteria.few and criteria.many contradict",
        with_signals(required=["few", "many"], few=row("at_most", 10), many=row("at_least", 11)),
    ),
    (
        "stages.sql.standard: nobody reaches it, its criteria contradict engagement high",
        lambda content: (
            content["levels"]["engagement"]["high"].update(match="all"),
            with_signals(required=["quiet"], quiet=count("at_most", 1))(content),
        ),
    ),
    (
        "stages.sql.standard: min_points 40 is out of reach, the points rules give 30",
        lambda content: (
            content["score"]["touchpoints"].update(cap=30),
            content["score"].update(
                free={
                    "label": "Free mail",
                    "fact": "email_is_free_mail",
                    "operator": "is",
                    "wanted": True,
                    "points": -10,
                }
            ),
            content["stages"][1].update(min_points=40),
        ),
    ),
    (
        "stages.sql.standard: asks for exclusions.spam, which keeps everyone out",
        with_exclusions(required=["spam"], signals={}, spam=row("at_most", 3)),
    ),
    (
        "exclusions.small: keeps out everyone who meets criteria.tiny, which stages.sql.standard",
        with_exclusions(
            required=["tiny"], signals={"tiny": row("at_most", 3)}, small=row("at_most", 10)
        ),
    ),
    (
        "exclusions.all: keeps everyone out",
        with_exclusions(
            required=["german"],
            signals={},
            all=row(
                "one_of",
                [
                    "end_user",
                    "decision_maker",
                    "unknown",
                    "researcher",
                    "influencer",
                    "senior_influencer",
                ],
                fact="title_authority",
            ),
        ),
    ),
    (
        "stages.sql.standard: asks no criteria.german, which mql does",
        lambda content: (
            content["stages"][0].update(criteria=["german"]),
            content["stages"][1].update(criteria=[]),
        ),
    ),
    (
        "stages.sql.direct: never counts, whoever meets it meets stages.sql.standard too",
        lambda content: content["stages"][2].update(engagement="high", criteria=["german"]),
    ),
    ("questions.champion: no criterion asks for its answer", asking),
]


@pytest.mark.parametrize(
    ("sentence", "change"), CONTRADICTIONS, ids=[one[0] for one in CONTRADICTIONS]
)
def test_a_contradiction_is_named(small: dict[str, Any], sentence: str, change: Change) -> None:
    change(small)

    assert [one for one in problems_in(small) if one.startswith(sentence)], problems_in(small)


POSSIBLE: list[Change] = [
    fit(**{"in": level(count("at_least", 5), count("at_most", 5))}),
    fit(**{"in": level(count("at_least", 5), count("at_most", 3), match="any")}),
    fit(**{"in": level(row("known"), row("is_not", 7))}),
    fit(
        **{
            "in": level(
                row("any_of", ["SAP", "Oracle"], fact="technologies"),
                row("none_of", ["sap"], fact="technologies"),
            )
        }
    ),
    fit(
        low=level(row("between", [10, 200]), name="y"),
        **{"in": level(row("between", [50, 100]))},
    ),
    # Who has six hundred people has fifty, so SQL asks more than MQL and not less.
    lambda content: (
        content["signals"].update(large=row("at_least", 600), some=row("at_least", 50)),
        content["stages"][0].update(criteria=["some"]),
        content["stages"][1].update(criteria=["german", "large"]),
    ),
    # A window of another length is another question.
    with_signals(
        required=["few", "many"],
        few=count("at_most", 1),
        many=count("at_least", 5) | {"parameters": {"days": 90}},
    ),
    lambda content: (
        asking(content),
        content["signals"].update(
            championed={
                "label": "Has a champion",
                "fact": "asserted",
                "parameters": {"what": "champion"},
                "operator": "is",
                "wanted": True,
            }
        ),
    ),
]


@pytest.mark.parametrize("change", POSSIBLE, ids=range(len(POSSIBLE)))
def test_what_somebody_can_meet_is_left_alone(small: dict[str, Any], change: Change) -> None:
    change(small)

    assert problems_in(small) == []
