"""Populations made by hand: a crowd of strangers, and groups with something in common."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.population import build
from stillwatch.profiles.accounts import profile

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


@pytest.fixture(scope="session")
def word() -> Callable[[int], str]:
    """An invented word for each number."""
    return lambda number: SYLLABLES[number % 70] + SYLLABLES[number // 70 % 70] + SYLLABLES[number // 4900 % 70]


@pytest.fixture(scope="session")
def phrase(word) -> Callable[[random.Random, int, int], str]:
    """Twelve words of one of many subjects, thirty words each."""

    def make(draw: random.Random, subject: int, words: int = 12) -> str:
        return " ".join(word(30 * subject + draw.randrange(30)) for _ in range(words))

    return make


@pytest.fixture(scope="session")
def crowd(phrase) -> Callable[..., list[dict]]:
    """Requests of strangers, each with a subject or several of her own.

    Args of the function: how many, the prefix of their names, requests each, a subject for all (None: any), a seed.
    """

    def make(n, *, name="s", requests=6, subject=None, seed=0, hours=300, wrap="{}"):
        draw = random.Random(f"{name} {seed}")  # noqa: S311
        return [
            {
                "request_id": f"{name}{i}.{r}",
                "account_id": f"{name}{i:04}",
                "hour": draw.random() * hours,
                "ask": wrap.format(phrase(draw, draw.randrange(300) if subject is None else subject)),
            }
            for i in range(n)
            for r in range(requests)
        ]

    return make


@pytest.fixture(scope="session")
def population_of(batch_of, accounts_of):
    """A population from rows of requests and, if given, rows of the accounts table, and signals."""

    def make(rows, accounts=None, signals=()):
        return build(profile(batch_of(rows)), None if accounts is None else accounts_of(accounts), signals)

    return make


@pytest.fixture(scope="session")
def named():
    """The cluster of those accounts whose names begin so."""

    def make(population, *prefixes):
        ids = population.profiles.ids.to_pylist()
        return Cluster(population, np.array([i for i, a in enumerate(ids) if a.startswith(prefixes)], np.int64))

    return make
