"""The kernels of the fold: one request into an account's state, one state into another.

All work on the arrays of `profiles.accounts.Profiles`, one row an account, without the interpreter's lock.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.profiles.state import HOURS, MOST, MOST_TOKENS
from stillwatch.signatures.compiled import I32, I64, U8, U16, U32, U64, compiled
from stillwatch.signatures.kernel import mix
from stillwatch.signatures.registers import load

Bool = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]  # integers of any size

HEAD, TAIL = 24, 12  # shingles of a text that count, from its start and its end: wrappers stand there, pastes between
SHORT = 64  # bytes: a turn below is small talk ("go on", "thanks"), which everybody says
KNOWN = 256  # bytes of a turn that are hashed, with its length
MICROSECONDS_AN_HOUR = 3_600_000_000

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_TOKENS, _STYLED = np.uint64(MOST_TOKENS), np.uint64(MOST["requests"])


@compiled
def insert(row: Array, value: np.unsignedinteger[Any]) -> None:
    """Put a value into an ascending bottom-k set."""
    k = len(row) - 1
    if value >= row[k]:
        return
    at = k
    while at > 0 and row[at - 1] >= value:
        at -= 1
    if row[at] == value:
        return
    for j in range(k, at, -1):
        row[j] = row[j - 1]
    row[at] = value


@compiled
def insert_counted(row: U32, counts: U32, value: np.uint32, count: np.uint32) -> None:
    """Put a value with its count into an ascending bottom-k set of values with counts."""
    k = len(row) - 1
    if value > row[k]:
        return
    at = k
    while at > 0 and row[at - 1] >= value:
        at -= 1
    if row[at] != value:
        for j in range(k, at, -1):
            row[j], counts[j] = row[j - 1], counts[j - 1]
        row[at], counts[at] = value, 0
    counts[at] = np.uint32(min(np.uint64(counts[at]) + np.uint64(count), _STYLED))


@compiled
def hash_texts(offsets: I32, octets: U8, known: int) -> U64:
    """A hash of each text's first `known` bytes and its length; 0 for texts without any."""
    out = np.zeros(len(offsets) - 1, np.uint64)
    for i in range(len(out)):
        start, end = offsets[i], offsets[i + 1]
        h, j, stop = np.uint64(end - start) * _PRIME, np.uint64(start), np.uint64(min(end, start + known))
        while j + np.uint64(8) <= stop:
            h = (h ^ load(octets, j)) * _PRIME
            h ^= h >> np.uint64(29)
            j += np.uint64(8)
        while j < stop:
            h = (h ^ np.uint64(octets[j])) * _PRIME
            h ^= h >> np.uint64(29)
            j += np.uint64(1)
        if end > start:
            out[i] = mix(h) | np.uint64(1)
    return out


@compiled
def fold_counts(
    slot: I64,
    failed: Bool,
    single: Bool,
    input_tokens: I64,
    output_tokens: I64,
    time: I64,
    styles: U32,
    requests: U32,
    n_failed: U32,
    n_single: U32,
    tokens_in: U64,
    tokens_out: U64,
    first: I64,
    last: I64,
    hours: U8,
    style_set: U32,
    style_counts: U32,
) -> None:
    """Add each request's counts, time and style to its account."""
    for i in range(len(slot)):
        a = slot[i]
        requests[a, 0] += 1
        n_failed[a, 0] += failed[i]
        n_single[a, 0] += single[i]
        tokens_in[a, 0] = min(_TOKENS, tokens_in[a, 0] + np.uint64(min(max(0, input_tokens[i]), MOST_TOKENS)))
        tokens_out[a, 0] = min(_TOKENS, tokens_out[a, 0] + np.uint64(min(max(0, output_tokens[i]), MOST_TOKENS)))
        first[a, 0] = min(first[a, 0], time[i])
        last[a, 0] = max(last[a, 0], time[i])
        hour = (time[i] // MICROSECONDS_AN_HOUR) % HOURS
        hours[a, hour >> 3] |= np.uint8(1 << (hour & 7))
        insert_counted(style_set[a], style_counts[a], styles[i], np.uint32(1))


@compiled
def fold_shingles(slot: I64, request: U64, shingles: U32, ends: I64, shared: U64) -> None:
    """Sample the occurrences of each request's shingles (those near its start and end) into its account."""
    start = 0
    for i in range(len(slot)):
        end = ends[i]
        row = shared[slot[i]]
        k = len(row) - 1
        for j in range(start, end):
            if j - start >= HEAD and end - j > TAIL:
                continue
            kept = np.uint64(shingles[j])
            key = mix(request[i] ^ (kept * _PRIME)) >> np.uint64(32)
            packed = key << np.uint64(32) | kept
            if packed < row[k]:
                insert(row, packed)
        start = end


@compiled
def fold_system(slot: I64, request: U64, which: I32, shingles: U32, ends: I64, shared: U64) -> None:
    """As `fold_shingles`, for system texts, which many requests share: `which` names each request's text (-1: none)."""
    for i in range(len(slot)):
        w = which[i]
        if w < 0:
            continue
        row = shared[slot[i]]
        start = ends[w - 1] if w else 0
        for j in range(start, min(ends[w], start + TAIL)):
            kept = np.uint64(shingles[j])
            key = mix(request[i] ^ (kept * _PRIME)) >> np.uint64(32)
            insert(row, key << np.uint64(32) | kept)


@compiled
def fold_words(slot: I64, words: U8, ends: I64, counts: U16) -> None:
    """Count, for each account, the requests that open with a word of each bin."""
    start = 0
    for i in range(len(slot)):
        row = counts[slot[i]]
        for j in range(start, ends[i]):
            b = words[j]
            row[b] += row[b] < 65535
        start = ends[i]


@compiled
def fold_turns(
    slot: I64,
    message_offsets: I32,
    by_user: Bool,
    size: I32,
    turn: U64,
    asked: U32,
    told: U32,
    last_message: I64,
) -> None:
    """Keep which turns an account asked (its last message) and which it presented (the user's earlier ones)."""
    base = message_offsets[0]
    for i in range(len(slot)):
        a, last = slot[i], last_message[i]
        for j in range(message_offsets[i] - base, message_offsets[i + 1] - base):
            if by_user[j] and size[j] >= SHORT:
                value = np.uint32(turn[j] >> np.uint64(32))
                insert(asked[a] if j == last else told[a], value)


@compiled
def last_by_user(message_offsets: I32, by_user: Bool) -> I64:
    """For each request the place of its last message by the user, or of its last if the user wrote none; -1: empty."""
    base, out = message_offsets[0], np.full(len(message_offsets) - 1, -1, np.int64)
    for i in range(len(out)):
        start, end = message_offsets[i] - base, message_offsets[i + 1] - base
        for j in range(end - 1, start - 1, -1):
            if by_user[j]:
                out[i] = j
                break
        if out[i] < 0 and end > start:
            out[i] = end - 1
    return out


@compiled
def fold_sets(slot: I64, values: U32, sets: Array) -> None:
    """Put one value a request (0: none) into its account's bottom-k set."""
    for i in range(len(slot)):
        if values[i]:
            insert(sets[slot[i]], values[i])


@compiled
def merge_sums(slot: I64, theirs: Array, ours: Array, most: int) -> None:
    """Add rows to the rows named by slot, not beyond most."""
    for i in range(len(slot)):
        for j in range(theirs.shape[1]):
            ours[slot[i], j] = min(most, np.int64(ours[slot[i], j]) + np.int64(theirs[i, j]))


@compiled
def merge_sets(slot: I64, theirs: Array, ours: Array) -> None:
    """Unite bottom-k sets."""
    for i in range(len(slot)):
        row, k = ours[slot[i]], theirs.shape[1] - 1
        for j in range(k + 1):
            if theirs[i, j] >= row[k]:
                break
            insert(row, theirs[i, j])


@compiled
def merge_counted(slot: I64, theirs: U32, their_counts: U32, ours: U32, our_counts: U32) -> None:
    """Unite bottom-k sets of values with counts."""
    for i in range(len(slot)):
        for j in range(theirs.shape[1]):
            if their_counts[i, j]:
                insert_counted(ours[slot[i]], our_counts[slot[i]], theirs[i, j], their_counts[i, j])


@compiled
def merge_bits(slot: I64, theirs: U8, ours: U8) -> None:
    """Unite sets that are bits."""
    for i in range(len(slot)):
        for j in range(theirs.shape[1]):
            ours[slot[i], j] |= theirs[i, j]


@compiled
def merge_times(slot: I64, their_first: I64, their_last: I64, our_first: I64, our_last: I64) -> None:
    """The first of the first and the last of the last."""
    for i in range(len(slot)):
        our_first[slot[i], 0] = min(our_first[slot[i], 0], their_first[i, 0])
        our_last[slot[i], 0] = max(our_last[slot[i], 0], their_last[i, 0])


@compiled
def find(keys: U64, table_keys: U64, table_slots: I32, known: int) -> tuple[I64, int]:
    """The slot of each key (never 0) in an open-addressing table, and how many are known; new keys get the next."""
    mask = np.uint64(len(table_keys) - 1)
    out = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        at = mix(keys[i]) & mask
        while table_keys[at] != 0 and table_keys[at] != keys[i]:
            at = (at + np.uint64(1)) & mask
        if table_keys[at] == 0:
            table_keys[at], table_slots[at] = keys[i], known
            known += 1
        out[i] = table_slots[at]
    return out, known
