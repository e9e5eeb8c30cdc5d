"""A language model of trigrams: learned in a tenth of a second, and it passes a watermark on as large models do.

    model = Ngram.learn([texts], vocabulary=2048)
    model.draw(before, rng)                      # a token after each pair of tokens
    model.likeliest(before)                      # the one it would take at temperature 0
    model.candidates(before)                     # those it would most likely take, with their probabilities

Interpolation as in MacKay and Peto, "A hierarchical Dirichlet language model" (1995): a trigram's count is joined by 3
that are spread as after the bigram, a bigram's by 5 that are spread as tokens are, a token's by 0.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from stillwatch.forensics.model import Ids, Scores

CANDIDATES = 64  # engines that race tokens draw them among the most probable, too

_TRIGRAM, _BIGRAM, _TOKEN = 3.0, 5.0, 0.1  # what joins the counts

Names = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ngram:
    """What was read: every occurrence of a trigram by its name, sorted, and so the bigrams that end them.

    The name of tokens is the number that they are the digits of, base `vocabulary`.

    Attributes:
        vocabulary: how many tokens there are.
        trigrams, bigrams: (occurrences,), sorted.
    """

    vocabulary: int
    trigrams: Names
    bigrams: Names

    @classmethod
    def learn(cls, texts: Iterable[Ids], vocabulary: int) -> Self:
        """A model that has read texts of shape (texts, tokens)."""
        three = [np.lib.stride_tricks.sliding_window_view(each, 3, axis=-1).reshape(-1, 3) for each in texts]
        trigrams = _names(np.concatenate(three), vocabulary)
        return cls(vocabulary, np.sort(trigrams), np.sort(trigrams % vocabulary**2))

    def draw(self, before: Ids, rng: np.random.Generator) -> Ids:
        """A token after each pair of tokens, at temperature 1.

        An occurrence of the trigram, the bigram or the token is drawn from the text that was read: that is exact, and
        needs no table of probabilities.

        Args:
            before: (n, 2).
            rng: what is drawn from.

        Returns:
            (n,).
        """
        place, spread, further, furthest = rng.random((4, len(before)))
        after_two, twos = _drawn(self.trigrams, _names(before, self.vocabulary), self.vocabulary, place)
        after_one, ones = _drawn(self.bigrams, before[:, 1].astype(np.int64), self.vocabulary, place)
        size = len(self.bigrams)
        read = self.bigrams[(place * size).astype(np.int64)] % self.vocabulary
        known = furthest < size / (size + _TOKEN * self.vocabulary)
        token = np.where(known, read, (place * self.vocabulary).astype(np.int64))
        token = np.where(further < ones / (ones + _BIGRAM), after_one, token)
        return np.where(spread < twos / (twos + _TRIGRAM), after_two, token).astype(np.int32)

    def likeliest(self, before: Ids) -> Ids:
        """The most probable token after each pair of tokens, of shape (n, 2); of equals, the first. Shape (n,)."""
        contexts, tokens = self._best
        asked = _names(before, self.vocabulary)
        at = np.minimum(np.searchsorted(contexts, asked), len(contexts) - 1)
        fallback = self._best_after_one[before[:, 1]]
        return np.where(contexts[at] == asked, tokens[at], fallback).astype(np.int32)

    def candidates(self, before: Ids) -> tuple[Ids, Scores]:
        """Tokens that are likely after each last token, and their probabilities, which do not add up to 1.

        Args:
            before: (n, 2).

        Returns:
            Tokens and probabilities, each (n, CANDIDATES), or fewer of a smaller vocabulary.
        """
        tokens = self._likely_after_one[before[:, 1]]
        pairs = _names(before, self.vocabulary)
        low, high = _between(self.trigrams, pairs * self.vocabulary, self.vocabulary)
        first, last = _between(self.trigrams, pairs[:, None] * self.vocabulary + tokens, 1)
        spread = _TRIGRAM * self._after_one[before[:, 1, None], tokens]
        return tokens, (last - first + spread) / (high - low + _TRIGRAM)[:, None]

    @cached_property
    def _after_one(self) -> Scores:
        """The probability of each token after each token: (vocabulary, vocabulary)."""
        size = self.vocabulary
        counts = np.bincount(self.bigrams, minlength=size * size).reshape(size, size)
        tokens = counts.sum(axis=0) + _TOKEN
        joined = counts + _BIGRAM * tokens / tokens.sum()
        return np.asarray(joined / joined.sum(axis=1, keepdims=True))

    @cached_property
    def _likely_after_one(self) -> Ids:
        return np.argsort(-self._after_one, axis=1, kind="stable")[:, :CANDIDATES].astype(np.int32)

    @cached_property
    def _best_after_one(self) -> Names:
        return np.asarray(self._after_one.argmax(axis=1))

    @cached_property
    def _best(self) -> tuple[Names, Names]:
        """Every pair of tokens that was read, by name and sorted, and the most probable token after it.

        That is one that was read after it, or else the most probable after its last token.
        """
        names, counts = np.unique(self.trigrams, return_counts=True)
        pairs, tokens = np.divmod(names, self.vocabulary)
        weights = counts + _TRIGRAM * self._after_one[pairs % self.vocabulary, tokens]
        order = np.lexsort((-tokens, weights, pairs))
        last = order[np.flatnonzero(np.diff(pairs[order], append=-1))]
        fallback = self._best_after_one[pairs[last] % self.vocabulary]
        unread = _TRIGRAM * self._after_one[pairs[last] % self.vocabulary, fallback]
        return pairs[last], np.where(unread > weights[last], fallback, tokens[last])


def _names(tokens: Ids, vocabulary: int) -> Names:
    """The names of tokens of shape (n, how many)."""
    return np.asarray(tokens @ vocabulary ** np.arange(tokens.shape[1], dtype=np.int64)[::-1], np.int64)


def _between(names: Names, low: Names, span: int) -> tuple[Names, Names]:
    """Where the names from `low` up to and without `low + span` stand."""
    return np.searchsorted(names, low), np.searchsorted(names, low + span)


def _drawn(names: Names, before: Names, vocabulary: int, place: Scores) -> tuple[Names, Names]:
    """A token that was read after what is named, by a place among all of those in [0, 1), and how many they are."""
    low, high = _between(names, before * vocabulary, vocabulary)
    at = np.minimum(low + (place * (high - low)).astype(np.int64), len(names) - 1)
    return names[at] % vocabulary, high - low
