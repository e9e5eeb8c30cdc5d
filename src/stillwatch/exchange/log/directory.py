"""The key directory of a root: who signs with which key since when.

One JSON document, `{"keys": [...]}`, of statements in the order in which they were made. Each stands in the log (as a
line with the action `key`), is signed by the exchange and, where its owner made it, by the key itself; a key that
follows another is signed by that one too (cross-signing). What an operator set without the owner lacks the owner's
signatures, and members can ask why.

    directory = Directory.read(document, exchange_public)      # raises TrustError
    public = directory.key(identity, key_id)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stillwatch.errors import TrustError
from stillwatch.exchange.log.entries import Opening, committed, object_hash
from stillwatch.exchange.model import LogEntry
from stillwatch.indicators import timestamps
from stillwatch.signing import (
    PUBLIC_BYTES,
    SIGNATURE_BYTES,
    SigningKey,
    canonical,
    check_public,
    from_base64,
    key_id,
    to_base64,
    verify,
)

#: Under this name the exchange's own keys stand; members stand under their STIX identity.
EXCHANGE = "exchange"
Signer = Literal["own", "previous"]


@dataclass(frozen=True)
class Statement:
    """Somebody signs with this key from now on."""

    identity: str
    public: bytes
    since: int  # microseconds since 1970
    previous: str | None = None  # the id of the key before

    @classmethod
    def parse(cls, value: object) -> "Statement":
        """Reads a statement.

        Raises:
            TrustError: it is none, or names a key that could stand for nobody.
        """
        match value:
            case {"identity": str(who), "key": key, "since": str(since), "previous": str() | None as before, **rest}:
                public = from_base64(key, length=PUBLIC_BYTES)
            case _:
                raise TrustError("A statement is {identity, key, since, previous}.")
        if rest:
            raise TrustError("A statement is {identity, key, since, previous}.")
        check_public(public)
        try:
            statement = cls(who, public, timestamps.parse(since), before)
        except ValueError:
            raise TrustError("A statement holds since a time.") from None
        if statement.value != value:
            raise TrustError("A statement writes its time as 2026-11-02T09:00:00.000000Z.")
        return statement

    @property
    def value(self) -> dict[str, Any]:
        """As JSON; what is signed."""
        return {
            "identity": self.identity,
            "key": to_base64(self.public),
            "since": timestamps.text(self.since),
            "previous": self.previous,
        }

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return key_id(self.public)


@dataclass(frozen=True)
class Directory:
    """The statements of a root that hold."""

    statements: tuple[Statement, ...]

    @classmethod
    def read(cls, document: object, exchange_public: bytes | None) -> "Directory":
        """Reads and checks a directory.

        Args:
            document: as it is served.
            exchange_public: a key of the exchange that is trusted: its present one, or an older one from which the
                directory's cross-signatures lead to the present one. None: whatever the directory itself names.

        Raises:
            TrustError: a statement is not signed as it must be.
        """
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list):
            raise TrustError("A key directory is {keys: [...]}.")
        statements: list[Statement] = []
        for each in keys:
            statement = Statement.parse(each.get("statement") if isinstance(each, dict) else None)
            _check(statement, each, statements)
            statements.append(statement)
        directory = cls(tuple(statements))
        if exchange_public not in {None, *directory.keys(EXCHANGE).values()} or not statements:
            raise TrustError(
                "The key directory is of another exchange, or its key was replaced without being signed over."
            )
        return directory

    def keys(self, identity: str) -> dict[str, bytes]:
        """All keys that somebody has had, by their ids, the newest last."""
        return {each.key_id: each.public for each in self.statements if each.identity == identity}

    def key(self, identity: str, key: str) -> bytes:
        """The key of somebody with this id.

        Raises:
            TrustError: it has no such key.
        """
        found = self.keys(identity).get(key)
        if found is None:
            raise TrustError(f"{identity} has no key {key} in the exchange's directory.")
        return found

    def newest(self, identity: str) -> Statement | None:
        """What holds for somebody now."""
        return next((each for each in reversed(self.statements) if each.identity == identity), None)

    @property
    def exchange_key(self) -> bytes:
        """The exchange's present key."""
        found = self.newest(EXCHANGE)
        if found is None:
            raise TrustError("The key directory names no key of the exchange.")
        return found.public


def enrolled(
    document: Mapping[str, Any] | None,
    statement: Statement,
    signatures: Mapping[Signer, bytes],
    *,
    exchange_key: SigningKey,
    now: int,
) -> tuple[dict[str, Any], LogEntry]:
    """A directory with one statement more, and its line for the log.

    Args:
        document: the directory so far; None where there is none yet.
        statement: what is added.
        signatures: of the statement, by its own key and by the one before.
        exchange_key: the exchange's present key.
        now: microseconds since 1970.

    Raises:
        TrustError: a signature does not hold, or the exchange's own key would change without being signed over.
    """
    earlier = _statements(document)
    opening = Opening("key", object_hash(canonical(statement.value)), statement.identity, "", "")
    line = committed(opening, now=now)
    entry = {
        "statement": statement.value,
        "signatures": {name: to_base64(raw) for name, raw in signatures.items()}
        | {"exchange": to_base64(exchange_key.sign(canonical(statement.value)))},
        "salt": to_base64(line.salt),
    }
    if not earlier and statement.identity != EXCHANGE:
        raise TrustError("The first key of a directory is the exchange's own.")
    _check(statement, entry, earlier)
    return {"keys": [*(document or {}).get("keys", []), entry]}, line


def own_signatures(statement: Statement, key: SigningKey, previous: SigningKey | None = None) -> dict[Signer, bytes]:
    """What the owner of a key signs: with the key, and with the one before."""
    form = canonical(statement.value)
    signatures: dict[Signer, bytes] = {"own": key.sign(form)}
    if previous:
        signatures["previous"] = previous.sign(form)
    return signatures


def missing(document: Mapping[str, Any] | None, members: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Those of (identity, public key) whose key is not their newest in the directory."""
    newest = {each.identity: each.public for each in _statements(document)}
    return [(identity, public) for identity, public in members if newest.get(identity) != public]


def commitments(document: Mapping[str, Any]) -> list[str]:
    """What must stand in the log for each statement of a directory.

    Raises:
        TrustError: it is no directory.
    """
    found = []
    for each in document.get("keys", []):
        statement = Statement.parse(each.get("statement"))
        opening = Opening("key", object_hash(canonical(statement.value)), statement.identity, "", "")
        found.append(opening.commitment(from_base64(each.get("salt"))))
    return found


def _statements(document: Mapping[str, Any] | None) -> list[Statement]:
    return [Statement.parse(each["statement"]) for each in (document or {}).get("keys", [])]


def _check(statement: Statement, entry: Mapping[str, Any], earlier: Sequence[Statement]) -> None:
    """Checks the signatures of a statement, given those before it."""
    signatures = entry.get("signatures")
    if not isinstance(signatures, dict) or set(signatures) - {"own", "previous", "exchange"}:
        raise TrustError("A statement has the signatures own, previous and exchange.")
    before = next((each for each in reversed(earlier) if each.identity == statement.identity), None)
    if statement.previous != (before.key_id if before else None) or any(
        statement.key_id == each.key_id for each in earlier
    ):
        raise TrustError("A statement names the key before it, and no key that somebody had already.")
    exchange = next((each for each in reversed(earlier) if each.identity == EXCHANGE), statement)
    signers = {
        "own": statement,
        "previous": before,
        "exchange": statement if statement.identity == EXCHANGE else exchange,
    }
    for name, signature in signatures.items():
        signer = signers[name]
        if signer is None:
            raise TrustError("There is no key before this one that could have signed.")
        verify(signer.public, statement.value, from_base64(signature, length=SIGNATURE_BYTES))
    needed = {"exchange", "own", "previous"} if statement.identity == EXCHANGE and before else {"exchange"}
    if needed - signatures.keys():
        raise TrustError(
            f"The statement of {statement.identity} is not signed by: {', '.join(sorted(needed - signatures.keys()))}."
        )
