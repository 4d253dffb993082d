"""What others reach, to compare with; each names the process and the step that it is about."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from definitions.vocabulary import Process


@dataclass(frozen=True, slots=True)
class Corridor:
    """A published range, in percent, of the share of MQLs that become SQL."""

    name: Promise
    low_pct: float
    high_pct: float
    process: Process


MQL_TO_SQL = (
    Corridor(_("software"), 28, 35, Process.SALES_CONFIRMED),
    Corridor(_("professional services"), 18, 25, Process.SALES_CONFIRMED),
    Corridor(_("manufacturing"), 15, 22, Process.SALES_CONFIRMED),
    Corridor(_("other industries"), 10, 20, Process.SALES_CONFIRMED),
)
"""Published shares count an SQL when sales confirms it."""

DIRECT_USUAL_PCT = (15, 25)
"""Share of SQLs that usually come by the direct path."""
