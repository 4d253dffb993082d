"""What must never be true, asked of the database; each question returns the rows that violate.

Triggers and constraints refuse most of this. The questions find what happened in spite of them,
and what no constraint can see: that something did not happen.
"""

from routing.invariants import agreement, clocks, ownership, people
from routing.invariants.check import EVER, MOST_ROWS, Check, violations

__all__ = ["CHECKS", "EVER", "MOST_ROWS", "Check", "violations"]

CHECKS = (*ownership.CHECKS, *people.CHECKS, *clocks.CHECKS, *agreement.CHECKS)
"""Read by `manage.py check_invariants` and the health page, which add those of the floor above."""
