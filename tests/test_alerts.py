"""Who is told that a signed limit is broken, how often, and how it ends."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff import alerts
from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from crm_handoff.reports.rates import Rate
from definitions.enums import Side
from definitions.models import DefinitionVersion
from routing.models import Absence, FloorCheck, Handoff, Notice, Rep, SlaAlert
from tests import recipes
from tests.routing import clockwork
from tests.routing.due import promises
from tests.web import world

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
"""A Wednesday; the organization's week began on Monday the 12th."""


@pytest.fixture
def version() -> DefinitionVersion:
    return world.company()


@pytest.fixture
def dana(version: DefinitionVersion) -> Rep:
    return clockwork.rep("Dana", capacity=200)


def missed(version: DefinitionVersion, dana: Rep, count: int, of: int, *, at=NOON - DAY) -> None:
    promises(version, dana, missed=count, of=of, at=at)


def told() -> list[Notice]:
    return list(Notice.objects.filter(kind="sla_alert").order_by("pk"))


@pytest.mark.parametrize(
    ("count", "of", "is_broken"),
    [(3, 20, True), (2, 20, False), (3, 19, False), (5, 49, True), (5, 50, False)],
    ids=["above", "at the limit", "too few cases", "10.2 %", "10.0 %"],
)
def test_the_raw_share_of_twenty_cases_or_more_breaks_a_limit(version, dana, count, of, is_broken):
    missed(version, dana, count, of)

    assert alerts.attend(at=NOON) == int(is_broken)


def test_the_one_named_operator_is_told_by_the_other_side(version, dana):
    missed(version, dana, 3, 20)

    alerts.attend(at=NOON)

    [alert], [notice] = SlaAlert.objects.all(), told()
    samir = User.objects.get(full_name="Samir Haddad")
    assert (alert.side, alert.told, alert.missed_count, alert.counted) == ("sales", samir, 3, 20)
    assert alert.window_begins_at == datetime(2026, 1, 12, tzinfo=UTC)
    assert notice.recipient == samir
    assert notice.detail == {
        "alert": str(alert.public_id),
        "definition": version.definition.key,
        "name": version.definition.name,
        "side": "sales",
        "missed": 3,
        "counted": 20,
        "limit_pct": "10.00",
        "from": "Maya Lindqvist",
    }


def test_only_the_last_28_days_count(version, dana):
    missed(version, dana, 5, 20, at=NOON - 28 * DAY)
    missed(version, dana, 0, 5)

    assert alerts.attend(at=NOON) == 0


def test_marketing_answers_for_leads_below_the_floor(version, dana):
    missed(version, dana, 0, 20)
    for handoff in Handoff.objects.order_by("pk")[:2]:
        FloorCheck.objects.create(handoff=handoff, at=NOON, cause="handover", missed=["size"])
        Handoff.objects.filter(pk=handoff.pk).update(floor_missed=True)

    alerts.attend(at=NOON)

    [alert] = SlaAlert.objects.all()
    assert (alert.side, alert.missed_count, alert.counted) == ("marketing", 2, 20)
    assert alert.told.full_name == "Maya Lindqvist"


def test_it_is_said_once_a_week_and_not_while_it_waits_for_an_answer(version, dana):
    missed(version, dana, 3, 20)
    alerts.attend(at=NOON)
    samir = User.objects.get(full_name="Samir Haddad")

    assert alerts.attend(at=NOON + HOUR) == 0
    assert alerts.attend(at=NOON + 7 * DAY) == 0
    alerts.acknowledge(SlaAlert.objects.get(), by=samir, at=NOON + 7 * DAY, comment="Phones.")
    assert alerts.attend(at=NOON + 7 * DAY + HOUR) == 1
    alerts.acknowledge(SlaAlert.objects.latest("pk"), by=samir, at=NOON + 8 * DAY, comment="Yes.")
    assert alerts.attend(at=NOON + 8 * DAY) == 0
    assert SlaAlert.objects.count() == 2


@pytest.mark.parametrize(
    ("at", "reminders"),
    [
        (NOON + HOUR, 0),
        (datetime(2026, 1, 15, 7, 59, tzinfo=UTC), 0),
        (datetime(2026, 1, 15, 8, tzinfo=UTC), 1),
        (datetime(2026, 1, 17, 12, tzinfo=UTC), 0),
        (datetime(2026, 1, 19, 12, tzinfo=UTC), 1),
    ],
    ids=["the same day", "before the day begins", "the next morning", "a Saturday", "Monday"],
)
def test_it_is_repeated_each_working_day(version, dana, at, reminders):
    missed(version, dana, 3, 20)
    alerts.attend(at=NOON)

    alerts.attend(at=at)
    alerts.attend(at=at)

    assert len(told()) == 1 + reminders


def test_reminders_end_with_an_answer(version, dana):
    missed(version, dana, 3, 20)
    alerts.attend(at=NOON)
    samir = User.objects.get(full_name="Samir Haddad")

    alerts.acknowledge(SlaAlert.objects.get(), by=samir, at=NOON, comment=" A second shift. ")
    alerts.attend(at=NOON + DAY)

    assert len(told()) == 1
    assert SlaAlert.objects.get().comment == "A second shift."


def test_an_answer_says_something_and_is_given_once(version, dana):
    missed(version, dana, 3, 20)
    alerts.attend(at=NOON)
    alert, samir = SlaAlert.objects.get(), User.objects.get(full_name="Samir Haddad")

    for nothing in ("", " \n", "\u200b\u2060"):
        with pytest.raises(alerts.NothingSaid):
            alerts.acknowledge(alert, by=samir, at=NOON, comment=nothing)
    alerts.acknowledge(alert, by=samir, at=NOON, comment="A second shift.")
    with pytest.raises(alerts.AlertAlreadyAcknowledged, match="Samir Haddad has acknowledged"):
        alerts.acknowledge(alert, by=samir, at=NOON, comment="Another.")


def test_who_is_away_or_has_left_is_stood_in_for():
    olga, dora = recipes.person("Olga"), recipes.person("Dora")
    version = clockwork.agreement(sales_operator=olga, sales_deputy=dora)
    rep = clockwork.rep("Olga rep", user=olga)

    assert alerts.answerable(version, Side.SALES, at=NOON) == olga
    Absence.objects.create(rep=rep, span=DateTimeTZRange(NOON - HOUR, NOON + HOUR))
    assert alerts.answerable(version, Side.SALES, at=NOON) == dora
    assert alerts.answerable(version, Side.SALES, at=NOON + HOUR) == olga
    olga.is_active = False
    assert alerts.answerable(version, Side.SALES, at=NOON + HOUR) == dora
    dora.is_active = False
    assert alerts.answerable(version, Side.SALES, at=NOON) is None


def test_without_anybody_named_revops_are_told(version, dana):
    User.objects.filter(full_name="Samir Haddad").update(is_active=False)
    missed(version, dana, 3, 20)

    alerts.attend(at=NOON)

    assert SlaAlert.objects.get().told is None
    assert [notice.recipient.full_name for notice in told()] == ["Robin Ops"]


def test_who_may_answer(version, dana):
    missed(version, dana, 3, 20)
    alerts.attend(at=NOON)
    alert = SlaAlert.objects.get()

    may = {}
    for role in Role:
        person = recipes.person(role.label)
        roles.grant(person, role)
        may[role] = alerts.may_acknowledge(User.objects.get(pk=person.pk), alert)

    assert {role for role, is_allowed in may.items() if is_allowed} == {
        Role.SALES_MANAGER,
        Role.REVOPS,
    }
    assert alerts.may_acknowledge(User.objects.get(full_name="Samir Haddad"), alert)


def test_relays_look_once_a_minute_together(version, dana, django_assert_num_queries):
    missed(version, dana, 3, 20)

    assert alerts.look(at=NOON) == 1
    with django_assert_num_queries(4):  # two of a savepoint
        assert alerts.look(at=NOON + timedelta(seconds=59)) == 0
    SlaAlert.objects.all().delete()
    assert alerts.look(at=NOON + timedelta(minutes=1)) == 1


def test_two_workers_raise_one(version):
    again = DefinitionVersion.objects.get(pk=version.pk)

    first = alerts.raise_if_broken(version, Side.SALES, rate=Rate(3, 20), at=NOON)
    with connection.execute_wrapper(_blind):
        second = alerts.raise_if_broken(again, Side.SALES, rate=Rate(3, 20), at=NOON)

    assert first is not None
    assert second is None
    assert len(told()) == 1


def _blind(execute, sql, params, many, context):
    """Let the look for an earlier alert find none, as when both look at the same instant."""
    if "routing_slaalert" in sql and sql.startswith("SELECT 1"):
        sql = sql.replace("WHERE", "WHERE false AND", 1)
    return execute(sql, params, many, context)
