"""What is kept for a while alone: forgotten in small slices, by whichever relay comes by."""

from crm_handoff.api import idempotency
from crm_handoff.clock import database_now
from crm_handoff.integrations import inbound
from crm_handoff.people import rates


def forget_answers() -> int:
    """Forget answers to repeated requests that are older than 30 days; returns how many."""
    return idempotency.prune(at=database_now())


def forget_bodies() -> int:
    """Forget the bodies of webhook calls that were read 30 days ago; returns how many."""
    return inbound.forget_bodies(at=database_now())


def forget_rates() -> int:
    """Forget who asked for links a day ago; returns how many."""
    return rates.prune(at=database_now())
