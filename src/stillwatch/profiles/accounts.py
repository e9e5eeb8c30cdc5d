"""Profiles of accounts: what each did, in about 800 bytes, however much it asked.

    profiles = zero()
    for batch in batches:
        profiles.absorb(profile(batch))
    merge(a, b)                                # the same law, without touching a or b

`profile(A + B) == merge(profile(A), profile(B))`, whatever the order and the cut: one file, a thousand files, a cluster
of machines and the gateway compute the same (law 1 of docs/concepts.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.profiles import fold
from stillwatch.profiles.state import FIELDS, MOST, MOST_TOKENS
from stillwatch.signatures.kernel import buffers, sign

#: The columns of a request that a profile is made of.
COLUMNS = (
    "request_id", "time", "account_id", "organization_id", "system_instructions", "input_messages",
    "request_temperature", "request_max_tokens", "usage_input_tokens", "usage_output_tokens", "response_status",
    "client_address", "reasoning_presented", "reasoning_received",
)  # fmt: skip

_SUMS = ("requests", "failed", "single", "input_tokens", "output_tokens", "words")
_SETS = ("shared", "asked", "told", "addresses", "organization")

Array = npt.NDArray[Any]


class Profiles:
    """The profiles of many accounts, one row each; grows in place.

    Attributes:
        state: for each field of `profiles.state.FIELDS` an array (capacity, length); rows beyond `len(self)` are zero.
    """

    def __init__(self) -> None:
        self.state: dict[str, Array] = {name: np.full((0, n), zero, dtype) for name, (dtype, n, zero) in FIELDS.items()}
        self._ids: list[pa.StringArray] = []
        self._keys, self._slots, self._known = np.zeros(1024, np.uint64), np.zeros(1024, np.int32), 0

    def __len__(self) -> int:
        return self._known

    @property
    def ids(self) -> pa.StringArray:
        """The account ids, in the order of the rows."""
        return pa.concat_arrays(self._ids) if self._ids else pa.array([], pa.string())

    def __getitem__(self, field: str) -> Array:
        """One field of all accounts: (n,) where it has length one, else (n, length)."""
        values = self.state[field][: self._known]
        return values[:, 0] if values.shape[1] == 1 else values

    def slots(self, ids: pa.StringArray) -> npt.NDArray[np.int64]:
        """The rows of these accounts (which may come twice); new accounts get new rows."""
        keys = fold.hash_texts(*buffers(ids), 1 << 30)
        while 2 * (self._known + len(ids)) > len(self._keys):
            self._rehash()
        before = self._known
        slots, self._known = fold.find(keys, self._keys, self._slots, before)
        if self._known > before:
            highest = np.maximum.accumulate(np.append(before - 1, slots[:-1]))
            self._ids.append(ids.filter(pa.array(slots > highest)))  # of one that comes twice, the first
            self._grow()
        return slots

    def absorb(self, other: "Profiles") -> None:
        """Add another's accounts to these."""
        self.add(self.slots(other.ids), other)

    def add(self, slot: npt.NDArray[np.int64], other: "Profiles") -> None:
        """Add another's rows to the rows named by slot; several may go to one."""
        ours, theirs = self.state, other.state
        for name in _SUMS:
            fold.merge_sums(slot, theirs[name], ours[name], MOST.get(name, MOST_TOKENS))
        for name in _SETS:
            fold.merge_sets(slot, theirs[name], ours[name])
        fold.merge_counted(slot, theirs["styles"], theirs["styled"], ours["styles"], ours["styled"])
        fold.merge_bits(slot, theirs["hours"], ours["hours"])
        fold.merge_times(slot, theirs["first"], theirs["last"], ours["first"], ours["last"])

    def taken(self, rows: npt.NDArray[np.int64]) -> "Profiles":
        """Those of some rows, in this order, without spare room; for reading, not for absorbing into."""
        return Profiles.of(self.ids.take(pa.array(rows)), {name: values[rows] for name, values in self.state.items()})

    @classmethod
    def of(cls, ids: pa.StringArray, state: dict[str, Array]) -> "Profiles":
        """Profiles from their fields, (n, length) each; for reading, not for absorbing into."""
        out = cls()
        out.state, out._ids, out._known = state, [ids], len(ids)
        return out

    def ordered(self) -> "Profiles":
        """The same, in the order of the account ids."""
        return self.taken(pc.array_sort_indices(self.ids).to_numpy().astype(np.int64))

    def _rehash(self) -> None:
        keys, slots = self._keys[self._keys != 0], self._slots[self._keys != 0]
        self._keys, self._slots = np.zeros(2 * len(self._keys), np.uint64), np.zeros(2 * len(self._slots), np.int32)
        order = np.argsort(slots)
        fold.find(keys[order], self._keys, self._slots, 0)

    def _grow(self) -> None:
        room = len(self.state["requests"])
        if self._known <= room:
            return
        size = max(self._known, room + room // 16 + 256)
        for name, (_, width, zero) in FIELDS.items():
            # in place: the system moves the pages, so that the old and the new never stand beside each other
            self.state[name].resize((size, width), refcheck=False)
            self.state[name][room:] = zero


def zero() -> Profiles:
    """The profiles of nobody."""
    return Profiles()


def merge(one: Profiles, other: Profiles) -> Profiles:
    """Both together, as new profiles."""
    both = zero()
    both.absorb(one)
    both.absorb(other)
    return both


def together(parts: Sequence[Profiles]) -> Profiles:
    """Profiles of different accounts, one after the other; for reading, not for absorbing into."""
    state = {name: np.concatenate([part.state[name][: len(part)] for part in parts]) for name in FIELDS}
    return Profiles.of(pa.concat_arrays([part.ids for part in parts]), state)


def _filled(batch: pa.RecordBatch, column: str, dtype: type[np.generic], null: float = 0) -> Array:
    return np.asarray(pc.fill_null(batch.column(column), null).to_numpy(zero_copy_only=False)).astype(dtype)


def _hashes(batch: pa.RecordBatch, column: str) -> npt.NDArray[np.uint32]:
    """A hash a row, 0 where it is null; hashed once a distinct value."""
    values = batch.column(column).dictionary_encode()
    keys = (fold.hash_texts(*buffers(values.dictionary), 1 << 30) >> np.uint64(32)).astype(np.uint32)
    index: npt.NDArray[np.int32] = pc.fill_null(values.indices, len(keys)).to_numpy()
    return np.append(keys, np.uint32(0))[index]


def _styles(batch: pa.RecordBatch) -> npt.NDArray[np.uint32]:
    """A hash of how temperature and length are set; 1 where neither is."""
    temperature = _filled(batch, "request_temperature", np.float64, -1.0).clip(-1, 1e6)
    length = _filled(batch, "request_max_tokens", np.int64, -1)
    style = (np.round(temperature * 100).astype(np.int64) + 1000) * 1_000_003 + length
    hashed = (style.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).astype(np.uint32)
    unset = (temperature < 0) & (length < 0)
    return np.where(unset, np.uint32(1), hashed | np.uint32(2))


def profile(batch: pa.RecordBatch) -> Profiles:
    """The profiles of the accounts in one batch (schema `traffic.schema.REQUESTS`; the columns of COLUMNS)."""
    out = Profiles()
    if not batch.num_rows:
        return out
    accounts = batch.column("account_id").dictionary_encode()
    slot = out.slots(accounts.dictionary)[accounts.indices.to_numpy()]
    state = out.state
    request = fold.hash_texts(*buffers(batch.column("request_id")), 1 << 30)
    _fold_counts(batch, slot, state)
    _fold_texts(batch, slot, request, state)
    for column, field in (("client_address", "addresses"), ("organization_id", "organization")):
        fold.fold_sets(slot, _hashes(batch, column), state[field])
    for column, field in (("reasoning_received", "asked"), ("reasoning_presented", "told")):
        _fold_reasoning(batch.column(column), slot, state[field])
    return out


def _fold_reasoning(blocks: pa.StringArray, slot: npt.NDArray[np.int64], turns: Array) -> None:
    """A block of reasoning is a turn of the conversation: received as one asks, presented as one tells."""
    if blocks.null_count == len(blocks):
        return
    each = pc.split_pattern(pc.fill_null(blocks, ""), " ")
    keys = (fold.hash_texts(*buffers(each.flatten()), 1 << 30) >> np.uint64(32)).astype(np.uint32)
    fold.fold_sets(np.repeat(slot, pc.list_value_length(each).to_numpy()), keys, turns)


def _fold_counts(batch: pa.RecordBatch, slot: npt.NDArray[np.int64], state: Mapping[str, Array]) -> None:
    lengths = pc.fill_null(pc.list_value_length(batch.column("input_messages")), 0).to_numpy()
    counts = ("requests", "failed", "single", "input_tokens", "output_tokens")
    times, styles = ("first", "last", "hours"), ("styles", "styled")
    fold.fold_counts(
        slot,
        _filled(batch, "response_status", np.int64, 200) >= 400,
        lengths <= 1,
        _filled(batch, "usage_input_tokens", np.int64),
        _filled(batch, "usage_output_tokens", np.int64),
        batch.column("time").cast(pa.int64()).to_numpy(),
        _styles(batch),
        *(state[name] for name in counts + times + styles),
    )


def _fold_texts(
    batch: pa.RecordBatch, slot: npt.NDArray[np.int64], request: npt.NDArray[np.uint64], state: Mapping[str, Array]
) -> None:
    messages = batch.column("input_messages")
    offsets = messages.offsets.to_numpy()
    flat = messages.flatten()
    texts = flat.field("content")
    by_user = pc.fill_null(pc.equal(flat.field("role"), "user"), False).to_numpy(zero_copy_only=False)
    bounds, octets = buffers(texts)
    turns, sizes = fold.hash_texts(bounds, octets, fold.KNOWN), np.diff(bounds)
    last = fold.last_by_user(offsets, by_user)
    fold.fold_turns(slot, offsets, by_user, sizes, turns, state["asked"], state["told"], last)
    asked = sign(texts.take(pa.array(last, mask=last < 0)))
    fold.fold_words(slot, asked.words, asked.word_ends, state["words"])
    fold.fold_shingles(slot, request, asked.shingles, asked.shingle_ends, state["shared"])
    system = batch.column("system_instructions").dictionary_encode()
    put = sign(system.dictionary)
    which = pc.fill_null(system.indices, -1).to_numpy()
    fold.fold_system(slot, request, which, put.shingles, put.shingle_ends, state["shared"])
