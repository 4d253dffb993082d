"""A demo organization that has worked with the product for a year, played, not written."""

from crm_handoff.demo.year import WEEKS, load

__all__ = ["WEEKS", "load"]
