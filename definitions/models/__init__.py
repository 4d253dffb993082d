"""Models of definitions, one noun a module."""

from definitions.models.catalog import TitleRule, TouchpointKind
from definitions.models.content import (
    Criterion,
    Level,
    Question,
    ScoreRule,
    SegmentRule,
    StageRule,
)
from definitions.models.copies import VersionKind, VersionTitleRule
from definitions.models.definition import Definition
from definitions.models.discussion import Proposal, Remark, Workshop
from definitions.models.review import DefinitionReview, ReviewSignature
from definitions.models.signoff import Refusal, SignOff
from definitions.models.terms import SlaTerm
from definitions.models.version import DefinitionVersion

__all__ = [
    "Criterion",
    "Definition",
    "DefinitionReview",
    "DefinitionVersion",
    "Level",
    "Proposal",
    "Question",
    "Refusal",
    "Remark",
    "ReviewSignature",
    "ScoreRule",
    "SegmentRule",
    "SignOff",
    "SlaTerm",
    "StageRule",
    "TitleRule",
    "TouchpointKind",
    "VersionKind",
    "VersionTitleRule",
    "Workshop",
]
