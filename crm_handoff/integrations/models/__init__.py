"""What is owed to the outside and to whom, and what the outside sends."""

from crm_handoff.integrations.models.delivery import Delivery, DeliveryAttempt, DeliveryNotice
from crm_handoff.integrations.models.feed import AbsenceFeed
from crm_handoff.integrations.models.inbound import InboundEvent, InboundSource
from crm_handoff.integrations.models.preference import NoticePreference, QuietHours

__all__ = [
    "AbsenceFeed",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryNotice",
    "InboundEvent",
    "InboundSource",
    "NoticePreference",
    "QuietHours",
]
