"""The keys of watermarks and choices: one secret root, a key for each campaign and epoch, records without secrets.

    keyring = Keyring(Path("~/.config/stillwatch/keys").expanduser())
    record = keyring.make("c-1f09", "2026-q4", "vllm-gumbel-philox4x32-10-v1", {"width": 2}, now)
    (key,) = keyring.keys([record.id])

A key is derived from the root by HKDF-SHA256 (RFC 5869) over campaign, epoch and scheme, so only the root needs to be
kept, and kept safe. The record commits to the key before anybody sees what was marked with it: SHA-256 over the key,
the canonical parameters and a salt, which is derived likewise. Whoever is shown key and salt can check that no other
key was tested.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stillwatch.errors import ConfigError, InputError, TrustError
from stillwatch.forensics.model import DRAWS, Key
from stillwatch.forensics.plan import Digest, KeyId, Test
from stillwatch.signing import canonical
from stillwatch.writing import write_whole

ROOT_BYTES, KEY_BYTES, SALT_BYTES = 32, 8, 32
WIDE = 4  # of a window of context: from here on a student learns too little of the mark (field experiments, 5 %)

Parameter = int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Record(_Part):
    """What may be known of a key.

    Attributes:
        parameters: of the scheme, as the engine is configured: width, gamma, vocabulary; for choices, the SHA-256 of
            the catalogue.
        exposed: when an answer that was marked with it first left the house.
        retired: from when on nothing is marked with it, and why.
    """

    id: KeyId
    campaign: str = Field(description='whose answers are marked with it; "" if everybody\'s')
    epoch: str = Field(min_length=1)
    scheme: str = Field(min_length=1)
    parameters: dict[str, Parameter] = {}
    made: AwareDatetime
    commitment: Digest
    exposed: AwareDatetime | None = None
    retired: AwareDatetime | None = None
    reason: str = Field(default="", description="why it was retired")

    @property
    def leaf(self) -> bytes:
        """What is committed to: all that does not change later, as canonical JSON."""
        return canonical(self.model_dump(mode="json", exclude={"exposed", "retired", "reason"}))

    def serves(self, test: Test) -> bool:
        """Whether it was made, and so committed to, for what a test looks for.

        That is the scheme with the same parameters; of choices the same catalogue, as whoever orders its variants anew
        chooses anew. Pairs of rephrasings name the keys that chose, so that a key cannot name them: the draw itself is
        over their texts.
        """
        if test.kind in DRAWS:
            file = test.catalogue or test.texts
            known = {"file": file.sha256} if file and (test.kind == "canaries" or self.parameters) else {}
            return (self.scheme, self.parameters) == (DRAWS[test.kind], known)
        given = {name: getattr(test, name) for name in ("width", "gamma", "mixing", "vocabulary")}
        known = {name: value for name, value in given.items() if value is not None}
        return (self.scheme, self.parameters) == (test.scheme, known)

    @property
    def warning(self) -> str:
        """What its user should know; "" if there is nothing."""
        width = self.parameters.get("width", 0)
        if not isinstance(width, str) and width >= WIDE:
            return (
                f"{self.id}: a context of {width} tokens serves to find marked text, not models that were trained on "
                "it: 5 % of marked text in the training is missed. Take 2 for campaigns."
            )
        return ""


class Secret(_Part):
    """A key and its salt, as they are disclosed to an expert or a court; from then on the key is burned."""

    id: KeyId
    value: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", repr=False)]
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]

    def key(self, record: Record) -> Key:
        """The key, if it is the one that the record commits to.

        Raises:
            TrustError: it is another.
        """
        value = bytes.fromhex(self.value)
        if self.id != record.id or _commitment(value, _fixed(record), bytes.fromhex(self.salt)) != record.commitment:
            raise TrustError("The key is not the one that was committed to.", where=record.id)
        return Key(record.id, int.from_bytes(value), record.campaign)


SECRETS = TypeAdapter(tuple[Secret, ...])


class Keyring:
    """A folder of keys: the root, which only its owner may read, and a record for each key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(
        self, campaign: str, epoch: str, scheme: str, parameters: Mapping[str, Parameter], now: datetime
    ) -> Record:
        """Makes a key, and the root with the first one.

        Raises:
            ConfigError: there is such a key already, or others than its owner may read the root.
        """
        fixed: dict[str, object] = {"campaign": campaign, "epoch": epoch, "scheme": scheme}
        records = self.records()
        for known in records:
            if (known.campaign, known.epoch, known.scheme) == (campaign, epoch, scheme):
                hint = "Name another epoch: a key whose parameters change is another key."
                raise ConfigError("There is a key for this campaign, epoch and scheme.", where=known.id, hint=hint)
        self._make_root()
        value, salt = self._value(fixed), self._derived("salt", fixed, SALT_BYTES)
        commitment = _commitment(value, fixed | {"parameters": dict(parameters)}, salt)
        made = max(
            [now, *(each.made + timedelta(microseconds=1) for each in records[-1:])]
        )  # the order is committed to
        record = Record.model_validate(
            fixed | {"id": f"k-{commitment[:12]}", "parameters": parameters, "made": made, "commitment": commitment}
        )
        self._write(record)
        return record

    def records(self) -> tuple[Record, ...]:
        """All keys, the oldest first.

        Raises:
            InputError: a record cannot be read.
        """
        found = (_read(path) for path in self.folder.glob("k-*.json"))
        return tuple(sorted(found, key=lambda each: (each.made, each.id)))

    def record(self, key: str) -> Record:
        """The record of a key.

        Raises:
            ConfigError: there is none.
        """
        if not (path := self._path(key)).is_file():
            raise ConfigError("There is no such key.", where=key, hint="`stillwatch probe keys list` shows them.")
        return _read(path)

    def secrets(self, ids: Iterable[str]) -> tuple[Secret, ...]:
        """Keys with their salts, to disclose them.

        Raises:
            ConfigError: a key or the root is not there.
            TrustError: the root is not the one that the keys were derived from, or a record was changed.
        """
        found = []
        for record in map(self.record, ids):
            fixed = {name: value for name, value in _fixed(record).items() if name != "parameters"}
            value, salt = self._value(fixed), self._derived("salt", fixed, SALT_BYTES)
            secret = Secret(id=record.id, value=value.hex(), salt=salt.hex())
            secret.key(record)
            found.append(secret)
        return tuple(found)

    def keys(self, ids: Iterable[str]) -> tuple[Key, ...]:
        """Keys, each checked against what its record commits to; raises as `secrets` does."""
        return tuple(secret.key(self.record(secret.id)) for secret in self.secrets(ids))

    def expose(self, key: str, at: datetime) -> Record:
        """Remembers when an answer marked with a key first left the house.

        Raises:
            ConfigError: it was said already, or no such key.
        """
        record = self.record(key)
        if record.exposed is not None:
            raise ConfigError(f"Its first exposure is known: {record.exposed:%Y-%m-%d %H:%M}.", where=key)
        return self._write(record.model_copy(update={"exposed": at}))

    def retire(self, key: str, at: datetime, reason: str) -> Record:
        """Remembers that nothing is marked with a key any more; a key that is retired stays so."""
        record = self.record(key)
        return record if record.retired else self._write(record.model_copy(update={"retired": at, "reason": reason}))

    def _path(self, key: str) -> Path:
        return self.folder / f"{Path(key).name}.json"

    def _write(self, record: Record) -> Record:
        write_whole(self._path(record.id), record.model_dump_json(indent=2).encode() + b"\n")
        return record

    def _make_root(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = self.folder / "root"
        if root.exists():
            return
        beside = self.folder / f".root.{secrets.token_hex(4)}"
        try:
            write_whole(beside, secrets.token_bytes(ROOT_BYTES).hex().encode() + b"\n")
            with suppress(FileExistsError):  # another process was quicker
                os.link(beside, root)
        finally:
            beside.unlink(missing_ok=True)

    def _root(self) -> bytes:
        path = self.folder / "root"
        try:
            mode, content = path.stat().st_mode, path.read_text(encoding="ascii")
            root = bytes.fromhex(content)
        except OSError as error:
            hint = "Restore it from where it was kept: keys cannot be made again without it."
            raise ConfigError(
                f"The root of the keys cannot be read ({error.strerror}).", where=str(path), hint=hint
            ) from None
        except ValueError:
            root = b""
        if len(root) != ROOT_BYTES:
            raise ConfigError("This is no root of keys.", where=str(path), hint="It has 64 hexadecimal digits.")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("Others than its owner may use the root.", where=str(path), hint=f"chmod 600 {path}")
        return root

    def _value(self, fixed: Mapping[str, object]) -> bytes:
        """The key itself, big-endian; of 63 bits where an engine takes no more (torch's generator, as it is seeded)."""
        value = self._derived("key", fixed, KEY_BYTES)
        return bytes([value[0] & 0x7F]) + value[1:] if fixed["scheme"] == "kgw-selfhash" else value

    def _derived(self, purpose: Literal["key", "salt"], fixed: Mapping[str, object], length: int) -> bytes:
        info = f"stillwatch forensics {purpose} 1\0".encode() + canonical(dict(fixed))
        return HKDF(SHA256(), length, salt=None, info=info).derive(self._root())


def _fixed(record: Record) -> dict[str, object]:
    return record.model_dump(mode="json", include={"campaign", "epoch", "scheme", "parameters"})


def _commitment(value: bytes, fixed: dict[str, object], salt: bytes) -> str:
    return hashlib.sha256(value + canonical(fixed) + salt).hexdigest()


def _read(path: Path) -> Record:
    try:
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError("The record of a key cannot be read.", where=str(path)) from error
