"""Where other systems call: `/webhooks/{id}/`, proved by a signature instead of a key."""

from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm_handoff.api import parsers
from crm_handoff.api.answers import Answer
from crm_handoff.api.errors import BodyTooLarge
from crm_handoff.integrations import inbound, sealing, signatures
from crm_handoff.integrations.models import InboundEvent, InboundSource
from crm_handoff.integrations.signatures import Call

MOST_BYTES = 1 << 20


class SignatureInvalid(exceptions.APIException):
    """A call that does not prove where it comes from."""

    status_code = 401
    default_detail = "The signature is missing, wrong or too old."
    default_code = "signature_invalid"


class RawParser(BaseParser):
    """Bytes of a bounded number, of whatever type: it is them that are signed."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw: bytes = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise BodyTooLarge(f"The body is larger than {MOST_BYTES} bytes.")
        return raw


class ReceiptAnswer(Answer):
    """What became of a call."""

    event = serializers.CharField()
    state = serializers.ChoiceField(choices=InboundEvent.State.choices)
    is_repeated = serializers.BooleanField()


class WebhookView(APIView):
    """`/webhooks/{id}/`; open to whoever signs with the source's secret."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (RawParser,)
    outcome: ClassVar = ReceiptAnswer
    statuses: ClassVar = {"POST": [200, 202]}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take bodies without a length, too."""
        super().initial(request, *args, **kwargs)
        parsers.receive_chunks(request)

    def post(self, request: Request, source: UUID) -> Response:
        """Keep a call; 200 when it was read, 202 when it is quarantined until somebody looks."""
        found = get_object_or_404(InboundSource, public_id=source, is_active=True)
        call = _call_of(request, at=timezone.now())
        try:
            receipt = inbound.receive(found, call)
        except (signatures.SignatureRefused, sealing.SecretLost) as error:
            raise SignatureInvalid from error
        event = receipt.event
        is_quarantined = event.state == event.State.QUARANTINED
        return Response(
            {
                "event": event.event_id,
                "state": event.state,
                "is_repeated": receipt.is_repeated,
            },
            status=202 if is_quarantined else 200,
        )


def _call_of(request: Request, *, at: datetime) -> Call:
    body: Any = request.data
    return Call(
        method=request.method or "",
        # As the other system was given it, whatever proxies made of it since.
        url=settings.SITE_URL + request.get_full_path(),
        headers={name.lower(): value for name, value in request.headers.items()},
        # Without a body nothing is parsed, and the data is an empty form.
        body=body if isinstance(body, bytes) else b"",
        at=at,
    )
