import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from stillwatch.errors import TrustError
from stillwatch.exchange.log.tiles import consistency_proof, inclusion_proof, root_hash
from stillwatch.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    leaf_hashes,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# the vectors of Certificate Transparency's own implementations: entries, and the root after each
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# RFC 6962's reference implementation: (leaf, size, proof), leaves counted from one
INCLUSIONS = [
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (2, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
CONSISTENCIES = [
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
MOST = 64


def raw(proof):
    return [bytes.fromhex(each) for each in proof]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(filled, size):
    assert root_of(leaf_hashes(ENTRIES[:size])).hex() == ROOTS[size - 1]
    assert root_hash(filled(ENTRIES[:size]), size).hex() == ROOTS[size - 1]


def test_the_empty_log_has_a_root(shelf):
    assert root_of([]) == root_hash(shelf, 0) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(("leaf", "size", "proof"), INCLUSIONS)
def test_inclusion_proofs_are_those_of_certificate_transparency(filled, leaf, size, proof):
    assert inclusion_proof(filled(ENTRIES), leaf - 1, size) == raw(proof)
    verify_inclusion(leaf_hash(ENTRIES[leaf - 1]), leaf - 1, size, raw(proof), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "size", "proof"), CONSISTENCIES)
def test_consistency_proofs_are_those_of_certificate_transparency(filled, old, size, proof):
    assert consistency_proof(filled(ENTRIES), old, size) == raw(proof)
    verify_consistency(old, bytes.fromhex(ROOTS[old - 1]), size, bytes.fromhex(ROOTS[size - 1]), raw(proof))


def _forgeries(proof):
    """What a proof could be changed into."""
    yield [*proof, b"\0" * 32]
    if proof:
        yield proof[:-1]
        yield proof[1:]
        for place, step in enumerate(proof):
            yield [*proof[:place], bytes([step[0] ^ 1]) + step[1:], *proof[place + 1 :]]


def test_every_inclusion_proof_holds_and_no_other(filled, entries):
    leaves = leaf_hashes(entries(MOST))
    shelf = filled(entries(MOST))
    roots = [root_of(leaves[:size]) for size in range(MOST + 1)]
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = inclusion_proof(shelf, index, size)
            verify_inclusion(leaves[index], index, size, proof, roots[size])
            wrong = [(leaves[index], place, size, proof, roots[size]) for place in (index - 1, index + 1, size)]
            wrong += [(leaves[index], index, size, each, roots[size]) for each in _forgeries(proof)]
            wrong += [(leaves[index - 1 if index else -1], index, size, proof, roots[size])]
            wrong += [(leaves[index], index, size, proof, roots[size - 1])]
            for attempt in wrong:
                with pytest.raises(TrustError):
                    verify_inclusion(*attempt)


def test_every_consistency_proof_holds_and_no_other(filled, entries):
    leaves = leaf_hashes(entries(MOST))
    shelf = filled(entries(MOST))
    roots = [root_of(leaves[:size]) for size in range(MOST + 1)]
    for size in range(MOST + 1):
        for old in range(size + 1):
            proof = consistency_proof(shelf, old, size)
            verify_consistency(old, roots[old], size, roots[size], proof)
            wrong = [(old, roots[old], size, roots[size], each) for each in _forgeries(proof)]
            wrong += [(old, b"\1" * 32, size, roots[size], proof), (size + 1, roots[old], size, roots[size], proof)]
            if old not in (0, size):
                wrong += [(old, roots[old], size, b"\1" * 32, proof), (old, roots[old - 1], size, roots[size], proof)]
            for attempt in wrong:
                with pytest.raises(TrustError):
                    verify_consistency(*attempt)


def test_a_rewritten_past_has_no_proof(filled, entries):
    honest = entries(50)
    for place in range(0, 30, 7):
        forged = [*honest[:place], b"another", *honest[place + 1 :]]
        shelf = filled(forged)
        proof = consistency_proof(shelf, 30, 50)
        with pytest.raises(TrustError, match="consistency does not hold"):
            verify_consistency(30, root_of(leaf_hashes(honest[:30])), 50, root_hash(shelf, 50), proof)


def test_hashes_have_a_length(filled, entries):
    shelf, leaves = filled(entries(5)), leaf_hashes(entries(5))
    with pytest.raises(TrustError, match="32 bytes"):
        verify_inclusion(leaves[0], 0, 5, [b""], root_of(leaves))
    with pytest.raises(TrustError, match="become shorter"):
        verify_consistency(5, root_hash(shelf, 5), 4, root_hash(shelf, 4), [])


@given(st.integers(1, 700), st.data())
def test_pymerkle_agrees(filled, entries, size, data):
    old = data.draw(st.integers(1, size))
    peer = InmemoryTree(algorithm="sha256")
    for each in entries(size):
        peer.append_entry(each)
    shelf = filled(entries(size), step=data.draw(st.integers(1, 300)))
    assert root_hash(shelf, size) == peer.get_root(size)
    assert root_hash(shelf, old) == peer.get_root(old)
    verify_consistency(old, peer.get_root(old), size, peer.get_root(size), consistency_proof(shelf, old, size))
    theirs = [bytes.fromhex(each) for each in peer.prove_inclusion(old, size).serialize()["path"]]
    assert theirs[1:] == inclusion_proof(shelf, old - 1, size)
    verify_inclusion(leaf_hash(entries(size)[old - 1]), old - 1, size, theirs[1:], peer.get_root(size))
