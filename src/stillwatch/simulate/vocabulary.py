"""The words: our own phrase grammars in TOML, one file a language, compiled to tables for `composition`.

A file has `[phrases]` (for the whole language) and `[topics.*]` (which add to them or replace them). A phrase is a list
of wordings; `{name}` stands for another phrase, `{name:scope}` for one that is worded by another key
(`composition.SCOPES`). A phrase that a language lacks is taken from English, topic `general`, so that every field can
say everything.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from stillwatch.simulate.composition import SCOPES, Grammar

FALLBACK = "en"
_SYMBOL = re.compile(r"\{([a-z_]+)(?::([a-z]+))?\}")

Phrases = Mapping[str, list[str]]


@dataclass(frozen=True)
class Vocabulary:
    """The compiled words.

    Attributes:
        grammar: what `compose` reads.
        symbols: phrase name to number.
        fields: `language/topic`, in the order of their numbers.
        shares: how much of ordinary people's use falls to each field.
    """

    grammar: Grammar
    symbols: Mapping[str, int]
    fields: tuple[str, ...]
    shares: tuple[float, ...]

    def of_language(self, *languages: str) -> tuple[int, ...]:
        """The fields of these languages."""
        return tuple(i for i, field in enumerate(self.fields) if field.split("/")[0] in languages)

    def of_topic(self, *topics: str) -> tuple[int, ...]:
        """The fields of these topics, given as `topic` (of any language) or `language/topic`."""
        return tuple(i for i, field in enumerate(self.fields) if field in topics or field.split("/")[1] in topics)


@cache
def vocabulary() -> Vocabulary:
    """All the languages, read and compiled once."""
    languages = {path.name.removesuffix(".toml"): tomllib.loads(path.read_text("utf-8")) for path in _word_files()}
    fields = tuple(f"{language}/{topic}" for language, words in languages.items() for topic in words["topics"])
    shares = tuple(words["share"] / len(words["topics"]) for words in languages.values() for _ in words["topics"])
    phrases = [_phrases(languages, *field.split("/")) for field in fields]
    symbols = {name: i for i, name in enumerate(sorted({name for known in phrases for name in known}))}
    return Vocabulary(_compiled(phrases, symbols), symbols, fields, shares)


def _word_files() -> list:  # type: ignore[type-arg]  # Traversable has no public home before Python 3.13
    folder = files("stillwatch.simulate") / "vocabulary"
    return sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)


def _phrases(languages: Mapping[str, dict], language: str, topic: str) -> Phrases:  # type: ignore[type-arg]  # TOML
    words, fallback = languages[language], languages[FALLBACK]
    return {
        **fallback["topics"]["general"],
        **fallback["phrases"],
        **next(iter(words["topics"].values())),
        **words["phrases"],
        **words["topics"][topic],
    }


class _Tables:
    """Alternatives and literals under construction; equal ones are kept once."""

    def __init__(self, symbols: Mapping[str, int]) -> None:
        self.symbols = symbols
        self.bodies: list[int] = []
        self.starts = [0]
        self.literals: dict[str, int] = {}
        self.known: dict[tuple[str, ...], int] = {}

    def alternatives(self, wordings: tuple[str, ...]) -> int:
        """The number of the first of these wordings."""
        if wordings not in self.known:
            self.known[wordings] = len(self.starts) - 1
            for wording in wordings:
                self.bodies.extend(self._encoded(wording))
                self.starts.append(len(self.bodies))
        return self.known[wordings]

    def _encoded(self, wording: str) -> Iterator[int]:
        """Literals and symbols as `Grammar.body` has them."""
        parts = _SYMBOL.split(wording)
        for literal, name, scope in zip(parts[::3], [*parts[1::3], None], [*parts[2::3], None], strict=True):
            if literal:
                yield self.literals.setdefault(literal, len(self.literals)) + 1
            if name == "hole":
                yield -(SCOPES.index("hole") + 1)
            elif name is not None:
                yield -(self.symbols[name] * 8 + SCOPES.index(scope or "path") + 1)


def _compiled(phrases: list[Phrases], symbols: Mapping[str, int]) -> Grammar:
    tables = _Tables(symbols)
    first, count = (np.zeros((len(symbols), len(phrases)), dtype=np.int32) for _ in range(2))
    for field, known in enumerate(phrases):
        for name, wordings in known.items():
            first[symbols[name], field] = tables.alternatives(tuple(wordings))
            count[symbols[name], field] = len(wordings)
    encoded = [literal.encode() for literal in tables.literals]
    return Grammar(
        first,
        count,
        np.array(tables.starts, dtype=np.int32),
        np.array(tables.bodies, dtype=np.int32),
        np.cumsum([0, *map(len, encoded)], dtype=np.int32),
        np.frombuffer(b"".join(encoded), dtype=np.uint8).copy(),
    )
