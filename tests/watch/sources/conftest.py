"""Sources as a watch uses them: their pieces, until nothing more comes, and what a scan makes of the same requests."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stillwatch.config import InputConfig
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import COLUMNS, Profiles, profile, zero
from stillwatch.response.model import Sighting
from stillwatch.traffic import Key, Rejects, open_requests
from stillwatch.watch.model import Piece, Position, Source
from stillwatch.watch.sources.folding import Folding

KEY = Key(b"k" * 32)


@dataclass
class Came:
    """The pieces of a source, added up."""

    profiles: Profiles = field(default_factory=zero)
    requests: int = 0
    rejected: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    sightings: tuple[Sighting, ...] = ()
    position: Position | None = None

    def take(self, piece: Piece) -> None:
        json.dumps(piece.position)  # what the journal does with it
        self.profiles.absorb(piece.profiles)
        self.requests += piece.requests
        self.rejected += piece.rejected
        self.sightings += piece.sightings
        self.position = piece.position
        for name, number in piece.counts:
            self.counts[name] = self.counts.get(name, 0) + number


@dataclass
class Follower:
    """Reads a source that does not end."""

    source: Source
    position: Position | None = None

    def __post_init__(self) -> None:
        self._pieces = self.source.pieces(self.position)
        self.came, self.ended = Came(), False

    def round(self, *, least: int = 0, turns: int = 3) -> Came:
        """What comes until the source said `turns` times in a row that there is nothing; at least so many requests."""
        silent = 0
        for _ in range(10_000):
            piece = next(self._pieces)
            if piece is not None:
                self.came.take(piece)
            silent = silent + 1 if piece is None else 0
            if silent >= turns and self.came.requests >= least:
                break
            assert silent < 100, f"only {self.came.requests} requests came"
        return self.came

    def close(self) -> None:
        self.source.close()
        assert [piece for piece in self._pieces if piece is not None] == []
        self.ended = True


@pytest.fixture
def follow() -> Iterator[Callable[..., Follower]]:
    followers = []

    def start(source: Source, position: Position | None = None) -> Follower:
        followers.append(Follower(source, position))
        return followers[-1]

    yield start
    for follower in followers:
        if not follower.ended:
            follower.close()


@pytest.fixture
def folding() -> Folding:
    return Folding.of(InputConfig(), KEY)


def request(number: int, account: str | None = None) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "time": 1_772_000_000 + number,
        "account_id": account or f"a{number % 7}",
        "client_address": f"203.0.113.{number % 250}",
        "input_messages": [{"role": "user", "content": f"Explain step {number} of the proof, with every detail."}],
        "usage_output_tokens": number,
    }


def line(number: int, account: str | None = None) -> str:
    return json.dumps(request(number, account)) + "\n"


def scanned(*files: Path) -> bytes:
    """The profiles that a scan makes of these files."""
    source = open_requests([str(f) for f in files], rejects=Rejects(), key=KEY, columns=COLUMNS)
    profiles = zero()
    for decode in source.batches():
        profiles.absorb(profile(decode()))
    return wire.dumps(profiles.ordered())


def folded(came: Came) -> bytes:
    return wire.dumps(came.profiles.ordered())


def finished(source: Source, position: Position | None = None) -> Came:
    """All that a source has that ends."""
    came = Came()
    for piece in source.pieces(position):
        if piece is not None:
            came.take(piece)
    return came


def packed(lines: Iterable[str]) -> bytes:
    return gzip.compress("".join(lines).encode())
