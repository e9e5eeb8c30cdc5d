"""Two tokenizers on one text: what a suspect would write next, in our tokens.

    for aligned in align_all(tokenizer, readings, marked=False):      # of (text, places, pieces)
        aligned.text, aligned.predicted                               # what `radioactivity.reading` gathers

A place counts where both tokenizers end a token at the same character, and where what the suspect would write next is
exactly one token of ours.

Where they end depends on what comes next. In a text that the key marked, what comes next was chosen by the key, and the
places at which a suspect's likely token also stands are the ones that are kept: an innocent suspect would seem to
prefer green tokens (measured in a model of it: where 13 % of places are lost, z = 8 at 30,000 scores). Where tokenizers
differ, let the suspect read texts that nobody marked; there the null is exact.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.errors import InputError
from stillwatch.forensics.model import NO_TOKEN, Ids, Reading
from stillwatch.forensics.text.tokenizing import Offsets, Tokenizer

_ALIKE = 0.999  # of the ends: at a million scores the rest moves z by less than 0.5
_BEFORE = 32  # characters of context in which a prediction is tokenised, from the start of a word on


@dataclass(frozen=True)
class Aligned(Reading):
    """A text in our tokens, and what the suspect would have written instead of each.

    Attributes:
        ends: how many of our tokens end in the part that the suspect read.
        shared: how many of them where one of its tokens ends.
    """

    ends: int
    shared: int


def align_all(
    tokenizer: Tokenizer, readings: Iterable[tuple[str, Sequence[int], Sequence[str]]], *, marked: bool
) -> Iterator[Aligned]:
    """Brings what a suspect predicted in many texts to our tokens; for each see `align`.

    Args:
        tokenizer: ours.
        readings: texts, places and pieces.
        marked: whether the texts were marked with a key that is tested.

    Raises:
        InputError: the texts were marked, and the suspect's tokenizer cuts them at other places than ours.
    """
    ends = shared = 0
    for text, places, pieces in readings:
        aligned = align(tokenizer, text, places, pieces)
        ends, shared = ends + aligned.ends, shared + aligned.shared
        yield aligned
    if marked and shared < _ALIKE * ends:
        raise InputError(
            f"The suspect's tokenizer cuts the marked texts elsewhere than ours at {1 - shared / ends:.1%} of places;"
            " what is left there would favour tokens that the key chose.",
            hint="Let it read texts that nobody marked.",
        )


def align(tokenizer: Tokenizer, text: str, places: Sequence[int], pieces: Sequence[str]) -> Aligned:
    """Brings a suspect's predictions to our tokens.

    Args:
        tokenizer: ours.
        text: what the suspect read.
        places: how many characters it had read at each prediction, ascending.
        pieces: the text of its most probable next token at each.
    """
    ids, offsets = tokenizer.encode(text)
    starts = np.concatenate([[0], offsets[:-1, 1]])[: len(ids)]
    piece_at = dict(zip(places, pieces, strict=True))
    ours = [place for place in np.flatnonzero(begins(offsets)) if places and places[0] <= starts[place] <= places[-1]]
    common = [place for place in ours if int(starts[place]) in piece_at]
    read = [text[_word_start(text, starts[place]) : starts[place]] for place in common]
    said = [piece_at[int(starts[place])] for place in common]
    continued = tokenizer.encode_all([before + piece for before, piece in zip(read, said, strict=True)])
    predicted = np.full(len(ids), NO_TOKEN, dtype=np.int32)
    for place, before, piece, (tokens, ends) in zip(common, read, said, continued, strict=True):
        predicted[place] = _last(tokens, ends, len(before), len(before) + len(piece))
    return Aligned(ids, predicted, len(ours), len(common))


def begins(offsets: Offsets) -> npt.NDArray[np.bool_]:
    """Which tokens begin where the one before ends, and not inside a character that it began: (n,)."""
    fresh = np.ones(len(offsets), dtype=np.bool_)
    fresh[1:] = offsets[1:, 0] >= offsets[:-1, 1]
    return fresh


def _word_start(text: str, end: int) -> int:
    """A blank at least `_BEFORE` characters earlier: from there on the tokens do not hang on what was before."""
    return max(0, text.rfind(" ", 0, max(0, end - _BEFORE)))


def _last(tokens: Ids, offsets: Offsets, start: int, end: int) -> int:
    """The last token, if it stands exactly there and the others before it."""
    if not len(tokens) or start == end or offsets[-1, 1] != end:
        return NO_TOKEN
    before = offsets[-2, 1] if len(tokens) > 1 else 0
    return int(tokens[-1]) if before == start and begins(offsets)[-1] else NO_TOKEN
