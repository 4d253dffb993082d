"""Webhook sources: who calls us, what their JSON means, and what could not be read."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_handoff.integrations import inbound, payloads
from crm_handoff.integrations.models import InboundEvent, InboundSource
from crm_handoff.integrations.payloads import MappingRefused, PayloadUnreadable
from crm_handoff.integrations.presets import BEGINNINGS, Preset
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.webhook_forms import (
    SecretForm,
    SourceForm,
    lines_of,
    mapping_of,
    only_lines,
    sections_of,
)
from definitions.models import TouchpointKind

VIEW = "integrations.view_inboundsource"
ADD = "integrations.add_inboundsource"
CHANGE = "integrations.change_inboundsource"

SHOWN_EVENTS = 50
READ_AGAIN_AT_ONCE = 500


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(VIEW, raise_exception=True)
def webhooks(request: PageRequest) -> HttpResponse:
    """List the sources, with what they sent."""
    quarantined = Q(events__state=InboundEvent.State.QUARANTINED)
    sources = InboundSource.objects.annotate(
        quarantined_count=Count("events", filter=quarantined)
    ).order_by("name", "pk")
    latest = dict(
        InboundEvent.objects.order_by("source", "-received_at")
        .distinct("source")
        .values_list("source", "received_at")
    )
    rows = [(source, latest.get(source.pk)) for source in sources]
    return render(request, "web/webhooks.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(ADD, raise_exception=True)
def new_webhook(request: PageRequest) -> HttpResponse:
    """Make a source, and show its secret, this once."""
    form = SourceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        source, secret = inbound.create_source(**form.cleaned_data, by=request.user)
        shown = "" if form.cleaned_data["secret"] else secret
        return render(
            request, "web/webhook_secret.html", _place(request, source) | {"secret": shown}
        )
    presets = [(value, label, BEGINNINGS[value]) for value, label in Preset.choices]
    status = 422 if form.errors else 200
    context = {"form": form, "presets": presets}
    return render(request, "web/webhook_new.html", context, status=status)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(VIEW, raise_exception=True)
def webhook(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show a source: its address, its mapping beside a real sample, its latest calls."""
    source = _source(public_id)
    return render(request, "web/webhook.html", _whole(request, source, source.mapping))


@require_POST
@permission_required(CHANGE, raise_exception=True)
def try_mapping(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show what the sample would say by the mapping in the form; nothing is saved."""
    source = _source(public_id)
    mapping = mapping_of(request.POST, before=source.mapping)
    context = _tried(source, mapping, _body(source, request.POST.get("sample", "")))
    return render(request, "web/partials/webhook_tried.html", context)


@require_POST
@permission_required(CHANGE, raise_exception=True)
def save_mapping(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Save the mapping in the form."""
    source = _source(public_id)
    mapping = mapping_of(request.POST, before=source.mapping)
    try:
        inbound.set_mapping(source, mapping)
    except MappingRefused as error:
        context = _whole(request, source, mapping) | {"refusals": str(error).splitlines()}
        return render(request, "web/webhook.html", context, status=422)
    messages.success(request, gettext("The mapping is saved; calls are read by it from now on."))
    return redirect("web:webhook", public_id=public_id)


@require_POST
@permission_required(CHANGE, raise_exception=True)
def read_again(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Read what is quarantined by the mapping as it is now."""
    source = _source(public_id)
    events = source.events.filter(state=InboundEvent.State.QUARANTINED).order_by("pk")
    chosen = list(events[:READ_AGAIN_AT_ONCE])
    count = inbound.read_again(chosen, at=timezone.now())
    if count:
        said = gettext("%(count)s of %(all)s quarantined calls went in.")
        messages.success(request, said % {"count": count, "all": len(chosen)})
    else:
        messages.warning(
            request, gettext("Nothing went in: see what is wrong with each call below.")
        )
    return redirect("web:webhook", public_id=public_id)


@require_POST
@permission_required(CHANGE, raise_exception=True)
def replace_secret(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Give a source another secret and show it, this once."""
    source = _source(public_id)
    form = SecretForm(request.POST, scheme=source.scheme)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["secret"])))
        return redirect("web:webhook", public_id=public_id)
    said = form.cleaned_data["secret"]
    secret = inbound.replace_secret(source, at=timezone.now(), secret=said)
    context = _place(request, source) | {"secret": "" if said else secret, "is_replaced": True}
    return render(request, "web/webhook_secret.html", context)


@require_POST
@permission_required(CHANGE, raise_exception=True)
def set_active(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Turn a source off, or on again."""
    source = _source(public_id)
    source.is_active = request.POST.get("active") == "true"
    source.save(update_fields=["is_active"])
    said = (
        gettext("%(source)s is taking calls.")
        if source.is_active
        else gettext("%(source)s takes no calls any more.")
    )
    messages.success(request, said % {"source": source})
    return redirect("web:webhook", public_id=public_id)


def _source(public_id: UUID) -> InboundSource:
    return get_object_or_404(InboundSource, public_id=public_id)


def _place(request: PageRequest, source: InboundSource) -> dict[str, Any]:
    address = settings.SITE_URL + reverse("api:webhook", args=[source.public_id])
    return {"source": source, "address": address, "beginning": BEGINNINGS[source.preset]}


def _whole(
    request: PageRequest, source: InboundSource, mapping: Mapping[str, Any]
) -> dict[str, Any]:
    events = list(source.events.order_by("-received_at", "-pk")[:SHOWN_EVENTS])
    sample = next((str(event.pk) for event in events if event.body), "")
    body = _body(source, sample)
    quarantined = source.events.filter(state=InboundEvent.State.QUARANTINED)
    return (
        _place(request, source)
        | _tried(source, mapping, body)
        | {
            "mapping": mapping,
            "items_path": mapping.get("items") or "",
            "only": only_lines(mapping),
            "sections": sections_of(mapping),
            "kinds": TouchpointKind.objects.order_by("name").values_list("key", "name"),
            "events": events,
            "samples": [event for event in events if event.body],
            "sample": sample,
            "quarantined_count": quarantined.count(),
            "may_change": request.user.has_perm(CHANGE),
        }
    )


def _body(source: InboundSource, sample: str) -> bytes:
    """Return the body of a call of this source, or the preset's sample."""
    if sample.isdecimal():
        event = source.events.filter(pk=int(sample[:18])).first()
        if event and event.body:
            return bytes(event.body)
    return json.dumps(BEGINNINGS[source.preset].sample).encode()


def _tried(source: InboundSource, mapping: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Return what a sample looks like, its paths, and what it would say or why it says nothing."""
    context: dict[str, Any] = {"pretty": body.decode("utf-8", "replace"), "paths": []}
    try:
        payload = payloads.parse(body)
        context["pretty"] = json.dumps(payload, indent=2, ensure_ascii=False)
        context["paths"] = payloads.paths_in(_first_thing(mapping, payload))
        context["tried"] = [
            {"lines": lines_of(one["values"]), "problems": one["problems"]}
            for one in inbound.try_out(source, dict(mapping), body)
        ]
    except (MappingRefused, PayloadUnreadable) as error:
        context["faults"] = str(error).splitlines()
    return context


def _first_thing(mapping: Mapping[str, Any], payload: Any) -> Any:
    """Return what the paths of fields begin at: one thing of the list that a call tells of."""
    path = mapping.get("items")
    found = payloads.value_at(payload, path) if isinstance(path, str) and path else payload
    return found[0] if isinstance(found, list) and found else found
