"""Models of routing, one noun a module."""

from routing.models.answer import Acceptance, Rejection, RejectionReason, Reversal
from routing.models.attempt import Attempt
from routing.models.calendar import BusinessCalendar, CalendarClosure, CalendarWindow
from routing.models.confirmation import Confirmation
from routing.models.decision import Assignment, RoutingDecision
from routing.models.followup import FollowUp
from routing.models.handoff import Handoff
from routing.models.notice import Notice
from routing.models.rep import Absence, NamedAccount, Rep
from routing.models.review_task import ReviewTask
from routing.models.territory import Queue, Territory, TerritoryMembership
from routing.models.timer import SlaEvent, SlaTimer, SlaTimerStep

__all__ = [
    "Absence",
    "Acceptance",
    "Assignment",
    "Attempt",
    "BusinessCalendar",
    "CalendarClosure",
    "CalendarWindow",
    "Confirmation",
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
    "RoutingDecision",
    "SlaEvent",
    "SlaTimer",
    "SlaTimerStep",
    "Territory",
    "TerritoryMembership",
]
