"""The catalogue: places where equally correct answers differ, each with its variants and who reviewed it.

    catalogue = load(None)                 # the one that comes along
    catalogue = load(Path("ours.toml"))    # ConfigError where it breaks a law
    catalogue.digest                       # what a key commits to

    [[slot]]
    id = "example"
    kind = "wording"                       # wording | order | format
    variants = ["for example,", "for instance,"]
    context = "before"                     # a choice for each two words before it; "prompt": for each prompt
    reviewed_by = "..."                    # nothing is planted in a slot that nobody reviewed

Laws of wordings: no variant contains another one, and none ends with words that another begins with. Then occurrences
never overlap, and replacing one neither makes nor breaks another: what is found in an answer does not depend on what
was planted in it (`finding`).
"""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from itertools import combinations, product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stillwatch.errors import ConfigError, mistakes

RISING, FALLING = "rising", "falling"
MARKS = "-*+"
_PHRASE = re.compile(r"[^\W\d_A-Z][^\W\d_]*(?:[ '-][^\W\d_]+)*,?")
WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|[^\w\s]|_")
_NOT_WITHIN = r"[\w'\u2019-]"  # a variant is whole words


class Slot(BaseModel):
    """A place where answers differ.

    Attributes:
        kind: wording: phrases; format: the mark of a bulleted list; order: whether its first item stands before or
            after the last in the alphabet.
        variants: all equally correct; of order `rising` and `falling`.
        context: what a choice is drawn anew for: each two words before it, or each prompt.
        unless_asked: beginnings of words; a prompt that has one leaves the slot alone.
        unless_followed_by: words after a wording with which it would be none.
        reviewed_by: who read it and found no variant wrong or worse; without one nothing is planted.
        retired: since when nothing is planted in it any more, as it was used against a suspect.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    kind: Literal["wording", "order", "format"]
    variants: Annotated[tuple[str, ...], Field(min_length=2, max_length=8)]
    context: Literal["prompt", "before"] = "before"
    unless_asked: tuple[str, ...] = ()
    unless_followed_by: tuple[str, ...] = ()
    reviewed_by: str = ""
    retired: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        if isinstance(given, Mapping):
            for key in given:
                if key not in cls.model_fields:
                    close = difflib.get_close_matches(str(key), list(cls.model_fields), n=1, cutoff=0)
                    raise ValueError(f"unknown key {str(key)!r:.60}; did you mean {close[0]!r}?")
        return given

    @model_validator(mode="after")
    def _lawful(self) -> Self:
        if len(set(self.variants)) < len(self.variants):
            raise ValueError("two of its variants are the same")
        if self.kind == "order" and self.variants != (RISING, FALLING):
            raise ValueError(f'an order has the variants "{RISING}" and "{FALLING}"')
        if self.kind == "format" and not set(self.variants) <= set(MARKS):
            raise ValueError('a format chooses among the marks of lists: "-", "*", "+"')
        if self.kind == "wording":
            self._phrases()
        return self

    def _phrases(self) -> None:
        for variant in self.variants:
            if not _PHRASE.fullmatch(variant):
                raise ValueError(f"{variant!r:.60} is no phrase: words in lower case, perhaps a comma after the last")
        if len({variant.endswith(",") for variant in self.variants}) > 1:
            raise ValueError("all of its variants end with a comma, or none does")

    @property
    def n(self) -> int:
        """How many variants there are."""
        return len(self.variants)

    @property
    def in_use(self) -> bool:
        """Whether anything is planted in it."""
        return bool(self.reviewed_by.strip()) and self.retired is None


@dataclass(frozen=True)
class Catalogue:
    """Slots that keep the laws.

    Attributes:
        slots: in the order of the file.
        digest: SHA-256 of the file, hexadecimal.
    """

    slots: tuple[Slot, ...]
    digest: str

    def listing(self, kind: Literal["order", "format"]) -> Slot | None:
        """The slot of lists of a kind, of which there is one at most."""
        return next((slot for slot in self.slots if slot.kind == kind), None)

    @cached_property
    def wordings(self) -> dict[str, tuple[Slot, int]]:
        """Each phrase with its slot and which of its variants it is."""
        return {
            phrase: (slot, number)
            for slot in self.slots
            if slot.kind == "wording"
            for number, phrase in enumerate(slot.variants)
        }

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds phrases, at the beginning of a sentence too."""
        phrases = "|".join(f"(?i:{re.escape(phrase[0])}){re.escape(phrase[1:])}" for phrase in self.wordings)
        return re.compile(rf"(?<!{_NOT_WITHIN})(?:{phrases or '(?!)'})(?!{_NOT_WITHIN})")

    def phrases(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[re.Match[str], Slot, int]]:
        """Phrases in a part of a text, with their slot and which of its variants they are."""
        for match in self.pattern.finditer(text, start, len(text) if end is None else end):
            yield match, *self.wordings[match[0][0].lower() + match[0][1:]]


def load(path: Path | None) -> Catalogue:
    """Reads a catalogue.

    Args:
        path: the file; None: the one that comes with stillwatch.

    Raises:
        ConfigError: it cannot be read, is no TOML, or breaks a law.
    """
    path = path or Path(str(files(__package__) / "catalogue.toml"))
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode())
    except OSError as error:
        raise ConfigError(f"The catalogue cannot be read ({error.strerror}).", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The catalogue is not TOML: {error}.", where=str(path)) from None
    if set(table) != {"slot"} or not isinstance(table["slot"], list):
        raise ConfigError("A catalogue is a list of [[slot]], and nothing else.", where=str(path))
    slots = tuple(_slot(each, number, path) for number, each in enumerate(table["slot"], 1))
    if problem := next(_broken(slots), ""):
        raise ConfigError(problem, where=str(path))
    return Catalogue(slots, hashlib.sha256(content).hexdigest())


def _slot(given: object, number: int, path: Path) -> Slot:
    try:
        return Slot.model_validate(given)
    except ValidationError as error:
        first = mistakes(error)[0]
        name = str(given["id"]) if isinstance(given, dict) and "id" in given else f"number {number}"
        place = f"{first.place}: " if first.path else ""
        what = f"slot {name:.60}: {place}{first.says[0].lower()}{first.says[1:]}."
        raise ConfigError(what, where=str(path)) from None


def _broken(slots: tuple[Slot, ...]) -> Iterator[str]:
    """The laws that hold between slots, where they do not."""
    for one, other in combinations(slots, 2):
        if one.id == other.id:
            yield f"Two slots are called {one.id}."
        if one.kind == other.kind != "wording":
            yield f"{one.id} and {other.id}: of {one.kind} there is one slot at most, as lists would have two choices."
    phrases = [(slot, words(phrase)) for slot in slots if slot.kind == "wording" for phrase in slot.variants]
    for (one, left), (other, right) in product(phrases, repeat=2):
        if left is not right and _contains(left, right):
            yield f"{one.id}: {_said(left)} contains {_said(right)} of {other.id}, and nobody could tell which it is."
        if shared := _overlap(left, right):
            yield f"{one.id} and {other.id}: {_said(left)} ends as {_said(right)} begins ({_said(shared)})."


def words(text: str) -> tuple[str, ...]:
    """The words of a text, and each mark of punctuation, in lower case."""
    return tuple(match[0].lower() for match in WORD.finditer(text))


def _contains(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    return any(outer[at : at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1))


def _overlap(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """The longest proper end of one that is a proper beginning of the other."""
    longest = min(len(left), len(right)) - 1
    return next((right[:n] for n in range(longest, 0, -1) if left[-n:] == right[:n]), ())


def _said(phrase: tuple[str, ...]) -> str:
    return '"' + " ".join(phrase).replace(" ,", ",") + '"'
