"""What all views share: a permission a method, lists in pages, one system a key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import ErrorDetail, MethodNotAllowed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm_handoff.api import authentication, idempotency, parsers, rates
from crm_handoff.api.answers import Answer
from crm_handoff.api.errors import ForeignSystem
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import Filters, NoFilters
from crm_handoff.api.pagination import NEWEST_FIRST, link, page_of
from crm_handoff.people.models import ApiKey
from crm_handoff.search import UnsearchableText, search

STATUSES = {"GET": [200], "POST": [201, 200], "PUT": [200, 201], "PATCH": [200], "DELETE": [204]}

MANUAL = "manual"
"""The system of facts that a person sends without naming one."""


class PermittedView(APIView):
    """A view that names the permission of each of its methods; nobody may do the others.

    `body` is what a write says, `outcome` what it is answered with (else as a read is), `statuses`
    how each method answers when all is well; the description of the API reads them. `most_at_once`
    bodies may be sent as a list, when it is more than 1.
    """

    required_permissions: ClassVar[dict[str, str]] = {}
    body: ClassVar[type[Body] | None] = None
    most_at_once: ClassVar[int] = 1
    outcome: ClassVar[Any] = None
    statuses: ClassVar[Mapping[str, Sequence[int]]] = STATUSES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request; a write with an Idempotency-Key once, however often it comes."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        self.request = asked = self.initialize_request(request, *args, **kwargs)
        response: Any
        try:
            self.initial(asked, *args, **kwargs)
            handler = self._handler_of(asked)
            response = idempotency.answer(asked, lambda: handler(asked, *args, **kwargs))
        except Exception as exc:
            response = self.handle_exception(exc)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a caller in: what the headers alone forbid comes before who it is."""
        authentication.refuse_key_in_address(request)
        parsers.refuse_unreadable(request)
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, ApiKey):
            self.headers |= rates.headers_of(request.auth)
        parsers.receive_chunks(request)

    def _handler_of(self, request: Request) -> Callable[..., Response]:
        method = request.method or ""
        if method not in self.allowed_methods:
            raise MethodNotAllowed(method)
        handler: Callable[..., Response] = getattr(self, method.lower())
        return handler


@method_decorator(conditional_page, name="dispatch")
class ReadView(PermittedView):
    """Something to be read: each answer has an ETag, and is not sent to whoever has it already.

    `answer` is what one row looks like; a caller may ask for some of its fields alone.
    """

    answer: ClassVar[type[Answer]]

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Let whoever keeps the answer ask each time whether it still holds."""
        answered: Response = super().finalize_response(request, response, *args, **kwargs)
        answered.headers.setdefault("Cache-Control", "private, no-cache")
        return answered


class ListView(ReadView):
    """A list in pages: `rows` says which, the other attributes what a caller may ask of it.

    `orderings` are the names by which it can be ordered, each with its column (a path); `order` is
    the column of a caller who names none, with `-` for the largest first. `search_fields` are text
    columns: every word searched for must occur in one of them.
    """

    filters: ClassVar[type[Filters]] = NoFilters
    orderings: ClassVar[Mapping[str, str]] = {}
    order: ClassVar[str] = NEWEST_FIRST
    search_fields: ClassVar[tuple[str, ...]] = ()

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        parameters = request.query_params
        self.filters.refuse_unknown(parameters, beside=self.parameters())
        rows = self.filters.narrow(self.rows(request, **kwargs), parameters)
        rows = self._searched(rows, parameters.get("search", ""))
        page = page_of(rows, parameters, orderings=self.orderings, otherwise=self.order)
        address = request.build_absolute_uri(request.path)
        return Response(
            {
                "next": link(address, parameters, page.next),
                "previous": link(address, parameters, page.previous),
                "results": self.answer.written_each(page.rows, parameters.get("fields")),
            }
        )

    def _searched(self, rows: QuerySet[Any], said: str) -> QuerySet[Any]:
        try:
            return search(rows, said, self.search_fields)
        except UnsearchableText as error:
            raise ValidationError({"search": [ErrorDetail(str(error), code="invalid")]}) from error

    @classmethod
    def parameters(cls) -> frozenset[str]:
        """Return the query parameters that are understood beside the filters."""
        names = {"cursor", "page_size", "fields"}
        if cls.orderings:
            names.add("ordering")
        if cls.search_fields:
            names.add("search")
        return frozenset(names)

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Any]:
        """Return the rows that the caller may see, with all that `answer` reads."""
        raise NotImplementedError


class DetailView(ReadView):
    """One row: `row` finds it.

    `numbers` are the query parameters that take a whole number, with what each means.
    """

    numbers: ClassVar[Mapping[str, str]] = {}

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the row."""
        parameters = request.query_params
        NoFilters.refuse_unknown(parameters, beside=frozenset({"fields", *self.numbers}))
        row = self.row(request, **kwargs)
        return Response(self.answer.written(row, parameters.get("fields")))

    def row(self, request: Request, **kwargs: Any) -> Any:
        """Return the row that the address names, with all that `answer` reads.

        Raises:
            Http404: there is none, or not for this caller.
        """
        raise NotImplementedError


def system_of(request: Request, said: str | None) -> str:
    """Return the external system for which a request speaks: a key's own, or what was said.

    Raises:
        ForeignSystem: a key names a system that is not its own.
    """
    if not isinstance(request.auth, ApiKey):
        return said or MANUAL
    if said and said != request.auth.system:
        raise ForeignSystem(f"This key sends the facts of “{request.auth.system}” alone.")
    return request.auth.system
