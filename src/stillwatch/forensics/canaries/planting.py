"""An answer with the choices of a key.

    planted = plant(text, prompt, catalogue, key.value)
    planted.text, planted.slots          # the ids of all slots that it has, whether they were changed or not

Only phrases of the catalogue, the marks of plain lists and their order are exchanged, and only in prose (`prose`).
Planting twice is planting once; an answer without a slot comes back as it is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from stillwatch.forensics.canaries.catalogue import Catalogue
from stillwatch.forensics.canaries.choosing import choice
from stillwatch.forensics.canaries.finding import Found, found
from stillwatch.forensics.canaries.prose import Span


class Planted(NamedTuple):
    """An answer as it leaves.

    Attributes:
        text: of the answer.
        slots: ids of its slots, each once, 32 bytes; those among them that had the key's choice already.
    """

    text: str
    slots: tuple[bytes, ...]


def plant(text: str, prompt: str, catalogue: Catalogue, key: int, *, history: str = "") -> Planted:
    """Chooses as a key does.

    Args:
        text: the answer.
        prompt: what was asked last.
        catalogue: of slots.
        key: 64 bits.
        history: all else that was said before; see `finding.found`.
    """
    slots = found(text, prompt, catalogue, history=history)
    planted = _edited(text, [edit for each in slots for edit in _in_place(each, text, key)])
    if any(each.slot.kind == "order" for each in slots):  # other phrases are of other lengths: items have moved
        moved = found(planted, prompt, catalogue, history=history)
        planted = _edited(planted, [edit for each in moved for edit in _in_order(each, planted, key)])
    return Planted(planted, tuple(dict.fromkeys(each.id for each in slots)))


def _in_place(each: Found, text: str, key: int) -> Iterator[tuple[Span, str]]:
    chosen = each.slot.variants[choice(key, each.id, each.slot.n)]
    if each.slot.kind == "order":
        return
    for start, end in each.spans:
        yield (start, end), chosen[0].upper() + chosen[1:] if text[start].isupper() else chosen


def _in_order(each: Found, text: str, key: int) -> Iterator[tuple[Span, str]]:
    if each.slot.kind == "order" and choice(key, each.id, each.slot.n) != each.variant:
        first, last = each.spans
        yield first, text[slice(*last)]
        yield last, text[slice(*first)]


def _edited(text: str, edits: list[tuple[Span, str]]) -> str:
    pieces, past = [], 0
    for (start, end), put in sorted(edits):
        pieces += [text[past:start], put]
        past = end
    return "".join([*pieces, text[past:]])
