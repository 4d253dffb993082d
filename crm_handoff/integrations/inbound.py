"""Webhooks come in: proved, kept, read by a mapping, and quarantined when they cannot be."""

import hashlib
import logging
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from rest_framework.exceptions import ValidationError

from crm_handoff.api.errors import errors_in
from crm_handoff.api.leads import LeadBody
from crm_handoff.api.touchpoints import TouchpointBody
from crm_handoff.integrations import payloads, sealing, signatures
from crm_handoff.integrations.models import InboundEvent, InboundSource
from crm_handoff.integrations.payloads import Item, PayloadUnreadable
from crm_handoff.integrations.presets import BEGINNINGS
from crm_handoff.integrations.signatures import SIGNED, Call, Scheme
from crm_handoff.people.models import User
from leads import intake

logger = logging.getLogger(__name__)

OVERLAP = timedelta(days=1)
"""How long the secret before is good after it was replaced."""

BODY_KEPT = timedelta(days=30)
"""How long the body of a call that was read is kept."""

FORGOTTEN_AT_ONCE = 1_000

LONGEST_EVENT_ID, LONGEST_EXTERNAL_ID = 255, 200
LONGEST_PLACE = len(f"#{payloads.MOST_ITEMS}")

REFUSALS = (
    PayloadUnreadable,
    intake.IdentityConflict,
    intake.LeadNotIdentified,
    intake.AccountNotNamed,
    intake.UnknownKey,
    ValidationError,
    DataError,
    IntegrityError,
)
"""What a call can be at fault for: it is quarantined, and the sender need not send it again."""

Problem = dict[str, str]
"""`field` and `detail` of what is wrong with a call."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a call; `is_repeated` when it was known already."""

    event: InboundEvent
    is_repeated: bool


def create_source(
    *, name: str, system: str, preset: str, by: User, scheme: str = "", secret: str = ""
) -> tuple[InboundSource, str]:
    """Make a source with its preset's mapping.

    A blank `scheme` is the preset's; a blank `secret` makes one.

    Returns:
        The source, and its secret in clear, which cannot be read again.
    """
    beginning = BEGINNINGS[preset]
    chosen = Scheme(scheme or beginning.scheme)
    clear = secret or new_secret(chosen)
    source = InboundSource.objects.create(
        name=name,
        system=system,
        preset=preset,
        scheme=chosen,
        sealed_secret=sealing.seal(clear),
        mapping=dict(beginning.mapping),
        created_by=by,
    )
    return source, clear


def new_secret(scheme: Scheme) -> str:
    """Return 256 random bits as the scheme writes them."""
    if scheme == Scheme.STANDARD:
        return "whsec_" + secrets.token_urlsafe(32).replace("-", "+").replace("_", "/")
    return secrets.token_hex(32)


def replace_secret(source: InboundSource, *, at: datetime, secret: str = "") -> str:
    """Give a source another secret; the one before is good for `OVERLAP` still.

    Returns:
        The new one in clear, which cannot be read again.
    """
    clear = secret or new_secret(Scheme(source.scheme))
    source.previous_sealed_secret = bytes(source.sealed_secret)
    source.previous_until = at + OVERLAP
    source.sealed_secret = sealing.seal(clear)
    source.save(update_fields=["previous_sealed_secret", "previous_until", "sealed_secret"])
    return clear


def set_mapping(source: InboundSource, mapping: dict[str, Any]) -> None:
    """Give a source another mapping.

    Raises:
        MappingRefused: it cannot be followed.
    """
    payloads.check(mapping)
    source.mapping = mapping
    source.save(update_fields=["mapping"])


def receive(source: InboundSource, call: Call) -> Receipt:
    """Keep a call and read it; both commit together, before the sender is answered.

    Of a call that comes again nothing is done. One that cannot be read is quarantined.

    Raises:
        SignatureRefused: it does not prove where it comes from.
        SecretLost: the source's secret cannot be opened any more.
    """
    signatures.verify(source.scheme, _secrets(source, at=call.at), call)
    with transaction.atomic():
        # Two calls of one id at once: the second waits here for the first.
        event, is_new = InboundEvent.objects.get_or_create(
            source=source,
            event_id=_event_id(source, call),
            defaults={
                "received_at": call.at,
                "read_at": call.at,
                "body": call.body,
                "state": InboundEvent.State.IGNORED,
            },
        )
        if is_new:
            _read(event, at=call.at)
            logger.info("Webhook call %s of %s is %s", event.pk, source, event.state)
    return Receipt(event, is_repeated=not is_new)


def read_again(events: Iterable[InboundEvent], *, at: datetime) -> int:
    """Read quarantined calls by the mapping as it is now; returns how many went in."""
    count = 0
    for one in events:
        with transaction.atomic():
            event = (
                InboundEvent.objects.select_for_update(of=("self",))
                .select_related("source")
                .get(pk=one.pk)
            )
            if event.state != InboundEvent.State.QUARANTINED:
                continue
            event.read_count += 1
            _read(event, at=at)
            count += event.state != InboundEvent.State.QUARANTINED
    return count


def try_out(source: InboundSource, mapping: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
    """Return what a body would say by a mapping: of each thing its `values` and `problems`.

    Raises:
        MappingRefused: the mapping cannot be followed.
        PayloadUnreadable: the body is not what the mapping expects.
    """
    payloads.check(mapping)
    tried = []
    for item in payloads.read(mapping, payloads.parse(body)):
        values, problems = _checked(item, source, event_id="")
        tried.append({"values": values, "problems": problems})
    return tried


def forget_bodies(*, at: datetime) -> int:
    """Blank bodies of calls that were read long ago, some at once; returns how many."""
    old = (
        InboundEvent.objects.filter(received_at__lt=at - BODY_KEPT)
        .exclude(state=InboundEvent.State.QUARANTINED)
        .exclude(body=b"")
        .values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
    )
    return InboundEvent.objects.filter(pk__in=list(old)).update(body=b"")


def _secrets(source: InboundSource, *, at: datetime) -> list[str]:
    good = [sealing.unseal(bytes(source.sealed_secret))]
    if source.previous_sealed_secret and source.previous_until and at < source.previous_until:
        # Lost with its SECRET_KEY, it must not take with it the one that was entered since.
        with suppress(sealing.SecretLost):
            good.append(sealing.unseal(bytes(source.previous_sealed_secret)))
    return good


def _event_id(source: InboundSource, call: Call) -> str:
    if source.scheme == Scheme.STANDARD:
        # Signed with the body, so that nobody else can claim it.
        return _fitting(call.headers["webhook-id"], LONGEST_EVENT_ID)
    try:
        said = payloads.event_id(source.mapping, payloads.parse(call.body))
    except PayloadUnreadable:
        said = ""
    return _fitting(said, LONGEST_EVENT_ID) or _digest(call.body)


def _fitting(name: str, longest: int) -> str:
    """Return a name, or what tells it from others in fewer characters than `longest`."""
    return name if len(name) <= longest else _digest(name.encode())


def _digest(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _read(event: InboundEvent, *, at: datetime) -> None:
    """Read a kept call and say on it what became of it."""
    event.read_at = at
    event.problems, event.results = [], []
    try:
        with transaction.atomic():
            event.results = _record(event)
            event.state = (
                InboundEvent.State.PROCESSED if event.results else InboundEvent.State.IGNORED
            )
    except (OperationalError, InterfaceError):
        raise
    except REFUSALS as error:
        event.problems = _problems_of(error)
    except Exception as error:
        # The sender is not at fault: it must not be asked to send for ever what we cannot take.
        logger.exception("Webhook call %s could not be read", event.pk)
        event.problems = [{"field": "", "detail": f"Unforeseen: {type(error).__name__}."}]
    if event.problems:
        event.results, event.state = [], InboundEvent.State.QUARANTINED
    event.save(update_fields=["state", "problems", "results", "read_at", "read_count"])


def _record(event: InboundEvent) -> list[dict[str, Any]]:
    mapping, payload = event.source.mapping, payloads.parse(bytes(event.body))
    return [
        _record_item(item, event, place)
        for place, item in enumerate(payloads.read(mapping, payload))
    ]


def _record_item(item: Item, event: InboundEvent, place: int) -> dict[str, Any]:
    name = f"{_fitting(event.event_id, LONGEST_EXTERNAL_ID - LONGEST_PLACE)}#{place}"
    values, problems = _checked(item, event.source, event_id=name)
    if problems:
        raise PayloadUnreadable(problems[0]["field"], problems[0]["detail"])
    lead, touchpoint = values["lead"], values.get("touchpoint")
    account = lead.pop("account", None)
    effective_at = lead.pop("effective_at", None)
    facts = intake.LeadFacts(
        system=event.source.system,
        external_id=lead.pop("external_id", None) or "",
        account=intake.AccountFacts(**account) if account else None,
        **lead,
    )
    # Everything was received when it came, also what is read later.
    outcome = intake.record_lead(facts, received_at=event.received_at, effective_at=effective_at)
    result = {"lead": str(outcome.lead.public_id), "is_created": outcome.is_created}
    if touchpoint:
        said = {name: value for name, value in touchpoint.items() if value is not None}
        said.pop("lead")
        kept = intake.record_touchpoints(
            [intake.TouchpointFacts(lead=outcome.lead.pk, **said)],
            system=event.source.system,
            received_at=event.received_at,
        )[0]
        if kept.status == "refused":
            field, _, reason = kept.reason.partition(": ")
            raise PayloadUnreadable(field, reason)
        result["touchpoint"] = kept.status
    return result


def _checked(
    item: Item, source: InboundSource, *, event_id: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Check an item by the bodies of the REST API; returns its values, and what is wrong."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    try:
        values["lead"] = {
            name: value
            for name, value in LeadBody.checked(item.lead).items()
            if value is not None and name != "system"
        }
    except ValidationError as error:
        problems += _problems_of(error)
    if item.touchpoint is not None:
        defaults: dict[str, Any] = {"is_verified": source.scheme in SIGNED}
        if event_id:
            defaults["external_id"] = event_id
        said = defaults | item.touchpoint | {"lead": {"email": "someone@example.com"}}
        try:
            values["touchpoint"] = TouchpointBody.checked(said)
        except ValidationError as error:
            problems += _problems_of(error)
    return values, problems


def _problems_of(error: Exception) -> list[Problem]:
    if isinstance(error, ValidationError):
        return [
            {"field": fault["field"], "detail": fault["detail"]}
            for fault in errors_in(error.detail)
        ]
    if isinstance(error, PayloadUnreadable):
        return [{"field": error.where, "detail": error.reason}]
    field = getattr(error, "field", "")
    return [{"field": field, "detail": str(error).partition("\n")[0]}]
