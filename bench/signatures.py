"""Time signatures against the least a rolling hash can take, and against other MinHash libraries, as ratios.

    python bench/signatures.py [--json]

The texts are made here: words drawn by Zipf's law, and signs of the Han block. Every contender gets the same texts and
starts from text, so cutting it into shingles counts; each by its fastest bulk call for whole sets, on one thread. All
contenders take turns, so that a busy moment of the machine meets each of them; medians of processor time are compared.

The signature samples windows of characters: shingles of characters are the like-for-like comparison, shingles of words
(lower case, as the signature folds too) are what others' guides do.
"""

import argparse
import json
import os
import re
import statistics
import time
from collections.abc import Callable

os.environ["RAYON_NUM_THREADS"] = "1"  # rensa's threads; read when it is imported

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from datasketch import MinHash
from rensa import RMinHash

from stillwatch.signatures.kernel import WINDOW, buffers, sign
from stillwatch.signatures.shingles import BASE

ROUNDS = 15
OTHERS_ROUNDS = 5
OTHERS_TEXTS = 1_000  # they are slow, and their cost a text does not depend on how many there are
PERMUTATIONS = 128
WORD = re.compile(r"\w+")

_1, _WINDOW, _BASE = np.uint64(1), np.uint64(WINDOW), np.uint64(BASE)
_ENTERS = np.arange(256, dtype=np.uint64)
_LEAVES = _ENTERS * np.uint64(pow(BASE, WINDOW, 1 << 64))


@nb.njit(nogil=True)
def bare(offsets: npt.NDArray[np.int32], octets: npt.NDArray[np.uint8]) -> np.uint64:
    """Roll the hash that chooses shingles over every text, and do nothing with it."""
    used = np.uint64(0)
    for i in range(len(offsets) - 1):
        start, end = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        at, h = start, np.uint64(0)
        while at < min(end, start + _WINDOW):
            h = h * _BASE + _ENTERS[octets[at]]
            at += _1
        used ^= h
        while at < end:  # what does not depend on h in brackets, else the processor waits a cycle more for each byte
            h = h * _BASE + (_ENTERS[octets[at]] - _LEAVES[octets[at - _WINDOW]])
            used ^= h
            at += _1
    return used


def prose(n: int, rng: np.random.Generator) -> list[str]:
    """Texts of about 600 bytes: words by Zipf's law, some capital, some before a stop, a line break or a number."""
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    words = ["".join(rng.choice(letters, length)) for length in rng.integers(2, 11, 20_000)]
    ends = [" "] * 40 + [", "] * 4 + [". "] * 3 + ["\n", "\n\n", " 12 ", " 2024 "]
    texts = []
    for length in rng.integers(55, 105, n):
        chosen = [words[i] for i in np.minimum(rng.zipf(1.3, length), len(words)) - 1]
        capital, end = rng.random(length) < 0.1, rng.integers(0, len(ends), length)
        texts.append("".join((w.title() if c else w) + ends[e] for w, c, e in zip(chosen, capital, end, strict=True)))
    return texts


def signs(n: int, rng: np.random.Generator) -> list[str]:
    """Texts of about 600 bytes in the Han block, by Zipf's law, with full stops."""
    block = rng.permutation(np.arange(0x4E00, 0x8E00))
    block[17] = 0x3002
    return ["".join(map(chr, block[rng.zipf(1.3, size) % len(block)])) for size in rng.integers(120, 280, n)]


def character_shingles(texts: list[str]) -> list[list[str]]:
    """All runs of five characters, by text."""
    return [[text[i : i + 5] for i in range(len(text) - 4)] for text in texts]


def word_shingles(texts: list[str]) -> list[list[str]]:
    """All runs of five words, by text: the quickest way Python has."""
    split = [WORD.findall(text.lower()) for text in texts]
    return [list(map(" ".join, zip(w, w[1:], w[2:], w[3:], w[4:], strict=False))) for w in split]


def rensa(shingles: list[list[str]]) -> object:
    """Rensa's bulk call for whole sets."""
    return RMinHash.digest_matrix_from_token_sets(shingles, PERMUTATIONS, 42)


def datasketch(shingles: list[list[str]]) -> object:
    """Datasketch's bulk call."""
    return MinHash.bulk([[s.encode() for s in text] for text in shingles], num_perm=PERMUTATIONS)


def medians(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median processor seconds of each, after a round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, run in contenders.items():
            started = time.thread_time()
            run()
            seconds[name].append(time.thread_time() - started)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def against_bare(texts: list[str]) -> dict[str, float]:
    """Signatures against the bare rolling hash."""
    array = pa.array(texts, pa.string())
    offsets, octets = buffers(array)
    times = medians({"bare": lambda: bare(offsets, octets), "sign": lambda: sign(array)}, ROUNDS)
    size = int(offsets[-1] - offsets[0])
    return {"ratio": times["sign"] / times["bare"], "megabytes_a_second": size / times["sign"] / 1e6}


def against_others(texts: list[str]) -> dict[str, float]:
    """How many times as long as signatures the others take."""
    array, few = pa.array(texts, pa.string()), texts[:OTHERS_TEXTS]
    contenders: dict[str, Callable[[], object]] = {
        "sign": lambda: sign(array),
        "rensa, characters": lambda: rensa(character_shingles(few)),
        "rensa, words": lambda: rensa(word_shingles(few)),
        "datasketch, characters": lambda: datasketch(character_shingles(few)),
        "datasketch, words": lambda: datasketch(word_shingles(few)),
    }
    times = medians(contenders, OTHERS_ROUNDS)
    ours = times.pop("sign") * len(few) / len(texts)
    return {name: seconds / ours for name, seconds in times.items()}


def main() -> None:
    """Make the texts, time, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print JSON")
    options.add_argument("--texts", type=int, default=50_000, help="how many texts")
    given = options.parse_args()
    rng = np.random.default_rng(1)
    latin = prose(given.texts, rng)
    han = signs(given.texts // 10, rng)
    mixed = [*latin[: given.texts - len(han)], *han]
    bared = {"prose": latin, "a tenth of it in signs": mixed, "signs alone": han}
    result = {"bare": {name: against_bare(texts) for name, texts in bared.items()}, "others": against_others(latin)}
    if given.json:
        print(json.dumps(result, indent=2))
        return
    for name, figures in result["bare"].items():
        speed = f"{figures['megabytes_a_second']:.0f} MB/s"
        print(f"{'sign / bare rolling hash, ' + name:<50}{figures['ratio']:>8.2f}{speed:>12}")
    for name, ratio in result["others"].items():
        print(f"{name + ' / sign':<50}{ratio:>8.1f}")


if __name__ == "__main__":
    main()
