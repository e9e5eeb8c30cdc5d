"""The exchange's keys for tokens: a seed for each root and quarter, in the store, sealed with the exchange's own key.

    keys = Keys(store, signing_key)
    keys.rotate("forum", now)               # makes this quarter's seed, destroys those that are no longer readable
    keys.seed("forum", epoch, now)
    keys.published("forum", now)            # the public keys of the epochs in force, newest first

From a seed comes a key pair for each class (RFC 9497, section 3.2.1: `DeriveKeyPair(seed, info)`), so that a token of
one trust group or class means nothing in another, and destroying one seed destroys them all. A new seed's public keys
get a line in the root's log in the same transaction. Who has the database and the signing key has the seeds.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillwatch.errors import ConfigError
from stillwatch.exchange.model import LogEntry, NewRecord
from stillwatch.exchange.tokens.classes import CLASSES, TokenClass
from stillwatch.exchange.tokens.epochs import Epoch, readable
from stillwatch.exchange.tokens.messages import EpochKeys
from stillwatch.exchange.tokens.prf import PRF, SEED
from stillwatch.signing import SigningKey, from_base64, to_base64

if TYPE_CHECKING:
    from stillwatch.exchange.store.store import Store
    from stillwatch.exchange.store.transaction import Transaction

#: The store's documents of a root: the sealed seeds, and what is told of them.
SEALED, PUBLISHED = "token-seeds", "token-keys"
_NONCE = 12  # bytes, NIST SP 800-38D

Sealed = dict[str, str]  # by epoch, base 64


@dataclass(frozen=True)
class Rotation:
    """What a rotation changed."""

    made: tuple[str, ...]
    destroyed: tuple[str, ...]


def info(root: str, klass: TokenClass, epoch: Epoch) -> bytes:
    """What tells the key pairs of one seed apart."""
    return f"stillwatch/{root}/{klass}/{epoch}".encode()


@dataclass(frozen=True)
class Keys:
    """The keys of all roots of an exchange."""

    store: "Store"
    signing_key: SigningKey

    def seed(self, root: str, epoch: Epoch, now: datetime) -> bytes | None:
        """The seed of an epoch in force; this quarter's is made if need be.

        Raises:
            ConfigError: the seeds are sealed with another signing key.
        """
        if epoch not in readable(now):
            return None
        sealed = self._sealed(root, now).get(str(epoch))
        return None if sealed is None else _unsealed(self.signing_key, root, str(epoch), sealed)

    def published(self, root: str, now: datetime) -> list[EpochKeys]:
        """What is told of the keys in force, newest first; this quarter's are made if need be."""
        sealed = self._sealed(root, now)
        told = self.store.get_document(root, PUBLISHED) or {}
        in_force = [str(epoch) for epoch in readable(now) if str(epoch) in sealed]
        return [EpochKeys.model_validate(told[epoch]) for epoch in in_force]

    def rotate(self, root: str, now: datetime) -> Rotation:
        """Makes this quarter's seed if there is none, and destroys those that are no longer readable.

        Destroyed means: no longer in the store. Old backups are the operator's to destroy.

        Raises:
            ConfigError: there is no such root.
        """
        changed: list[Rotation] = []

        def build(transaction: "Transaction") -> tuple[list[NewRecord], list[LogEntry]]:
            rotation, log = self._rotated(transaction, now)
            changed.append(rotation)
            return [], log

        self.store.add(root, None, build)
        return changed[-1]

    def turn(self, root: str, new: SigningKey) -> None:
        """Seals the seeds with the exchange's next signing key, and signs the lines of their public keys with it.

        May be called again where it is not known whether it was done.

        Raises:
            ConfigError: there is no such root, or the seeds are sealed with a third key.
        """

        def build(transaction: "Transaction") -> tuple[list[NewRecord], list[LogEntry]]:
            sealed: Sealed = transaction.get_document(SEALED) or {}
            told = transaction.get_document(PUBLISHED) or {}
            turned = {
                each: _seal(new, root, each, self._turned(new, root, each, seed)) for each, seed in sealed.items()
            }
            signed = {each: EpochKeys.model_validate(keys).signed(new).model_dump() for each, keys in told.items()}
            transaction.put_document(SEALED, turned, secret=True)
            transaction.put_document(PUBLISHED, signed)
            return [], []

        self.store.add(root, None, build)

    def _turned(self, new: SigningKey, root: str, epoch: str, sealed: str) -> bytes:
        try:
            return _unsealed(new, root, epoch, sealed)
        except ConfigError:
            return _unsealed(self.signing_key, root, epoch, sealed)

    def _rotated(self, transaction: "Transaction", now: datetime) -> tuple[Rotation, list[LogEntry]]:
        root, current = transaction.root.name, Epoch.at(now)
        before: Sealed = transaction.get_document(SEALED) or {}
        after = {epoch: seed for epoch, seed in before.items() if Epoch.parse(epoch) >= current.previous}
        told = {epoch: keys for epoch, keys in (transaction.get_document(PUBLISHED) or {}).items() if epoch in after}
        log: list[LogEntry] = []
        if str(current) not in after:
            seed = secrets.token_bytes(SEED)
            after[str(current)] = _seal(self.signing_key, root, str(current), seed)
            keys, line = self._announced(root, current, seed, transaction.now)
            told[str(current)] = keys.model_dump(mode="json")
            log.append(line)
        if after != before:
            transaction.put_document(SEALED, after, secret=True)
            transaction.put_document(PUBLISHED, told)
        made, destroyed = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
        return Rotation(tuple(made), tuple(destroyed)), log

    def _announced(self, root: str, epoch: Epoch, seed: bytes, now: int) -> tuple[EpochKeys, LogEntry]:
        """The public keys of a new seed, and their line for the log."""
        keys: dict[str, str] = {klass: to_base64(PRF.public_key(seed, info(root, klass, epoch))) for klass in CLASSES}
        until = epoch.readable_until.strftime("%Y-%m-%dT%H:%M:%SZ")
        told = EpochKeys(root=root, epoch=str(epoch), readable_until=until, keys=keys)
        return told.logged(self.signing_key, now)

    def _sealed(self, root: str, now: datetime) -> Sealed:
        sealed: Sealed = self.store.get_document(root, SEALED) or {}
        if str(Epoch.at(now)) not in sealed:
            self.rotate(root, now)
            sealed = self.store.get_document(root, SEALED) or {}
        return sealed


def _seal(key: SigningKey, root: str, epoch: str, seed: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return to_base64(nonce + _cipher(key).encrypt(nonce, seed, f"{root}/{epoch}".encode()))


def _unsealed(key: SigningKey, root: str, epoch: str, sealed: str) -> bytes:
    raw = from_base64(sealed)
    try:
        return _cipher(key).decrypt(raw[:_NONCE], raw[_NONCE:], f"{root}/{epoch}".encode())
    except InvalidTag:
        hint = "Give the exchange the key with which they were made."
        raise ConfigError("The token keys are sealed with another signing key.", where=root, hint=hint) from None


def _cipher(key: SigningKey) -> AESGCM:
    return AESGCM(key.secret("token seeds"))
