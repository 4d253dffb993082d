"""Models of definitions, one noun a module."""

from definitions.models.catalog import TitleRule, TouchpointKind
from definitions.models.content import (
    Criterion,
    Level,
    ScoreRule,
    SegmentRule,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.models.definition import Definition
from definitions.models.signoff import SignOff
from definitions.models.version import DefinitionVersion

__all__ = [
    "Criterion",
    "Definition",
    "DefinitionVersion",
    "Level",
    "ScoreRule",
    "SegmentRule",
    "SignOff",
    "SlaTerm",
    "StageRule",
    "TitleRule",
    "TouchpointKind",
    "VersionKind",
    "VersionTitleRule",
]
