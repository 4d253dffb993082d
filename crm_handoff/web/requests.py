"""What every view is asked with, once the middleware has let it through."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from crm_handoff.people.models import User


class PageRequest(HttpRequest):
    """A request by somebody who signed in; `htmx` is true for a partial update."""

    user: User
    htmx: HtmxDetails
