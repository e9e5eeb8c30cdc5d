"""The signature of a text: sampled shingles, and which words it opens with.

    signatures = sign(pa.array(["Write a poem about frost.", ...]))
    signatures.shingles[signatures.shingle_ends[i - 1] : signatures.shingle_ends[i]]    # uint32, those of text i

The text is folded (`folding`), its shingles are sampled (`shingles`) and its opening words are binned (`words`), one
text after the other over Arrow's buffers, without the interpreter's lock and without a Python object per text.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.signatures.compiled import I32, I64, U8, U32, compiled
from stillwatch.signatures.folding import fold
from stillwatch.signatures.registers import store
from stillwatch.signatures.shingles import MARGIN, RATE_BITS, SCRATCH, WINDOW, mix, sample
from stillwatch.signatures.words import BINS, EDGES, WORDS
from stillwatch.signatures.words import words as opening_words

_FIRST = np.uint64(8)  # where the folded text begins: the bytes before it may be read


@dataclass(frozen=True)
class Signatures:
    """The signatures of n texts, side by side: text i owns what lies between the ends of i - 1 and i.

    Attributes:
        shingles: kept shingle hashes, in the order of the text. uint32.
        shingle_ends: int64, shape (n,).
        words: bins of the opening words, each once a text. uint8.
        word_ends: int64, shape (n,).
    """

    shingles: U32
    shingle_ends: I64
    words: U8
    word_ends: I64


@compiled
def _sign(offsets: I32, octets: U8, longest: int, shingles: U32, shingle_ends: I64, words: U8, word_ends: I64) -> int:
    """Fill the four arrays; returns the first text that shingles had no room for, or the number of texts."""
    text, scratch = np.empty(longest + MARGIN, np.uint8), np.empty(SCRATCH, np.uint32)
    edges, seen = np.empty(EDGES, np.uint64), np.full(BINS, -1, np.int64)
    kept, opened = np.uint64(0), np.uint64(0)
    for i in range(len(offsets) - 1):
        start, end = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        if kept + (end - start) >= np.uint64(len(shingles)):
            return i
        past = fold(octets, start, end, text, _FIRST)
        store(text, past, np.uint64(0))  # what was there is of another text
        kept = sample(text, _FIRST, past, scratch, shingles, kept)
        opened = opening_words(text, _FIRST, past, edges, seen, i, words, opened)
        shingle_ends[i], word_ends[i] = kept, opened
    return len(offsets) - 1


def _view(kind: pa.DataType, buffer: pa.Buffer | None, n: int) -> npt.NDArray[Any]:
    """The first n values of a buffer, read-only as Arrow's always are: another type would be compiled for."""
    values: npt.NDArray[Any] = pa.Array.from_buffers(kind, n, [None, buffer or pa.py_buffer(b"")]).to_numpy()
    return values


def buffers(texts: pa.StringArray) -> tuple[I32, U8]:
    """Arrow's own buffers: offsets (n + 1, int32) and bytes. Nulls are empty texts. No copy, if nulls hold no bytes."""
    _, offsets, octets = texts.buffers()
    if not len(texts) or offsets is None:
        return _view(pa.int32(), pa.py_buffer(bytes(4)), 1), _view(pa.uint8(), None, 0)
    bounds = _view(pa.int32(), offsets, texts.offset + len(texts) + 1)[texts.offset :]
    if texts.null_count and np.diff(bounds)[texts.is_null().to_numpy(zero_copy_only=False)].any():
        return buffers(cast("pa.StringArray", texts.fill_null("")))
    return bounds, _view(pa.uint8(), octets, int(bounds[-1]))


def sign(texts: pa.StringArray) -> Signatures:
    """Take the signatures of texts (UTF-8, any language; null counts as empty)."""
    offsets, octets = buffers(texts)
    n, size, longest = len(texts), int(offsets[-1] - offsets[0]), int(np.diff(offsets).max(initial=0))
    ends = np.zeros((2, n + 1), np.int64)
    words = np.empty(min(n * WORDS, size) + 1, np.uint8)
    room = size // (1 << RATE_BITS) + size // 64 + longest + 256
    while True:
        shingles = np.empty(room, np.uint32)
        if _sign(offsets, octets, longest, shingles, ends[0, 1:], words, ends[1, 1:]) == n:
            kept, opened = ends[:, -1]
            return Signatures(shingles[:kept], ends[0, 1:], words[:opened], ends[1, 1:])
        room = 2 * room + size // 4  # texts made of one repeated passage


__all__ = ["BINS", "RATE_BITS", "WINDOW", "WORDS", "Signatures", "buffers", "mix", "sign"]
