"""The explanation of a figure."""

from dataclasses import dataclass

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure in words: its name, what it says, and, where they apply, the rest.

    formula: how it is computed; window: over which time, in which zone; source: where its limit
    or comparison comes from.
    """

    name: Text
    meaning: Text
    formula: Text = ""
    window: Text = ""
    source: Text = ""
