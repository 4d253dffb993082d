"""Leads who arrive while somebody watches: for a demonstration, through intake as a website's."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from crm_handoff.demo import journeys, names
from crm_handoff.demo.biographies import mailbox
from crm_handoff.demo.companies import COMPANIES, Company
from crm_handoff.demo.journeys import DETAILS, Did
from crm_handoff.demo.library import DRIVES
from leads import intake
from leads.intake import Identity, LeadFacts, TouchpointFacts

SYSTEM = "simulation"
"""The system by whose name simulated leads are known."""
MOODS = {"direct": 5, "asks": 3, "curious": 2}
"""How often a visitor asks at once, asks after a while, or merely looks around."""
SHORT, LONG = timedelta(seconds=4), timedelta(seconds=45)
"""Between two things that a visitor does."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who comes to the website, and what they do there."""

    facts: LeadFacts
    did: list[Did]


@dataclass(order=True, slots=True)
class _Due:
    """What is to happen; `act` None: the next visitor comes."""

    at: datetime
    order: int
    act: Callable[[datetime], str] | None = field(compare=False)


def visitor(*, key: str, at: datetime, random: Random) -> Visitor:
    """Make up somebody of the demo's market who arrives at `at`. key: unique in `SYSTEM`."""
    company = random.choice([one for one in COMPANIES if one.industry != "education"])
    language = names.language_in(company.country)
    first = random.choice(names.FIRST_NAMES[language])
    last = random.choice(names.LAST_NAMES[language])
    shelf = names.DECIDERS if random.random() < 0.8 else names.INFLUENCERS
    facts = LeadFacts(
        system=SYSTEM,
        external_id=key,
        email=f"{mailbox(first, last)}@{company.domain}",
        first_name=first,
        last_name=last,
        job_title=random.choice(shelf[language]),
        country=company.country,
        language=language,
        source="paid_search",
        campaign=random.choice(DRIVES).key,
        account=company.facts,
    )
    return Visitor(facts, _visit(company, at=at, random=random))


def run(
    *,
    rate: float,
    seed: int,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
    ends_at: datetime | None = None,
) -> Iterator[str]:
    """Let leads arrive, and yield a line about each thing that they do.

    rate: leads a minute. now: the clock. wait: sleeps for so many seconds. ends_at: None: never.
    """
    random, order, began_at = Random(seed), count(), now()  # noqa: S311 - no secret
    due = [_Due(began_at, next(order), None)]
    number = 0
    while due:
        one = heapq.heappop(due)
        if ends_at is not None and one.at > ends_at:
            return
        wait(max((one.at - now()).total_seconds(), 0))
        if one.act is not None:
            yield one.act(now())
            continue
        number += 1
        guest = visitor(key=f"{began_at:%Y%m%d%H%M%S}-{number}", at=one.at, random=random)
        for act_at, act in _acts(guest):
            heapq.heappush(due, _Due(act_at, next(order), act))
        later = one.at + random.expovariate(rate / 60) * SECOND
        heapq.heappush(due, _Due(later, next(order), None))


def _visit(company: Company, *, at: datetime, random: Random) -> list[Did]:
    """Return what a visitor does, within seconds and minutes."""
    mood = random.choices(list(MOODS), weights=list(MOODS.values()))[0]
    did = journeys.of(mood, begins_at=at, is_small=company.is_small, random=random)
    moved = []
    for one in did[-6:]:
        at += SHORT + (LONG - SHORT) * random.random()
        moved.append(Did(at, one.kind, one.channel, one.asset, is_verified=True))
    return moved


def _acts(guest: Visitor) -> Iterator[tuple[datetime, Callable[[datetime], str]]]:
    yield guest.did[0].at - SECOND, partial(_arrive, guest)
    for number, did in enumerate(guest.did):
        yield did.at, partial(_tell, guest, number, did)


def _arrive(guest: Visitor, at: datetime) -> str:
    lead = intake.record_lead(guest.facts, received_at=at).lead
    return f"{lead.full_name}, {lead.job_title}, {lead.account} arrives"


def _tell(guest: Visitor, number: int, did: Did, at: datetime) -> str:
    facts = TouchpointFacts(
        lead=Identity(system=SYSTEM, external_id=guest.facts.external_id),
        kind=did.kind,
        channel=did.channel,
        occurred_at=at,
        external_id=f"{guest.facts.external_id}-{number}",
        asset=did.asset,
        is_verified=True,
        detail=DETAILS.get(did.kind, {}),
    )
    intake.record_touchpoints([facts], system=SYSTEM, received_at=at)
    return f"{guest.facts.first_name} {guest.facts.last_name}: {did.kind.replace('_', ' ')}"
