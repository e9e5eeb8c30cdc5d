"""Answers of a model, plain or marked as a serving engine marks them.

    plain = answers(openings, 256, drawing(model, rng))
    marked = answers(openings, 256, marking(model, scheme, key, rng))

A green list is marked by raising the logits of green tokens (Kirchenbauer et al., 2301.10226), a Gumbel scheme by
taking the token that wins the keyed race (Aaronson 2022), except after a window that the answer already holds, as vLLM
does.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from stillwatch.forensics.model import Ids, Scheme
from stillwatch.forensics.rehearsal.ngram import Ngram
from stillwatch.forensics.schemes.laws import Binomial

STRENGTH = 2.0  # that is added to the logit of a green token

Next = Callable[[Ids, Ids], Ids]  # openings (n, ...) and answers so far (n, ...) to the tokens that follow (n,)


def answers(openings: Ids, length: int, following: Next) -> Ids:
    """What follows openings of shape (n, two or more tokens). Shape (n, length)."""
    found = np.empty((len(openings), length), np.int32)
    for at in range(length):
        found[:, at] = following(openings, found[:, :at])
    return found


def drawing(model: Ngram, rng: np.random.Generator) -> Next:
    """Draws plainly, at temperature 1."""
    return lambda openings, so_far: model.draw(_last_two(openings, so_far), rng)


def marking(model: Ngram, scheme: Scheme, key: int, rng: np.random.Generator) -> Next:
    """Draws with a mark."""
    following = _green if isinstance(scheme.law, Binomial) else _racing
    return following(model, scheme, key, rng)


def _green(model: Ngram, scheme: Scheme, key: int, rng: np.random.Generator) -> Next:
    """Draws until the token is green or, once in exp(STRENGTH) times, red: as if green logits were raised by that."""

    def following(openings: Ids, so_far: Ids) -> Ids:
        before, windows = _last_two(openings, so_far), _windows(so_far, scheme.width)
        tokens = model.draw(before, rng)
        open_ = np.arange(len(tokens))
        while len(open_):
            red = scheme.scores(key, windows[open_], tokens[open_]) == 0
            open_ = open_[red & (rng.random(len(open_)) >= np.exp(-STRENGTH))]
            tokens[open_] = model.draw(before[open_], rng)
        return tokens

    return following


def _racing(model: Ngram, scheme: Scheme, key: int, rng: np.random.Generator) -> Next:
    """Takes the candidate with the largest u^(1/p): a draw from p for whoever does not know the key."""

    def following(openings: Ids, so_far: Ids) -> Ids:
        before, windows = _last_two(openings, so_far), _windows(so_far, scheme.width)
        tokens, p = model.candidates(before)
        scores = scheme.scores(key, np.repeat(windows, p.shape[1], axis=0), tokens.ravel()).reshape(p.shape)
        arrival = -np.log(-np.expm1(-scores)) / p
        won = tokens[np.arange(len(tokens)), arrival.argmin(axis=1)]
        return np.where(_stood(windows, so_far), model.draw(before, rng), won)

    return following


def _last_two(openings: Ids, so_far: Ids) -> Ids:
    return np.concatenate([openings[:, -2:], so_far[:, -2:]], axis=1)[:, -2:]


def _windows(so_far: Ids, width: int) -> Ids:
    """The last tokens of the answers, -1 where there are none yet. Shape (n, width)."""
    padding = np.full((len(so_far), width), -1, np.int32)
    return np.ascontiguousarray(np.concatenate([padding, so_far[:, -width:]], axis=1)[:, -width:])


def _stood(windows: Ids, so_far: Ids) -> npt.NDArray[np.bool_]:
    """Whether each answer's window stood in it before, with a token after it. Shape (n,)."""
    width = windows.shape[1]
    if so_far.shape[1] <= width:
        return np.zeros(len(windows), np.bool_)
    earlier = np.lib.stride_tricks.sliding_window_view(so_far[:, :-1], width, axis=1)
    return np.asarray((earlier == windows[:, None]).all(axis=2).any(axis=1))
