"""The head of a log: its size and root, signed by the exchange and cosigned by members (C2SP tlog-checkpoint).

The exchange signs what it shows; a member that saw the log grow from what it saw before adds a cosignature. Two members
that compare heads, or look at each other's cosignatures, notice a log that shows each of them something else.

    note = signed(Checkpoint(origin, size, root), key)           # what is served
    new = opened(note, origin, public)                           # raises TrustError
    check_growth(old, new, proof)                                # raises TrustError
    line = cosigned(new, key, name=identity, time=seconds)       # back to the exchange
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.errors import TrustError
from stillwatch.exchange.log.notes import COSIGNATURE, Note, NoteSignature, Verifier
from stillwatch.merkle import HASH_BYTES, verify_consistency
from stillwatch.signing import SIGNATURE_BYTES, SigningKey, from_base64, to_base64, verify_bytes

_TIME_BYTES = 8
MAX_SIZE = 2**63


@dataclass(frozen=True)
class Checkpoint:
    """What a log holds at one moment."""

    origin: str  # which log: the exchange's address without its scheme, and the root's name
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Reads the text of a note.

        Raises:
            TrustError: it is no checkpoint, or has lines that we do not know.
        """
        lines = text.split("\n")
        if len(lines) != 4 or not lines[0] or lines[3]:
            raise TrustError("A checkpoint is three lines: origin, size and root.")
        origin, size, root = lines[:3]
        if not (size.isascii() and size.isdecimal() and len(size) < 20 and str(int(size)) == size):
            raise TrustError("The size of a checkpoint is a whole number.")
        return cls(origin, int(size), from_base64(root, length=HASH_BYTES))

    @property
    def text(self) -> str:
        """The text of the note."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def origin(base: str, root: str) -> str:
    """The name of a root's log: the public base URL without its scheme, then the root."""
    return f"{base.rpartition('://')[2].strip('/')}/{root}"


def signed(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a note, signed by the log's own key."""
    hint = Verifier(checkpoint.origin, key.public).hint
    line = NoteSignature(checkpoint.origin, hint, key.sign(checkpoint.text.encode()))
    return str(Note(checkpoint.text, (line,)))


def opened(note: str, origin: str, public: bytes) -> Checkpoint:
    """The checkpoint in a note, once it is known to be of this log and signed by its key.

    Raises:
        TrustError: it is no checkpoint, of another log, or not signed by that key.
    """
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != origin:
        raise TrustError(f"The checkpoint is of the log {checkpoint.origin}, not of {origin}.")
    parsed.signed_by(Verifier(origin, public))
    return checkpoint


def check_growth(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Checks that a log is what it was before, with entries added at its end.

    Raises:
        TrustError: the log was rewritten, cut or split: keep both checkpoints, they are the proof of it.
    """
    if old.origin != new.origin:
        raise TrustError(f"The checkpoints are of two logs: {old.origin} and {new.origin}.")
    verify_consistency(old.size, old.root, new.size, new.root, proof)


def cosigned(checkpoint: Checkpoint, key: SigningKey, *, name: str, time: int) -> str:
    """A witness's line below a checkpoint that it has checked (C2SP tlog-cosignature, Ed25519).

    Args:
        checkpoint: the newest that the witness has seen, and seen to be grown from those before.
        key: the witness's.
        name: the witness's name: its STIX identity.
        time: seconds since 1970.
    """
    signature = struct.pack(">Q", time) + key.sign(_cosigned_message(checkpoint, time))
    return str(NoteSignature(name, Verifier(name, key.public, COSIGNATURE).hint, signature))


def check_cosignature(line: NoteSignature, checkpoint: Checkpoint, witness: Verifier) -> int:
    """Checks a witness's line.

    Returns:
        The time that it states, in seconds since 1970.

    Raises:
        TrustError: it is of another witness or key, or does not hold for this checkpoint.
    """
    if not line.by(witness) or len(line.signature) != _TIME_BYTES + SIGNATURE_BYTES:
        raise TrustError(f"It is no cosignature by {witness.name}.")
    (time,) = struct.unpack(">Q", line.signature[:_TIME_BYTES])
    verify_bytes(witness.public, _cosigned_message(checkpoint, time), line.signature[_TIME_BYTES:])
    return int(time)


def cosignatures(note: str, witnesses: Iterable[Verifier]) -> dict[str, int]:
    """Who of the witnesses has cosigned a checkpoint, and when; lines of others are passed over.

    Raises:
        TrustError: it is no checkpoint, or a line in a witness's name and key does not hold.
    """
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    return {
        witness.name: check_cosignature(line, checkpoint, witness)
        for witness in witnesses
        for line in parsed.signatures
        if line.by(witness)
    }


def witness(name: str, public: bytes) -> Verifier:
    """A member as a witness."""
    return Verifier(name, public, COSIGNATURE)


def _cosigned_message(checkpoint: Checkpoint, time: int) -> bytes:
    if not 0 <= time < MAX_SIZE:
        raise TrustError("The time of a cosignature is seconds since 1970.")
    return f"cosignature/v1\ntime {time}\n{checkpoint.text}".encode()
