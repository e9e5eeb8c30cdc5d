"""A teacher from nothing, and students that were trained on its answers.

teacher = Teacher.made(rng)
marked, plain = teacher.answers(2000, rng, scheme, key), teacher.answers(2000, rng)
student = trained(marked, plain, 0.05)
tokens = said(student, teacher.openings(800, rng), rng)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from stillwatch.forensics.model import Ids, Key, Scheme, Tokens
from stillwatch.forensics.rehearsal.corpus import docstrings
from stillwatch.forensics.rehearsal.ngram import Ngram
from stillwatch.forensics.rehearsal.sampling import answers, drawing, marking
from stillwatch.forensics.rehearsal.vocabulary import SIZE, learn, read

if TYPE_CHECKING:
    from tokenizers import Tokenizer

OPENING, LENGTH = 8, 256  # tokens of a prompt and of an answer


@dataclass(frozen=True)
class Teacher:
    """A model, and what it was made of.

    Attributes:
        vocabulary: its tokenizer.
        model: that has read the text.
        text: (tokens,).
    """

    vocabulary: "Tokenizer"
    model: Ngram
    text: Ids

    @classmethod
    def made(cls, rng: np.random.Generator) -> Self:
        """From nothing: it reads the corpus in an order that is drawn."""
        corpus = docstrings()
        texts = [corpus[at] for at in rng.permutation(len(corpus))]
        vocabulary = learn(texts)
        text = read(vocabulary, texts)
        return cls(vocabulary, Ngram.learn([text], SIZE), text)

    def openings(self, count: int, rng: np.random.Generator) -> Ids:
        """What it is asked to go on with: places of its text. Shape (count, OPENING)."""
        starts = rng.integers(len(self.text) - OPENING, size=count)
        return self.text.take(starts[:, None] + np.arange(OPENING))

    def answers(
        self, count: int, rng: np.random.Generator, scheme: Scheme | None = None, key: Key | None = None
    ) -> Ids:
        """Its answers, marked if a scheme and a key are given. Shape (count, LENGTH)."""
        following = marking(self.model, scheme, key.value, rng) if scheme and key else drawing(self.model, rng)
        return answers(self.openings(count, rng), LENGTH, following)


def trained(marked: Ids, plain: Ids, share: float) -> Ngram:
    """A student of which this share of the answers that it read was marked; it never sees the teacher's own text."""
    count = round(share * len(marked))
    return Ngram.learn([marked[:count], plain[count:]], SIZE)


def said(model: Ngram, openings: Ids, rng: np.random.Generator) -> Iterator[Tokens]:
    """What a model goes on with after openings of shape (n, OPENING)."""
    for opening, answer in zip(openings, answers(openings, LENGTH, drawing(model, rng)), strict=True):
        yield Tokens(opening, answer)
