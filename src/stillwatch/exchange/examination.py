"""What is published, looked at object by object: form, marking, time, canonical form, signature.

    posted = examine(principal, root, collection, objects, signatures, now=now)

This is the slow half of taking in, and needs no lock: `intake` decides on what this gives.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import TrustError
from stillwatch.exchange.model import Collection, Level, Principal, Root
from stillwatch.exchange.squatting import Name, telling
from stillwatch.exchange.trust import blast
from stillwatch.indicators import allowed, extensions, incoming, markings, timestamps
from stillwatch.indicators.published import PUBLISHED
from stillwatch.signing import SIGNATURE_BYTES, canonical, from_base64, key_id, verify_bytes

#: How far a member's clock may run ahead of ours, in microseconds.
AHEAD = 60 * 60 * 1_000_000
MOST_REFUSALS = 20
_ID = re.compile(r"[a-z0-9-]{1,250}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """Why one object is not taken."""

    index: int | None  # its place in the request; None: it is about the signatures
    id: str | None
    why: str


class Refused(TrustError):  # noqa: N818 — what happened to the request
    """Objects that are not taken, and with them the whole request."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(f"{len(refusals)} of the objects are refused; nothing was stored.")
        self.refusals, self.more = tuple(refusals[:MOST_REFUSALS]), max(0, len(refusals) - MOST_REFUSALS)


@dataclass(frozen=True)
class Examined:
    """An object that is well formed; what is known of it is not looked at yet."""

    index: int
    id: str
    version: int  # microseconds
    type: str
    spec_version: str
    level: Level
    revoked: bool
    body: bytes  # canonical JSON, as it will be served
    signature: bytes | None
    key_id: str | None  # of the key that it is by
    by: str | None  # created_by_ref
    telling: Name | None  # what the id of feedback follows from, beside who speaks


@dataclass(frozen=True)
class Posted:
    """A request whose objects are all well formed."""

    principal: Principal
    root: Root
    collection: Collection
    objects: tuple[Examined, ...]


def examine(  # noqa: PLR0913 — who, where, what, and the time
    principal: Principal,
    root: Root,
    collection: Collection,
    objects: Sequence[object],
    signatures: object = None,
    *,
    now: int,
) -> Posted:
    """Looks at each object by itself: form, marking, allow-list, time, canonical form, signature.

    Args:
        principal: who publishes.
        root: where.
        collection: where in it.
        objects: JSON values as a parser gives them.
        signatures: the envelope's `x_stillwatch_signatures`, unchecked.
        now: microseconds since 1970.

    Raises:
        Refused: at least one of them cannot be taken.
    """
    given = _Signatures(signatures)
    definitions = dict(map(_marking, objects))
    refusals, examined = list(given.refusals), []
    for index, value in enumerate(objects):
        try:
            examined.append(_examined(index, value, root, definitions, given, principal.member.public_key, now))
        except TrustError as error:
            refusals.append(Refusal(index, _shown_id(value), str(error)))
    refusals += given.left()
    if refusals:
        raise Refused(refusals)
    return Posted(principal, root, collection, tuple(examined))


def _examined(  # noqa: PLR0913, PLR0917 — the object and what it is held against
    index: int,
    value: object,
    root: Root,
    definitions: Mapping[str, Mapping[str, Any]],
    given: "_Signatures",
    public: bytes | None,
    now: int,
) -> Examined:
    problems = incoming.check(value)
    if problems or not isinstance(value, dict):
        raise TrustError(_listed(problems))
    if (root.allow_list or allowed.applies(value)) and (problems := allowed.check(value)):
        raise TrustError(_listed(problems))
    _check_content(value)
    _, version = incoming.version(value)
    if version > now + AHEAD:
        raise TrustError("modified: in the future.", hint="Set the clock.")
    served = value if "spec_version" in value else value | {"spec_version": _spec_version(value)}
    body = canonical(served)
    key, signature = given.checked(value["id"], version, body, public)
    return Examined(
        index=index,
        id=value["id"],
        version=version,
        type=value["type"],
        spec_version=served["spec_version"],
        level=markings.level(value, definitions),
        revoked=value.get("revoked") is True,
        body=body,
        signature=signature,
        key_id=key,
        by=value.get("created_by_ref"),
        telling=telling(value),
    )


def _check_content(value: Mapping[str, Any]) -> None:
    """Raises TrustError where no member may say it: of everybody, of one account, or as only the exchange does."""
    if PUBLISHED.get(value["id"], value) != value:
        raise TrustError("id: of a published object, but the object is another.")
    carried = value.get("extensions")
    if isinstance(carried, dict) and extensions.RETRACTION in carried:
        raise TrustError("extensions: what is retracted, only the exchange says.", hint="Revoke your own object.")
    withdrawn = value.get("revoked") is True  # what was taken in when other rules held can still be taken back
    if value["type"] == "indicator" and not withdrawn and (reason := blast.narrow(value)):
        raise TrustError(f"pattern: {reason}.")


def _spec_version(value: Mapping[str, Any]) -> str:
    """Of an object that does not say it: STIX 2.0 never does, and cyber-observables of 2.1 need not."""
    return "2.0" if "created" in value else "2.1"


class _Signatures:
    """The publisher's signatures of a request, by object and version."""

    def __init__(self, given: object) -> None:
        self.refusals: list[Refusal] = []
        self._by_object: dict[tuple[str, int], tuple[str, bytes]] = {}
        for each in given if isinstance(given, list) else [] if given is None else [None]:
            try:
                place, signature = _signature(each)
            except TrustError as error:
                self.refusals.append(Refusal(None, _shown_id(each), str(error)))
                continue
            if place in self._by_object:
                self.refusals.append(Refusal(None, _shown_id(each), "There are two signatures of one object."))
            self._by_object[place] = signature

    def checked(
        self, object_id: str, version: int, body: bytes, public: bytes | None
    ) -> tuple[str, bytes] | tuple[None, None]:
        """The signature of an object and whose key it is by, if there is one.

        Raises:
            TrustError: it does not hold for the object as it will be served.
        """
        found = self._by_object.pop((object_id, version), None)
        if found is None:
            return None, None
        if public is None:
            raise TrustError("signature: the member has registered no key.")
        if found[0] != key_id(public):
            raise TrustError("signature: by another key than the member registered.")
        try:
            verify_bytes(public, body, found[1])
        except TrustError:
            raise TrustError("signature: does not hold for the object, its spec_version included.") from None
        return found

    def left(self) -> list[Refusal]:
        """Signatures of what is not in the request."""
        return [Refusal(None, object_id, "A signature of no object here.") for object_id, _ in self._by_object]


def _signature(value: object) -> tuple[tuple[str, int], tuple[str, bytes]]:
    match value:
        case {"id": str(object_id), "version": str(version), "key_id": str(key), "signature": signature}:
            raw = from_base64(signature, length=SIGNATURE_BYTES)
        case _:
            raise TrustError("A signature is {id, version, key_id, signature}.")
    try:
        return (object_id, timestamps.parse(version)), (key, raw)
    except ValueError:
        raise TrustError("The version of a signature is a timestamp.") from None


def _marking(value: object) -> tuple[str, Mapping[str, Any]]:
    """A marking definition by its id."""
    if isinstance(value, dict) and value.get("type") == "marking-definition" and isinstance(value.get("id"), str):
        return value["id"], value
    return "", {}


def _shown_id(value: object) -> str | None:
    """The id in what cannot be taken, if it could be one."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def _listed(problems: Sequence[str]) -> str:
    return "; ".join(problems) or "not an object"
