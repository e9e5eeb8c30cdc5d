"""The green lists of Kirchenbauer et al. as transformers draws them (2301.10226; selfhash: 2306.04634).

    LeftHash(vocabulary=50_257, gamma=0.25).scores(key, windows, tokens)
    SelfHash(width=3, vocabulary=50_257, gamma=0.25).scores(key, windows, tokens)

A seed is made of the key and the context, and the first gamma of a permutation of the vocabulary that torch draws from
it is green. The key is transformers' `hashing_key`. This verifies what was marked with torch's generator of the CPU
only: on a GPU torch has other generators, and the same key has other lists.

These hashes are poorer than those of `schemes.philox`, and two things follow. Windows can share a draw: of selfhash,
those with the same least token before the same token. A repeated draw says nothing new; it is not scored, or innocent
texts would be convicted. And after token 0, lefthash's list is the same under every key; it is not scored either. Both
have the score NaN. What a suspect reads is no better: the choices of the marked text before it may share a draw with
its own, and skipping windows that it has read does not see that. Prefer the closed test for selfhash.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from stillwatch.forensics.model import Ids, Scores
from stillwatch.forensics.schemes.laws import Binomial
from stillwatch.forensics.schemes.mersenne import listed, permutation
from stillwatch.signatures.compiled import U64

_TABLE = 1_000_003  # transformers' `table_size`
_MODULUS = 2**64 - 1
_WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class LeftHash:
    """`seeding_scheme: lefthash` (algorithm 2 of the paper): the list depends on the last token.

    Attributes:
        vocabulary: size of the marked model's vocabulary, as its configuration says (`vocab_size`).
        gamma: share of the vocabulary that is green, `greenlist_ratio`.
    """

    vocabulary: int
    gamma: float
    width: ClassVar[int] = 1
    name: ClassVar[str] = "kgw-lefthash"
    history: ClassVar[None] = None

    @property
    def law(self) -> Binomial:
        """Of the number of green tokens: the share is a whole number of tokens."""
        return Binomial(_green(self.vocabulary, self.gamma) / self.vocabulary)

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """1 for a green token, 0 for another, NaN after token 0. Exact for keys below 2^64."""
        last, which = np.unique(windows[:, -1], return_inverse=True)
        seeds = np.array([key * int(each) % _MODULUS & _WORD for each in last], dtype=np.uint64)
        green = _is_green(seeds[which], tokens, self.vocabulary, self.gamma)
        return np.where(windows[:, -1] == 0, np.nan, green)


@dataclass(frozen=True)
class SelfHash:
    """`seeding_scheme: selfhash` (algorithm 3): the list depends on the window and on the candidate itself.

    Attributes:
        width: tokens of context before the candidate: transformers' `context_width` less one, which counts it.
        vocabulary: size of the marked model's vocabulary, as its configuration says (`vocab_size`).
        gamma: share of the vocabulary that is green, `greenlist_ratio`.
    """

    width: int
    vocabulary: int
    gamma: float
    name: ClassVar[str] = "kgw-selfhash"
    history: ClassVar[None] = None

    @property
    def law(self) -> Binomial:
        """Of the number of green tokens: the share is a whole number of tokens."""
        return Binomial(_green(self.vocabulary, self.gamma) / self.vocabulary)

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """1 for a green token, 0 for another, NaN for a draw that was scored before. Exact for keys below 2^63."""
        seeds = self._seeds(key, windows, tokens)
        _, first = np.unique(np.column_stack([seeds, tokens.astype(np.uint64)]), axis=0, return_index=True)
        scores = np.full(len(tokens), np.nan)
        scores[first] = _is_green(seeds[first], tokens[first], self.vocabulary, self.gamma)
        return scores

    def _seeds(self, key: int, windows: Ids, tokens: Ids) -> U64:
        """The least of key times hash times hash, over the window and the candidate; in 64 bits that wrap."""
        needed = int(max(windows.max(initial=0), tokens.max(initial=0))) + 1
        table = permutation(key & _WORD, _TABLE, min(needed, _TABLE)).astype(np.uint64) + np.uint64(1)
        own = np.uint64(key) * table[tokens % _TABLE]
        together = np.column_stack([windows, tokens]) % _TABLE
        least = (own[:, None] * table[together]).view(np.int64).min(axis=1)
        seeds: U64 = (least - (least < 0)).view(np.uint64)  # of a negative number modulo 2^64 - 1
        return seeds & np.uint64(_WORD)


def _green(vocabulary: int, gamma: float) -> int:
    return int(vocabulary * gamma)


def _is_green(seeds: U64, tokens: Ids, vocabulary: int, gamma: float) -> npt.NDArray[np.float64]:
    """Whether each token is on the list of its seed; each list is drawn once."""
    order = np.argsort(seeds, kind="stable")
    distinct, starts = np.unique(seeds[order], return_index=True)
    ends = np.append(starts, len(seeds))
    found = np.empty(len(tokens))
    found[order] = listed(distinct, ends, tokens[order], vocabulary, _green(vocabulary, gamma))
    return found
