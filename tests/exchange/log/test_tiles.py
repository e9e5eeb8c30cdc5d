import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.log import tiles
from stillwatch.exchange.log.tiles import TileName, append, consistency_proof, inclusion_proof, names, root_hash
from stillwatch.merkle import (
    leaf_hash,
    leaf_hashes,
    node_hash,
    perfect_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)

MILLION = 1_000_000


def _constant_log(shelf, size):
    """A log of one entry, `size` times over, without hashing each."""
    hashes, level = leaf_hash(b"same"), 0
    while size >> 8 * level:
        count = size >> 8 * level
        for index in range(-(-count // 256)):
            shelf.held[level, index] = hashes * min(256, count - 256 * index)
        hashes, level = perfect_root([hashes] * 256), level + 1


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_however_it_is_cut_the_log_is_the_same(filled, entries, steps):
    leaves = leaf_hashes(entries(sum(steps)))
    shelf, size = filled([]), 0
    for step in steps:
        size = append(shelf, size, leaves[size : size + step])
        assert root_hash(shelf, size) == root_of(leaves[:size])
    assert shelf.held == filled(entries(size), step=size).held
    assert set(shelf.held) == {(name.level, name.index) for name in names(size)}


def test_appending_nothing_changes_nothing(shelf):
    assert append(shelf, 0, []) == 0
    assert shelf.writes == 0


def test_a_hundred_leaves_on_a_million_touch_few_tiles(shelf):
    _constant_log(shelf, MILLION)
    before = root_hash(shelf, MILLION)
    shelf.reads = shelf.writes = 0
    size = append(shelf, MILLION, leaf_hashes([b"new %d" % number for number in range(100)]))
    assert size == MILLION + 100
    assert shelf.reads <= 3
    assert shelf.writes <= 4
    shelf.reads = 0
    after = root_hash(shelf, size)
    assert shelf.reads <= 3
    shelf.reads = 0
    verify_consistency(MILLION, before, size, after, consistency_proof(shelf, MILLION, size))
    assert shelf.reads <= 6
    shelf.reads = 0
    proof = inclusion_proof(shelf, 123_456, size)
    verify_inclusion(leaf_hash(b"same"), 123_456, size, proof, after)
    assert shelf.reads <= 6


def test_a_log_of_a_million_has_the_root_of_its_definition(shelf):
    _constant_log(shelf, MILLION)
    perfect = [leaf_hash(b"same")]
    for _ in range(20):
        perfect.append(node_hash(perfect[-1], perfect[-1]))
    expected = None
    for power in range(20):
        if MILLION >> power & 1:
            expected = node_hash(perfect[power], expected) if expected else perfect[power]
    assert root_hash(shelf, MILLION) == expected


# the examples of C2SP tlog-tiles
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("0/x001/x234/067", TileName(0, 1_234_067)),
        ("entries/x001/x234/067.p/8", TileName(None, 1_234_067, 8)),
        ("1/000", TileName(1, 0)),
        ("63/999.p/255", TileName(63, 999, 255)),
        ("2/x001/000.p/1", TileName(2, 1000, 1)),
    ],
)
def test_names_of_tiles(path, name):
    assert str(name) == path
    assert TileName.parse(path) == name


@pytest.mark.parametrize(
    "path",
    [
        *("", "0", "0/0", "0/00", "00/000", "64/000", "100/000", "0/x000/001", "0/1000", "0/001.p", "entries"),
        *("0/001.p/0", "0/001.p/256", "0/001.p/01", "0/001.p/999", "-1/000", "0/x001", "0/001/x002", "../0/000"),
        *("0/000\n", "0/\u0660\u0660\u0660", "0/" + "x999/" * 2000 + "999"),
    ],
)
def test_what_is_no_name_of_a_tile(path):
    assert TileName.parse(path) is None


@given(st.none() | st.integers(0, 63), st.integers(0, 10**18), st.integers(1, 256))
def test_names_have_one_spelling(level, index, width):
    name = TileName(level, index, width)
    assert TileName.parse(str(name)) == name


def test_the_tiles_of_seventy_thousand_are_those_of_the_specification():
    by_level = {}
    for name in names(70_000):
        by_level.setdefault(name.level, []).append(name.width)
    assert by_level == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert list(names(0)) == []
    assert [str(name) for name in names(256)] == ["0/000", "1/000.p/1"]


@given(st.integers(1, 200_000), st.integers(0, 3), st.integers(0, 800), st.integers(1, 256))
def test_a_log_has_the_tiles_that_its_size_says(size, level, index, width):
    held = {(name.level, name.index): name.width for name in names(size)}
    assert TileName(level, index, width).within(size) == (held.get((level, index), 0) >= width)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 300, 600])
def test_a_cut_tile_is_noticed(filled, entries, size):
    shelf = filled(entries(size))
    for place, tile in list(shelf.held.items()):
        shelf.held[place] = tile[:-32]
        if place[0] == 0 and (size % 256) and place[1] == size // 256:
            with pytest.raises(TrustError, match="has not its"):
                append(shelf, size, [leaf_hash(b"")])
        if len(tile) < 8192:
            with pytest.raises(TrustError, match="has not its"):
                root_hash(shelf, size)
        shelf.held[place] = tile


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_proof_of_what_is_not_there(filled, entries, index, size):
    with pytest.raises(TrustError, match="none at"):
        inclusion_proof(filled(entries(5)), index, size)


def test_no_proof_of_a_longer_past(filled, entries):
    with pytest.raises(TrustError, match="not 6"):
        consistency_proof(filled(entries(5)), 6, 5)


def test_hashes_of_a_tile():
    assert tiles.cut(b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]
