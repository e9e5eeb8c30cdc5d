"""Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature.

note = Note.parse(text)
note.signed_by(Verifier("exchange.example/alpha", public))      # raises TrustError
"""

import hashlib
import re
from dataclasses import dataclass

from stillwatch.errors import TrustError
from stillwatch.signing import from_base64, key_id, to_base64, verify_bytes

MAX_SIGNATURES = 256
MAX_CHARACTERS = 64 * 1024
#: The type of a signature: by the log itself (signed-note), and a witness's with its time (tlog-cosignature).
ED25519, COSIGNATURE = 0x01, 0x04
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


@dataclass(frozen=True)
class Verifier:
    """A name and the key that signs under it."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def hint(self) -> bytes:
        """The four bytes by which a note's line points at this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True)
class NoteSignature:
    """One line below a note."""

    name: str
    hint: bytes  # which key of that name: 4 bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """Reads `— name base64`.

        Raises:
            TrustError: it is no such line.
        """
        found = _LINE.fullmatch(line)
        raw = from_base64(found["signature"]) if found else b""
        if not found or len(raw) <= 4:
            raise TrustError("A signature line of a note is `— name base64`.")
        return cls(found["name"], raw[:4], raw[4:])

    def __str__(self) -> str:
        return f"— {self.name} {to_base64(self.hint + self.signature)}"

    def by(self, verifier: Verifier) -> bool:
        """Whether it says to be by this key; what it signs is not checked yet."""
        return (self.name, self.hint) == (verifier.name, verifier.hint)


@dataclass(frozen=True)
class Note:
    """A text that ends with a line break, and the signatures below it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Reads a note; no signature is checked yet.

        Raises:
            TrustError: it is no signed note.
        """
        text, gap, below = note.rpartition("\n\n")
        lines = below.split("\n")
        if not gap or not text or lines[-1] or len(lines) < 2 or len(note) > MAX_CHARACTERS or _CONTROL.search(note):
            raise TrustError("It is no signed note (C2SP signed-note).")
        if len(lines) - 1 > MAX_SIGNATURES:
            raise TrustError(f"A note has at most {MAX_SIGNATURES} signatures.")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines[:-1]))

    def __str__(self) -> str:
        return "\n".join([self.text, *map(str, self.signatures), ""])

    def signed_by(self, verifier: Verifier) -> None:
        """Checks the signature of a key.

        Raises:
            TrustError: there is none by this key, or it does not hold.
        """
        found = [each for each in self.signatures if each.by(verifier)]
        if not found:
            raise TrustError(f"The note is not signed by {verifier.name} with the key {key_id(verifier.public)}.")
        for each in found:
            verify_bytes(verifier.public, self.text.encode(), each.signature)
