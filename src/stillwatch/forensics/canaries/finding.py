"""Which slots an answer has, and which variant stands in each.

    for each in found(text, prompt, catalogue):
        each.id, each.slot.variants[each.variant]

The same function reads an answer that is to be planted and one that a suspect gave. It is blind to what was planted:
contexts are taken from the text with every phrase of the catalogue replaced by its slot's name, and a list's order is
judged by that text too. So an answer has the same slot ids before and after, planting twice changes nothing more, and
which choices are compared never depends on the key.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from stillwatch.forensics.canaries.catalogue import WORD, Catalogue, Slot
from stillwatch.forensics.canaries.choosing import prompt_digest, slot_id
from stillwatch.forensics.canaries.prose import Items, Page, Paragraph, Span, read

BEFORE = 2  # words of context
_ORDERED = 3  # items of a list, at least, for an order

# With such words anywhere in an answer its lists have an order that says something, or may.
_IN_ORDER = re.compile(
    r"\b(?:first|second|third|fourth|last|former|latter|above|below|preceding|previous|steps?|stages?|phases?|ordered|"
    r"in order|order of|rank\w*|chronolog\w*|alphabet\w*|sequences?|priorit\w*|procedures?|top|best|worst)\b",
    re.IGNORECASE,
)
# Items with such words may lean on the one before.
_LEANING = re.compile(
    r"\b(?:next|then|final|finally|earlier|later|after|before|subsequent\w*|also|another|others?|this|these|those|they|"
    r"them|it|its|both|same|again|etc|so on|as well|too|more|rest|remaining)\b|\d|\0",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A slot in an answer.

    Attributes:
        slot: of the catalogue.
        id: of the slot in its context: what a key chooses for. 32 bytes.
        variant: which of its variants stands there.
        spans: where: the phrase; the marks of the list; its first and its last item.
    """

    slot: Slot
    id: bytes
    variant: int
    spans: tuple[Span, ...]


def found(text: str, prompt: str, catalogue: Catalogue, *, history: str = "") -> list[Found]:
    """The slots of an answer that are in use.

    Args:
        text: the answer.
        prompt: what was asked last; "" if that is not known, and then slots of context "prompt" are none.
        history: all else that was said before. A phrase that stands there or in the prompt may be quoted or asked for:
            its slot is left alone.
        catalogue: of slots.
    """
    page = read(text)
    if not page.paragraphs:
        return []
    reading = _Reading(text, page, catalogue, prompt)
    said = {slot.id for slot in catalogue.slots if _asked_for(slot, prompt)}
    said |= {slot.id for given in (prompt, history) for _, slot, _ in catalogue.phrases(given)}
    every = chain(reading.wordings(), reading.formats(), reading.orders())
    return [each for each in every if each.slot.in_use and each.slot.id not in said]


def _asked_for(slot: Slot, prompt: str) -> bool:
    return bool(slot.unless_asked) and bool(
        re.search(rf"\b(?:{'|'.join(map(re.escape, slot.unless_asked))})", prompt, re.IGNORECASE)
    )


@dataclass(frozen=True)
class _Word:
    said: str  # in lower case; of a phrase of the catalogue the name of its slot
    span: Span
    phrase: tuple[Slot, int] | None = None


class _Reading:
    """An answer, word by word where that is needed."""

    def __init__(self, text: str, page: Page, catalogue: Catalogue, prompt: str) -> None:
        self._text, self._page, self._catalogue, self._prompt = text, page, catalogue, prompt
        self._words = {paragraph.span: list(self._read(paragraph)) for paragraph in page.paragraphs}

    def _read(self, paragraph: Paragraph) -> Iterator[_Word]:
        """The words of a paragraph, each phrase as one."""
        phrases = {
            match.start(): (match.end(), slot, variant)
            for span in paragraph.plain
            for match, slot, variant in self._catalogue.phrases(self._text, *span)
        }
        past = paragraph.span[0]
        for match in WORD.finditer(self._text, *paragraph.span):
            if match.start() < past:
                continue
            if phrase := phrases.get(match.start()):
                past, slot, variant = phrase
                yield _Word(f"\0{slot.id}", (match.start(), past), (slot, variant))
            else:
                yield _Word(match[0].lower(), match.span())

    def wordings(self) -> Iterator[Found]:
        """Phrases."""
        for words in self._words.values():
            for place, word in enumerate(words):
                if word.phrase is None:
                    continue
                slot, variant = word.phrase
                before, after = words[max(place - BEFORE, 0) : place], words[place + 1 : place + 2]
                if _fits(slot, before, after) and (context := self._context(slot, before)):
                    yield Found(slot, slot_id(slot.id, context), variant, (word.span,))

    def formats(self) -> Iterator[Found]:
        """Marks of lists."""
        slot = self._catalogue.listing("format")
        for items in self._page.lists if slot else ():
            mark = self._text[slice(*items.marks[0])]
            if slot and mark in slot.variants and (context := self._context(slot, self._introduction(items))):
                yield Found(slot, slot_id(slot.id, context), slot.variants.index(mark), items.marks)

    def orders(self) -> Iterator[Found]:
        """Orders of lists."""
        slot = self._catalogue.listing("order")
        lists = [items for items in self._page.lists if slot and self._free(items)]
        for items in lists:
            first, last = (self._said(items.items[place]) for place in (0, -1))
            if slot and first != last and (context := self._context(slot, self._introduction(items))):
                yield Found(
                    slot, slot_id(slot.id, context), int(first > last), (items.items[0].span, items.items[-1].span)
                )

    def _free(self, items: Items) -> bool:
        """Whether a list's order says nothing: it is long enough, and nowhere is spoken of an order."""
        ends = {self._text[item.span[1] - 1 : item.span[1]] for item in items.items}
        alike = ends == {"."} or all(end.isalnum() for end in ends)
        if len(items.items) < _ORDERED or not alike or any(_LEANING.search(self._said(item)) for item in items.items):
            return False
        return not self._speaks_of_order

    @cached_property
    def _speaks_of_order(self) -> bool:
        return any(_IN_ORDER.search(self._said(paragraph)) for paragraph in self._page.paragraphs)

    def _said(self, paragraph: Paragraph) -> str:
        return " ".join(word.said for word in self._words[paragraph.span])

    def _introduction(self, items: Items) -> Sequence[_Word]:
        return self._words[items.before.span][-BEFORE:] if items.before else ()

    def _context(self, slot: Slot, before: Sequence[_Word]) -> tuple[str, ...]:
        """What the slot is chosen for; empty if that is not known."""
        if slot.context == "before":
            return ("before", *(word.said for word in before))
        return ("prompt", prompt_digest(self._prompt)) if self._prompt else ()


def _fits(slot: Slot, before: Sequence[_Word], after: Sequence[_Word]) -> bool:
    """Whether a phrase may be exchanged here: not after an article, which may not go with another."""
    followed = after[0].said if after else ""
    return followed not in slot.unless_followed_by and (not before or before[-1].said not in {"a", "an"})
