"""The signed limits of both sides, each beside the share that is judged by it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_handoff.people.models import User
from crm_handoff.reports import criteria, misses
from crm_handoff.reports.rates import Rate
from definitions.enums import VersionState
from definitions.models import DefinitionVersion


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in percent, as a version in force signs it.

    kept: the share of the 28 days up to now, by which alarms ring and batches may be refused.
    operator: who is named to answer for it; "" for nobody. definition: its name where the process
    has several in force, else "".
    """

    pct: float
    kept: Rate
    operator: str = ""
    definition: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether the share breaks the limit."""
        return self.kept.breaks(self.pct)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each side's promise the limit by which a process stands or falls."""

    response: Limit
    criteria: Limit


def limits_in_force(*, at: datetime) -> dict[str, Limits]:
    """Return the limits of each process that has a version in force; three queries.

    Where a process has several, the broken one counts, then one with cases enough, then the
    strictest.
    """
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE).select_related(
        "definition", "sales_operator", "marketing_operator"
    )
    by_process: dict[str, list[DefinitionVersion]] = defaultdict(list)
    for version in active.defer("content").order_by("pk"):
        by_process[version.process].append(version)
    missed = misses.rates_of_definitions(misses.rolling(at=at))
    below = criteria.rates_of_definitions(at=at)
    return {
        process: _limits(versions, missed=missed, below=below)
        for process, versions in by_process.items()
    }


def _limits(
    versions: Sequence[DefinitionVersion],
    *,
    missed: Mapping[int, Rate],
    below: Mapping[int, Rate],
) -> Limits:
    def limit(
        one: DefinitionVersion, pct: Decimal, operator: User | None, rates: Mapping[int, Rate]
    ) -> Limit:
        return Limit(
            pct=float(pct),
            kept=rates.get(one.definition_id, Rate(0, 0)),
            operator=str(operator or ""),
            definition=one.definition.name if len(versions) > 1 else "",
        )

    return Limits(
        response=_decisive(
            [limit(one, one.response_limit_pct, one.sales_operator, missed) for one in versions]
        ),
        criteria=_decisive(
            [limit(one, one.criteria_limit_pct, one.marketing_operator, below) for one in versions]
        ),
    )


def _decisive(limits: Sequence[Limit]) -> Limit:
    return min(limits, key=lambda one: (not one.is_broken, not one.kept.is_enough, one.pct))
