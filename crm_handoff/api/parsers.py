"""Bodies: JSON of a bounded size, without what PostgreSQL cannot store."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from crm_handoff.api.errors import BodyTooLarge


class BoundedJsonParser(BaseParser):
    """JSON up to `DATA_UPLOAD_MAX_MEMORY_SIZE`; no NaN, infinity, NUL or half surrogate pair."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(f"The body is larger than {most} bytes.")
        try:
            value = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
            if b"\\u" in raw:
                # Only an escape can smuggle in what the decoder above has not refused.
                _refuse_unstorable(value)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON that we take: {error}") from None
        return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


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
    if "\\u0000" in text and _holds_nul(value):
        raise ValueError("it holds a NUL character")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
