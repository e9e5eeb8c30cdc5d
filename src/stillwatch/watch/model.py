"""The words of the watch: what a source hands over, and where it goes on after a restart.

for piece in source.pieces(position):      # on a thread of the source's own
    window.absorb(piece.profiles)
    ...                                    # written to the journal together with piece.position, synced
source.release(position)                   # now it may forget, acknowledge, delete
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from stillwatch.profiles.accounts import Profiles
from stillwatch.response.model import Sighting

#: How far a source was read: JSON (file: [inode, bytes], partition: offset, gateway: number). None: from the beginning.
Position = dict[str, object]


@dataclass(frozen=True)
class Piece:
    """Some requests, folded, and the place in the source behind them.

    Attributes:
        source: the source's name, unique among those of a watch.
        position: as of after this piece; whoever goes on from there sees none of these requests again.
        profiles: the requests; they may be absorbed and are then forgotten.
        requests: how many there were.
        rejected: rows that could not be read.
        sightings: whom gateways recognised.
        counts: what gateways counted, by name.
    """

    source: str
    position: Position
    profiles: Profiles
    requests: int = 0
    rejected: int = 0
    sightings: tuple[Sighting, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


class Source(Protocol):
    """Where requests come from."""

    @property
    def name(self) -> str:
        """Unique among the sources of a watch; the journal knows positions by it."""

    def pieces(self, position: Position | None) -> Iterator[Piece | None]:
        """What comes after a position; None every 0.2 s while there is nothing, so that others get a turn.

        A source that can end (files that are read once) ends; one that follows does not, until `close`.

        Raises:
            StillwatchError: it cannot be reached or read at all; a passing fault is waited out and counted instead.
        """

    def release(self, position: Position) -> None:
        """All up to here is on disk."""

    def close(self) -> None:
        """End `pieces`, from any thread."""
