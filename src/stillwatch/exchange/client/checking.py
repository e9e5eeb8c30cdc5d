"""Whether an object of others is taken: well formed, small enough, pointing at nobody, by who it says it is.

What does not hold is set aside with the reason, and the rest of the page is taken: one poisoned object never stops a
sync. Nothing in an object is evaluated.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from stillwatch.errors import TrustError
from stillwatch.exchange.client.mirror import Assurance, Imported, SetAside
from stillwatch.exchange.trust import blast
from stillwatch.indicators import allowed, extensions, incoming
from stillwatch.indicators.extensions import RETRACTION, Retraction

LARGEST = 1024 * 1024  # bytes of one object: a thousand times what one of ours has


class Vouched(Protocol):
    """What an exchange says of who published which object."""

    def check(self, obj: Mapping[str, Any], version: int) -> tuple[str, Assurance]:
        """The publisher and how sure that is.

        Raises:
            TrustError: the signature or the receipt does not hold.
        """


def checked(
    objects: Iterable[object], vouched: Vouched | None, publishers: Mapping[str, str]
) -> tuple[tuple[Imported, ...], tuple[SetAside, ...]]:
    """Separates what is taken from what is set aside.

    Args:
        objects: JSON values as they came.
        vouched: for these objects; None where a server vouches for nothing.
        publishers: who is known to have published an object first, by id: nobody else may make versions of it.
    """
    taken, aside, owners = [], [], dict(publishers)
    for value in objects:
        try:
            imported = _checked(value, vouched, owners)
        except TrustError as error:
            aside.append(_set_aside(value, error.what))
        else:
            taken.append(imported)
            if imported.publisher:
                owners.setdefault(imported.object["id"], imported.publisher)
    return tuple(taken), tuple(aside)


def retracted(imported: Iterable[Imported]) -> frozenset[str]:
    """The ids that a page of the retractions collection withdraws."""
    found = (_retraction(each.object) for each in imported)
    return frozenset(each.retracted_ref for each in found if each)


def _checked(value: object, vouched: Vouched | None, owners: Mapping[str, str]) -> Imported:
    problems = incoming.check(value)
    if problems or not isinstance(value, dict):
        raise TrustError("; ".join(problems))
    if len(json.dumps(value)) > LARGEST:
        raise TrustError(f"larger than {LARGEST:,} bytes")
    if allowed.applies(value) and (problems := allowed.check(value)):
        raise TrustError("; ".join(problems))
    if value["type"] == "indicator" and (reason := blast.narrow(value)):
        raise TrustError(reason)
    _, version = incoming.version(value)
    if vouched is None:
        said = value.get("created_by_ref")
        return Imported(value, version, said if isinstance(said, str) else None, "unsigned")
    publisher, assurance = vouched.check(value, version)
    if owners.get(value["id"], publisher) != publisher:
        raise TrustError("a version by another member than the object's publisher")
    return Imported(value, version, publisher, assurance)


def _retraction(obj: Mapping[str, Any]) -> Retraction | None:
    try:
        content = extensions.content(obj, RETRACTION)
    except ValueError:
        return None
    return content if isinstance(content, Retraction) else None


def _set_aside(value: object, reason: str) -> SetAside:
    """By its id and version, else by a digest of it: nothing of what it says is told."""
    named = value if isinstance(value, dict) else {}
    name, version = named.get("id"), 0
    if not isinstance(name, str) or not name.isascii() or not name.isprintable() or len(name) > 300:
        name = f"unnamed--{hashlib.sha256(repr(value).encode(errors='replace')).hexdigest()[:16]}"
    else:
        try:
            _, version = incoming.version(named)
        except ValueError:
            version = 0
    return SetAside(name, version, reason)
