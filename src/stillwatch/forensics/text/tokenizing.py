"""From text to the tokens of the model that was marked, by its own tokenizer.json. Nothing is downloaded.

    tokenizer = Tokenizer.load(Path("tokenizer.json"))
    for tokens in tokenizer.read(answers): ...     # and at the end: was this the tokenizer at all?
    tokenizer.digest                               # SHA-256 of the file: what a plan fixes

A suspect's own tokenizer does not matter for what it wrote: its text is tokenised anew. Answers that are given in
tokens are taken as they are, if they can be of this vocabulary.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from stillwatch.errors import ConfigError, InputError
from stillwatch.forensics.model import Answer, Ids, Tokens

if TYPE_CHECKING:
    from tokenizers import Encoding
    from tokenizers import Tokenizer as Vocabulary

Offsets = npt.NDArray[np.int64]

_MOST_UNKNOWN = 0.05  # of the tokens of text; of a text in a vocabulary's own languages next to none is unknown
_MOST_DIFFERENT = 0.5  # of the answers that give text and tokens
_ENOUGH_TOKENS, _ENOUGH_ANSWERS = 200, 10
_HINT = "Name the tokenizer.json of the model that was marked, not of the suspect."


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer from its file.

    Attributes:
        path: of the file.
        digest: its SHA-256.
        size: of the vocabulary, added tokens included: all ids are smaller.
    """

    path: Path
    digest: str
    size: int
    _vocabulary: "Vocabulary" = field(repr=False)
    _unknown: int | None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a tokenizer.json (of Hugging Face's library tokenizers).

        Raises:
            ConfigError: the library is not installed.
            InputError: the file cannot be read, or is no tokenizer.
        """
        try:
            from tokenizers import Tokenizer as Vocabulary  # noqa: PLC0415 -- of an extra
        except ImportError:
            hint = "Install it: pip install 'stillwatch[forensics]'."
            raise ConfigError("Tokens need the library tokenizers.", hint=hint) from None
        try:
            read = path.read_bytes()
        except OSError as error:
            raise InputError(f"Cannot be read: {error.strerror}.", where=str(path)) from None
        try:
            vocabulary = Vocabulary.from_buffer(read)
        except Exception:  # noqa: BLE001 -- the library raises nothing more exact
            hint = "It is the tokenizer.json beside a model's weights."
            raise InputError("Is no tokenizer of the library tokenizers.", where=str(path), hint=hint) from None
        vocabulary.no_truncation()
        vocabulary.no_padding()
        vocabulary.post_processor = None  # it adds tokens that nobody wrote, and trims blanks off the offsets
        size = max(vocabulary.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        model = json.loads(read)["model"]
        unknown = vocabulary.token_to_id(model.get("unk_token") or "")
        unknown = model.get("unk_id") if unknown is None else unknown
        return cls(path, hashlib.sha256(read).hexdigest(), size, vocabulary, unknown)

    def tokens(self, answer: Answer) -> Tokens:
        """An answer and its prompt in tokens: those that it gives, else of its texts, without special tokens.

        Raises:
            InputError: it gives a token that is none of this vocabulary.
        """
        return Tokens(self._part(answer.prompt, answer.prompt_ids), self._part(answer.text, answer.text_ids))

    def read(self, answers: Iterable[Answer]) -> Iterator[Tokens]:
        """The same of many answers, one after the other, watching whether they can be of this tokenizer.

        Raises:
            InputError: they are of another: a token is beyond the vocabulary, one in twenty is unknown to it, or
                most answers that give text and tokens mean different things by them.
        """
        tokens = unknown = both = different = 0
        for answer in answers:
            found = self.tokens(answer)
            tokens, unknown = tokens + len(found.text), unknown + self._unknown_in(found.text, answer)
            if answer.text and answer.text_ids:
                both, different = both + 1, different + self._differs(answer)
            yield found
        if tokens + unknown >= _ENOUGH_TOKENS and unknown > _MOST_UNKNOWN * (tokens + unknown):
            raise self._wrong(f"{unknown / (tokens + unknown):.0%} of the text is unknown to it.")
        if both >= _ENOUGH_ANSWERS and different > _MOST_DIFFERENT * both:
            raise self._wrong(f"Of {both:,} answers in text and in tokens, {different:,} say different things in it.")

    def encode(self, text: str) -> tuple[Ids, Offsets]:
        """A text's tokens, and where each stands in it.

        Returns:
            (n,) ids and (n, 2) first and last character (exclusive). The tokens of one character's bytes stand at the
            same place.
        """
        return _arrays(self._encoding(text))

    def encode_all(self, texts: Sequence[str]) -> list[tuple[Ids, Offsets]]:
        """The same of many texts."""
        return [_arrays(each) for each in self._vocabulary.encode_batch(texts, add_special_tokens=False)]

    def offsets(self, text: str) -> Offsets:
        """Where each token of a text stands in it, in characters: (n, 2)."""
        return self.encode(text)[1]

    def _encoding(self, text: str) -> "Encoding":
        try:
            return self._vocabulary.encode(text, add_special_tokens=False)
        except Exception:  # noqa: BLE001 -- the library raises nothing more exact
            raise self._wrong("It has no token for a part of them.") from None

    def _part(self, text: str, given: tuple[int, ...]) -> Ids:
        if not given:
            return np.array(self._encoding(text).ids, dtype=np.int32)
        ids = np.array(given, dtype=np.int64)
        if ids.min() < 0 or ids.max() >= self.size:
            raise self._wrong(f"Its vocabulary has {self.size:,} tokens; the answers have one with number {ids.max()}.")
        return ids.astype(np.int32)

    def _unknown_in(self, ids: Ids, answer: Answer) -> int:
        """How many tokens are unknown; where a vocabulary has no such token, how many characters have no token."""
        if self._unknown is not None:
            return int(np.count_nonzero(ids == self._unknown))
        if answer.text_ids or not answer.text:
            return 0
        offsets = self.offsets(answer.text)
        steps = np.zeros(len(answer.text) + 1, dtype=np.int64)
        np.add.at(steps, offsets[:, 0], 1)
        np.add.at(steps, offsets[:, 1], -1)
        bare = int(np.count_nonzero(np.cumsum(steps)[:-1] == 0))
        blanks = len(answer.text) - len("".join(answer.text.split()))  # that some tokenizers leave out
        return max(0, bare - blanks)

    def _differs(self, answer: Answer) -> bool:
        meant = self._vocabulary.decode(answer.text_ids, skip_special_tokens=True).strip()
        return answer.text.strip() not in meant and meant not in answer.text

    def _wrong(self, says: str) -> InputError:
        return InputError(f"This is not the tokenizer of these answers. {says}", where=str(self.path), hint=_HINT)


def _arrays(encoding: "Encoding") -> tuple[Ids, Offsets]:
    return np.array(encoding.ids, dtype=np.int32), np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
