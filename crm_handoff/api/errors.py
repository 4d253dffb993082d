"""Errors as RFC 9457 problem details, the same for every address of the API."""

import logging
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from crm_handoff.people import keys

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"


class Problem(NamedTuple):
    """How a domain exception is answered.

    `field` names what in the body is to blame, unless the exception has a `field` of its own.
    """

    status: int
    code: str
    title: str
    field: str = ""


class BodyTooLarge(exceptions.APIException):
    """The request's body is larger than the product reads."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "body_too_large"


class EncodingUnsupported(exceptions.APIException):
    """The request's body is compressed, or encoded in another way."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_detail = "Send the body as it is: no Content-Encoding is understood."
    default_code = "unsupported_encoding"


class LengthRequired(exceptions.APIException):
    """Nobody says where the request's body ends."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "Send the body with its Content-Length."
    default_code = "length_required"


class KeyInAddress(exceptions.APIException):
    """The request carries a key where logs would keep it."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = (
        "A key does not belong in an address, which logs keep. Replace the key, and send the new "
        "one in the Authorization header."
    )
    default_code = "key_in_address"


class RateLimited(exceptions.APIException):
    """A key was used more often than it may be; `headers` say when it may again."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_code = "rate_limited"

    def __init__(self, detail: str, *, headers: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.headers = headers


class IdempotencyKeyInvalid(exceptions.APIException):
    """The Idempotency-Key is none that is kept."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "An Idempotency-Key is 1 to 255 characters of printable ASCII."
    default_code = "idempotency_key_invalid"


class IdempotencyKeyReused(exceptions.APIException):
    """The Idempotency-Key came with another request before."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request: use a new one."
    default_code = "idempotency_key_reused"


class IdempotencyInProgress(exceptions.APIException):
    """The same request is still being answered."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "The same request is being answered; come again for its answer."
    default_code = "idempotency_in_progress"
    headers: ClassVar = {"Retry-After": "2"}


class ForeignSystem(exceptions.APIException):
    """A key speaks for a system that is not its own."""

    status_code = HTTPStatus.FORBIDDEN
    default_detail = "This key sends the facts of another system."
    default_code = "foreign_system"


DOMAIN_PROBLEMS: dict[type[Exception], Problem] = {}
"""Domain exceptions with what they become; the module of each resource adds its own."""


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view; None (a server error) for those nobody foresaw."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.APIException):
        body = _body_of(exc)
        headers = _headers_of(exc)
    else:
        problem = next(
            (DOMAIN_PROBLEMS[kind] for kind in type(exc).__mro__ if kind in DOMAIN_PROBLEMS), None
        )
        if problem is None:
            return None
        body, headers = _domain_body(problem, exc), {}
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def refuse_key_in_path(request: HttpRequest) -> None:
    """Refuse a request whose path holds a key, and hide it there from whoever logs the refusal.

    Raises:
        KeyInAddress: it does.
    """
    path = keys.hide(request.path)
    if path != request.path:
        request.path = path
        raise KeyInAddress


def not_found(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer an address of the API that does not exist; open to everybody."""
    try:
        refuse_key_in_path(request)
    except KeyInAddress as refusal:
        return JsonResponse(_body_of(refusal), status=refusal.status_code, content_type=MEDIA_TYPE)
    detail = "There is no such address."
    if not request.path.endswith("/"):
        detail += " Addresses end with a slash."
    return JsonResponse(
        _body(HTTPStatus.NOT_FOUND, "not_found", detail),
        status=HTTPStatus.NOT_FOUND,
        content_type=MEDIA_TYPE,
    )


UNFORESEEN = ("server_error", "Something went wrong here; it has been logged.")
UNAVAILABLE = (
    "unavailable",
    "The database does not answer; nothing was saved that you did not hear of. Send it again.",
)
RETRY_AFTER_SECONDS = 2


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw: the API in its own form, pages with Django's.

    A database that is away is no fault of the request: 503, and when to come again.
    """
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_away else HTTPStatus.INTERNAL_SERVER_ERROR
    if request.path.startswith(PREFIX):
        code, detail = UNAVAILABLE if is_away else UNFORESEEN
        response: HttpResponse = JsonResponse(
            _body(status, code, detail), status=status, content_type=MEDIA_TYPE
        )
    else:
        response = defaults.server_error(request)
        response.status_code = status
    if is_away:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def errors_in(detail: Any, *, path: str = "", row: int | None = None) -> list[dict[str, Any]]:
    """Flatten the detail of a validation error: one entry a fault, with its field's path.

    `row` is the place in a list of items, from 0.
    """
    return [
        {"field": field, **({} if row is None else {"row": row}), "code": code, "detail": text}
        for field, code, text in _faults(detail, path)
    ]


def _faults(detail: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            is_own = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _faults(inner, path if is_own else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _faults(inner, path)
    else:
        yield path, getattr(detail, "code", "invalid"), str(detail)


def _body_of(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        body = _body(exc.status_code, "invalid", "The request has faults; see `errors`.")
        body["errors"] = errors_in(exc.detail)
        return body
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else exc.default_code
    return _body(exc.status_code, code, str(exc.detail))


def _domain_body(problem: Problem, exc: Exception) -> dict[str, Any]:
    body = _body(problem.status, problem.code, str(exc) or problem.title, title=problem.title)
    field = getattr(exc, "field", problem.field)
    if field:
        body["errors"] = [{"field": field, "code": problem.code, "detail": body["detail"]}]
    return body


def _body(status: int, code: str, detail: str, *, title: str = "") -> dict[str, Any]:
    return {
        "type": f"urn:crm-handoff:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
    }


def _headers_of(exc: exceptions.APIException) -> dict[str, str]:
    headers = dict(getattr(exc, "headers", {}))
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return headers
