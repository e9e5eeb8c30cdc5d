"""From tokens to what may be scored: windows of context, each of which counts once.

    scorable = gather(tokens_of_answers, width=2, rule="window")

What is counted twice is no evidence the second time: a text that repeats itself would be certain of its guilt or of its
innocence (raw counts reject innocent texts in one of four cases at 1e-5). There is therefore no way here to score what
was counted before, and no way to choose by a window *and* the token after it: tokens that were seen with the marked
text are green because they were marked, whoever writes them.

Memory does not grow with the corpus. Beyond `most` windows those are kept whose hash falls under a limit that is
halved as often as needed (Wegman's adaptive sampling; Flajolet 1990, "On adaptive sampling"). The choice is made by
the window alone, without any key, so that what is kept is distributed as the whole is.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from stillwatch.forensics.model import Ids, Rule, Scorable, Tokens
from stillwatch.signatures.compiled import U64, compiled
from stillwatch.signatures.shingles import mix

MOST = 1 << 21  # takes 0.4 GB; half as many show scores that lie one per cent above chance
_BATCH = 1 << 16  # positions that wait at least until they are put to the others
_SEED = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, that a window of zeros is not mixed to zero

Mask = npt.NDArray[np.bool_]
Only = Callable[[Ids], Mask]


def gather(  # noqa: PLR0913 -- each says what counts
    tokens: Iterable[Tokens],
    width: int,
    rule: Rule,
    *,
    most: int = MOST,
    history: int | None = None,
    only: Only | None = None,
) -> Scorable:
    """What of many answers may be scored.

    Args:
        tokens: the answers, one after the other; each is read once.
        width: of the window of context, in tokens; 1 or more.
        rule: "window" scores a window with the first token that was seen after it, "pair" each pair of a window and a
            token once. Both are exact; which one it is must be said before.
        most: windows (or pairs) that are kept.
        history: the token that an engine takes for those before an answer's first (vLLM: -1). Without it the first
            `width` tokens have no context and are not scored.
        only: of windows of shape (n, width), which count, shape (n,); it never sees the tokens after them.

    Returns:
        Windows that do not stand in the answer's own prompt, each (or each pair) once.
    """
    gathering = Gathering(width, rule, most=most)
    for each in tokens:
        gathering.read(each, history, only)
    return gathering.scorable()


def standing_in(windows: Ids, ids: Ids) -> Mask:
    """Which windows, of shape (n, width), stand anywhere in a text of tokens. Shape (n,)."""
    return np.isin(hashed(windows), hashed(windows_of(ids, windows.shape[1])))


def windows_of(ids: Ids, width: int) -> Ids:
    """All windows of a text, the last one too. Shape (len(ids) - width + 1, width), or (0, width)."""
    ids = np.asarray(ids, np.int32)
    if len(ids) < width:
        return np.empty((0, width), np.int32)
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(ids, width))


def _contexts(text: Ids, width: int, history: int | None) -> tuple[Ids, Ids]:
    before = np.full(0 if history is None else width, history or 0, np.int32)
    ids = np.concatenate([before, np.asarray(text, np.int32)])
    return windows_of(ids[:-1], width), ids[width:]


@dataclass(frozen=True)
class Occurrences:
    """Pairs of a window and the token after it, and how often each was seen.

    Attributes:
        windows: (n, width).
        tokens: (n,).
        counts: (n,), int64.
    """

    windows: Ids
    tokens: Ids
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)

    def where(self, chosen: npt.NDArray[np.bool_ | np.intp]) -> Self:
        """Those chosen by a mask or by their places."""
        return type(self)(self.windows[chosen], self.tokens[chosen], self.counts[chosen])


class Gathering:
    """Positions of texts as they come in, and what is kept of them: each window, or pair, once, and `most` of them.

    Args:
        width: of the window of context, in tokens.
        rule: what counts once.
        most: how many are kept.
    """

    def __init__(self, width: int, rule: Rule, *, most: int = MOST) -> None:
        if width < 1 or most < 1:
            raise ValueError("A window has at least one token, and at least one window is kept.")
        self._rule, self._most = rule, most
        self._limit = (1 << 64) - 1
        self._kept = Occurrences(np.empty((0, width), np.int32), np.empty(0, np.int32), np.empty(0, np.int64))
        self._waiting: list[Occurrences] = []
        self._waiting_length = 0
        self._read = 0
        self._left_out: Counter[str] = Counter()

    def read(self, answer: Tokens, history: int | None = None, only: Only | None = None) -> None:
        """Takes an answer: the windows in it that do not stand in its own prompt; for the rest see `gather`."""
        windows, following = _contexts(answer.text, self._kept.windows.shape[1], history)
        self.leave_out("no context", len(answer.text) - len(following))
        fresh = ~standing_in(windows, answer.prompt)
        windows, following = self.choose(fresh, "in the prompt", windows, following)
        if only is not None:
            windows, following = self.choose(only(windows), "not chosen", windows, following)
        self.add(windows, following)

    def choose(self, mask: Mask, why: str, windows: Ids, tokens: Ids) -> tuple[Ids, Ids]:
        """The positions that a mask chooses; the others are left out, and it is noted why."""
        self.leave_out(why, len(mask) - int(np.count_nonzero(mask)))
        return windows[mask], tokens[mask]

    def leave_out(self, why: str, positions: int) -> None:
        """Notes positions that were read and are not scored."""
        self._read += positions
        self._left_out[why] += positions

    def add(self, windows: Ids, tokens: Ids) -> None:
        """Takes positions: windows of shape (n, width) and the tokens after them, in the order of the text."""
        small = hashed(windows) <= np.uint64(self._limit)
        windows, tokens = self.choose(small, "beyond the sample", windows, tokens)
        self._read += len(tokens)
        self._waiting.append(Occurrences(windows, tokens, np.ones(len(tokens), np.int64)))
        self._waiting_length += len(tokens)
        if self._waiting_length > max(_BATCH, len(self._kept) // 4):
            self._merge()

    def occurrences(self) -> Occurrences:
        """What is kept, with how often each was seen."""
        self._merge()
        return self._kept

    def scorable(self) -> Scorable:
        """What is kept, each once, however often it was seen."""
        kept = self.occurrences()
        return Scorable(kept.windows, kept.tokens, self._read, self.left_out)

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """How many positions are not scored, by why."""
        self._merge()
        return tuple((why, count) for why, count in sorted(self._left_out.items()) if count)

    def _merge(self) -> None:
        if not self._waiting:
            return
        parts = [self._kept, *self._waiting]
        self._waiting, self._waiting_length = [], 0
        together = Occurrences(
            np.concatenate([each.windows for each in parts]),
            np.concatenate([each.tokens for each in parts]),
            np.concatenate([each.counts for each in parts]),
        )
        self._kept = _distinct(together, self._rule)
        self._left_out["repeated"] += len(together) - len(self._kept)
        self._shrink()

    def _shrink(self) -> None:
        hashes = hashed(self._kept.windows)
        while len(self._kept) > self._most:
            self._limit >>= 1
            small = hashes <= np.uint64(self._limit)
            self._left_out["beyond the sample"] += len(self._kept) - int(np.count_nonzero(small))
            self._kept, hashes = self._kept.where(small), hashes[small]


def _distinct(given: Occurrences, rule: Rule) -> Occurrences:
    """Each window (with the first token seen after it) or each pair once, in the order of first sight."""
    names = hashed(given.windows)
    if rule == "pair":
        names = hashed(np.column_stack([given.windows, given.tokens]))
    order = np.argsort(names, kind="stable")  # equal names stay in the order of the text
    names = names[order]
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]])[: len(names)])
    first, counts = order[starts], np.add.reduceat(given.counts[order], starts) if len(starts) else given.counts
    by_place = np.argsort(first)
    return replace(given.where(first[by_place]), counts=counts[by_place])


@compiled
def hashed(windows: Ids) -> U64:
    """A name for each window of shape (n, width), the same on every machine. Nothing secret enters it."""
    names = np.empty(len(windows), np.uint64)
    for i in range(len(windows)):
        name = _SEED
        for j in range(windows.shape[1]):
            name = mix(name ^ np.uint64(windows[i, j]))
        names[i] = name
    return names
