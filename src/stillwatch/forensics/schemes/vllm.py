"""vLLM's watermark, `philox4x32-10-v1`: Gumbel sampling with a keyed generator, with one key or with two.

    Gumbel(width=4).scores(key, windows, tokens)
    DualKey(width=4, mixing=0.1).scores(key, windows, tokens)

What vLLM 0.33 does: of each candidate token a uniform number u is drawn from the key, the last `width` tokens *of the
answer* (-1 where there are fewer: its windows never reach into the prompt) and the candidate; the token that maximises
the logit plus -log(-log(u)) is chosen. A verifier adds up -log(1 - u), which is exponential if the key is unknown to
whoever wrote. Greedy requests, clients that opted out, and windows that repeat within an answer are not marked.

A number has 24 bits. That lowers the mean of a score by 5.2e-7 (computed over all 2^24 of them): the law is cautious by
a twentieth of a standard deviation at 1e10 scores, and exact for all that anybody has.
"""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.forensics.model import Ids, Scores
from stillwatch.forensics.schemes import philox
from stillwatch.forensics.schemes.laws import Gamma, WeightedGamma


@dataclass(frozen=True)
class Gumbel:
    """One key: `algorithm: gumbel`.

    Attributes:
        width: tokens of context, vLLM's `context_width`.
    """

    width: int
    name: ClassVar[str] = "vllm-gumbel-philox4x32-10-v1"
    law: ClassVar[Gamma] = Gamma()
    history: ClassVar[int] = -1

    def uniforms(self, key: int, windows: Ids, tokens: Ids) -> philox.Uniforms:
        """The uniform number of each token after its window."""
        return philox.uniforms(key, windows, tokens)

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """-log(1 - u): exponential without the mark, larger with it."""
        return -np.log1p(-self.uniforms(key, windows, tokens).astype(np.float64))


@dataclass(frozen=True)
class DualKey:
    """Two keys derived from one: `algorithm: dual_key_gumbel`, which speculative decoding needs.

    Attributes:
        width: tokens of context, vLLM's `context_width`.
        mixing: the share of the second key, vLLM's `alpha`.
    """

    width: int
    mixing: float
    name: ClassVar[str] = Gumbel.name
    history: ClassVar[int] = Gumbel.history

    @property
    def law(self) -> WeightedGamma:
        """Of a weighted sum of two exponential scores."""
        return WeightedGamma(self.mixing)

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """The scores under both keys, weighted by how often each marks."""
        single = Gumbel(self.width)
        first, second = (
            single.scores(each, windows, tokens) for each in (derived(key, b"key_a"), derived(key, b"key_b"))
        )
        return (1.0 - self.mixing) * first + self.mixing * second


def derived(key: int, domain: bytes) -> int:
    """One of the two keys of a dual-key watermark, as vLLM's `derive_watermark_key` makes it: 64 bits."""
    return int.from_bytes(hashlib.sha256(domain + key.to_bytes(8, "big")).digest()[:8], "big")
