"""Objects of others: are they well formed, how widely may they go, which version are they?

    problems = check(obj)                  # [] where nothing is wrong
    text, microseconds = version(obj)
    level(obj, definitions)                # markings.level

A structural check of STIX 2.1 at more than ten thousand objects a second: common properties strictly, what the standard
requires of each type, references of the right form. Unknown types and unknown properties pass and are kept. Objects of
STIX 2.0 (without `spec_version`) pass too. Whatever the value, the answer is a list of problems and never an exception;
a problem names a property and says nothing of its content.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from stillwatch.indicators import patterns, timestamps
from stillwatch.indicators.known_types import OBSERVABLES, REQUIRED, SINCE_2_1, UNVERSIONED
from stillwatch.indicators.markings import level
from stillwatch.indicators.published import PUBLISHED

__all__ = ["check", "level", "version"]

DEEPEST = 64  # levels of lists and objects
LONGEST = 4 * 1024 * 1024  # characters of one string
LONGEST_KEY = 250  # STIX 2.1, section 2.3
SAFE = 2**53 - 1  # integers that JSON carries exactly: STIX 2.1, section 2.8
MOST_PROBLEMS = 10

_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{1,248}[a-z0-9]")
_ID = re.compile(rf"([a-z0-9][a-z0-9-]{{1,248}}[a-z0-9])--{_UUID}")


def check(obj: object) -> list[str]:
    """Tell what is wrong with an object, at most ten things.

    Args:
        obj: a JSON value as a parser gives it; nothing is changed in it.

    Returns:
        One short sentence a problem, of ASCII and without anything the sender wrote except names of properties.
    """
    if not isinstance(obj, dict):
        return ["not an object"]
    if unsafe := _unsafe(obj):
        return [unsafe]
    problems: list[str] = []
    for problem in _problems(obj):
        problems.append(problem)
        if len(problems) == MOST_PROBLEMS:
            break
    return problems


def version(obj: Mapping[str, Any]) -> tuple[str, int]:
    """Tell the version of a checked object: when it was modified, else created.

    Returns:
        The canonical text and the microseconds since 1970. An object with neither time (most cyber-observables) has
        one version for ever, that of 1970 (TAXII 2.1, section 3.4.1, wants a value that stays).
    """
    time = obj.get("modified", obj.get("created"))
    microseconds = timestamps.parse(time) if isinstance(time, str) else 0
    return timestamps.text(microseconds), microseconds


def _unsafe(root: dict[str, Any]) -> str | None:
    """Walk all values without recursion: what could break a reader further on?"""
    layer: list[Any] = [root]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for container in layer:
            if isinstance(container, dict) and not all(map(_is_key, container)):
                return "a property name that is too long or not Unicode"
            for value in container.values() if isinstance(container, dict) else container:
                if isinstance(value, (dict, list)):
                    below.append(value)
                elif not _plain(value):
                    return "a text that is too long or not Unicode, or a number that JSON cannot carry exactly"
        if not below:
            return None
        layer = below
    return f"nested more than {DEEPEST} levels deep"


def _is_key(key: object) -> bool:
    return isinstance(key, str) and len(key) <= LONGEST_KEY and (key.isascii() or _encodable(key))


def _plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and (value.isascii() or _encodable(value))
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -SAFE <= value <= SAFE
    return isinstance(value, float) and isfinite(value)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problems(obj: dict[str, Any]) -> Iterator[str]:
    type_ = obj.get("type")
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        yield "type: missing, or not the name of a type"
        return
    if type_ == "bundle":
        yield "type: a bundle is no object; its objects are"
        return
    identity = _id_type(obj.get("id"))
    if identity is None:
        yield "id: missing, or not TYPE--UUID"
    elif identity != type_:
        yield "id: of another type than the object"
    yield from _common(obj)
    yield from _required(obj, type_)
    yield from _times(obj, type_)
    if type_ == "indicator":
        yield from _indicator(obj)
    elif type_ != "attack-pattern":  # ATLAS itself says more of its techniques
        yield from _genuine(obj)


def _common(obj: dict[str, Any]) -> Iterator[str]:
    for name in obj.keys() & _COMMON.keys():
        rule, wanted = _COMMON[name]
        if not rule(obj[name]):
            yield f"{name}: not {wanted}"


def _required(obj: dict[str, Any], type_: str) -> Iterator[str]:
    old = obj.get("spec_version") in (None, "2.0")
    for name, kind in REQUIRED.get(type_, {}).items():
        if name not in obj:
            if not (old and (type_, name) in SINCE_2_1):
                yield f"{name}: missing"
            continue
        rule, wanted = _KINDS[kind]
        if not rule(obj[name]):
            yield f"{name}: not {wanted}"


def _times(obj: dict[str, Any], type_: str) -> Iterator[str]:
    if type_ in REQUIRED and type_ not in OBSERVABLES:
        needed = ("created",) if type_ in UNVERSIONED else ("created", "modified")
        yield from (f"{name}: missing" for name in needed if name not in obj)
    for earlier, later in _ORDERED:
        one, other = _microseconds(obj.get(earlier)), _microseconds(obj.get(later))
        if one is not None and other is not None and one > other:
            yield f"{later}: before {earlier}"


def _genuine(obj: dict[str, Any]) -> Iterator[str]:
    """Nothing else may stand under the id of what comes with the software; of a marking, what it says counts."""
    published = PUBLISHED.get(str(obj.get("id")), {})
    counted = ("extensions",) if obj["type"] == "marking-definition" else published.keys()
    if any(obj.get(name) != published[name] for name in published.keys() & counted):
        yield "id: of a published object, but the object is another"


def _indicator(obj: dict[str, Any]) -> Iterator[str]:
    pattern = obj.get("pattern")
    if obj.get("pattern_type") == patterns.PATTERN_TYPE and isinstance(pattern, str):
        try:
            patterns.parse(pattern)
        except ValueError as problem:
            yield str(problem)


def _id_type(value: object) -> str | None:
    found = _ID.fullmatch(value) if isinstance(value, str) and len(value) < 300 else None
    return found[1] if found else None


def _microseconds(value: object) -> int | None:
    try:
        return timestamps.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_list(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(of, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_reference(value: object) -> bool:
    return _id_type(value) is not None


def _is_external(value: object) -> bool:
    return isinstance(value, dict) and _is_text(value.get("source_name"))


def _is_granular(value: object) -> bool:
    if not isinstance(value, dict) or not _is_list(_is_text)(value.get("selectors")):
        return False
    return _id_type(value.get("marking_ref")) == "marking-definition" or _is_text(value.get("lang"))


_Rule = tuple[Callable[[Any], bool], str]

_KINDS: Mapping[str, _Rule] = {
    "text": (_is_text, "a text"),
    "string": (lambda value: isinstance(value, str), "a text"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "count": (_is_integer, "an integer"),
    "time": (lambda value: _microseconds(value) is not None, "a timestamp"),
    "ref": (_is_reference, "an id"),
    "refs": (_is_list(_is_reference), "a list of ids"),
    "texts": (_is_list(_is_text), "a list of texts"),
    "object": (lambda value: isinstance(value, dict) and bool(value), "an object"),
}

_COMMON: Mapping[str, _Rule] = {
    "spec_version": (lambda value: value in ("2.0", "2.1"), "2.1 or 2.0"),
    "created": _KINDS["time"],
    "modified": _KINDS["time"],
    "valid_from": _KINDS["time"],
    "valid_until": _KINDS["time"],
    "first_seen": _KINDS["time"],
    "last_seen": _KINDS["time"],
    "created_by_ref": (lambda value: _id_type(value) == "identity", "the id of an identity"),
    "revoked": _KINDS["flag"],
    "defanged": _KINDS["flag"],
    "labels": _KINDS["texts"],
    "confidence": (lambda value: _is_integer(value) and 0 <= value <= 100, "an integer from 0 to 100"),
    "lang": _KINDS["text"],
    "external_references": (_is_list(_is_external), "a list of references with a source_name"),
    "object_marking_refs": (
        _is_list(lambda value: _id_type(value) == "marking-definition"),
        "a list of ids of marking definitions",
    ),
    "granular_markings": (_is_list(_is_granular), "a list of markings with selectors"),
    "extensions": (
        lambda value: isinstance(value, dict) and bool(value) and all(isinstance(v, dict) for v in value.values()),
        "an object of objects",
    ),
    "object_refs": _KINDS["refs"],
    "where_sighted_refs": _KINDS["refs"],
    "observed_data_refs": _KINDS["refs"],
    "kill_chain_phases": (_is_list(lambda value: isinstance(value, dict)), "a list of phases"),
    "name": _KINDS["string"],
    "description": _KINDS["string"],
}

_ORDERED = (("created", "modified"), ("valid_from", "valid_until"), ("first_seen", "last_seen"))
