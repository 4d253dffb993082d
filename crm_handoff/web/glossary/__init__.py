"""What the figures on the pages mean: one entry a figure, shown by the `explain` tag.

A module an area, each with its keys in alphabetical order. A template names a key; a test holds
that each key that a template names is here, and that each that is here is named by a template.
"""

from crm_handoff.web.glossary import (
    agreement,
    leads,
    operations,
    ownership,
    promises,
    results,
)
from crm_handoff.web.glossary.explanation import Explanation

__all__ = ["AREAS", "GLOSSARY"]

AREAS = (agreement, leads, ownership, promises, results, operations)
"""Where a key is looked for; none stands in two of them."""

GLOSSARY: dict[str, Explanation] = {
    key: about for area in AREAS for key, about in area.EXPLANATIONS.items()
}
"""Every figure that a page explains, by key."""
