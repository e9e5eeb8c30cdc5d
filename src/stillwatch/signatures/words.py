"""Opening words: what a text asks for, not how it is wrapped.

A *token* is a run of letters of the folded text, or, in scripts that write without spaces (Han, kana, hangul), a sign
with the one before it. Each of the first `WORDS` tokens is hashed to one of `BINS` bins, a bin at most once a text.
"""

import numpy as np

from stillwatch.signatures.compiled import I64, U8, U64, compiled
from stillwatch.signatures.registers import EACH, REST, TOP, load, reaching

WORDS = 64
BINS = 128

EDGES = 2 * WORDS + 16  # edges to lend `words`

_1, _2, _3, _7, _8, _63, _64 = (np.uint64(n) for n in (1, 2, 3, 7, 8, 63, 64))
_LAST_EDGE, _TO_BIN = np.uint64(2 * WORDS), np.uint64(64 - 7)
_TO_A, _PAST_Z, _APOSTROPHES = reaching(ord("a")), reaching(ord("z") + 1), np.uint64(ord("'")) * EACH
_BETWEEN, _LETTER, _SIGN = 0, 1, 2
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio; Knuth, TAOCP 3, 6.4


def _classes() -> U8:
    """For each byte what it is to a token; of signs (U+3000 to U+DFFF) it is the first byte that counts."""
    table = np.full(256, _BETWEEN, np.uint8)
    table[ord("a") : ord("z") + 1] = table[ord("'")] = table[0x80:] = _LETTER
    table[0xE3:0xEE] = _SIGN
    return table


_CLASSES = _classes()


@compiled
def _tokens(text: U8, start: np.uint64, end: np.uint64, edges: U64) -> np.uint64:
    """Write where the tokens begin and end, in turn, to edges; returns their number, 2 WORDS at most.

    As in `fold`, eight bytes at a time while the text is ASCII. An edge is written before it is known whether it is
    one: words end at random, a branch would miss.
    """
    n, at, inside, after_sign = np.uint64(0), start, np.uint64(0), np.uint64(0)
    while at < end and n < _LAST_EDGE:
        w = load(text, at)
        if w & TOP == 0:
            letters = ((w + _TO_A) & ~(w + _PAST_Z) | ~((w ^ _APOSTROPHES) + REST)) & TOP
            change = (letters ^ (letters << _8 | inside << _7)) >> _7
            inside = letters >> _63
            for _ in range(8):
                edges[n] = at
                n += change & _1
                change >>= _8
                at += _1
            continue
        stop = min(end, at + _8)
        while at < stop:
            c = np.uint64(_CLASSES[text[at]])
            edges[n] = at
            if c != _SIGN:
                n += c ^ inside
                inside = c
                at += _1
            else:
                n += inside
                edges[n] = at - _3 if after_sign == at else at
                at += _3
                edges[n + _1] = after_sign = at
                n += _2
                inside = np.uint64(0)
    edges[n] = end
    return min(n + inside, _LAST_EDGE)


@compiled
def words(
    text: U8, start: np.uint64, end: np.uint64, edges: U64, seen: I64, row: int, out: U8, at: np.uint64
) -> np.uint64:
    """Append the bins of the opening words of text[start:end] to out, each once; returns where they end.

    Eight bytes before `start` are read and may be anything, eight behind `end` must be zero; seen[bin] is the last row
    that had the bin.
    """
    n, i = _tokens(text, start, end, edges), np.uint64(0)
    while i < n:
        first, past = edges[i], edges[i + _1]
        beyond = _64 - _8 * min(past - first, _8)  # bits that are not the token's
        head, tail = load(text, min(first, past - _8)) >> beyond, load(text, past - _8) >> beyond
        b = ((head * _ODD ^ tail) + (past - first)) * _ODD >> _TO_BIN  # of long tokens the ends and the length
        out[at] = b
        at += np.uint64(seen[b] != row)
        seen[b] = row
        i += _2
    return at
