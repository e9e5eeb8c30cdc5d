"""Forensics: how fast texts are verified, and how much memory it takes as the corpus grows.

    python bench/forensics.py [--most 32] [--json] [--markdown PAGE]

The texts are the docstrings of Python's standard library in a vocabulary of byte pairs learned from them; one thread.
A rate is tokens of text by processor time, from text to result. Memory is measured in a process of its own for each
size, on random tokens: no window repeats itself, which is the worst case.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"  # the tokenizer's threads; read when it is imported

import numpy as np
from tables import Table, add_options, publish

from stillwatch.forensics.model import Answer, Key, Scheme, Tokens
from stillwatch.forensics.radioactivity import closed
from stillwatch.forensics.rehearsal import corpus, vocabulary
from stillwatch.forensics.schemes import greenlist, kgw, sglang, vllm
from stillwatch.forensics.text.tokenizing import Tokenizer
from stillwatch.forensics.text.windows import MOST, gather

SIZES = (2, 4, 8, 16, 32, 64)  # million tokens
EVERYDAY = 32
BAR = 1.0  # million tokens a minute and core
ANSWER = 400  # tokens
WRONG_KEYS = 300
KEYS = [Key(f"k-{value:012x}", value) for value in range(1, 5)]


@dataclass(frozen=True)
class Stage:
    """A part of the work that every scheme has in common."""

    name: str
    tokens: int
    seconds: float  # of processor time


@dataclass(frozen=True)
class Verified:
    """A closed test with four keys, from text to p."""

    scheme: str
    tokens: int
    windows: int
    seconds: float  # of processor time
    a_key: float  # seconds that a key more takes

    @property
    def with_null(self) -> float:
        """Seconds with the null of wrong keys, as plans have it by default."""
        return self.seconds + WRONG_KEYS * self.a_key


@dataclass(frozen=True)
class Held:
    """What a corpus takes to gather."""

    tokens: int
    kept: int
    grown: int  # bytes above the process before it read the first token


def rate(tokens: int, seconds: float) -> float:
    """Million tokens a minute."""
    return tokens / seconds * 60 / 1e6


def schemes(size: int) -> list[Scheme]:
    """One of each kind, as engines have them by default."""
    return [
        greenlist.GreenList(width=2, gamma=0.25),
        vllm.Gumbel(width=4),
        vllm.DualKey(width=4, mixing=0.1),
        sglang.Gumbel(width=4),
        kgw.LeftHash(vocabulary=size, gamma=0.25),
        kgw.SelfHash(width=3, vocabulary=size, gamma=0.25),
    ]


def timed(run: Callable[[], object]) -> float:
    """Seconds of processor time of the second run: the first compiles."""
    run()
    started = time.process_time()
    run()
    return time.process_time() - started


def prepared() -> tuple[Tokenizer, list[Answer]]:
    """The texts, and a tokenizer that was learned from them."""
    texts = corpus.docstrings()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        vocabulary.learn(texts).save(str(path))
        return Tokenizer.load(path), [Answer("", text) for text in texts]


def stages(tokenizer: Tokenizer, answers: list[Answer]) -> list[Stage]:
    """From text to windows."""
    tokens = list(tokenizer.read(answers))
    count = sum(len(each.text) for each in tokens)
    return [
        Stage("tokenising", count, timed(lambda: list(tokenizer.read(answers)))),
        Stage("gathering windows of 4", count, timed(lambda: gather(tokens, 4, "window"))),
    ]


def verified(tokenizer: Tokenizer, answers: list[Answer], scheme: Scheme) -> Verified:
    """A closed test, and what each key adds to it."""
    scorable = gather(tokenizer.read(answers), scheme.width, "window", history=scheme.history)

    def whole() -> None:
        again = gather(tokenizer.read(answers), scheme.width, "window", history=scheme.history)
        closed.test("b", "b", again, scheme, KEYS, rule="window", least=1, wrong_keys=0, seed=0)

    def keys_only() -> None:
        closed.test("b", "b", scorable, scheme, KEYS, rule="window", least=1, wrong_keys=0, seed=0)

    found = Verified(
        f"{scheme.name}, {scheme!r}", scorable.read, len(scorable.tokens), timed(whole), timed(keys_only) / len(KEYS)
    )
    print(found, file=sys.stderr)
    return found


def random_answers(tokens: int) -> Iterator[Tokens]:
    """Of random tokens, made as they are read."""
    rng = np.random.default_rng(0)
    for _ in range(tokens // ANSWER):
        yield Tokens(np.empty(0, np.int32), rng.integers(0, 128_000, ANSWER, np.int32))


def held(tokens: int) -> Held:
    """Gathers a corpus; in a process of its own."""
    gather(random_answers(10 * ANSWER), 4, "window")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = len(gather(random_answers(tokens), 4, "window").tokens)
    return Held(tokens, kept, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)


def memory(most: float) -> list[Held]:
    """Each size in a fresh process."""
    found = []
    for millions in (size for size in SIZES if size <= most):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(held, (millions * 1_000_000,)))
        print(found[-1], file=sys.stderr)
    return found


def main() -> None:
    """Time, weigh, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--most", type=float, default=EVERYDAY, metavar="M", help="no corpus of more than M million")
    add_options(options)
    given = options.parse_args()
    tokenizer, answers = prepared()
    parts = stages(tokenizer, answers)
    whole = [verified(tokenizer, answers, scheme) for scheme in schemes(tokenizer.size)]
    weight = memory(given.most)
    bar = f"million a minute and core (>= {BAR:g})"
    tables = [
        Table(
            f"Closed tests with {len(KEYS)} keys, of {whole[0].tokens:,} tokens, from text to p:",
            ("scheme", "windows", "processor s", bar, "s a key more", f"with {WRONG_KEYS} wrong keys"),
            [(v.scheme, v.windows, v.seconds, rate(v.tokens, v.seconds), v.a_key, rate(v.tokens, v.with_null))
             for v in whole],
        ),
        Table(
            "Of that, whatever the scheme:",
            ("part", "processor s", "million a minute and core"),
            [(part.name, part.seconds, rate(part.tokens, part.seconds)) for part in parts],
        ),
        Table(
            f"Memory that gathering takes; beyond {MOST:,} windows they are sampled:",
            ("tokens read", "windows kept", "MB"),
            [(each.tokens, each.kept, each.grown / 1e6) for each in weight],
        ),
    ]  # fmt: skip
    figures = {"stages": parts, "tests": whole, "memory": weight}
    publish(given, "forensics", tables, {name: [vars(each) for each in found] for name, found in figures.items()})


if __name__ == "__main__":
    main()
