"""The description of the API (OpenAPI 3.1), read from what each view says about itself."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

import django_filters
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.relations import RelatedField

from crm_handoff.api import errors
from crm_handoff.api.answers import Answer, ListAnswer, ProblemDetails
from crm_handoff.api.fields import Body, LeadNameBody, LeadReference
from crm_handoff.api.filters import InstantFilter, TruthFilter
from crm_handoff.api.pagination import MOST_ROWS, PAGE_SIZE
from crm_handoff.api.samples import SAMPLES
from crm_handoff.api.views import DetailView, ListView, PermittedView, ReadView
from crm_handoff.search import MOST_SEARCH

KindT = TypeVar("KindT")

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ANYTHING = "*/*"
JSON = "application/json"
PREFIX = "/api/v1/"

PROBLEMS = {
    400: "Something in the request is of no use; `errors` names it.",
    401: "No key or session, or one that is not valid.",
    403: "The role or key does not allow it.",
    404: "There is no such thing, or not for this caller.",
    406: "The API answers in JSON alone.",
    409: "The world is not as the request supposes: read again.",
    411: "The body does not say how long it is.",
    413: "The body is too large.",
    415: "The body is not JSON, or it is compressed.",
    422: "The `Idempotency-Key` was used for another request.",
    429: "More calls than the key may send; come again after `Retry-After` seconds.",
    503: "The database is away; come again after `Retry-After` seconds.",
}
OF_READS = (400, 401, 403, 406, 411, 413, 415, 429, 503)
OF_WRITES = (*OF_READS, 409, 422)

SUCCESSES = {
    200: "What was asked for.",
    201: "It is new.",
    202: "It is kept, and done in a moment.",
    204: "Done; there is no more to say.",
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How an integration identifies itself."""

    target_class = "crm_handoff.api.authentication.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key: `chk_` and what follows it.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a person who is signed in to the pages is known."""

    target_class = "crm_handoff.api.authentication.PersonAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "Somebody signed in; writes need the CSRF token in `X-CSRFToken`.",
        }


class LeadReferenceShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A lead by our id, or as another system names it."""

    target_class = LeadReference

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        named = auto_schema.resolve_serializer(LeadNameBody, "request")
        return {"oneOf": [{"type": "string", "format": "uuid"}, named.ref]}


class ClockTimeShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A time of the day without a zone, which the format `time` of JSON Schema would demand."""

    target_class = "rest_framework.fields.TimeField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d\d:\d\d(:\d\d(\.\d{1,6})?)?$"}


class Schema(AutoSchema):
    """Describes a view by its attributes: `answer`, `body`, `outcome`, `filters` and others."""

    view: Any

    def get_operation_id(self) -> str:
        parts = [part.strip("{}") for part in self._parts()]
        return "_".join([self.method.lower(), *parts]).replace("-", "_")

    def get_tags(self) -> list[str]:
        return [self._parts()[0].replace("-", " ")]

    def get_summary(self) -> str:
        if self.method != "GET":
            return _short(self.get_description())[:-1]
        words = [part.replace("-", " ") for part in self._parts() if not part.startswith("{")]
        return (
            f"List {words[-1]}" if isinstance(self.view, ListView) else f"Read one of {words[0]}"
        )

    def get_description(self) -> str:  # type: ignore[override]
        if self.method == "GET" and isinstance(self.view, ListView):
            return get_doc(self.view.filters)
        if self.method == "GET" and isinstance(self.view, DetailView):
            return _short(get_doc(self.view.answer))
        # What a view adds behind its own address says more than a method that it inherits.
        _, _, said = get_doc(type(self.view)).partition("`: ")
        return said[:1].upper() + said[1:] if said else str(super().get_description())

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters and headers that the view understands."""
        if self.method in WRITES:
            return [_idempotency_key()] if isinstance(self.view, PermittedView) else []
        if isinstance(self.view, ListView):
            return [*_parameters_of(type(self.view)), *_parameters_of_reads(self.view)]
        if not isinstance(self.view, DetailView):
            return []
        return [*_numbers_of(self.view), *_parameters_of_reads(self.view)]

    def get_request_serializer(self) -> Any:
        if ANYTHING in self.map_parsers():
            return {ANYTHING: OpenApiTypes.BINARY}
        body = getattr(self.view, "body", None) or Body
        most = getattr(self.view, "most_at_once", 1)
        if most == 1:
            return body
        one = self.resolve_serializer(body, "request").ref
        return {JSON: {"anyOf": [one, {"type": "array", "items": one, "maxItems": most}]}}

    def get_examples(self) -> list[OpenApiExample]:
        """Return what the operation could be sent; tests send it."""
        sample = SAMPLES.get(self.get_operation_id())
        return [] if sample is None else [OpenApiExample("A body", sample, request_only=True)]

    def get_response_serializers(self) -> Any:
        """Return every status that the view answers, with what then is in the body."""
        answers: dict[Any, Any] = {
            status: OpenApiResponse(self._answer(status), SUCCESSES[status])
            for status in self.view.statuses[self.method]
        }
        if isinstance(self.view, ReadView) and self.method == "GET":
            answers[304] = OpenApiResponse(None, "You have it already.")
        return answers | {
            (status, errors.MEDIA_TYPE): OpenApiResponse(ProblemDetails, PROBLEMS[status])
            for status in self._problems()
        }

    def _get_serializer_field_meta(self, field: Any, direction: str) -> Any:
        meta = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and getattr(field, "allow_blank", True) is False:
            meta["minLength"] = 1
        return meta

    def _map_serializer_field(self, field: Any, direction: str, *args: Any, **options: Any) -> Any:
        shape = super()._map_serializer_field(field, direction, *args, **options)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(field, RelatedField) and field.allow_null:
            # Blank names nothing, as null does.
            return {"anyOf": [shape, {"type": "string", "maxLength": 0}]}
        return shape

    def _is_list_view(self, serializer: Any = None) -> bool:
        # Pages are described as what they are: an object that has rows.
        return False

    def _answer(self, status: int) -> Any:
        if status == 204:
            return None
        if self.method != "GET":
            return self.view.outcome or getattr(self.view, "answer", None)
        answer = self.view.answer if isinstance(self.view, ReadView) else None
        return page_of(answer) if answer and isinstance(self.view, ListView) else answer

    def _problems(self) -> list[int]:
        statuses = set(OF_WRITES if self.method in WRITES else OF_READS)
        if "{" in self.path:
            statuses.add(404)
        return sorted(statuses)

    def _parts(self) -> list[str]:
        return str(self.path).removeprefix(PREFIX).strip("/").split("/")


@cache
def page_of(answer: type[Answer]) -> type[ListAnswer]:
    """Return the description of a page of rows."""
    name = answer.__name__.removesuffix("Answer")
    return type(f"{name}PageAnswer", (ListAnswer,), {"results": answer(many=True)})


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say what holds everywhere: bodies take no other fields, `fields` leaves some out of answers.

    Of a docstring only what is for callers stays: what is behind a semicolon is for developers.
    """
    shown = {view.answer.__name__ for view in _below(ReadView) if hasattr(view, "answer")}
    closed = {body.__name__ for body in _below(Body)}
    for name, component in result["components"]["schemas"].items():
        if name.removeprefix("Patched") in closed:
            component["additionalProperties"] = False
        if name in shown:
            component.pop("required", None)
        if "description" in component:
            component["description"] = _short(component["description"])
    return result


def _short(doc: str) -> str:
    first = doc.partition("\n")[0]
    return first.partition(";")[0].rstrip(".") + "."


def _below(base: type[KindT]) -> Iterator[type[KindT]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def _idempotency_key() -> OpenApiParameter:
    return OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        OpenApiParameter.HEADER,
        description="Send the same write again with the same key, and it is done once.",
    )


def _numbers_of(view: DetailView) -> Iterable[OpenApiParameter]:
    shape = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    return [OpenApiParameter(name, shape, description=said) for name, said in view.numbers.items()]


def _parameters_of_reads(view: ReadView) -> Iterable[OpenApiParameter]:
    names = list(view.answer().fields)
    yield OpenApiParameter(
        "fields",
        {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1},
        style="form",
        explode=False,
        description="The wanted fields alone, parted by commas.",
    )
    yield OpenApiParameter(
        "If-None-Match",
        location=OpenApiParameter.HEADER,
        description="The `ETag` of an answer that you have: 304 when it still holds.",
    )


def _parameters_of(view: type[ListView]) -> Iterable[OpenApiParameter]:
    for name, narrowing in view.filters.base_filters.items():
        yield _filter(name, narrowing)
    if view.search_fields:
        yield OpenApiParameter(
            "search",
            {"type": "string", "maxLength": MOST_SEARCH, "pattern": SOME_TEXT},
            description=f"Words that must each occur in: {', '.join(view.search_fields)}.",
        )
    if view.orderings:
        yield OpenApiParameter(
            "ordering",
            enum=[sign + name for name in view.orderings for sign in ("", "-")],
            description="Smallest first, or with `-` largest first; otherwise newest first.",
        )
    yield OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE_SIZE},
        description="Rows of a page.",
    )
    yield OpenApiParameter(
        "cursor",
        {"type": "string", "minLength": 1},
        description="From `next` or `previous`; never of your own.",
    )


SOME_TEXT = "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"
"""Not blank, and nothing that cannot be stored."""

TYPES: dict[type[django_filters.Filter], Any] = {
    InstantFilter: OpenApiTypes.DATETIME,
    TruthFilter: OpenApiTypes.BOOL,
    django_filters.UUIDFilter: OpenApiTypes.UUID,
    django_filters.NumberFilter: OpenApiTypes.NUMBER,
    django_filters.DateFilter: OpenApiTypes.DATE,
}
"""What the value of a filter is; text for those that are not here."""


def _filter(name: str, narrowing: django_filters.Filter) -> OpenApiParameter:
    label = str(narrowing.extra.get("help_text") or "")
    choices = narrowing.extra.get("choices")
    if choices is not None:
        return OpenApiParameter(
            name,
            enum=[value for value, _ in choices if value != ""],
            many=isinstance(narrowing, django_filters.MultipleChoiceFilter),
            description=label,
        )
    kind = next((TYPES[base] for base in type(narrowing).__mro__ if base in TYPES), None)
    return OpenApiParameter(
        name, kind or {"type": "string", "pattern": SOME_TEXT}, description=label
    )
