"""Running promises as a page shows them; the page itself goes on counting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_handoff.web.tags import absolute, day_of, figure, near
from routing import calendar, elapsed
from routing.enums import TimerMilestone, TimerState
from routing.hours import hours_in
from routing.models import Handoff, SlaTimer

SOON = timedelta(hours=1)
"""Open time left below which a promise is due soon; the script of the pages has the same."""

LONG = timedelta(hours=48)
"""Open time, left or late, from which a promise is told in days of the calendar."""

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NOTHING = timedelta(0)

LOOK_AHEAD = timedelta(hours=12)
"""How far past the due instant a page can count without asking again."""

WATCHED = {
    TimerMilestone.RE_RESPONSE: gettext_lazy("first contact, new owner"),
    TimerMilestone.FIRST_RESPONSE: gettext_lazy("first contact"),
    TimerMilestone.ACCEPTANCE: gettext_lazy("accept or reject"),
    TimerMilestone.SECOND_ATTEMPT: gettext_lazy("second attempt"),
    TimerMilestone.OUTCOME: gettext_lazy("opportunity or return"),
    TimerMilestone.ASSIGNMENT: gettext_lazy("an owner"),
    TimerMilestone.ANSWER: gettext_lazy("answer"),
}
"""Milestones in words, a rep's in the order in which they want to see them."""

STATE_WORDS = {
    "ontime": gettext_lazy("On time"),
    "soon": gettext_lazy("Soon"),
    "late": gettext_lazy("Late"),
    "met": gettext_lazy("Done"),
    "paused": gettext_lazy("Paused"),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise, ready to draw.

    `due` and the pairs in `open_text` are seconds since 1970 (UTC); both blank when nothing
    runs. `is_long`: told in days of the calendar, for which no pairs are needed. `share_pct` is
    how much of the promised time is used up, 0 to 100.
    """

    state: str
    words: str
    promise: str
    how: str
    title: str
    due_at: datetime
    due: str = ""
    open_text: str = ""
    share_pct: int = 0
    is_long: bool = False

    @property
    def state_words(self) -> str:
        """The state in words, for those who see no color."""
        return str(STATE_WORDS[self.state])

    @property
    def is_running(self) -> bool:
        """Whether somebody is still waiting."""
        return bool(self.due)


def watched(handoff: Handoff) -> SlaTimer | None:
    """Return the timer that matters now; reads `handoff.timers`, so prefetch them.

    The running one that is due first, else an unanswered miss, else the response clock.
    """
    timers = [timer for timer in handoff.timers.all() if timer.state != TimerState.CANCELLED]
    running = [t for t in timers if t.state in (TimerState.RUNNING, TimerState.PAUSED)]
    missed = [t for t in timers if t.state == TimerState.BREACHED and t.stopped_at is None]
    responses = [timer for timer in timers if timer.milestone == TimerMilestone.FIRST_RESPONSE]
    for group in (running, missed, responses):
        if group:
            return min(group, key=lambda timer: timer.due_at)
    return None


def clock_of(handoff: Handoff, *, at: datetime) -> Clock | None:
    """Return the handoff's clock; reads its timers and its calendar's windows and closures."""
    timer = watched(handoff)
    if timer is None:
        return None
    is_own = timer.calendar_id == handoff.calendar_id
    hours = hours_in(handoff.calendar if is_own else timer.calendar)
    return clock_of_timer(timer, hours=hours, at=at)


def clock_of_timer(timer: SlaTimer, *, hours: calendar.BusinessHours, at: datetime) -> Clock:
    """Return a timer's clock; hours: those in which its time is counted."""
    if timer.state == TimerState.MET or timer.stopped_at is not None:
        return _stopped(timer)
    if timer.state == TimerState.PAUSED:
        return _paused(timer, hours, at=at)
    return _running(timer, hours, at=at)


def _paused(timer: SlaTimer, hours: calendar.BusinessHours, *, at: datetime) -> Clock:
    left = elapsed.left(timer, at=at, hours=hours)
    since = absolute(timer.paused_at) if timer.paused_at else ""
    ends_at = timer.paused_until
    until = near(timezone.localtime(ends_at)) if ends_at else _("further notice")
    said = _("%(reason)s. Paused since %(since)s; %(time)s are left when it goes on.")
    return Clock(
        "paused",
        _("paused, %(time)s left") % {"time": duration(left)},
        _promise(timer),
        _("until %(when)s") % {"when": until},
        said
        % {
            "reason": timer.get_pause_reason_display(),
            "since": since,
            "time": duration(left),
        },
        timer.due_at,
        share_pct=_share_pct(timer, left, hours),
    )


def _promise(timer: SlaTimer) -> str:
    return str(WATCHED[TimerMilestone(timer.milestone)])


def _stopped(timer: SlaTimer) -> Clock:
    is_late = timer.state == TimerState.BREACHED
    stopped_at = timer.stopped_at or timer.due_at
    return Clock(
        "met",
        _("answered late") if is_late else _("answered"),
        _promise(timer),
        _("in %(time)s") % {"time": duration(stopped_at - timer.started_at)},
        _("Answered %(when)s; was due %(due)s")
        % {"when": absolute(stopped_at), "due": absolute(timer.due_at)},
        timer.due_at,
        share_pct=100,
    )


def _running(timer: SlaTimer, hours: calendar.BusinessHours, *, at: datetime) -> Clock:
    is_late = timer.due_at <= at
    begins, ends = min(at, timer.due_at), max(at, timer.due_at)
    left = calendar.elapsed(hours, start=begins, end=ends)
    if left >= LONG:
        return _long(timer, left, hours, at=at)
    state = "late" if is_late else "soon" if left <= SOON else "ontime"
    intervals = calendar.open_intervals(hours, start=begins, end=ends + LOOK_AHEAD)
    return Clock(
        state,
        _in_words(left, is_late=is_late),
        _promise(timer),
        _("business time") if timer.is_business_time else _("wall-clock time"),
        _("Due %(when)s") % {"when": absolute(timer.due_at)},
        timer.due_at,
        due=str(int(timer.due_at.timestamp())),
        open_text=spans(intervals),
        share_pct=100 if is_late else _share_pct(timer, left, hours),
    )


def _long(
    timer: SlaTimer, left: timedelta, hours: calendar.BusinessHours, *, at: datetime
) -> Clock:
    """Tell a promise in days; hours of offices, of which a day has eight or so, say nothing."""
    is_late = timer.due_at <= at
    days = _("%(days)s d") % {"days": figure(abs(timer.due_at - at) // DAY)}
    since = _("since %(day)s") if is_late else _("by %(day)s")
    return Clock(
        "late" if is_late else "ontime",
        _said(days, is_late=is_late),
        _promise(timer),
        since % {"day": day_of(timezone.localtime(timer.due_at))},
        _exactly(timer, left, is_late=is_late),
        timer.due_at,
        due=str(int(timer.due_at.timestamp())),
        share_pct=100 if is_late else _share_pct(timer, left, hours),
        is_long=True,
    )


def _exactly(timer: SlaTimer, left: timedelta, *, is_late: bool) -> str:
    """Say when a promise is due, and in hours how long there is left or how late it is."""
    hours = _("%(hours)s h") % {"hours": figure(left // HOUR)}
    if timer.is_business_time:
        late = _("Due %(when)s; late by %(time)s of business time")
        early = _("Due %(when)s; %(time)s of business time left")
    else:
        late = _("Due %(when)s; late by %(time)s")
        early = _("Due %(when)s; %(time)s left")
    return (late if is_late else early) % {"when": absolute(timer.due_at), "time": hours}


def _share_pct(timer: SlaTimer, left: timedelta, hours: calendar.BusinessHours) -> int:
    """Return how much is used up of what the clock had; a pause uses up nothing."""
    past_due = calendar.elapsed(hours, start=timer.due_at, end=timer.promised_at)
    used = max(NOTHING, timer.respond_within - left - past_due)
    return min(100, round(100 * used / (used + left))) if used + left else 0


def spans(intervals: Iterable[calendar.Interval]) -> str:
    """Write intervals as "seconds-seconds,…" since 1970."""
    return ",".join(
        f"{int(opens.timestamp())}-{int(closes.timestamp())}" for opens, closes in intervals
    )


def duration(amount: timedelta) -> str:
    """Write a duration as the page's script does: "4:32 min", "42 min", "3 h 20 min", "27 h"."""
    seconds = max(0, int(amount.total_seconds()))
    minutes = seconds // 60
    if seconds < 600:
        return f"{minutes}:{seconds % 60:02} min"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 24 and rest else f"{hours} h"


def _in_words(open_time: timedelta, *, is_late: bool) -> str:
    """Say what is left, or by how much it is late; one that came due while closed is just late."""
    if is_late and open_time < SECOND:
        return _("Late")
    return _said(duration(open_time), is_late=is_late)


def _said(time: str, *, is_late: bool) -> str:
    sentence = _("late by %(time)s") if is_late else _("due in %(time)s")
    return sentence % {"time": time}


def due_order(clock: Clock | None) -> tuple[bool, datetime]:
    """Sort what runs before what does not, by due instant."""
    if clock is None:
        return True, datetime.max.replace(tzinfo=UTC)
    return not clock.is_running, clock.due_at
