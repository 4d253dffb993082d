"""Models of routing, one noun a module."""

from routing.models.alert import SlaAlert
from routing.models.answer import (
    Acceptance,
    BulkRejection,
    Rejection,
    RejectionReason,
    Reversal,
)
from routing.models.attempt import Attempt
from routing.models.calendar import BusinessCalendar, CalendarClosure, CalendarWindow
from routing.models.confirmation import Confirmation
from routing.models.decision import Assignment, RoutingDecision
from routing.models.floor import FloorCheck
from routing.models.followup import FollowUp
from routing.models.handoff import Handoff
from routing.models.notice import Notice
from routing.models.plan import RoutingCondition, RoutingPlan, RoutingRule
from routing.models.policy import RoutingPolicy
from routing.models.rep import Absence, AbsenceSeries, NamedAccount, Rep, Suspension
from routing.models.review_task import ReviewTask
from routing.models.room import RoomMark
from routing.models.territory import Queue, Territory, TerritoryMembership
from routing.models.timer import SlaEvent, SlaTimer, SlaTimerStep

__all__ = [
    "Absence",
    "AbsenceSeries",
    "Acceptance",
    "Assignment",
    "Attempt",
    "BulkRejection",
    "BusinessCalendar",
    "CalendarClosure",
    "CalendarWindow",
    "Confirmation",
    "FloorCheck",
    "FollowUp",
    "Handoff",
    "NamedAccount",
    "Notice",
    "Queue",
    "Rejection",
    "RejectionReason",
    "Rep",
    "Reversal",
    "ReviewTask",
    "RoomMark",
    "RoutingCondition",
    "RoutingDecision",
    "RoutingPlan",
    "RoutingPolicy",
    "RoutingRule",
    "SlaAlert",
    "SlaEvent",
    "SlaTimer",
    "SlaTimerStep",
    "Suspension",
    "Territory",
    "TerritoryMembership",
]
