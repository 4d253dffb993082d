"""What a caller is told about the rate of its key; `people.keys` counts the calls."""

from crm_handoff.api.errors import RateLimited
from crm_handoff.people.keys import RateExceeded
from crm_handoff.people.models import ApiKey


def headers_of(key: ApiKey) -> dict[str, str]:
    """Return the calls a minute that a key may make, and how many it has left."""
    return {
        "RateLimit-Limit": str(key.rate_per_minute),
        "RateLimit-Remaining": str(key.calls_left or 0),
    }


def refusal_of(exceeded: RateExceeded) -> RateLimited:
    """Return the answer to a call that was one too many, with the seconds to wait."""
    return RateLimited(
        str(exceeded),
        headers=headers_of(exceeded.key) | {"Retry-After": str(exceeded.seconds)},
    )
