"""Models of this app, gathered for Django."""

from crm_handoff.heartbeats import Heartbeat
from crm_handoff.people.models import ApiKey, ConversionRate, Organization, User

__all__ = ["ApiKey", "ConversionRate", "Heartbeat", "Organization", "User"]
