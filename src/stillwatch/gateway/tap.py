"""What a gateway saw, folded where it was seen: requests wait a second at most, then only profiles are left.

    tap.add(row)                        # a request's thread; never waits
    content = tap.folded()              # the background thread: rows become profiles, prompts are gone

The fold is the scan's (`profiles.accounts.profile`), so that what the watch makes of it is the scan's result (law 1 of
docs/concepts.md). All is bounded: what does not fit is left out and counted.
"""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from stillwatch.gateway.bodies import Prompt, received
from stillwatch.profiles.accounts import Profiles, profile
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.rows import EARLIEST, LATEST
from stillwatch.traffic.schema import MESSAGE, TIME

ROWS = 100_000  # that wait for the next fold
BYTES = 64 << 20  # of their bodies, and of the objects for their messages
_MESSAGE_BYTES = 128
ACCOUNTS = 200_000  # profiles that wait for a relay that is gone: 1 KB each
_AT_ONCE = 256  # rows: the interpreter's lock is held for a fraction of a millisecond at a time

# A quote inside of a text is escaped, so that no answer can look like its own usage.
_USAGE, _USAGE_BYTES = b'"usage"', 512
_INPUT = re.compile(rb'"(?:prompt|input)_tokens"\s*:\s*(\d{1,12})')
_OUTPUT = re.compile(rb'"(?:completion|output)_tokens"\s*:\s*(\d{1,12})')


class Row(msgspec.Struct, frozen=True, gc=False):
    """One request, over. Times are seconds since 1970."""

    request_id: str
    time: float
    account: str
    organization: str
    address: str
    prompt: Prompt
    size: int  # bytes of the body
    status: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    answer: bytes = b""  # the answer's beginning and end, where the usage is still to be read from it
    events: int = 0  # of a stream
    sealed: bytes = b""  # pieces of the answer with reasoning blocks in them
    received: tuple[str, ...] = ()  # digests of these
    charged: str = ""  # the campaign whose budget the tokens come from


def usage(answer: bytes, events: int = 0) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of the answer, as the end of a JSON body or of a stream tells.

    Args:
        answer: the beginning and the end of the body.
        events: of a stream that does not tell: about one a token.
    """
    end = answer.rfind(_USAGE)
    told, asked = _number(_OUTPUT, answer, end), _number(_INPUT, answer, end)
    if asked is None:
        asked = _number(_INPUT, answer, answer.find(_USAGE))
    return asked, events if told is None and events else told


def _number(pattern: re.Pattern[bytes], content: bytes, start: int) -> int | None:
    found = pattern.search(content, start, start + _USAGE_BYTES) if start >= 0 else None
    return int(found[1]) if found else None


class Rows:
    """Requests that are over and were not folded yet.

    Args:
        key: under which addresses become tokens.
        charge: takes tokens from a campaign's budget.
        receive: is told which account received which reasoning blocks.

    Attributes:
        waiting: the requests, prompts and all.
    """

    def __init__(
        self, key: Key, charge: Callable[[str, int, int], None], receive: Callable[[str, Sequence[str]], None]
    ) -> None:
        self._key, self._charge, self._receive = key, charge, receive
        self.waiting: list[Row] = []
        self._size = 0

    def add(self, row: Row) -> bool:
        """Take a request; False: there is no room."""
        size = self._size + row.size + _MESSAGE_BYTES * len(row.prompt.messages)
        if len(self.waiting) >= ROWS or size > BYTES:
            return False
        self._size = size
        self.waiting.append(row)
        return True

    def fold(self, into: Profiles) -> int:
        """Fold what waits into profiles; returns how many requests could not be (their time or text is none)."""
        rows, self.waiting, self._size = self.waiting, [], 0
        lost = 0
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            known = [self._counted(row) for row in some if EARLIEST <= row.time * 1e6 < LATEST]
            lost += len(some) - len(known)
            if len(into) + len(known) > ACCOUNTS:
                lost += len(known)
            elif known:
                into.absorb(profile(batch_of(known, self._key)))
        return lost

    def _counted(self, row: Row) -> Row:
        if row.input_tokens is None and row.output_tokens is None:
            asked, told = usage(row.answer, row.events)
            row = replace(row, input_tokens=asked, output_tokens=told)
        if row.sealed:
            row = replace(row, received=received(row.sealed), sealed=b"")
            self._receive(row.account, row.received)
        if row.charged:
            self._charge(row.charged, 0, (row.input_tokens or 0) + (row.output_tokens or 0))
        return row


def batch_of(rows: Sequence[Row], key: Key) -> pa.RecordBatch:
    """The columns of `traffic.schema.REQUESTS` that a profile is made of."""
    ends = accumulate((len(row.prompt.messages) for row in rows), initial=0)
    flat = [message for row in rows for message in row.prompt.messages]
    roles, texts = pa.array([role for role, _ in flat], pa.string()), pa.array([text for _, text in flat], pa.string())
    messages = pa.StructArray.from_arrays([roles, texts], fields=list(MESSAGE))
    columns = {
        "request_id": pa.array([row.request_id for row in rows], pa.string()),
        "time": pa.array([int(row.time * 1e6) for row in rows], pa.int64()).cast(TIME),
        "account_id": pa.array([row.account for row in rows], pa.string()),
        "organization_id": pa.array([row.organization or None for row in rows], pa.string()),
        "system_instructions": pa.array([row.prompt.system or None for row in rows], pa.string()),
        "input_messages": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), messages),
        "request_temperature": pa.array([row.prompt.temperature for row in rows], pa.float64()),
        "request_max_tokens": pa.array([row.prompt.max_tokens for row in rows], pa.int64()),
        "usage_input_tokens": pa.array([row.input_tokens for row in rows], pa.int64()),
        "usage_output_tokens": pa.array([row.output_tokens for row in rows], pa.int64()),
        "reasoning_presented": pa.array([" ".join(row.prompt.reasoning) or None for row in rows], pa.string()),
        "reasoning_received": pa.array([" ".join(row.received) or None for row in rows], pa.string()),
        "response_status": pa.array([row.status for row in rows], pa.int64()),
        "client_address": pa.array([key.token("addr", a) if (a := row.address) else None for row in rows], pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns)
