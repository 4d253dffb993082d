"""The description of the API for programs, and a page of it for people.

Both are open to everybody: they tell what the product can do, and nothing of what it holds.
"""

import json
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.generators import SchemaGenerator


@login_not_required
@require_safe
@conditional_page
@cache_control(public=True, no_cache=True)
def schema(request: HttpRequest) -> HttpResponse:
    """Answer the description of the API, OpenAPI 3.1 as JSON."""
    return HttpResponse(_written(), content_type="application/json")


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the description of the API; the browser asks nobody but us for anything."""
    return render(request, "api/docs.html")


@cache
def _written() -> str:
    # Half a second of work for what stays the same as long as the process lives.
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(described, ensure_ascii=False)
