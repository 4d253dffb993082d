"""What the database saves by itself is what `touchpoints.record` saves."""

import io
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions import catalog
from leads import imports, plain
from leads.enums import ImportMode
from leads.models import Asset, ImportBatch, ImportRow, Opportunity, PendingMark, Touchpoint
from tests import recipes

HEADER = "Id,Who,What,When,Channel,Campaign,Asset,Verified,Page"
CONTENT: dict[str, Any] = {
    "name": "Automation",
    "system": "automation",
    "blanks": ["", "-"],
    "lead": {"external_id": "Who"},
    "touchpoints": [
        {
            "external_id": "Id",
            "kind": "What",
            "occurred_at": {"column": "When", "formats": ["%Y-%m-%d %H:%M"], "zone": "UTC"},
            "channel": "Channel",
            "campaign": "Campaign",
            "asset": "Asset",
            "is_verified": "Verified",
            "detail": {"page": "Page"},
        }
    ],
}
CELLS = st.tuples(
    st.sampled_from(["t1", "t2", "t3", "t4", 'ö "5\\'] * 4 + ["-"]),
    st.sampled_from(["ann", "ben", "ann", "ben", "nobody"]),
    st.sampled_from(["webinar_attended", "demo_request", "fax", ""]),
    st.sampled_from(["2026-01-02 10:00", "2026-01-03 11:30", "2026-13-01 00:00", ""]),
    st.sampled_from(["", "web", "event"]),
    st.sampled_from(["", "spring", "fall"]),
    st.sampled_from(["", "ebook", "lost"]),
    st.sampled_from(["", "true", "false", "perhaps"]),
    st.sampled_from(["", "/a", "{}\\ü"]),
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(noon: datetime) -> None:
    """Ann, who has a deal, and Ben."""
    catalog.load_defaults()
    Asset.objects.get_or_create(key="ebook", defaults={"title": "E-book"})
    for name in ("ann", "ben"):
        lead = recipes.known_lead(at=noon, system="automation", external_id=name)
    Opportunity.objects.create(lead=lead, system="crm", external_id="1")


def written(rows: list[tuple[str, ...]]) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return "\r\n".join((HEADER, *quoted, "")).encode()


def outcome(file: bytes, noon: datetime) -> tuple[Any, ...]:
    """Everything that an import of the file leaves, which is then undone."""
    run = imports.receive(io.BytesIO(file), name="a.csv", by=None, at=noon)
    imports.check(run, content=CONTENT, mode=ImportMode.LIVE, by=None, at=noon)
    while imports.work():
        pass
    imports.start(run, by=None, at=noon)
    while imports.work():
        pass
    run.refresh_from_db()
    fields = (
        "external_id", "lead", "kind", "channel", "occurred_at", "received_at", "campaign__key",
        "asset", "is_verified", "is_bot", "detail",
    )  # fmt: skip
    found = (
        run.report,
        run.check_report,
        [*Touchpoint.objects.order_by("external_id").values_list(*fields)],
        [*ImportRow.objects.filter(run=run).order_by("line").values_list("line", "problems")],
        {*PendingMark.objects.values_list("lead", flat=True)},
        sum(len(batch.touchpoints) for batch in ImportBatch.objects.filter(run=run)),
    )
    Touchpoint.objects.all().delete()
    PendingMark.objects.all().delete()
    return found


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(CELLS, min_size=1, max_size=8))
def test_both_ways_end_in_the_same(known, noon, monkeypatch, rows):
    PendingMark.objects.all().delete()
    quick = outcome(written(rows), noon)

    with monkeypatch.context() as patched:
        patched.setattr(plain, "is_plain", lambda mapping: False)
        slow = outcome(written(rows), noon)

    assert quick == slow


def test_a_plain_file_goes_the_quick_way(known, noon):
    row = ("t1", "ann", "demo_request", "2026-01-02 10:00", "", "spring", "", "true", "/a")
    run = imports.receive(io.BytesIO(written([row])), name="a.csv", by=None, at=noon)
    imports.check(run, content=CONTENT, mode=ImportMode.LIVE, by=None, at=noon)

    imports.work()

    (staged,) = ImportRow.objects.get().touchpoints
    assert (staged["who"], staged["campaign"], staged["detail"]) == (
        "ann", "spring", {"page": "/a"},
    )  # fmt: skip


def test_rows_without_a_name_are_saved_beside_plain_ones(known, noon):
    named = ("t1", "ann", "demo_request", "2026-01-02 10:00", "", "", "", "", "")
    nameless = ("-", "ann", "demo_request", "2026-01-03 11:30", "", "", "", "", "")

    report, *_ = outcome(written([named, nameless]), noon)

    assert report["created"] == 2
