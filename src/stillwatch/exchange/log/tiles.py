"""The tree as tiles (C2SP tlog-tiles): append, root and proofs over a store of tiles.

A tile holds up to 256 hashes of one level side by side. At level 0 they are leaf hashes; above, each is the root over a
whole tile below. A tile only grows at its end until it is full, so a partial tile of any earlier size is its beginning.

    size = append(tiles, size, leaf_hashes)
    root = root_hash(tiles, size)
    proof = consistency_proof(tiles, old_size, size)

Appending to a log of a million reads three tiles, a proof a few more.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stillwatch.errors import TrustError
from stillwatch.merkle import EMPTY_ROOT, HASH_BYTES, node_hash, perfect_root, split

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63
_PATH = re.compile(r"(?P<level>entries|0|[1-9]\d?)/(?P<index>(?:x\d{3}/){0,6}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?")


class Tiles(Protocol):
    """Where tiles are kept. A tile may be longer than asked for: it has grown since."""

    def read(self, level: int, index: int) -> bytes:
        """The tile's hashes, 32 bytes each; nothing where there is no tile."""

    def write(self, level: int, index: int, tile: bytes) -> None:
        """Puts a tile in the place of its shorter self."""


@dataclass(frozen=True)
class TileName:
    """A tile or a bundle of entries as a path names it: `0/x001/234.p/17`, `entries/000`."""

    level: int | None  # None: entries
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> "TileName | None":
        """The name in a path below `tile/`; None where it is none, or not its one spelling."""
        found = _PATH.fullmatch(path)
        if not found:
            return None
        level = None if found["level"] == "entries" else int(found["level"])
        name = cls(level, int(found["index"].replace("x", "").replace("/", "")), int(found["width"] or WIDTH))
        fits = name.width <= WIDTH and (level or 0) <= MAX_LEVEL
        return name if fits and str(name) == path else None

    def __str__(self) -> str:
        digits = f"{self.index:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        index = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{'entries' if self.level is None else self.level}/{index}{partial}"

    def within(self, size: int) -> bool:
        """Whether a log of this size has the tile, at this width or a greater one."""
        hashes = size >> HEIGHT * (self.level or 0)
        return self.index * WIDTH + self.width <= hashes


def names(size: int) -> Iterator[TileName]:
    """All tiles of hashes of a log of this size, level by level."""
    level, hashes = 0, size
    while hashes:
        yield from (TileName(level, index) for index in range(hashes // WIDTH))
        if hashes % WIDTH:
            yield TileName(level, hashes // WIDTH, hashes % WIDTH)
        level, hashes = level + 1, hashes // WIDTH


def append(tiles: Tiles, size: int, hashes: Sequence[bytes]) -> int:
    """Adds leaf hashes at the end of a log.

    Args:
        tiles: the store; a tile is written when all of it is known, so that a transaction around this is enough.
        size: how many leaves there are.
        hashes: the leaf hashes of the new entries, in their order.

    Returns:
        How many leaves there are now.

    Raises:
        TrustError: a tile of the store is not as long as it must be.
    """
    end, level = size + len(hashes), 0
    start, fresh = size, b"".join(hashes)
    while fresh:
        above = []
        first = start // WIDTH
        held = _head(tiles, level, first, start % WIDTH) + fresh
        for number, place in enumerate(range(0, len(held), WIDTH * HASH_BYTES)):
            tile = held[place : place + WIDTH * HASH_BYTES]
            tiles.write(level, first + number, tile)
            if len(tile) == WIDTH * HASH_BYTES:
                above.append(perfect_root(cut(tile)))
        start, fresh, level = first, b"".join(above), level + 1
    return end


def root_hash(tiles: Tiles, size: int) -> bytes:
    """The root of a log as it was at a size.

    Raises:
        TrustError: a tile is missing.
    """
    return _Reader(tiles).root(0, size) if size else EMPTY_ROOT


def inclusion_proof(tiles: Tiles, index: int, size: int) -> list[bytes]:
    """The proof that the leaf at `index` stands in the log of `size` leaves (RFC 6962, section 2.1.1).

    Raises:
        TrustError: there is no such leaf, or a tile is missing.
    """
    if not 0 <= index < size:
        raise TrustError(f"The log has {size} entries, none at {index}.")
    reader, proof = _Reader(tiles), []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            proof.append(reader.root(middle, end))
            end = middle
        else:
            proof.append(reader.root(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(tiles: Tiles, old_size: int, size: int) -> list[bytes]:
    """The proof that the log of `size` leaves begins with that of `old_size` (RFC 6962, section 2.1.2).

    Raises:
        TrustError: the old log is longer than the new, or a tile is missing.
    """
    if not 0 <= old_size <= size:
        raise TrustError(f"The log has {size} entries, not {old_size}.")
    if old_size in {0, size}:
        return []
    reader, proof = _Reader(tiles), []
    start, end = 0, size
    while end != old_size:
        middle = start + split(end - start)
        if old_size <= middle:
            proof.append(reader.root(middle, end))
            end = middle
        else:
            proof.append(reader.root(start, middle))
            start = middle
    if start:
        proof.append(reader.root(start, end))
    return proof[::-1]


def cut(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


def _head(tiles: Tiles, level: int, index: int, width: int) -> bytes:
    """The first `width` hashes of a tile."""
    if not width:
        return b""
    tile = tiles.read(level, index)[: width * HASH_BYTES]
    if len(tile) != width * HASH_BYTES:
        hint = "The store was cut or changed: restore it from a backup."
        raise TrustError(f"The log's tile {TileName(level, index)} has not its {width} hashes.", hint=hint)
    return tile


class _Reader:
    """Roots over ranges of leaves, each tile read once."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._read: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """The root over the leaves from `start` to before `end`; a range as the tree of RFC 6962 is cut."""
        count = end - start
        if count & (count - 1):
            middle = start + split(count)
            return node_hash(self.root(start, middle), self.root(middle, end))
        level, rest = divmod(count.bit_length() - 1, HEIGHT)
        index, place = divmod(start >> HEIGHT * level, WIDTH)
        return perfect_root(self._hashes(level, index, place, place + (1 << rest)))

    def _hashes(self, level: int, index: int, start: int, end: int) -> list[bytes]:
        held = self._read.get((level, index), b"")
        if len(held) < end * HASH_BYTES:
            held = self._read[level, index] = self._tiles.read(level, index)
        if len(held) < end * HASH_BYTES:
            held = _head(self._tiles, level, index, end)
        return cut(held[start * HASH_BYTES : end * HASH_BYTES])
