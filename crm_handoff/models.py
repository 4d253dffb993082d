"""Models of this app, gathered for Django."""

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
    "ConversionRate",
    "Heartbeat",
    "IdempotentRequest",
    "Invitation",
    "Organization",
    "User",
]
