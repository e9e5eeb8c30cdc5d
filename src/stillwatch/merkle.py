"""The Merkle tree of RFC 6962: hashes, and the verification of proofs.

    verify_inclusion(leaf_hash(entry), index, size, proof, root)
    verify_consistency(old_size, old_root, new_size, new_root, proof)

Both raise `TrustError` where the proof does not hold. Hashes are SHA-256, 32 bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from stillwatch.errors import TrustError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^k hashes of one level."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[place], hashes[place + 1]) for place in range(0, len(hashes), 2)]
    return hashes[0]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over any number of leaf hashes (RFC 6962, section 2.1), by its definition."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    cut = split(len(hashes))
    return node_hash(root_of(hashes[:cut]), root_of(hashes[cut:]))


def split(size: int) -> int:
    """The largest power of two below `size` (at least 2): how many leaves the left subtree has."""
    return 1 << (size - 1).bit_length() - 1


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Checks that a leaf stands at an index of the tree with this root (RFC 9162, section 2.1.3.2).

    Raises:
        TrustError: the proof does not hold.
    """
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise TrustError(f"The log has {size} entries, none at {index}.")
    node, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise _broken("inclusion")
        if node & 1 or node == last:
            found = node_hash(step, found)
            node, last = _climbed(node, last)
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    if last != 0 or found != root:
        raise _broken("inclusion")


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Checks that a tree is an older one with leaves added at its end (RFC 9162, section 2.1.4.2).

    Raises:
        TrustError: the proof does not hold: an entry of the older log was changed, left out or put in.
    """
    _check_hashes(old_root, root, *proof)
    if not 0 <= old_size <= size:
        raise TrustError(f"The log has become shorter: {size} entries where there were {old_size}.")
    if old_size in {0, size}:
        if proof or old_root != (root if old_size == size else EMPTY_ROOT):
            raise _broken("consistency")
        return
    if (old_root, root) != _both_roots(old_size, size, iter(proof), old_root):
        raise _broken("consistency")


def _both_roots(old_size: int, size: int, proof: Iterator[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = next(proof, b"") if node else old_root  # an old tree that is one subtree is its own first step
    for step in proof:
        if last == 0:
            raise _broken("consistency")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            node, last = _climbed(node, last)
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise _broken("consistency")
    return old, new


def _climbed(node: int, last: int) -> tuple[int, int]:
    """Up the right edge, past the levels where it stands alone, to where it is a right child (or the root)."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise TrustError(f"A hash of the log has {HASH_BYTES} bytes.")


def _broken(kind: str) -> TrustError:
    return TrustError(f"The proof of {kind} does not hold: the log is not what it was said to be.")


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hashes of entries."""
    return [leaf_hash(entry) for entry in entries]
