"""The figures of a review as the page draws them: shares in words, widths, and what stands out."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.reports.agreement import CriterionRow, Figures
from crm_handoff.reports.rates import ENOUGH, Rate
from crm_handoff.reports.scorecard import ACCEPTANCE_TARGET_PCT
from crm_handoff.web.shares import percent

SHOWN = 8
"""Criteria of a table that are shown at once; the others are folded away."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share in words with what it stands on, and its width in a drawing."""

    words: str
    cases: str
    width: str


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion: the share of those that met it beside another share.

    `dimension` and `level` are what it helps to grant, "" for a signal. `verdict` says how they
    differ when that is more than chance, else it is blank; `is_bad` is how to color it. `reason`
    is why most of them were rejected.
    """

    label: str
    dimension: str
    level: str
    this: Share
    other: Share
    verdict: str
    is_bad: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Lines to show at once, and those to fold away; `caution` says when they are few."""

    lines: list[Line]
    more: list[Line]
    caution: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why sales rejected, and how often."""

    name: str
    share: Share


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything a review shows of the figures that it froze."""

    figures: Figures
    acceptance: Share
    is_on_target: bool
    target_pct: int
    won: Share
    reasons: list[Reason]
    rejections: Table
    wins: Table


def draw(figures: Figures) -> Drawn:
    """Return figures as a page draws them."""
    rejected = [_rejection(row) for row in figures.telling_rejections]
    won = [_win(row) for row in figures.telling_wins]
    return Drawn(
        figures=figures,
        acceptance=_share(figures.acceptance),
        is_on_target=(figures.acceptance.pct or 0) >= ACCEPTANCE_TARGET_PCT,
        target_pct=ACCEPTANCE_TARGET_PCT,
        won=_share(figures.won_rate),
        reasons=[
            Reason(name or _("no reason kept"), _share(share))
            for name, share in figures.reason_shares
        ],
        rejections=_table(rejected, _few_answers(figures)),
        wins=_table(won if figures.won else [], _few_wins(figures)),
    )


def _table(lines: Iterable[Line], caution: str) -> Table:
    said = list(lines)
    return Table(said[:SHOWN], said[SHOWN:], caution)


def _rejection(row: CriterionRow) -> Line:
    points, verdict = row.rejected_change, ""
    if points is not None:
        verdict = _("rejected more often") if points > 0 else _("rejected less often")
    return Line(
        label=row.label,
        dimension=row.dimension,
        level=row.level,
        this=_share(row.rejected_met),
        other=_share(row.rejected_unmet),
        verdict=verdict,
        is_bad=(points or 0) > 0,
        reason=row.reason,
    )


def _win(row: CriterionRow) -> Line:
    points, verdict = row.won_change, ""
    if points is not None:
        verdict = _("goes with winning") if points > 0 else _("goes with not winning")
    return Line(
        label=row.label,
        dimension=row.dimension,
        level=row.level,
        this=_share(row.won),
        other=_share(row.sqls),
        verdict=verdict,
        is_bad=(points or 0) < 0,
    )


def _share(rate: Rate) -> Share:
    cases = _("%(count)s of %(of)s") % {"count": rate.count, "of": rate.of} if rate.of else ""
    return Share(percent(rate), cases, f"{rate.pct or 0:.0f}%")


def _few_answers(figures: Figures) -> str:
    answered = figures.accepted + figures.rejected
    if answered >= ENOUGH:
        return ""
    return ngettext(
        "Sales answered %(count)s lead of this version so far: too few to conclude from.",
        "Sales answered %(count)s leads of this version so far: too few to conclude from.",
        answered,
    ) % {"count": answered}


def _few_wins(figures: Figures) -> str:
    if figures.won >= ENOUGH:
        return ""
    return ngettext(
        "%(count)s lead of this version was won so far: read it as a hint, not as a rule.",
        "%(count)s leads of this version were won so far: read it as a hint, not as a rule.",
        figures.won,
    ) % {"count": figures.won}
