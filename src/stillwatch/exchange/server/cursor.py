"""`next`: where the next page begins, signed by the exchange and remembered by the client alone.

    cursor = Cursor(exchange.cursor_key)
    token = cursor.write(after, "objects", root, collection, filters)
    after = cursor.read(token, "objects", root, collection, filters)      # Problem 400 for anybody else's

It holds one number, the `date_added` of the last record given, and a code (HMAC-SHA-256) over that number and all that
makes the query. So it works again after a restart, on another process and a second time; and it works neither for
another collection, another kind of page nor other filters. `added_after` and `limit` are no part of it: clients drop
the one (the number is later anyway) and change the other. It carries no right: those are looked up anew.
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass

from stillwatch.exchange.server.errors import Problem

_NUMBER, _CODE = 8, 16  # bytes; 128 bits are beyond guessing


@dataclass(frozen=True)
class Cursor:
    """Writes and reads `next`."""

    key: bytes

    def write(self, after: int, *query: object) -> str:
        """The token for the records that follow.

        Args:
            after: `date_added` of the last record given, in microseconds.
            query: all that makes the query, as JSON can write it.
        """
        number = after.to_bytes(_NUMBER, "big", signed=True)
        return base64.urlsafe_b64encode(number + self._code(number, query)).decode()

    def read(self, token: str, *query: object) -> int:
        """Where the token points to.

        Raises:
            Problem: 400; it is none of ours, or of another query.
        """
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        number, code = raw[:_NUMBER], raw[_NUMBER:]
        if len(number) < _NUMBER or not hmac.compare_digest(code, self._code(number, query)):
            text = "next belongs to the collection and the filters that it was given for. Begin anew without it."
            raise Problem(400, "Malformed query", text, "bad-next")
        return int.from_bytes(number, "big", signed=True)

    def _code(self, number: bytes, query: tuple[object, ...]) -> bytes:
        return hmac.digest(self.key, number + json.dumps(query).encode(), "sha256")[:_CODE]
