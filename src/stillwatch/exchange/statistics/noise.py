"""From what each member published to figures that say nothing of one member."""

import math
from collections.abc import Callable, Mapping, Sequence

from stillwatch.indicators import buckets

#: Below the first order of magnitude; no count is published more exactly than this.
NONE = "0"

Noise = Callable[[Sequence[int], float], list[int]]


def clipped(counts: Mapping[str, int], clip: int) -> dict[str, int]:
    """One member's counts, scaled down (and each rounded down) where they are together more than `clip`."""
    total = sum(counts.values())
    return dict(counts) if total <= clip else {cell: count * clip // total for cell, count in counts.items()}


def discrete_laplace(counts: Sequence[int], scale: float) -> list[int]:
    """Adds independent noise of the discrete Laplace distribution, P(x) ~ exp(-|x| / scale), to each count (OpenDP)."""
    import opendp.prelude as dp  # noqa: PLC0415 — a library of its own size, for the one who asks

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    measurement = dp.m.make_laplace(*space, scale=scale)
    return [int(count) for count in measurement(list(counts))]


def within(scale: float) -> int:
    """How far off the noise is at most in 95 of 100 cells, in objects: `scale * ln 20`, rounded up."""
    return math.ceil(scale * math.log(20))


def magnitude(count: int) -> str:
    """The order of magnitude of a noisy count."""
    return buckets.of(count) if count > 0 else NONE
