from collections.abc import Sequence

import pytest

from stillwatch.exchange.log import tiles
from stillwatch.merkle import leaf_hash


class Shelf:
    """Tiles in memory, counting what is read and written."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, int], bytes] = {}
        self.reads = self.writes = 0

    def read(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self.held.get((level, index), b"")

    def write(self, level: int, index: int, tile: bytes) -> None:
        self.writes += 1
        self.held[level, index] = tile


def entry(number: int) -> bytes:
    return f"entry {number}".encode()


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture(scope="session")
def filled():
    def fill(entries: Sequence[bytes], step: int = 100) -> Shelf:
        shelf, size = Shelf(), 0
        hashes = [leaf_hash(each) for each in entries]
        for start in range(0, len(hashes), step):
            size = tiles.append(shelf, size, hashes[start : start + step])
        return shelf

    return fill


@pytest.fixture(scope="session")
def entries():
    return lambda count: [entry(number) for number in range(count)]
