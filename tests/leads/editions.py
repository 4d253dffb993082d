"""Versions of a few agreements that differ in what a test is about; all else is as shipped."""

from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from definitions import versions
from definitions.models import DefinitionVersion
from tests import recipes

LARGE = [{"fact": "expected_acv", "operator": "at_least", "wanted": 100_000}]
HUGE = [{"fact": "expected_acv", "operator": "at_least", "wanted": 500_000}]


@cache
def _shipped() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(recipes.shipped_text())
    return content


def mid_market(*, plan: str = "grandfather", days: int | None = None, **changes: Any) -> str:
    """The shipped catch-all; `changes` as with `edited`."""
    return edited(_shipped() | {"in_flight": _in_flight(plan, days)}, **changes)


def enterprise(*, plan: str = "grandfather", days: int | None = None, **changes: Any) -> str:
    """The same for large business alone, tried before the catch-all."""
    about = {"name": "Enterprise", "position": 10, "is_catch_all": False}
    content = _shipped() | {"about": about, "definition": "enterprise", "segment": LARGE}
    return edited(content | {"in_flight": _in_flight(plan, days)}, **changes)


def edited(
    content: dict[str, Any],
    *,
    mql_touchpoints: int = 2,
    sql_touchpoints: int = 4,
    is_sales_confirmed: bool = False,
    **parts: Any,
) -> str:
    content = deepcopy(content) | parts
    engagement = content["levels"]["engagement"]
    engagement["medium"]["criteria"]["two_touchpoints"]["wanted"] = mql_touchpoints
    engagement["high"]["criteria"]["four_touchpoints"]["wanted"] = sql_touchpoints
    if is_sales_confirmed:
        content |= {"process": "sales_confirmed", "handoff_stage": "mql", "checklist": "bant"}
        content["stages"] = [rule for rule in content["stages"] if rule["stage"] != "sql"]
        del content["sla_terms"]["high_score_sql"]
    return yaml.safe_dump(content, sort_keys=False)


def _in_flight(plan: str, days: int | None) -> dict[str, Any]:
    return {"plan": plan} | ({"sunset_days": days} if days else {})


def active(text: str, *, at: datetime) -> DefinitionVersion:
    """Signed and in force since `at`; nobody was marked to be judged by it."""
    return recipes.signed_and_active(text, at=at)


def draft(text: str) -> DefinitionVersion:
    """Written, and neither submitted nor signed."""
    recipes.small_catalog()
    return versions.load(text, by=recipes.person("Otto Operations"))


def stages() -> list[dict[str, Any]]:
    """The shipped stage rules."""
    return deepcopy(_shipped()["stages"])
