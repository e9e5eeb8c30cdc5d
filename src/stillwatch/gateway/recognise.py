"""Whether one request holds a campaign's template: microseconds, whatever the text's length and the table's size.

    owner_of("You are ...", "Rewrite the following ...", snapshot)      # the campaign's id, or ""

The same shingles as a profile's count (`profiles.fold`): the first `HEAD` and last `TAIL` of the last message, the
first `TAIL` of the system text. So of a long text only its ends are read. Signing and looking up are one kernel,
without the opening words, of which a template has none.
"""

from functools import lru_cache

import numpy as np

from stillwatch.profiles.fold import HEAD, TAIL
from stillwatch.response.snapshot import Snapshot
from stillwatch.signatures.compiled import I32, U8, U32, compiled
from stillwatch.signatures.folding import fold
from stillwatch.signatures.registers import store
from stillwatch.signatures.shingles import MARGIN, SCRATCH, sample

# One window in 16 is kept, so that HEAD of them come from some 400 bytes; folding may shrink a text full of digits.
_HEAD_LETTERS, _TAIL_LETTERS = 1024, 768
_SYSTEM_LETTERS = 768

_FIRST = np.uint64(8)
_MOST = HEAD + 2 * TAIL


@compiled
def _add(  # noqa: PLR0913, PLR0917 — a kernel
    octets: U8, start: int, end: int, text: U8, scratch: U32, names: U32, known: U32, n: int, most: int, tail: bool
) -> int:
    """Sample octets[start:end] and add its first (or last) `most` names to `known`; returns how many there are."""
    past = fold(octets, np.uint64(start), np.uint64(end), text, _FIRST)
    store(text, past, np.uint64(0))
    found = int(np.int64(sample(text, _FIRST, past, scratch, names, np.uint64(0))))
    count = min(found, most)
    first = found - count if tail else 0
    for j in range(count):
        known[n] = names[first + j]
        n += 1
    return n


@compiled
def _owner(  # noqa: C901, PLR0913, PLR0917 — a kernel
    octets: U8, head: int, tail: int, sieve: U8, shingles: U32, owners: I32, least: int
) -> int:
    """The owner of most of the template shingles in a text, if it holds `least` distinct ones; else -1.

    Args:
        octets: the system text's beginning, the message's beginning, the message's end.
        head: where the message begins.
        tail: where its end begins.
        sieve: a bit for each remainder that any shingle has: nearly all others need not be searched for.
        shingles: ascending, distinct.
        owners: beside them.
        least: how many are needed.
    """
    longest = max(head, tail - head, len(octets) - tail)
    text, scratch = np.empty(longest + MARGIN, np.uint8), np.empty(SCRATCH, np.uint32)
    names, known = np.empty(longest + 1, np.uint32), np.empty(_MOST, np.uint32)
    n = 0
    if head:
        n = _add(octets, 0, head, text, scratch, names, known, n, TAIL, False)
    if len(octets) > tail:
        n = _add(octets, head, tail, text, scratch, names, known, n, HEAD, False)
        n = _add(octets, tail, len(octets), text, scratch, names, known, n, TAIL, True)
    else:
        n = _add(octets, head, tail, text, scratch, names, known, n, HEAD + TAIL, False)
    hits, whose = 0, np.empty(_MOST, np.int32)
    for j in range(n):
        name = known[j]
        bit = name & np.uint32(8 * len(sieve) - 1)
        if not sieve[bit >> np.uint32(3)] >> (bit & np.uint32(7)) & np.uint8(1):
            continue
        at = np.searchsorted(shingles, name)
        if at < len(shingles) and shingles[at] == name:
            again = False
            for other in range(hits):
                again |= known[other] == name
            if not again:
                known[hits], whose[hits] = name, owners[at]  # hits <= j: what stood there was looked up
                hits += 1
    best, most = -1, max(least, 1) - 1
    for j in range(hits):
        same = 0
        for other in range(hits):
            same += whose[other] == whose[j]
        if same > most:
            best, most = whose[j], same
    return best


def owner_of(system: str, asked: str, snapshot: Snapshot) -> str:
    """The campaign whose template a request holds; "" for none.

    Args:
        system: the system text.
        asked: the last message of the user.
        snapshot: with the templates.
    """
    sieve, shingles, owners = snapshot.templates
    if not len(shingles):
        return ""
    put = system[:_SYSTEM_LETTERS].encode()
    if len(asked) > _HEAD_LETTERS + _TAIL_LETTERS:
        begins, ends = asked[:_HEAD_LETTERS].encode(), asked[-_TAIL_LETTERS:].encode()
    else:
        begins, ends = asked.encode(), b""
    octets = np.frombuffer(b"".join((put, begins, ends)) or b" ", np.uint8)
    head = len(put)
    tail = min(head + len(begins), len(octets))
    owner = _owner(octets, head, tail, sieve, shingles, owners, snapshot.gate.least_shingles)
    return snapshot.names[owner] if owner >= 0 else ""


@lru_cache(maxsize=1)
def warm() -> None:
    """Compile the kernel, or load what an earlier process compiled, before the first request comes."""
    table = Snapshot(shingles=bytes(4), owners=bytes(4), names=("",))
    owner_of("", "warm", table)
