"""Which variant a key chooses, by a hash that nobody can compute without it.

    chosen = choice(key.value, slot_id("example", context), 2)     # 0 or 1

If nobody knows the key, choices for distinct slot ids are independent and uniform, as far as BLAKE2 (RFC 7693) is a
pseudorandom function. That is all that the null of `testing` rests on.
"""

import hashlib
import unicodedata
from collections.abc import Sequence

KEY_BYTES = 8
_SLOT, _CHOICE = b"stillwatch slot1", b"stillwatch pick1"  # what a hash is for (RFC 7693, personalisation)


def slot_id(slot: str, context: Sequence[str]) -> bytes:
    """What is chosen for once: a slot of the catalogue in one context. 32 bytes.

    Args:
        slot: its id in the catalogue.
        context: the two words before, or the prompt's digest.
    """
    digest = hashlib.blake2b(digest_size=32, person=_SLOT)
    for part in (slot, *context):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.digest()


def prompt_digest(prompt: str) -> str:
    """SHA-256 of a prompt, whatever its case, its spaces and its compatible forms (Unicode's NFKC)."""
    plain = " ".join(unicodedata.normalize("NFKC", prompt).casefold().split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def choice(key: int, slot: bytes, n: int) -> int:
    """The variant that a key chooses: 0 to n - 1, each alike to within n/2^128.

    Args:
        key: 64 bits.
        slot: `slot_id`.
        n: how many variants there are.
    """
    drawn = hashlib.blake2b(slot, digest_size=16, key=key.to_bytes(KEY_BYTES), person=_CHOICE)
    return int.from_bytes(drawn.digest()) % n
