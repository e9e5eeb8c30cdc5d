"""Texts from keys: a context-free grammar, expanded by a stack machine over Arrow-shaped buffers.

A text is given by a root symbol, a field (a language and a topic: `vocabulary`) and keys. Every symbol on the stack
carries the key that decides how it is worded, and a symbol may take its key from elsewhere. That makes a wording fixed:

    {task}          follows the text's own key: new in every text
    {opener:habit}  one of three wordings that an account uses
    {greeting:voice}    one wording for an account
    {wrapper:group}     one for an organisation, or for a campaign
    {preamble:world}    one for everybody: a popular client's prompt
    {hole}          the content that is wrapped, from the text's own key

Use: `compose(grammar, Texts(...)) -> pa.StringArray`. One thread makes about a million texts of 300 bytes a second.
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit, uint64
from numpy.typing import NDArray

from stillwatch.simulate.keys import FIRST, GOLDEN, SECOND, Keys
from stillwatch.simulate.strings import strings

SCOPES = ("path", "text", "habit", "voice", "group", "world", "hole")
_PATH, _TEXT, _HABIT, _VOICE, _GROUP, _WORLD, _HOLE = range(len(SCOPES))
_HABITS = 3
_STACK = 512


class Grammar(NamedTuple):
    """The compiled vocabulary; `body` holds `literal + 1`, or `-(symbol * 8 + scope + 1)`."""

    first: NDArray[np.int32]  # (symbols, fields): the first alternative
    alternatives: NDArray[np.int32]  # (symbols, fields): how many there are
    start: NDArray[np.int32]  # (alternatives + 1): where each begins in `body`
    body: NDArray[np.int32]
    literal: NDArray[np.int32]  # (literals + 1): where each begins in `letters`
    letters: NDArray[np.uint8]


class Texts(NamedTuple):
    """What to compose, a column a property, one row a text."""

    root: NDArray[np.int32]
    hole: NDArray[np.int32]  # the symbol that `{hole}` stands for
    field: NDArray[np.int32]
    text: Keys
    voice: Keys
    group: Keys


def compose(grammar: Grammar, texts: Texts) -> pa.StringArray:
    """The texts, as one Arrow array (below 2 GiB in all)."""
    offsets, letters = _compose(grammar, texts)
    return strings(offsets, letters)


@njit(cache=True, nogil=True)
def _mix(key: Any, part: Any) -> Any:  # noqa: ANN401 -- numba's unsigned integers
    z = key * uint64(GOLDEN) + part + uint64(1)
    z = (z ^ (z >> uint64(30))) * uint64(FIRST)
    z = (z ^ (z >> uint64(27))) * uint64(SECOND)
    return z ^ (z >> uint64(31))


@njit(cache=True, nogil=True)
def _scoped(texts: Texts, row: int, scope: int, path: Any) -> Any:  # noqa: ANN401 -- numba's unsigned integers
    """The key that a symbol of this scope is worded by."""
    if scope == _TEXT or scope == _HOLE:  # noqa: PLR1714, SIM109 -- plain integers
        return texts.text[row]
    if scope == _HABIT:
        return _mix(texts.voice[row], (path >> uint64(7)) % uint64(_HABITS))
    if scope == _VOICE:
        return texts.voice[row]
    if scope == _GROUP:
        return texts.group[row]
    if scope == _WORLD:
        return uint64(GOLDEN)
    return path


@njit(cache=True, nogil=True)
def _grown(letters: NDArray[np.uint8], needed: int) -> NDArray[np.uint8]:
    larger = np.empty(max(needed, 2 * len(letters)), dtype=np.uint8)
    larger[: len(letters)] = letters
    return larger


@njit(cache=True, nogil=True)
def _compose(grammar: Grammar, texts: Texts) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    rows = len(texts.root)
    offsets = np.zeros(rows + 1, dtype=np.int32)
    letters = np.empty(256 * rows + 4096, dtype=np.uint8)
    symbols, keys = np.empty(_STACK, dtype=np.int64), np.empty(_STACK, dtype=np.uint64)
    end = 0
    for row in range(rows):
        symbols[0], keys[0], depth = -(texts.root[row] * 8 + 1), texts.text[row], 1
        while depth > 0:
            depth -= 1
            symbol, key = symbols[depth], keys[depth]
            if symbol > 0:
                begin, stop = grammar.literal[symbol - 1], grammar.literal[symbol]
                if end + stop - begin > len(letters):
                    letters = _grown(letters, end + stop - begin)
                for i in range(begin, stop):
                    letters[end] = grammar.letters[i]
                    end += 1
                continue
            name, scope = (-symbol - 1) // 8, (-symbol - 1) % 8
            if scope == _HOLE:
                name = texts.hole[row]
            key = _mix(_scoped(texts, row, scope, key), uint64(name))
            chosen = grammar.first[name, texts.field[row]] + int(
                float(key >> uint64(11)) * 2.0**-53 * grammar.alternatives[name, texts.field[row]]
            )
            for i in range(grammar.start[chosen + 1] - 1, grammar.start[chosen] - 1, -1):
                symbols[depth], keys[depth] = grammar.body[i], _mix(key, uint64(i))
                depth += 1
        offsets[row + 1] = end
    return offsets, letters[:end]
