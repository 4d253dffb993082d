"""Cases: handoffs as the demo's reps have them before them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from crm_handoff.demo.biographies import Biography
from crm_handoff.models import User
from routing.models import Handoff


@dataclass(slots=True)
class Case:
    """A handoff on somebody's desk. calls: how often its lead was called so far.

    has_wavered: an acceptance of it was taken back.
    """

    handoff_id: int
    lead: Biography
    random: Random
    calls: int = 0
    is_confirmed: bool = False
    has_wavered: bool = False

    def after(self, at: datetime, least: timedelta, most: timedelta) -> datetime:
        """Return an instant somewhere between two distances from another."""
        return at + least + (most - least) * self.random.random()


def holder(handoff: Handoff) -> User:
    """Return who holds a handoff.

    Raises:
        LookupError: it waits in a queue.
    """
    if handoff.rep is None:
        raise LookupError("Nobody holds it.")
    return handoff.rep.user
