"""Uniform numbers from a key, a window of tokens and the token after it: Philox4x32-10, as vLLM's watermark uses it.

    uniforms(key, windows, tokens)             # one for each window and its token
    vocabulary_uniforms(key, windows, size)    # one for each window and each token that could have followed

The generator is that of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). How the
window is absorbed and the token drawn is vLLM's `philox4x32-10-v1`: the numbers are equal to its own bit for bit.
"""

import numpy as np
import numpy.typing as npt
from numba import uint64

from stillwatch.forensics.model import Ids
from stillwatch.signatures.compiled import compiled

Uniforms = npt.NDArray[np.float32]
Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]  # of 32 bits each

WORD = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57  # multipliers and Weyl constants of the paper, section 3.3
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_CONTEXT_DOMAIN, _TOKEN_DOMAIN = 0x574D4358, 0x574D544B  # vLLM's
_UNIT = 2**24 + 1


def uniforms(key: int, windows: Ids, tokens: Ids) -> Uniforms:
    """One uniform number in (0, 1) for each window and the token after it.

    Args:
        key: 64 bits.
        windows: (n, width); -1 where there is no token, before an answer's first.
        tokens: (n,).

    Returns:
        (n,): 24 bits each.
    """
    return _uniforms(np.uint64(key & WORD), np.uint64(key >> 32), windows, tokens)


def vocabulary_uniforms(key: int, windows: Ids, size: int) -> Uniforms:
    """The uniform numbers of all tokens from 0 up to `size` after each window, as marking needs them.

    Returns:
        (n, size).
    """
    return _vocabulary_uniforms(np.uint64(key & WORD), np.uint64(key >> 32), windows, size)


@compiled
def _philox(  # noqa: PLR0913, PLR0917 -- a counter of four words, a key of two
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Ten rounds."""
    mask = uint64(WORD)
    for _ in range(10):
        first, second = uint64(_M0) * c0, uint64(_M1) * c2
        c0, c1, c2, c3 = (second >> uint64(32)) ^ c1 ^ k0, second & mask, (first >> uint64(32)) ^ c3 ^ k1, first & mask
        k0, k1 = (k0 + uint64(_W0)) & mask, (k1 + uint64(_W1)) & mask
    return c0, c1, c2, c3


@compiled
def _absorbed(k0: np.uint64, k1: np.uint64, window: Ids) -> Words:
    """The state after a window: four words."""
    mask, width = uint64(WORD), len(window)
    s0, s1, s2, s3 = uint64(_CONTEXT_DOMAIN), uint64(width), uint64(0), uint64(0)
    for start in range(0, width, 4):
        left = width - start
        b0 = uint64(window[start]) & mask
        b1 = uint64(window[start + 1]) & mask if left > 1 else mask - uint64(1)
        b2 = uint64(window[start + 2]) & mask if left > 2 else mask - uint64(2)
        b3 = uint64(window[start + 3]) & mask if left > 3 else mask - uint64(3)
        s0, s1, s2, s3 = _philox(s0 ^ b0, s1 ^ b1, s2 ^ b2, s3 ^ b3, k0 ^ uint64(start), k1)
    return s0, s1, s2, s3


@compiled
def _drawn(k0: np.uint64, k1: np.uint64, state: Words, four: np.uint64) -> Words:
    """The words of four tokens at once: of 4 `four`, 4 `four` + 1, and so on."""
    return _philox(four, state[0], state[1], state[2], k0 ^ state[3], k1 ^ uint64(_TOKEN_DOMAIN))


@compiled
def _uniform(word: np.uint64) -> np.float32:
    return np.float32((np.float64(word >> uint64(8)) + 1.0) / _UNIT)


@compiled
def _uniforms(k0: np.uint64, k1: np.uint64, windows: Ids, tokens: Ids) -> Uniforms:
    found = np.empty(len(tokens), dtype=np.float32)
    for place in range(len(tokens)):
        token = uint64(tokens[place]) & uint64(WORD)
        words = _drawn(k0, k1, _absorbed(k0, k1, windows[place]), token >> uint64(2))
        which = token & uint64(3)
        if which == 0:
            word = words[0]
        elif which == 1:
            word = words[1]
        else:
            word = words[2] if which == 2 else words[3]
        found[place] = _uniform(word)
    return found


@compiled
def _vocabulary_uniforms(k0: np.uint64, k1: np.uint64, windows: Ids, size: int) -> Uniforms:
    found = np.empty((len(windows), size), dtype=np.float32)
    for place in range(len(windows)):
        state = _absorbed(k0, k1, windows[place])
        for start in range(0, size, 4):
            words = _drawn(k0, k1, state, uint64(start >> 2))
            found[place, start] = _uniform(words[0])
            if start + 1 < size:
                found[place, start + 1] = _uniform(words[1])
            if start + 2 < size:
                found[place, start + 2] = _uniform(words[2])
            if start + 3 < size:
                found[place, start + 3] = _uniform(words[3])
    return found
