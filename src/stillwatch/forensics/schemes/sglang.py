"""SGLang's watermark: Gumbel sampling with murmur3-32 over the key, the window and the token; with one key or with two.

    Gumbel(width=4).scores(key, windows, tokens)
    Gumbel(width=4, mixing=0.5).scores(key, windows, tokens)

What SGLang 0.5.23 does: as vLLM (`schemes.vllm`), but the window reaches into the prompt, and with two keys a coin that
both keys and the window toss says which of them marks a position. A score is that of the key whose turn it was.

Two keys are one secret here: the server is started with `server_keys(key)`. Where a request brings a key of its own and
the server's second key is another secret, leave `mixing` out: the first key's scores over all positions are exact
under the null, and weaker only by the share of positions that it did not mark.

Murmur3 is no cryptographic function. That nobody can learn the key from marked text is nowhere shown.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from numba import uint64

from stillwatch.forensics.model import Ids, Scores
from stillwatch.forensics.schemes.laws import Gamma
from stillwatch.forensics.schemes.vllm import derived
from stillwatch.signatures.compiled import compiled

Uniforms = npt.NDArray[np.float64]

_WORD = 0xFFFFFFFF
_RANGE = 2**32


@dataclass(frozen=True)
class Gumbel:
    """One key, or two of which a coin chooses.

    Attributes:
        width: tokens of context, SGLang's `context_window`.
        mixing: the share of the second key, 1 - SGLang's `mixing_probability`; None with one key.
    """

    width: int
    mixing: float | None = None
    name: ClassVar[str] = "sglang-gumbel-murmur3-v1"
    law: ClassVar[Gamma] = Gamma()
    history: ClassVar[None] = None

    def uniforms(self, key: int, windows: Ids, tokens: Ids) -> Uniforms:
        """The uniform number of each token after its window, of 32 bits."""
        first, second = server_keys(key)
        share = 0.0 if self.mixing is None else self.mixing
        threshold = int((1.0 - share) * _RANGE)
        return _uniforms(np.uint64(first), np.uint64(second), np.uint64(threshold), windows, tokens)

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """-log(1 - u): exponential without the mark, larger with it."""
        return -np.log1p(-self.uniforms(key, windows, tokens))


def server_keys(key: int) -> tuple[int, int]:
    """SGLang's `key` and `key_b`, of which the second is derived from the first (as vLLM derives its own)."""
    return key, derived(key, b"key_b")


@compiled
def _mixed(state: np.uint64, value: np.uint64) -> np.uint64:
    """One word of the body of MurmurHash3_x86_32 (Appleby, public domain)."""
    mask = uint64(_WORD)
    value = (value * uint64(0xCC9E2D51)) & mask
    value = (value << uint64(15) | value >> uint64(17)) & mask
    state ^= (value * uint64(0x1B873593)) & mask
    state = (state << uint64(13) | state >> uint64(19)) & mask
    return (state * uint64(5) + uint64(0xE6546B64)) & mask


@compiled
def _finished(state: np.uint64, words: int) -> np.uint64:
    mask = uint64(_WORD)
    state ^= uint64(4 * words)
    state = ((state ^ state >> uint64(16)) * uint64(0x85EBCA6B)) & mask
    state = ((state ^ state >> uint64(13)) * uint64(0xC2B2AE35)) & mask
    return state ^ state >> uint64(16)


@compiled
def _keyed(state: np.uint64, key: np.uint64) -> np.uint64:
    return _mixed(_mixed(state, key & uint64(_WORD)), key >> uint64(32))


@compiled
def _context(window: Ids) -> np.uint64:
    state = uint64(0)
    for token in window:
        state = _mixed(state, uint64(token) & uint64(_WORD))
    return _finished(state, len(window))


@compiled
def _uniforms(first: np.uint64, second: np.uint64, threshold: np.uint64, windows: Ids, tokens: Ids) -> Uniforms:
    found = np.empty(len(tokens), dtype=np.float64)
    start, other = _keyed(uint64(0), first), _keyed(uint64(0), second)
    both = _keyed(start, second)
    for place in range(len(tokens)):
        context = _context(windows[place])
        coin = _finished(_mixed(both, context), 5)
        state = start if coin < threshold else other
        word = _finished(_mixed(_mixed(state, context), uint64(tokens[place]) & uint64(_WORD)), 4)
        found[place] = (np.float64(word) + 0.5) / _RANGE
    return found
