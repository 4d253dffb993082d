from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leads import cells
from leads.cells import Cell
from leads.fields import SECTIONS
from leads.models import Account, Campaign, Lead, LeadIdentity, Opportunity, Touchpoint

MODELS: Mapping[str, type[models.Model]] = {
    "lead": Lead,
    "account": Account,
    "touchpoints": Touchpoint,
    "opportunity": Opportunity,
    "campaign": Campaign,
    "person": get_user_model(),
}
ALIKE = st.sampled_from(
    ["anna@acme.com", "acme.com", "1.234,56", "2026-02-01", "31.12.9999", "Deutschland", "EUR"]
)
WRITTEN = st.one_of(
    st.text(max_size=30),
    st.text("0123456789+-.,@ eE/:;", max_size=30),
    st.builds(str.__add__, ALIKE, st.text("0123456789+-.,@ aZé/", max_size=3)),
    st.text("aé ", min_size=190, max_size=300),
)
CELL = Cell(
    column="it",
    formats=("%Y-%m-%d", "%d.%m.%Y"),
    zone=ZoneInfo("Asia/Tokyo"),
    decimal=",",
    thousands=".",
    slug=True,
)


def column_of(section: str, field: str) -> models.Field[Any, Any] | None:
    if (section, field) == ("lead", "external_id"):
        return LeadIdentity._meta.get_field(field)
    names = {each.name: each for each in MODELS[section]._meta.get_fields()}
    return names.get(field)


def taken(reading: cells.Reading, written: str) -> tuple[Any, str]:
    try:
        return reading((written,)), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize(
    ("section", "field"),
    [(section, field) for section, fields in SECTIONS.items() for field in fields],
)
@settings(max_examples=25, deadline=None)
@given(WRITTEN)
@example("0001-01-01")
@example("\0")
def test_whatever_is_written_is_a_value_that_fits_or_a_sentence(section, field, written):
    reading = cells.reading(CELL, SECTIONS[section][field], position=0, blanks=frozenset({""}))

    value, reason = taken(reading, written)

    assert reason == "" or reason.endswith(".")
    column = column_of(section, field)
    if isinstance(value, str) and column and column.max_length and field != "phone":
        assert len(value) <= column.max_length
