"""Whether the agreement is kept, and what changed: concluded only where there are cases enough.

Signed limits are judged by the 28 days up to now, here as where alarms ring. Acceptance has no
signed limit: it is judged by the week, or by the last four where that has too few.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm_handoff.reports.limits import Limit, Limits
from crm_handoff.reports.rates import ENOUGH, Rate, change_of
from crm_handoff.reports.scorecard import ACCEPTANCE_TARGET_PCT, Scorecard, WeekFigures
from crm_handoff.web.shares import pct, percent

RateOf = Callable[[WeekFigures], Rate]

FEW_WEEKS = 4
"""Weeks taken together when one of them has too few cases."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is concluded: `state` is good, late or few; the words say it without color."""

    state: str
    words: str

    @property
    def icon(self) -> str:
        """The icon beside the words."""
        return {"good": "met", "late": "late", "few": "dot"}[self.state]


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that the agreement promises about a share: a floor or a ceiling for it.

    signed: the limit that both sides signed, None for a target of our own.
    """

    explains: str
    rate_of: RateOf
    limit_pct: float
    is_floor: bool = False
    signed: Limit | None = None

    def is_kept(self, rate: Rate) -> bool:
        """Say whether a share keeps the promise, on the raw share as it was signed."""
        if self.is_floor:
            return 100 * rate.count >= self.limit_pct * rate.of
        return not rate.breaks(self.limit_pct)


def promises_of(card: Scorecard) -> tuple[Promise, ...]:
    """Return what is promised: acceptance always, the misses by the limits in force."""
    acceptance = Promise(
        explains="acceptance",
        rate_of=lambda week: week.acceptance,
        limit_pct=ACCEPTANCE_TARGET_PCT,
        is_floor=True,
    )
    if card.limits is None:
        return (acceptance,)
    return acceptance, *signed_promises(card.limits)


def signed_promises(limits: Limits) -> tuple[Promise, Promise]:
    """Return what sales promised, then what marketing did."""
    responses = Promise(
        explains="response_misses",
        rate_of=lambda week: week.response_misses,
        limit_pct=limits.response.pct,
        signed=limits.response,
    )
    floor = Promise(
        explains="floor_misses",
        rate_of=lambda week: week.floor_misses,
        limit_pct=limits.criteria.pct,
        signed=limits.criteria,
    )
    return responses, floor


def verdict_of(card: Scorecard) -> Verdict:
    """Say in one line whether the agreement is kept."""
    judged = [(promise, judged_by(card.weeks, promise)[0]) for promise in promises_of(card)]
    enough = [(promise, rate) for promise, rate in judged if rate.is_enough]
    broken = [(promise, rate) for promise, rate in enough if not promise.is_kept(rate)]
    if not enough:
        return Verdict("few", _("Too few cases to say"))
    if broken:
        said = (_broken(promise, rate) + _named(promise) for promise, rate in broken)
        return Verdict("late", "; ".join(said))
    return Verdict("good", _("Every limit is kept"))


def conclude(promise: Promise, weeks: Sequence[WeekFigures]) -> Verdict:
    """Say whether a promise is kept by the share that it is judged by, and over which time."""
    rate, over_time = judged_by(weeks, promise)
    verdict = judge(promise, rate)
    if not over_time or not rate.is_enough:
        return verdict
    words = over_time % {"value": percent(rate), "verdict": verdict.words}
    return Verdict(verdict.state, words)


def judge(promise: Promise, rate: Rate) -> Verdict:
    """Say whether a share keeps a promise, or that there are too few cases to say."""
    if not rate.is_enough:
        few = _("too few to say: %(count)s of %(enough)s") % {"count": rate.of, "enough": ENOUGH}
        return Verdict("few", few + _named(promise))
    is_kept = promise.is_kept(rate)
    words = _concluded(promise, is_kept=is_kept)
    return Verdict("good" if is_kept else "late", words + _named(promise))


def _named(promise: Promise) -> str:
    """Name the definition whose limit decides, where its process has several."""
    signed = promise.signed
    return f" ({signed.definition})" if signed is not None and signed.definition else ""


def judged_by(weeks: Sequence[WeekFigures], promise: Promise) -> tuple[Rate, str]:
    """Return the share that is concluded from, and the words over which time.

    Blank words: that of the last week, which is shown anyhow.
    """
    if promise.signed is not None:
        return promise.signed.kept, _("%(value)s in 28 days: %(verdict)s")
    week = promise.rate_of(weeks[-1])
    if week.is_enough:
        return week, ""
    return over(weeks[-FEW_WEEKS:], promise.rate_of), _("%(value)s in 4 weeks: %(verdict)s")


def over(weeks: Iterable[WeekFigures], rate_of: RateOf) -> Rate:
    """Return a share over several weeks together."""
    rates = [rate_of(week) for week in weeks]
    return Rate(sum(rate.count for rate in rates), sum(rate.of for rate in rates))


def change_sentence(card: Scorecard) -> str:
    """Say in a sentence what moved by more than chance, or that nothing did, or too few.

    Compares this week with the last; with too few cases, the last two whole weeks; then the last
    four weeks with the four before.
    """
    for earlier, later, moved, unmoved in _pairs(card):
        rates = [(p, over(earlier, p.rate_of), over(later, p.rate_of)) for p in promises_of(card)]
        comparable = [found for found in rates if found[1].is_enough and found[2].is_enough]
        if comparable:
            return _most_moved(comparable, moved) or unmoved
    words = _(
        "Too few cases to compare shares: it takes %(enough)s on both sides. Handed over so far: "
        "%(now)s; by this time last week: %(before)s."
    )
    now, before = card.this_week.handed_over_count, card.last_week.handed_over_by_now_count
    return words % {"enough": ENOUGH, "now": now, "before": before}


NAMES: dict[str, Callable[[], str]] = {
    "acceptance": lambda: _("Acceptance"),
    "response_misses": lambda: _("Missed first responses"),
    "floor_misses": lambda: _("Handed over below the floor"),
}
"""What the promises are called in a sentence."""


def _most_moved(found: Sequence[tuple[Promise, Rate, Rate]], words: str) -> str:
    """Return the words about what moved most, blank when all of it may be chance."""
    moved = [
        (abs(change), promise, before, after)
        for promise, before, after in found
        if (change := change_of(before, after)) is not None
    ]
    if not moved:
        return ""
    _by, promise, before, after = max(moved, key=lambda each: each[0])
    return words % {
        "figure": NAMES[promise.explains](),
        "before": percent(before),
        "after": percent(after),
    }


def _pairs(
    card: Scorecard,
) -> Sequence[tuple[Sequence[WeekFigures], Sequence[WeekFigures], str, str]]:
    """Return what is compared with what, with the words for a change and for none."""
    weeks = card.weeks
    return (
        (
            weeks[-2:-1],
            weeks[-1:],
            _("%(figure)s: from %(before)s last week to %(after)s this week."),
            _("Nothing moved by more than chance since last week."),
        ),
        (
            weeks[-3:-2],
            weeks[-2:-1],
            _(
                "%(figure)s: from %(before)s the week before to %(after)s last week; this week "
                "has too few cases yet."
            ),
            _("Too few cases yet this week; last week nothing moved by more than chance."),
        ),
        (
            weeks[-2 * FEW_WEEKS : -FEW_WEEKS],
            weeks[-FEW_WEEKS:],
            _(
                "%(figure)s: from %(before)s to %(after)s, the last four weeks against the four "
                "before; single weeks have too few cases."
            ),
            _(
                "Nothing moved by more than chance in the last four weeks against the four "
                "before; single weeks have too few cases."
            ),
        ),
    )


def _concluded(promise: Promise, *, is_kept: bool) -> str:
    limit = {"limit": pct(promise.limit_pct)}
    if is_kept:
        words = _("target %(limit)s reached") if promise.is_floor else _("within %(limit)s")
        return words % limit
    if promise.is_floor:
        return _("below the target of %(limit)s") % limit
    if promise.signed is not None and promise.signed.operator:
        words = _("over %(limit)s: %(name)s answers for it")
        return words % (limit | {"name": promise.signed.operator})
    return _("over %(limit)s") % limit


def _broken(promise: Promise, rate: Rate) -> str:
    words = {"value": percent(rate), "limit": pct(promise.limit_pct)}
    if promise.explains == "acceptance":
        return _("acceptance %(value)s, target %(limit)s") % words
    if promise.explains == "response_misses":
        return _("first responses missed %(value)s in 28 days, limit %(limit)s") % words
    return _("below the floor %(value)s in 28 days, limit %(limit)s") % words
