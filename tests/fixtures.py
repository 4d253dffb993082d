"""Fixtures that tests of several floors share."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from definitions.models import DefinitionVersion
from tests import recipes


@pytest.fixture
def active_version(db: None, noon: datetime) -> DefinitionVersion:
    """The shipped mid-market definition, signed and active for a year."""
    return recipes.signed_and_active(recipes.shipped_text(), at=noon - timedelta(days=365))


@pytest.fixture
def sales_confirmed_version(db: None, noon: datetime) -> DefinitionVersion:
    """The shipped definition as a team has it whose reps confirm: handed over as MQL."""
    content = yaml.safe_load(recipes.shipped_text())
    content |= {"process": "sales_confirmed", "handoff_stage": "mql", "checklist": "bant"}
    content["stages"] = [rule for rule in content["stages"] if rule["stage"] != "sql"]
    del content["sla_terms"]["high_score_sql"]
    return recipes.signed_and_active(
        yaml.safe_dump(content, sort_keys=False), at=noon - timedelta(days=365)
    )


@pytest.fixture
def rita(db: None) -> Any:
    """Rita, who works in sales."""
    return recipes.person("Rita Rep")
