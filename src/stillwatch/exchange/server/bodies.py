"""Request bodies: bounded while they arrive, and read as strictly as JSON allows.

    async with bodies.received(request, limit=root.max_content_length) as raw:
        value = bodies.parse(raw)

JSON has corners in which two readers see two things: a name twice in one object, NaN, half a surrogate, a number that
no double holds, UTF-16. A signed document must have none of them, so each is a 400.
"""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Any, Never

from fastapi import Request
from starlette.requests import ClientDisconnect

from stillwatch.exchange.server.errors import Problem

#: A STIX object nests a handful of levels; bundles in the field stay below twenty.
DEPTH = 64
#: Between two pieces of a body, in seconds. Who sends slower holds room that others want.
PATIENCE = 30.0

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OTHER = re.compile(r"[^][{}]+")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@asynccontextmanager
async def received(request: Request, *, limit: int) -> AsyncIterator[bytes]:
    """The body, as long as its room is held.

    Args:
        request: the request.
        limit: bytes that are taken at most.

    Raises:
        Problem: 413 it is longer, as Content-Length says or as it turns out; 408 it does not come; 503 or 429
            there is no room.
    """
    declared = _declared(request)
    if declared is not None and declared > limit:
        raise _too_long(limit)
    who = request.scope["state"]["principal"]
    held = request.app.state.load.body(who.member.name if who else "", limit if declared is None else declared)
    try:
        yield await _collected(request, limit)
    finally:
        for room in held:
            room.release()


def _declared(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


async def _collected(request: Request, limit: int) -> bytes:
    chunks, size, stream = [], 0, aiter(request.stream())
    try:
        while chunk := await asyncio.wait_for(anext(stream, b""), PATIENCE):
            size += len(chunk)
            if size > limit:
                raise _too_long(limit)
            chunks.append(chunk)
    except TimeoutError:
        headers = {"Connection": "close"}
        raise Problem(408, "Request timeout", "The body did not arrive.", "timeout", headers=headers) from None
    except ClientDisconnect:
        raise Problem(400, "Broken off", "The client left before the body was whole.", "broken-off") from None
    return b"".join(chunks)


def _too_long(limit: int) -> Problem:
    text = f"At most {limit} bytes are taken at a time (max_content_length of the API root). Send it in parts."
    return Problem(413, "Too much content", text, "too-long", headers={"Connection": "close"})


def parse(raw: bytes) -> Any:  # noqa: ANN401 — JSON is anything
    """Reads JSON that every reader reads alike.

    Raises:
        Problem: 400; it is none, or nests deeper than `DEPTH`.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("The body must be UTF-8") from None
    if _depth(text) > DEPTH:
        raise _unreadable(f"The body nests deeper than {DEPTH} levels")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _unreadable("A text in the body holds half a surrogate pair") from None
    except (ValueError, RecursionError):
        raise _unreadable("The body is not JSON") from None
    return value


def _depth(text: str) -> int:
    """How deep the brackets nest, without reading what is between them."""
    brackets = _OTHER.sub("", _STRING.sub("", text))
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _unreadable("An object in the body has a name twice")
    return read


def _constant(_: str) -> Never:
    raise _unreadable("NaN and Infinity are not JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _unreadable("A number in the body is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > 309:
        raise _unreadable("A number in the body is too large")
    return int(text)


def _unreadable(what: str) -> Problem:
    return Problem(400, "Unreadable body", f"{what}.", "unreadable-body")
