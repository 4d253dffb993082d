"""Calendars of absences: connected by their address, read again and again, and stopped."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from crm_handoff.clock import database_now
from crm_handoff.integrations import fetching, icalendars, sealing
from crm_handoff.integrations.fetching import STRICT, AddressRefused, FetchFailed, Rules
from crm_handoff.integrations.icalendars import CalendarUnreadable
from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.integrations.sealing import SecretLost
from crm_handoff.people import organization
from crm_handoff.people.models import User
from routing import mirrors
from routing.mirrors import Busy
from routing.models import Rep
from routing.occurrences import AHEAD

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
"""How often a calendar is read."""

AGAIN_AFTER = timedelta(hours=1)
"""When one is tried again that could not be read."""

LEASE = timedelta(minutes=5)
"""Longer than reading takes; when a worker is killed, so long its calendar waits."""

WHOLE_AFTER = timedelta(days=1)
"""An unchanged calendar is read whole again after this: later days have come within reach."""

MOST_SHOWN = 20
"""Times left out that are kept to be shown."""

DUE = """SELECT statement_timestamp() FROM integrations_absencefeed
         WHERE is_active AND next_fetch_at <= statement_timestamp() LIMIT 1"""
"""SQL for an instant while a calendar is to be read; never late: it waits for the outside."""

REFUSALS = (AddressRefused, FetchFailed, CalendarUnreadable, SecretLost)

WEBCAL = "webcal://"


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading a calendar: times and etag, nothing new, or a problem."""

    busy: tuple[Busy, ...] | None = None
    etag: str = ""
    problem: str = ""


@transaction.atomic
def connect(
    rep: Rep,
    *,
    address: str,
    by: User,
    at: datetime,
    is_out_of_office_only: bool = False,
    rules: Rules = STRICT,
) -> AbsenceFeed:
    """Take a rep's absences from a calendar from now on, instead of from the one before.

    Its address is kept sealed.

    Raises:
        AddressRefused: the address is none that may be read.
    """
    said = address.strip()
    if said.lower().startswith(WEBCAL):
        said = f"https://{said[len(WEBCAL) :]}"
    parts = fetching.checked(said, rules=rules)
    feed, _is_new = AbsenceFeed.objects.update_or_create(
        rep=rep,
        defaults={
            "sealed_address": sealing.seal(said),
            "host": parts.hostname or "",
            "is_out_of_office_only": is_out_of_office_only,
            "is_active": True,
            "next_fetch_at": at,
            "etag": "",
            "problem": "",
            "entered_by": by,
        },
    )
    logger.info("Rep %s: a calendar at %s is read from now on", rep.pk, parts.hostname)
    return feed


@transaction.atomic
def stop(feed: AbsenceFeed, *, at: datetime) -> None:
    """Read a calendar no more: its address is forgotten, and what has not begun vanishes."""
    kept = AbsenceFeed.objects.select_for_update(no_key=True).get(pk=feed.pk)
    kept.is_active, kept.next_fetch_at, kept.sealed_address = False, None, b""
    kept.problem, kept.left_out, kept.etag = "", [], ""
    kept.save()
    mirrors.forget(kept.rep, at=at)
    logger.info("The calendar of rep %s is read no more", kept.rep_id)


def read_due(*, limit: int = 1, rules: Rules = STRICT) -> int:
    """Read up to `limit` calendars that are due; returns how many.

    Nothing is locked while an answer is waited for: who claimed a calendar holds it by the
    instant at which it would be due again.
    """
    count = 0
    while count < limit and (feed := _claim()) is not None:
        _keep(feed, _read(feed, rules=rules))
        count += 1
    return count


@transaction.atomic
def _claim() -> AbsenceFeed | None:
    at = database_now()
    due = AbsenceFeed.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    feed = (
        due.filter(is_active=True, next_fetch_at__lte=at)
        .select_related("rep__user")
        .order_by("next_fetch_at", "pk")
        .first()
    )
    if feed is not None:
        feed.next_fetch_at = at + LEASE
        feed.save(update_fields=["next_fetch_at"])
    return feed


def _read(feed: AbsenceFeed, *, rules: Rules) -> Read:
    at = database_now()
    headers = {"User-Agent": "CRM-Handoff", "Accept": "text/calendar"}
    is_whole_known = feed.fetched_at is not None and at - feed.fetched_at < WHOLE_AFTER
    if feed.etag and is_whole_known and not (feed.left_out or feed.problem):
        headers["If-None-Match"] = feed.etag
    try:
        address = sealing.unseal(bytes(feed.sealed_address))
        answer = fetching.get(address, headers=headers, rules=rules)
        if answer.status == 304:
            return Read()
        busy = icalendars.busy_times(
            answer.body,
            zone=organization.zone_for(feed.rep.user.time_zone),
            begins_at=at,
            ends_at=at + AHEAD,
            is_out_of_office_only=feed.is_out_of_office_only,
        )
    except REFUSALS as refusal:
        logger.warning("The calendar of rep %s was not read: %s", feed.rep_id, refusal)
        return Read(problem=str(refusal)[:300])
    etag = answer.headers.get("etag", "")
    return Read(tuple(busy), etag if len(etag) <= 300 and etag.isprintable() else "")


@transaction.atomic
def _keep(claimed: AbsenceFeed, read: Read) -> None:
    """Keep what was read, unless the calendar was stopped, replaced or read by another since."""
    feeds = AbsenceFeed.objects.select_for_update(no_key=True, of=("self",))
    held = feeds.filter(pk=claimed.pk, is_active=True, next_fetch_at=claimed.next_fetch_at)
    feed = held.select_related("rep__user", "entered_by").first()
    if feed is None:
        return
    at = database_now()
    feed.problem = read.problem
    feed.next_fetch_at = at + (AGAIN_AFTER if read.problem else EVERY)
    if read.busy is not None:
        left_out = mirrors.keep(feed.rep, read.busy, by=feed.entered_by, at=at)
        feed.left_out = [_shown(one) for one in left_out[:MOST_SHOWN]]
        feed.fetched_at, feed.etag = at, read.etag
    feed.save()


def _shown(one: Busy) -> dict[str, Any]:
    return {"begins_at": one.begins_at.isoformat(), "ends_at": one.ends_at.isoformat()}
