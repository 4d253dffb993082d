"""Starting states of the tests of questions: an agreement whose MQL asks a person first."""

from datetime import datetime, timedelta
from typing import Any

import yaml

from definitions import versions
from definitions.enums import Side
from definitions.models import DefinitionVersion
from tests import recipes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

QUESTION = "Does this company sell to other companies?"
KEY = "sells_to_companies"


def content(
    *,
    keys: tuple[str, ...] = (KEY,),
    stage: str = "mql",
    paths: tuple[str, ...] = ("standard",),
    **said: Any,
) -> str:
    """The shipped agreement, where a stage, and SQL, asks for a person's yes to some questions."""
    text: dict[str, Any] = yaml.safe_load(recipes.shipped_text())
    for key in keys:
        text["signals"][key] = {
            "label": f"Somebody said yes to {key}",
            "fact": "asserted",
            "parameters": {"what": key},
            "operator": "is",
            "wanted": True,
        }
        text.setdefault("questions", {})[key] = {
            "question": QUESTION,
            "side": "marketing",
            "answer_within": "4 hours",
            "valid_days": 30,
        } | said
    for rule in text["stages"]:
        if rule["stage"] in (stage, "sql") and rule["path"] in paths:
            rule["criteria"] = [*rule.get("criteria", ()), *keys]
    return yaml.safe_dump(text, sort_keys=False)


def active(text: str = "", *, at: datetime) -> DefinitionVersion:
    """In force; Mara is marketing's operator and Dora her deputy, Saul is sales' operator."""
    recipes.small_catalog()
    mara, dora, saul = (recipes.person(name) for name in ("Mara", "Dora", "Saul"))
    version = versions.load(text or content(), by=mara)
    version.marketing_operator, version.marketing_deputy = mara, dora
    version.sales_operator = saul
    version.save()
    versions.submit(version, by=mara, at=at)
    versions.sign(version, side=Side.MARKETING, by=mara, at=at)
    versions.sign(version, side=Side.SALES, by=saul, at=at)
    return versions.activate(version, by=mara, at=at)
