"""Models of leads, one noun a module."""

from leads.models.account import Account
from leads.models.assertion import Assertion
from leads.models.change import AttributeChange
from leads.models.duplicate import SuspectedDuplicate
from leads.models.evaluation import Evaluation
from leads.models.example import Example
from leads.models.impact import Impact, ImpactLine
from leads.models.lead import Lead, LeadIdentity
from leads.models.mapping import ImportMapping
from leads.models.marketing import Asset, Campaign, Persona, Source
from leads.models.note import Note
from leads.models.opportunity import Opportunity
from leads.models.pending import PendingMark
from leads.models.run import ImportBatch, ImportChunk, ImportRow, ImportRun
from leads.models.touchpoint import Touchpoint
from leads.models.transition import StageTransition

__all__ = [
    "Account",
    "Assertion",
    "Asset",
    "AttributeChange",
    "Campaign",
    "Evaluation",
    "Example",
    "Impact",
    "ImpactLine",
    "ImportBatch",
    "ImportChunk",
    "ImportMapping",
    "ImportRow",
    "ImportRun",
    "Lead",
    "LeadIdentity",
    "Note",
    "Opportunity",
    "PendingMark",
    "Persona",
    "Source",
    "StageTransition",
    "SuspectedDuplicate",
    "Touchpoint",
]
