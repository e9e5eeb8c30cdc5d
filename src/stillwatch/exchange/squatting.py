"""Whose id a sighting, an opinion or a note has: nobody publishes under the id that another's word will have.

    name = telling(obj)                                    # ("indicator--…",): what ids follow from, beside who speaks
    squats(obj["id"], obj["type"], name, own={me}, others=members, strict=root.allow_list)

The ids of feedback follow from who says it about what (`indicators.feedback`), so that whoever says it anew renews it.
So anybody can tell the id that another member's word about an object will have, and the first of an id is kept. An id
that follows from a name (UUIDv5) tells of no name, though: it may be that of another's word about another object than
the one that is given. Where only our objects are taken, it must therefore follow from one's own name; elsewhere, where
other software has ids of its own making, it must not be another member's for the object that it is given for.
"""

from collections.abc import Collection, Mapping
from typing import Any

from stillwatch.indicators import ids

Name = tuple[str, ...]


def telling(obj: Mapping[str, Any]) -> Name | None:
    """What the id of a checked sighting, opinion or note follows from, beside who says it; None of anything else."""
    match obj:
        case {"type": "sighting", "sighting_of_ref": str(about)}:
            return (about,)
        case {"type": "opinion", "object_refs": [str(about), *_]}:
            return (about,)
        case {"type": "note", "object_refs": [str(about), *_], "content": str(content)}:
            return about, content
        case _:
            return None


def squats(  # noqa: PLR0913 — an id, what it may follow from, and who there is
    object_id: str, type_: str, name: Name, *, own: Collection[str], others: Collection[str], strict: bool
) -> bool:
    """Whether an id that nobody has used yet is, or may be, that of another member's future word.

    Args:
        object_id: the id.
        type_: of the object.
        name: what `telling` gave.
        own: the STIX identities under which the member may speak.
        others: those of all other members.
        strict: whether it must follow from one's own.
    """
    if object_id[-22] != "5" or any(ids.derived(type_, each, *name) == object_id for each in own):
        return False
    return strict or any(ids.derived(type_, each, *name) == object_id for each in others)
