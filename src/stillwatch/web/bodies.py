"""The body of a request as a form: of bounded length, within bounded time.

    form = await received(request)

Forms are sent as application/x-www-form-urlencoded, as browsers and htmx do without being told otherwise.
"""

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from stillwatch.web.asking import Form, Invalid, TooLarge

MOST = 4 << 20  # bytes; a form that names 100,000 accounts
_FIELDS = 150_000
_SECONDS = 30.0
_FORM = "application/x-www-form-urlencoded"


async def received(request: Request) -> Form:
    """The form of a POST; an empty one of any other request.

    Raises:
        TooLarge: it is longer than MOST.
        Invalid: it is no form, or did not come to its end.
    """
    if request.method != "POST":
        return Form()
    try:
        async with asyncio.timeout(_SECONDS):
            body = await _collected(request)
    except (TimeoutError, ClientDisconnect):
        raise Invalid("The form did not arrive whole.", hint="Send it again.") from None
    if body and request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise Invalid("This is no form.", hint=f"Send {_FORM}.")
    return parsed(body.decode("utf-8", "replace"))


def parsed(text: str) -> Form:
    """The fields of a form or of an address's query.

    Raises:
        TooLarge: there are too many.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise TooLarge(f"At most {_FIELDS:,} fields are taken.") from None
    return Form(
        tuple((name, value.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")) for name, value in pairs)
    )


async def _collected(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MOST:
            raise TooLarge(f"At most {MOST >> 20} MiB are taken at a time.", hint="Send it in parts.")
        pieces.append(piece)
    return b"".join(pieces)
