"""What a version says of somebody, imagined or known: judged as leads are judged, nothing kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from definitions import queries
from definitions.agreement import Agreement
from definitions.engine import Verdict
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from leads import facts, qualification, stand_ins
from leads.portraits import Portrait


@dataclass(frozen=True, slots=True)
class Look:
    """What a version says of somebody, and whether its segment takes them."""

    verdict: Verdict
    is_in_segment: bool


class VersionUnreadable(Exception):
    """A draft says something that cannot be judged by yet."""


def looks(
    portraits: Sequence[Portrait], version: DefinitionVersion, *, at: datetime
) -> list[Look]:
    """Judge people imagined by a version's text or rows; the number of queries does not grow.

    Raises:
        VersionUnreadable: the rows of a draft make no agreement yet.
    """
    try:
        agreement = queries.agreement_of(version)
        with stand_ins.had(portraits, at=at, zone=ZoneInfo(agreement.day_zone)) as lead_ids:
            return _looks(lead_ids, version, agreement, at=at)
    except (LookupError, TypeError, ValueError) as unclear:
        if version.state != VersionState.DRAFT:
            raise
        raise VersionUnreadable(str(unclear)) from unclear


def look_at(lead_id: int, version: DefinitionVersion, *, at: datetime) -> Look:
    """Judge a lead, or somebody `had`, by any version as of an instant, and keep nothing.

    Raises:
        VersionUnreadable: the rows of a draft make no agreement yet.
    """
    try:
        agreement = queries.agreement_of(version)
        return _looks([lead_id], version, agreement, at=at)[0]
    except (LookupError, TypeError, ValueError) as unclear:
        if version.state != VersionState.DRAFT:
            raise
        raise VersionUnreadable(str(unclear)) from unclear


def _looks(
    lead_ids: Sequence[int], version: DefinitionVersion, agreement: Agreement, *, at: datetime
) -> list[Look]:
    if not lead_ids:
        return []
    verdicts = qualification.verdicts_at(lead_ids, version, at=at)
    inside = facts.answer_segment(lead_ids, agreement, at=at).values
    return [Look(verdicts[pk], agreement.matches_segment(inside[pk])) for pk in lead_ids]
