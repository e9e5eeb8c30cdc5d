"""What counts as the same text: case, white space, digits and invisible characters are folded away.

UTF-8 in, UTF-8 out, never longer than it was. Upper case becomes lower case wherever Unicode's simple mapping keeps the
number of bytes (all of Latin, Greek, Cyrillic, Armenian, full-width forms); runs of white space and control characters
become one space; runs of digits become one `0`, so that numbering and identifiers do not hide a template; zero-width
characters vanish, for they are inserted to do just that. Bytes that are no UTF-8 do no harm: they are kept.
"""

import numpy as np

from stillwatch.signatures.compiled import U8, U16, compiled
from stillwatch.signatures.registers import REST, TOP, load, reaching, store

_SPACES = [0xA0, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x3000]
_ZERO_WIDTH = [*range(0x200B, 0x2010), 0x2060, 0xFEFF]
_CASED = [*range(0x80, 0x590), *range(0x1E00, 0x2000), *range(0xFF21, 0xFF3B)]


def _narrow() -> U8:
    """For each byte below 128 what it folds to."""
    table = np.arange(128, dtype=np.uint8)
    table[: ord(" ") + 1] = ord(" ")
    table[ord("0") : ord("9") + 1] = ord("0")
    table[ord("A") : ord("Z") + 1] += 32
    return table


def _wide() -> U16:
    """For each code point of the basic plane what it folds to: one of as many bytes, a space, or 0 for nothing."""
    table = np.arange(1 << 16, dtype=np.uint16)
    for point in _CASED:
        low = chr(point).lower()
        if len(low) == 1 and len(low.encode()) == len(chr(point).encode()):
            table[point] = ord(low)
    table[_SPACES] = ord(" ")
    table[_ZERO_WIDTH] = 0
    return table


NARROW, WIDE = _narrow(), _wide()

# Typed constants: beside a Python int, numba would compute with signed or floating-point numbers.
_1, _2, _3, _6, _7, _8 = (np.uint64(n) for n in (1, 2, 3, 6, 7, 8))
_SPACE, _ZERO = np.uint64(ord(" ")), np.uint64(ord("0"))
_LOW4, _LOW5, _LOW6 = np.uint64(0x0F), np.uint64(0x1F), np.uint64(0x3F)
_KEPT = np.uint64(0xFFFF)  # no character, and folds to itself
_TO_PRINTED, _TO_0, _PAST_9 = reaching(ord(" ") + 1), reaching(ord("0")), reaching(ord("9") + 1)
_TO_A, _PAST_Z = reaching(ord("A")), reaching(ord("Z") + 1)


@compiled
def fold(octets: U8, start: np.uint64, end: np.uint64, out: U8, n: np.uint64) -> np.uint64:
    """Fold octets[start:end] into out from n on; returns where it ends. Two bytes beyond may be written to.

    While the text is ASCII, eight bytes at a time in one register: a branch for each byte would take longer than the
    hash. Elsewhere a character at a time.
    """
    at, last = start, np.uint64(0)  # the last byte written, if it is ASCII
    while at < end:
        w = load(octets, at) if at + _8 <= end else TOP
        if w & TOP == 0:
            blank = ~(w + _TO_PRINTED) & TOP
            digit = (w + _TO_0) & ~(w + _PAST_9) & TOP
            upper = (w + _TO_A) & ~(w + _PAST_Z) & TOP
            w = (w | upper >> _2) & ~((digit >> _7) * _LOW4)
            w = w & ~((blank >> _7) * np.uint64(0xFF)) | blank >> _2
            again = ~((w ^ (w << _8 | last)) + REST) & (blank | digit)  # as the byte before
            last = w >> np.uint64(56)
            again >>= _7
            at += _8
            if again == 0:
                store(out, n, w)
                n += _8
            else:
                for _ in range(8):
                    out[n] = w
                    n += _1 - (again & _1)
                    w >>= _8
                    again >>= _8
            continue
        stop = min(end, at + _8)
        while at < stop:
            c = octets[at]
            if c < 0x80:
                f = np.uint64(NARROW[c])
                out[n] = f
                n += np.uint64((f != last) | ((f != _SPACE) & (f != _ZERO)))
                last = f
                at += _1
                continue
            if 0xE0 <= c < 0xF0 and at + _2 < end:
                d, e, size = octets[at + _1], octets[at + _2], _3
                point = (np.uint64(c) & _LOW4) << np.uint64(12) | (np.uint64(d) & _LOW6) << _6 | np.uint64(e) & _LOW6
            elif 0xC0 <= c < 0xE0 and at + _1 < end:
                d, e, size = octets[at + _1], c, _2
                point = (np.uint64(c) & _LOW5) << _6 | np.uint64(d) & _LOW6
            else:
                d, e, size, point = c, c, _1, _KEPT
            low = np.uint64(WIDE[point])
            at += size
            if low == point:
                out[n], out[n + _1], out[n + _2] = c, d, e
                n += size
                last = np.uint64(0)
            elif low == _SPACE:
                out[n] = _SPACE
                n += np.uint64(last != _SPACE)
                last = _SPACE
            elif low != 0:
                lead = np.uint64(0xC0) | low >> _6
                if size == _3:
                    lead = np.uint64(0xE0) | low >> np.uint64(12)
                    out[n + _1] = np.uint64(0x80) | low >> _6 & _LOW6
                out[n] = lead
                out[n + size - _1] = np.uint64(0x80) | low & _LOW6
                n += size
                last = np.uint64(0)
    return n
