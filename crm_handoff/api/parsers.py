"""Bodies: JSON of a bounded size, depth and number of parts, storable in PostgreSQL."""

import io
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from crm_handoff.api.errors import BodyTooLarge, EncodingUnsupported, LengthRequired

MOST_DEEP = 32
"""Lists and objects within one another."""
MOST_PARTS = 200_000
"""Commas, opening brackets and texts in a body, so that no small one swells up in memory."""

# A text may lack its end: a search goes through a body once, whatever is wrong with it.
PART = re.compile(rb'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


def refuse_unreadable(request: Request) -> None:
    """Refuse by its headers alone a body that is not going to be read.

    Raises:
        BodyTooLarge: it says so itself.
        EncodingUnsupported: it is compressed.
        UnsupportedMediaType: it is of a kind that the view does not read.
    """
    meta = request.META
    length = int(meta.get("CONTENT_LENGTH") or 0)
    if not length and "HTTP_TRANSFER_ENCODING" not in meta:
        return
    if length > _most_bytes():
        raise BodyTooLarge(f"The body is larger than {_most_bytes()} bytes.")
    if meta.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise EncodingUnsupported
    kind = request.content_type
    if not any(media_type_matches(parser.media_type, kind) for parser in request.parsers or ()):
        raise UnsupportedMediaType(kind)


def receive_chunks(request: Request) -> None:
    """Read a body that comes in chunks, without a length of its own, and give it one.

    Raises:
        BodyTooLarge: there is more than is read.
        LengthRequired: the server does not say where it ends.
    """
    meta = request.META
    if meta.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" not in meta:
        return
    if not meta.get("wsgi.input_terminated"):
        raise LengthRequired
    raw = meta["wsgi.input"].read(_most_bytes() + 1)
    if len(raw) > _most_bytes():
        raise BodyTooLarge(f"The body is larger than {_most_bytes()} bytes.")
    meta["CONTENT_LENGTH"] = str(len(raw))
    # Django takes a body without a length for an empty one, which it already made the stream of.
    request._request._stream = io.BytesIO(raw)


class BoundedJsonParser(BaseParser):
    """JSON up to `DATA_UPLOAD_MAX_MEMORY_SIZE`; no NaN, infinity, NUL or half surrogate pair."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(_most_bytes() + 1)
        if len(raw) > _most_bytes():
            raise BodyTooLarge(f"The body is larger than {_most_bytes()} bytes.")
        try:
            _refuse_many(raw)
            # Left to itself the decoder guesses other encodings, and takes half surrogate pairs.
            text = raw.decode("utf-8-sig")
            value = json.loads(
                text,
                object_pairs_hook=_said_once,
                parse_constant=_refuse_constant,
                parse_float=_finite,
            )
            _refuse_deep(value)
            if b"\\u" in raw:
                # Only an escape can smuggle in what the decoder above has not refused.
                _refuse_unstorable(value)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON that we take: {error}") from None
        return value


def holds_nul(value: Any) -> bool:
    """Say whether a NUL, which PostgreSQL does not store, is anywhere in a value or its names."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(holds_nul, value))


def _most_bytes() -> int:
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def _refuse_many(raw: bytes) -> None:
    if len(raw) <= MOST_PARTS or sum(map(raw.count, (b",", b"[", b"{", b'"'))) <= MOST_PARTS:
        return
    # Commas and brackets within texts are no parts.
    if next(islice(PART.finditer(raw), MOST_PARTS, None), None) is not None:
        raise ValueError(f"it has more than {MOST_PARTS} parts")


def _refuse_deep(value: Any) -> None:
    level = [value] if type(value) in (dict, list) else []
    for _ in range(MOST_DEEP):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return
    raise RecursionError


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise ValueError(f"it says {json.dumps(twice[:100])} twice")
    return said


def _finite(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise ValueError(f"{written[:20]} is too large a number")
    return value


def _refuse_unstorable(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    # Written out again, a NUL is the only thing that gives this escape after an even number of
    # backslashes; in doubt we look at the values themselves.
    text.encode()
    if "\\u0000" in text and holds_nul(value):
        raise ValueError("it holds a NUL character")
