"""Models of this app, gathered for Django."""

from crm_handoff.checkups import Checkup
from crm_handoff.heartbeats import Heartbeat
from crm_handoff.people.models import (
    Allowance,
    ApiKey,
    CallAllowance,
    ConversionRate,
    IdempotentRequest,
    Invitation,
    Organization,
    User,
)

__all__ = [
    "Allowance",
    "ApiKey",
    "CallAllowance",
    "Checkup",
    "ConversionRate",
    "Heartbeat",
    "IdempotentRequest",
    "Invitation",
    "Organization",
    "User",
]
