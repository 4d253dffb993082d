"""Does the rotation treat everybody alike: expected, received, passed over and why, owed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import fairness as report
from crm_handoff.reports import weeks
from crm_handoff.reports.fairness import Fairness, Share
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.tags import figure

WINDOWS: dict[str, tuple[int, str | Promise]] = {
    "1": (1, lazy("This week")),
    "4": (4, lazy("4 weeks")),
    "13": (13, lazy("13 weeks")),
}
"""Windows by their value in the address: so many weeks up to now, this one included."""

USUAL = "4"

EVEN = 1.0
"""Turns by which somebody may be away from their share: a turn cannot be divided."""

SKIPS: dict[str, str | Promise] = {
    "full": lazy("full"),
    "territory_full": lazy("full in this territory"),
    "away": lazy("away"),
    "suspended": lazy("out of rotation"),
    "language": lazy("another language"),
    "inactive": lazy("inactive"),
    "previous": lazy("held the lead before"),
    "barred": lazy("held the lead last"),
}
"""Why the rotation passes over somebody, in words, by the code that decisions keep; total."""


@dataclass(frozen=True, slots=True)
class Line:
    """A member's share in words; places on the bar are in percent, the share in the middle."""

    share: Share
    expected: str
    skipped: str
    skipped_count: int
    owed: str
    ahead: str
    is_even: bool
    bar_begins: str
    bar_width: str


@dataclass(frozen=True, slots=True)
class Section:
    """A territory with its members, and what can be said of it in a sentence."""

    fairness: Fairness
    lines: list[Line]
    verdict: str
    is_even: bool


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(
    ("routing.view_routingdecision", "routing.view_territorymembership"), raise_exception=True
)
def fairness(request: PageRequest) -> HttpResponse:
    """Show each territory's turns in the window asked for; a rep sees their own line."""
    at = timezone.now()
    window = request.GET.get("weeks", USUAL)
    window = window if window in WINDOWS else USUAL
    members = access.routing.memberships_visible_to(request.user).filter(territory__is_active=True)
    since = since_of(window, at=at)
    context = {
        "sections": sections_of(members, since=since, until=at),
        "windows": {value: name for value, (_count, name) in WINDOWS.items()},
        "window": window,
        "since": since,
        "sees_all": request.user.has_perm(SEE_EVERYONES_LEADS),
    }
    return render(request, "web/routing/fairness.html", context)


def since_of(window: str, *, at: datetime) -> datetime:
    """Return when a window begins: the first midnight of its first week; one query."""
    count = WINDOWS[window][0]
    return weeks.rule_of_organization().weeks_until(at, count=count)[0].starts_at


def sections_of(members: report.Members, *, since: datetime, until: datetime) -> list[Section]:
    """Return the territories of some members with their turns in words; two queries."""
    return [section_of(one) for one in report.of_members(members, since=since, until=until)]


def section_of(one: Fairness) -> Section:
    """Return a territory with its turns in words."""
    widest = max([EVEN * 2, *(abs(share.ahead) for share in one.shares)])
    return Section(
        fairness=one,
        lines=[_line(share, widest=widest) for share in one.shares],
        verdict=_verdict(one),
        is_even=_is_even(one.widest),
    )


def _verdict(one: Fairness) -> str:
    if not one.turn_count:
        return _("No turn was given in this time.")
    if _is_even(one.widest):
        return _("Even: nobody is more than one turn from their share.")
    farthest = max(one.shares, key=lambda share: abs(share.ahead))
    said = {"rep": farthest.member.rep, "turns": _turns(abs(farthest.ahead))}
    if farthest.ahead > 0:
        return _("%(rep)s is %(turns)s turns ahead: they are made up for by and by.") % said
    return _("%(rep)s is %(turns)s turns behind: they are made up for by and by.") % said


def _line(share: Share, *, widest: float) -> Line:
    length = 50 * min(1.0, abs(share.ahead) / widest)
    begins = 50 if share.ahead >= 0 else 50 - length
    return Line(
        share=share,
        expected=_turns(share.expected),
        skipped=_skipped(share.skipped),
        skipped_count=sum(share.skipped.values()),
        owed=_owed(share.owed),
        ahead=_signed(share.ahead),
        is_even=_is_even(share.ahead),
        bar_begins=f"{begins:.2f}%",
        bar_width=f"{length:.2f}%",
    )


def _is_even(ahead: float) -> bool:
    """Say whether turns ahead or behind are no more than one, as precisely as they are shown."""
    return abs(round(ahead, 1)) <= EVEN


def _skipped(skipped: Mapping[str, int]) -> str:
    if len(skipped) == 1:  # the sum beside it says how often
        return "".join(str(SKIPS.get(why, why)) for why in skipped)
    said = [f"{SKIPS.get(why, why)} {figure(count)}" for why, count in skipped.items()]
    return " · ".join(said)


def _owed(turns: float) -> str:
    rounded = round(turns, 1)
    if abs(rounded) < 0.1:
        return _("nothing")
    said = {"count": _turns(abs(rounded))}
    if rounded > 0:
        return ngettext("%(count)s turn", "%(count)s turns", _plural(rounded)) % said
    return ngettext("%(count)s turn ahead", "%(count)s turns ahead", _plural(rounded)) % said


def _plural(turns: float) -> int:
    """Return a count by which a language chooses its form: 0.4 is said as many are."""
    return 1 if abs(turns) == 1 else 2


def _signed(turns: float) -> str:
    sign = "+" if round(turns, 1) > 0 else "\N{MINUS SIGN}" if round(turns, 1) < 0 else ""
    return f"{sign}{_turns(abs(turns))}"


def _turns(turns: float) -> str:
    """Write turns with at most one decimal."""
    rounded = round(turns, 1) or 0.0  # never "-0"
    return number_format(rounded, 0 if rounded == int(rounded) else 1, force_grouping=True)
