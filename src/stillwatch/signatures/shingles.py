"""Sampled shingles: which passages a text holds.

A *shingle* is a window of `WINDOW` bytes of the folded text. Of all shingles those are kept whose hash falls under a
fixed fraction (FracMinHash; Irber et al. 2022, "Lightweight compositional analysis of metagenomes with FracMinHash"):
the choice depends on nothing but the shingle, so two texts keep the same ones of what they share. A set: it merges by
union and answers containment, which is what a fixed wrapper around changing content needs.

The hash that chooses is the usual rolling polynomial, c0 b^23 + c1 b^22 + ... + c23 modulo 2^32, with its bits spread.
It is not rolled, for then each byte waits for the one before: the windows of 4, 8 and 24 bytes are put together from
the shorter ones, all of a block at once, which the compiler turns into vector instructions. The few that are kept get
a 32-bit name by a better hash.
"""

import numpy as np

from stillwatch.signatures.compiled import U8, U32, compiled
from stillwatch.signatures.registers import load

WINDOW = 24  # bytes: about five words of English or eight signs of Chinese; shorter windows are turns of phrase
RATE_BITS = 4  # one window in sixteen: of a wrapper of 95 bytes at least one in 99 % of cases
BASE = 0x9E3779B1  # an odd number close to 2^32 over the golden ratio; Knuth, TAOCP 3, 6.4

BLOCK = 1024  # windows hashed at once: the hashes stay in the fastest cache
SCRATCH = BLOCK + 128  # hashes to lend `sample`
MARGIN = 128  # bytes behind a text that are read, whatever they are

_1, _2, _3, _4, _8, _16, _32 = (np.uint64(n) for n in (1, 2, 3, 4, 8, 16, 32))
_BLOCK, _WINDOW, _VECTOR = np.uint64(BLOCK), np.uint64(WINDOW), np.uint64(64)
_B1, _B4, _B8 = (np.uint32(pow(BASE, exponent, 1 << 32)) for exponent in (1, 4, 8))
_HALF, _SPREAD = np.uint32(16), np.uint32(0x85EBCA6B)  # from MurmurHash3's 32-bit finaliser
_RARE = np.uint32(1 << (32 - RATE_BITS))
_ODD = np.uint64(0x9E3779B97F4A7C15)


@compiled
def mix(x: np.uint64) -> np.uint64:
    """Spread the bits of x (MurmurHash3's 64-bit finaliser)."""
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    return x ^ (x >> np.uint64(33))


@compiled
def sample(text: U8, start: np.uint64, end: np.uint64, h: U32, out: U32, at: np.uint64) -> np.uint64:
    """Append the names of the chosen shingles of text[start:end] to out from `at` on; returns where they end.

    A name that follows itself is left out, for text that repeats itself. `h` is scratch; out needs room for end - start
    more. Every product is cut to 32 bits at once, else numba would compute in 64; and whole vectors are computed, else
    the rest would be done singly. In one function, for a call with arrays in a loop counts references.
    """
    before = _1 << _32  # no name
    while start + _WINDOW <= end:
        n = min(end - start - _WINDOW + _1, _BLOCK)
        whole = (n + _VECTOR - _1) & ~(_VECTOR - _1)
        i = np.uint64(0)
        while i < whole + _VECTOR:
            j = start + i
            pair = np.uint32(np.uint32(text[j] * _B1) + text[j + _1])
            h[i] = np.uint32(np.uint32(np.uint32(pair * _B1) + text[j + _2]) * _B1) + text[j + _3]
            i += _1
        i = np.uint64(0)
        while i < whole + _VECTOR:
            h[i] = np.uint32(h[i] * _B4) + h[i + _4]
            i += _1
        i = np.uint64(0)
        while i < whole:
            x = np.uint32(np.uint32(np.uint32(np.uint32(h[i] * _B8) + h[i + _8]) * _B8) + h[i + _16])
            h[i] = np.uint32((x ^ (x >> _HALF)) * _SPREAD)
            i += _1
        past, i = at, np.uint64(0)
        while i < n:
            out[past] = i  # written before it is known whether it counts: the choice is random, a branch would miss
            past += np.uint64(h[i] < _RARE)
            i += _1
        i = at
        while i < past:
            j = start + np.uint64(out[i])
            y = load(text, j) * _ODD
            y = ((y ^ y >> _32) ^ load(text, j + _8)) * _ODD
            y = ((y ^ y >> _32) ^ load(text, j + _16)) * _ODD >> _32
            out[at] = y
            at += np.uint64(y != before)
            before = y
            i += _1
        start += n
    return at
