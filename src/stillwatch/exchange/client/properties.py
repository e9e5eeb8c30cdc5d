"""An object that leaves, property by property, as people look at it before they approve.

for name, value in properties(obj): ...
"""

from collections.abc import Iterator, Mapping
from typing import Any

_OF_ALL = {
    "type",
    "spec_version",
    "id",
    "created",
    "modified",
    "created_by_ref",
    "object_marking_refs",
    "extension_type",
}


def properties(obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values of what an object says; not of what every object has, such as its id and its times.

    Args:
        obj: a STIX object, or as much of one as a dry run shows (`share.shown`).
    """
    if obj["type"] == "relationship":
        yield obj["relationship_type"], f"{obj['source_ref']} to {obj['target_ref']}"
        return
    for name, value in obj.items():
        if name not in _OF_ALL:
            yield from _flat(name, value)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """One row for each value, however deep: nothing that leaves is hidden in a summary."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(key if name in {"extensions", "pattern"} else f"{name}.{_short(key)}", each)
    elif isinstance(value, list):
        yield _short(name), ", ".join(map(str, value))
    else:
        yield _short(name), str(value)


def _short(name: str) -> str:
    """Of an extension's property only its name."""
    return name.partition(".")[2] if name.startswith("extension-definition--") else name
