"""Models of this app, gathered for Django."""

from crm_handoff.heartbeats import Heartbeat
from crm_handoff.people.models import (
    ApiKey,
    CallAllowance,
    ConversionRate,
    IdempotentRequest,
    Organization,
    User,
)

__all__ = [
    "ApiKey",
    "CallAllowance",
    "ConversionRate",
    "Heartbeat",
    "IdempotentRequest",
    "Organization",
    "User",
]
