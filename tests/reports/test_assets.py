from datetime import UTC, datetime

import pytest

from crm_handoff.reports import assets
from leads.models import Asset
from tests.web import world
from tests.web.world import DAY, HOUR

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)

TEXT = {"pain": "It is late.", "question": "Why?", "proof": "8 percent."}


@pytest.fixture
def version(db):
    return world.company()


def test_what_lacks_text_comes_first_then_what_helped_most(version):
    world.rep("Dana Fischer", world.territory())
    Asset.objects.create(key="guide", title="A guide", **TEXT)
    Asset.objects.create(key="bare", title="B bare")
    Asset.objects.create(key="half", title="C half", pain="It is late.", question="Why?")
    Asset.objects.create(key="used", title="D used", **TEXT)
    who = world.lead()
    world.did(who, "content_download", at=NOW - 2 * DAY, asset="used")
    world.did(who, "content_download", at=NOW - DAY, asset="used")
    world.handed_over(version, who, at=NOW - HOUR)
    # Read after the handoff, and long ago: neither helped, and the latter is no recent touch.
    world.did(who, "content_download", at=NOW, asset="half")
    world.did(world.lead("Old"), "content_download", at=NOW - 100 * DAY, asset="guide")

    found = {row.key: row for row in assets.ranked(Asset.objects.all(), at=NOW)}

    assert list(found) == ["bare", "half", "used", "guide"]
    assert [row.lacking for row in found.values()] == [3, 1, 0, 0]
    assert (found["used"].touch_count, found["used"].handed_count) == (2, 1)
    assert (found["half"].touch_count, found["half"].handed_count) == (1, 0)
    assert found["guide"].touch_count == 0


def test_assets_are_counted_with_those_that_lack_any_text(version, django_assert_num_queries):
    Asset.objects.create(key="bare", title="Bare", pain="Late.", question="Why?")
    Asset.objects.create(key="guide", title="Guide", **TEXT)

    with django_assert_num_queries(1):
        found = assets.figures(Asset.objects.all())

    assert (found.count, found.without_text_count) == (2, 1)


@pytest.mark.parametrize("count", [1, 8])
def test_the_list_takes_one_query(count, version, django_assert_num_queries):
    for number in range(count):
        Asset.objects.create(key=f"asset-{number}", title=f"Asset {number}")

    with django_assert_num_queries(1):
        list(assets.ranked(Asset.objects.all(), at=NOW))
