"""What holds for the whole organization."""

from crm_handoff.people.models import Organization


def time_zone() -> str:
    """Return the IANA zone in which reports count days, UTC before there is an organization."""
    return Organization.objects.values_list("time_zone", flat=True).first() or "UTC"
