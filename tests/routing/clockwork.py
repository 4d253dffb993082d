"""Starting states of the tests of clocks: office hours, an agreement, and a handoff."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from crm_handoff.people.models import User
from definitions.models import Definition, DefinitionVersion, SlaTerm
from leads.models import Evaluation, Lead
from routing import pauses
from routing.enums import HandoffStatus, PauseReason, RuleKind
from routing.models import (
    Assignment,
    BusinessCalendar,
    CalendarWindow,
    Handoff,
    Queue,
    Rep,
    RoutingDecision,
    SlaTimer,
    Territory,
    TerritoryMembership,
)

serial = count(1)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
"""A Tuesday, 13:00 in Berlin."""

TERMS: Mapping[str, Mapping[str, Any]] = {
    "demo_request": {
        "when_criteria": ["demo_requested"],
        "is_high_intent": True,
        "respond_within": 5 * MINUTE,
        "at_latest_within": DAY,
        "stop_kinds": ["call", "chat"],
        "escalate_after": 15 * MINUTE,
        "reassign_after": 30 * MINUTE,
    },
    "high_score": {
        "when_stage": "sql",
        "when_min_points": 60,
        "is_high_intent": True,
        "respond_within": 15 * MINUTE,
        "at_latest_within": DAY,
        "stop_kinds": ["call", "chat"],
        "escalate_after": 15 * MINUTE,
    },
    "behavioral": {"when_stage": "mql", "respond_within": HOUR, "escalate_after": HOUR},
    "product": {
        "when_path": "product_led",
        "respond_within": 2 * HOUR,
        "is_business_time": False,
    },
    "other": {
        "respond_within": 4 * HOUR,
        "at_latest_within": DAY,
        "escalate_after": 2 * HOUR,
        "reassign_after": 4 * HOUR,
    },
}
"""The terms that ship, one for each way of choosing."""


def person(name: str = "", **fields: Any) -> User:
    name = name or f"Person {next(serial)}"
    email = f"{name.lower().replace(' ', '.')}.{next(serial)}@example.com"
    return User.objects.create_user(email, full_name=name, **fields)


def office(
    zone: str = "Europe/Berlin",
    *,
    opens: time = time(9),
    closes: time = time(17),
    weekdays: Iterable[int] = range(5),
    **fields: Any,
) -> BusinessCalendar:
    """Nine to five on weekdays, unless said otherwise."""
    calendar = BusinessCalendar.objects.create(
        **{"key": f"office-{next(serial)}", "name": "Office", "time_zone": zone} | fields
    )
    for weekday in weekdays:
        CalendarWindow.objects.create(
            calendar=calendar, weekday=weekday, opens=opens, closes=closes
        )
    return calendar


def agreement(terms: Mapping[str, Mapping[str, Any]] = TERMS, **fields: Any) -> DefinitionVersion:
    """A draft with SLA terms in the given order: clocks read nothing else of a version."""
    number = next(serial)
    definition = Definition.objects.create(key=f"segment-{number}", name=f"Segment {number}")
    version = DefinitionVersion.objects.create(
        **{
            "definition": definition,
            "number": 1,
            "process": "criteria_led",
            "handoff_stage": "sql",
            "author": person(),
        }
        | fields
    )
    for position, (key, term) in enumerate(terms.items()):
        SlaTerm.objects.create(version=version, position=position, key=key, label=key, **term)
    return version


def queue(**fields: Any) -> Queue:
    number = next(serial)
    return Queue.objects.create(
        **{"key": f"queue-{number}", "name": f"Queue {number}", "manager": person("Quentin")}
        | fields
    )


def territory(*reps: Rep, **fields: Any) -> Territory:
    number = next(serial)
    made = Territory.objects.create(
        **{
            "key": f"territory-{number}",
            "name": f"Territory {number}",
            "queue": fields.get("queue") or queue(),
            "calendar": fields.get("calendar") or office(),
        }
        | fields
    )
    for rep in reps:
        TerritoryMembership.objects.create(territory=made, rep=rep)
    return made


def rep(name: str = "Rita", **fields: Any) -> Rep:
    return Rep.objects.create(**{"user": person(name), "manager": person("Manuel")} | fields)


def judgment(
    version: DefinitionVersion,
    *,
    lead: Lead | None = None,
    at: datetime = NOON,
    met: Iterable[str] = (),
    **fields: Any,
) -> Evaluation:
    """A verdict in which the criteria of `met` hold and one other does not."""
    results = [{"key": key, "met": True, "seen": 1} for key in met]
    return Evaluation.objects.create(
        **{
            "lead": lead or Lead.objects.create(last_name=f"Lead {next(serial)}"),
            "version": version,
            "at": at,
            "known_at": at,
            "tipped_at": at,
            "stage": "sql",
            "path": "standard",
            "fit": "in",
            "engagement": "high",
            "intent": "high",
            "authority": "decision_maker",
            "product": "none",
            "points": 10,
            "results": [*results, {"key": "never_met", "met": False, "seen": 0}],
            "score": [],
        }
        | fields
    )


def handoff(
    evaluation: Evaluation,
    *,
    holder: Rep | Queue,
    calendar: BusinessCalendar,
    opened_at: datetime | None = None,
    territory: Territory | None = None,
    **fields: Any,
) -> Handoff:
    """An open handoff held by a rep or a queue since it was opened, without clocks."""
    opened_at = opened_at or evaluation.tipped_at
    owner = {"rep": holder} if isinstance(holder, Rep) else {"queue": holder}
    made = Handoff.objects.create(
        lead=evaluation.lead,
        version=evaluation.version,
        evaluation=evaluation,
        packet={"schema": 1},
        status=HandoffStatus.ASSIGNED if "rep" in owner else HandoffStatus.QUEUED,
        calendar=calendar,
        territory=territory,
        qualified_at=evaluation.tipped_at,
        opened_at=opened_at,
        assigned_at=opened_at if "rep" in owner else None,
        **owner,
        **fields,
    )
    hold(made, opened_at, **owner)
    return made


def hold(made: Handoff, began_at: datetime, **owner: Any) -> None:
    """Begin a holder's segment, ending the one before."""
    Assignment.objects.filter(handoff=made, ended_at=None).update(ended_at=began_at)
    decision = RoutingDecision.objects.create(
        handoff=made,
        at=began_at,
        rule=RuleKind.PERSON if "rep" in owner else RuleKind.FALLBACK_QUEUE,
        inputs={},
        outcomes=[],
        candidates=[],
        why="For this test",
        **owner,
    )
    Assignment.objects.create(handoff=made, decision=decision, began_at=began_at, **owner)


def pause(made: Handoff, *, at: datetime, **how: Any) -> list[SlaTimer]:
    """Halt a handoff's clocks, for a week unless said otherwise."""
    said: dict[str, Any] = {"reason": PauseReason.LEAD_ASKED, "until": at + 7 * DAY} | how
    return pauses.pause(made.pk, at=at, **said)
