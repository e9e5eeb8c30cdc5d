"""The exchange's log, seen by a member: it only grows, it is the same for all, and what was promised stands in it.

witness = Witness(session, state, exchange_key)
witness.look(directory)                         # raises TrustError where the log was rewritten or split
witness.find(index, entry)                      # raises TrustError where a promised line is not there
witness.cosign(key, name=identity, now=now)     # so that others can compare
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.exchange.client.session import Session
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.taxii import MEDIA_TYPE, answered
from stillwatch.exchange.log.checkpoints import Checkpoint, check_growth, cosignatures, cosigned, opened, witness
from stillwatch.exchange.log.directory import EXCHANGE, Directory
from stillwatch.exchange.log.notes import Note
from stillwatch.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from stillwatch.signing import SigningKey, from_base64

_JSON = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}


@dataclass
class Witness:
    """One root's log."""

    session: Session
    state: State
    exchange_key: bytes
    _note: str = field(default="", init=False)
    _head: Checkpoint = field(default=Checkpoint("", 0, b""), init=False)

    @property
    def size(self) -> int:
        """How many lines the log had when it was looked at."""
        return self._head.size

    def look(self, directory: Directory) -> None:
        """Compares the log with what was seen of it here before, and with what other members have cosigned.

        Raises:
            TrustError: the log was rewritten, cut or split. The heads that prove it are kept.
        """
        response = self.session.http.get(f"{self._url}checkpoint")
        if response.status_code != 200:
            raise ExchangeError(f"The log has no head ({response.status_code}).", where=self._url)
        note, before = response.text, self.state.document(self._name)
        head = opened(note, self._origin(note, before), self.exchange_key)
        cosigned_heads = [each for each in self._cosigned(directory) if _head_of(each).size <= head.size]
        for earlier in [*([before] if before else []), *cosigned_heads]:
            self._check(earlier, note, head)
        self.state.remember(self._name, note)
        self._note, self._head = note, head

    def find(self, index: int, entry: bytes) -> None:
        """Checks that a promised line stands in the log.

        Raises:
            TrustError: it does not.
        """
        if index < self.size:
            proof = self._proof("inclusion", index=index, size=self.size)
            verify_inclusion(leaf_hash(entry), index, self.size, proof, self._head.root)

    def cosign(self, key: SigningKey, *, name: str, now: datetime) -> None:
        """Signs the head below the exchange's own signature.

        Raises:
            ExchangeError: the exchange does not take it.
        """
        line = cosigned(self._head, key, name=name, time=int(now.timestamp()))
        own = next(each for each in Note.parse(self._note).signatures if each.name == self._head.origin)
        note = f"{self._head.text}\n{own}\n{line}\n"
        url, body = f"{self._url}cosignatures/", json.dumps({"checkpoint": note}, ensure_ascii=False)
        answered(self.session.http.post(url, content=body.encode(), headers=_JSON))

    @property
    def _url(self) -> str:
        return f"{self.session.root.url}ext/log/"

    @property
    def _name(self) -> str:
        return f"log of {self.session.root.url}"

    def _origin(self, note: str, before: str | None) -> str:
        """The log's name: that of before, else the one that ends in the root's name."""
        if before:
            return _head_of(before).origin
        origin = _head_of(note).origin
        if origin.rpartition("/")[2] != self.session.root.name:
            raise TrustError("The log is of another root.", where=self._url)
        return origin

    def _cosigned(self, directory: Directory) -> list[str]:
        """The heads that other members have cosigned, as far as their signatures hold."""
        found = answered(self.session.http.get(f"{self._url}cosignatures/", headers=_JSON)).get("cosignatures", [])
        members = {each.identity for each in directory.statements} - {EXCHANGE}
        witnesses = [witness(name, public) for name in members for public in directory.keys(name).values()]
        return [each for each in found if isinstance(each, str) and _holds(each, witnesses)]

    def _check(self, earlier: str, note: str, head: Checkpoint) -> None:
        old = _head_of(earlier)
        try:
            grown = 0 < old.size < head.size
            check_growth(old, head, self._proof("consistency", old=old.size, size=head.size) if grown else [])
        except TrustError as error:
            self.state.remember(f"{self._name}, in conflict", json.dumps([earlier, note]))
            hint = "Both heads are kept in the state: show them to the other members. Nothing was read."
            raise TrustError(f"The exchange's log was rewritten: {error.what}", where=self._url, hint=hint) from None

    def _proof(self, kind: str, **query: int) -> list[bytes]:
        params: dict[str, Any] = dict(query)
        found = answered(self.session.http.get(f"{self._url}proof/{kind}/", params=params, headers=_JSON))
        return [from_base64(each, length=HASH_BYTES) for each in found.get("proof", [])]


def _head_of(note: str) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def _holds(note: str, witnesses: list[Any]) -> bool:
    try:
        return bool(cosignatures(note, witnesses))
    except TrustError:
        return False
