"""torch.randperm on the CPU: permutations by Fisher and Yates, drawn from the Mersenne Twister.

    permutation(seed, n, take)          # its first `take` elements
    stands_early(seed, n, take, element)   # whether an element is one of them, without the rest

MT19937 is Matsumoto and Nishimura's (1998), with the initialisation of their 2002 code. That torch seeds it with the
low 32 bits of a seed, and draws `random() % (n - i)` for place i, is read in ATen (CPUGeneratorImpl, randperm_cpu) and
checked against torch. Generators of GPUs are others: what was marked on one is not verified by this.
"""

import numpy as np
import numpy.typing as npt
from numba import uint64

from stillwatch.signatures.compiled import I32, U32, U64, compiled

_LENGTH, _MIDDLE = 624, 397
_WORD = 0xFFFFFFFF


@compiled
def _seeded(seed: int) -> U32:
    state = np.empty(_LENGTH, dtype=np.uint32)
    last = uint64(seed) & uint64(_WORD)
    state[0] = last
    for place in range(1, _LENGTH):
        last = (uint64(1812433253) * (last ^ last >> uint64(30)) + uint64(place)) & uint64(_WORD)
        state[place] = last
    return state


@compiled
def _twist(state: U32) -> None:
    for place in range(_LENGTH):
        following = place + 1 if place + 1 < _LENGTH else 0
        across = place + _MIDDLE if place + _MIDDLE < _LENGTH else place + _MIDDLE - _LENGTH
        mixed = (state[place] & uint64(0x80000000)) | (state[following] & uint64(0x7FFFFFFF))
        twisted = state[across] ^ mixed >> uint64(1)
        state[place] = twisted ^ uint64(0x9908B0DF) if mixed & uint64(1) else twisted


@compiled
def _tempered(word: np.uint32) -> np.uint64:
    y = uint64(word)
    y ^= y >> uint64(11)
    y ^= y << uint64(7) & uint64(0x9D2C5680)
    y ^= y << uint64(15) & uint64(0xEFC60000)
    return y ^ y >> uint64(18)


@compiled
def permutation(seed: int, n: int, take: int) -> I32:
    """The first `take` elements of the permutation of 0 up to n that torch draws from a seed.

    Returns:
        (take,).
    """
    elements, state = np.arange(n, dtype=np.int32), _seeded(seed)
    for place in range(take):
        turn = place % _LENGTH
        if turn == 0:
            _twist(state)
        if place < n - 1:
            other = place + np.int64(_tempered(state[turn]) % uint64(n - place))
            elements[place], elements[other] = elements[other], elements[place]
    return elements[:take].copy()


@compiled
def stands_early(seed: int, n: int, take: int, element: int) -> bool:
    """Whether an element is among the first `take` of the permutation: follows where it is moved, and nothing else."""
    at, state = np.int64(element), _seeded(seed)
    for place in range(min(take, n - 1)):
        turn = place % _LENGTH
        if turn == 0:
            _twist(state)
        other = place + np.int64(_tempered(state[turn]) % uint64(n - place))
        if other == at:
            return True
        if place == at:
            at = other
    return bool(at < take)


@compiled
def listed(seeds: U64, starts: npt.NDArray[np.int64], elements: I32, n: int, take: int) -> npt.NDArray[np.bool_]:
    """Of groups of elements that share a seed, which elements are among the first `take` of their permutation.

    Args:
        seeds: (groups,).
        starts: (groups + 1,): where each group begins in `elements`.
        elements: of all groups, one after the other.
        n: elements of the permutation; an element of n or more is never listed.
        take: how many are listed.
    """
    found = np.zeros(len(elements), dtype=np.bool_)
    of_list = np.full(n, -1, dtype=np.int64)
    for group in range(len(seeds)):
        start, end = starts[group], starts[group + 1]
        if end - start == 1:
            if elements[start] < n:
                found[start] = stands_early(seeds[group], n, take, elements[start])
            continue
        for element in permutation(seeds[group], n, take):
            of_list[element] = group
        for place in range(start, end):
            found[place] = elements[place] < n and of_list[elements[place]] == group
    return found
