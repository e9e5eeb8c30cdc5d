"""The whole log, computed again from its lines: is it what the exchange signed, and only grown since?

    found = verify(source, saved=checkpoint_of_last_month, progress=advance)     # raises TrustError

A source is a database or a server (`sources`). One tile of each level is kept in memory, however long the log is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stillwatch.errors import TrustError
from stillwatch.exchange.log import tiles
from stillwatch.exchange.log.checkpoints import Checkpoint, cosignatures, witness
from stillwatch.exchange.log.directory import EXCHANGE, Directory, commitments
from stillwatch.exchange.log.entries import read
from stillwatch.exchange.log.notes import Note, Verifier
from stillwatch.exchange.log.tiles import WIDTH, TileName
from stillwatch.merkle import EMPTY_ROOT, leaf_hashes

Progress = Callable[[str, float], None]


class Source(Protocol):
    """Where a log is read from."""

    def size(self) -> int:
        """How many lines there are to look at."""

    def checkpoint(self) -> str | None:
        """The newest head that the exchange signed, as a note; None where none was asked for yet."""

    def entries(self, name: TileName) -> list[bytes]:
        """The lines of a bundle."""

    def tile(self, name: TileName) -> bytes:
        """The hashes of a tile."""

    def directory(self) -> object:
        """The key directory; None where there is none yet."""

    def cosigned(self) -> list[str]:
        """The newest head that each member cosigned, as notes."""


@dataclass(frozen=True)
class Found:
    """What was looked at, and holds."""

    size: int  # lines
    root: bytes
    checkpoint: Checkpoint | None  # what the exchange signed; the lines may be more
    note: str | None  # that, signed
    key_ids: tuple[str, ...]  # of the exchange, the newest last
    grown_from: int | None  # the size of the saved checkpoint
    witnesses: Mapping[str, tuple[int, int]]  # identity: size, and when, in seconds since 1970
    keys: int  # statements of the key directory, each found in the log


def verify(
    source: Source, *, saved: str | None = None, exchange_public: bytes | None = None, progress: Progress
) -> Found:
    """Computes a log again and holds everything that was signed of it against that.

    Args:
        source: where it is read from.
        saved: a checkpoint of earlier, as the note that it was.
        exchange_public: the exchange's key, if it is known; else what the directory says is believed.
        progress: told how far it is.

    Raises:
        TrustError: the log is not what was signed; the message says what differs.
        ExchangeError: the exchange cannot be reached.
    """
    document, note, cosigned = source.directory(), source.checkpoint(), source.cosigned()
    directory = Directory.read(document, exchange_public) if document is not None else None
    heads = {each: _signed(each, directory) for each in (note, saved, *cosigned) if each}
    if len({head.origin for head in heads.values()}) > 1:
        names = ", ".join(sorted({head.origin for head in heads.values()}))
        raise TrustError(f"The checkpoints are of several logs: {names}.")
    size = max([source.size(), *(head.size for head in heads.values())])
    computed = _computed(source, size, {head.size for head in heads.values()}, progress)
    for each, head in heads.items():
        _check_root(head, computed, "the saved one" if each == saved else "signed by the exchange")
    if directory:
        _check_keys(document, computed)
    return Found(
        size=size,
        root=computed.roots[size],
        checkpoint=heads.get(note) if note else None,
        note=note,
        key_ids=tuple(directory.keys(EXCHANGE)) if directory else (),
        grown_from=heads[saved].size if saved else None,
        witnesses=dict(_witnesses(cosigned, directory)),
        keys=len(directory.statements) if directory else 0,
    )


@dataclass
class _Computed:
    roots: dict[int, bytes]
    key_commitments: set[str] = field(default_factory=set)


class _Edge:
    """The tiles at the growing edge; each is held against the source's when it is whole."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._edge: dict[int, tuple[int, bytes]] = {}

    def read(self, level: int, index: int) -> bytes:
        held = self._edge.get(level, (0, b""))
        return held[1] if held[0] == index else b""

    def write(self, level: int, index: int, tile: bytes) -> None:
        self._edge[level] = (index, tile)
        if len(tile) == WIDTH * 32:
            self._compare(level, index, tile)

    def finish(self) -> None:
        """Compares those that are not full."""
        for level, (index, tile) in self._edge.items():
            if len(tile) < WIDTH * 32:
                self._compare(level, index, tile)

    def _compare(self, level: int, index: int, tile: bytes) -> None:
        name = TileName(level, index, len(tile) // 32)
        if self._source.tile(name) != tile:
            raise TrustError(f"The log's tile {name} does not hold what its lines make.")


def _computed(source: Source, size: int, stops: Iterable[int], progress: Progress) -> _Computed:
    """The roots at some sizes, from the lines alone."""
    edge, result, at = _Edge(source), _Computed({0: EMPTY_ROOT}), 0
    wanted = sorted({*stops, size} - {0})
    for name in _bundles(size):
        lines = source.entries(name)
        if len(lines) != name.width:
            raise TrustError(f"The log's bundle {name} has {len(lines)} lines where {name.width} were signed.")
        result.key_commitments |= {said["commitment"] for said in map(read, lines) if said["action"] == "key"}
        hashes = leaf_hashes(lines)
        while hashes:
            step = min([len(hashes), *(stop - at for stop in wanted if stop > at)])
            at = tiles.append(edge, at, hashes[:step])
            hashes = hashes[step:]
            if at in wanted:
                result.roots[at] = tiles.root_hash(edge, at)
        progress("reading the log", at / size)
    edge.finish()
    return result


def _bundles(size: int) -> Iterator[TileName]:
    return (TileName(None, each.index, each.width) for each in tiles.names(size) if each.level == 0)


def _signed(note: str, directory: Directory | None) -> Checkpoint:
    """The head in a note, signed by one of the exchange's keys."""
    parsed = Note.parse(note)
    head = Checkpoint.parse(parsed.text)
    verifiers = [Verifier(head.origin, public) for public in (directory.keys(EXCHANGE).values() if directory else ())]
    known = [verifier for verifier in verifiers if any(line.by(verifier) for line in parsed.signatures)]
    if not known:
        raise TrustError(f"The checkpoint of {head.size} lines is not signed by a key of the exchange.")
    for verifier in known:
        parsed.signed_by(verifier)
    return head


def _check_root(head: Checkpoint, computed: _Computed, which: str) -> None:
    if computed.roots[head.size] != head.root:
        hint = "Keep both: the checkpoint is the proof that the log was changed."
        raise TrustError(f"The log's first {head.size} lines are not those of the checkpoint ({which}).", hint=hint)


def _check_keys(document: object, computed: _Computed) -> None:
    said = commitments(document) if isinstance(document, dict) else []
    if set(said) - computed.key_commitments:
        raise TrustError("A key of the directory stands not in the log: it may have been shown to us alone.")


def _witnesses(cosigned: Iterable[str], directory: Directory | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Who has cosigned how much, with a key of the directory."""
    statements = directory.statements if directory else ()
    verifiers = [witness(each.identity, each.public) for each in statements if each.identity != EXCHANGE]
    for note in cosigned:
        times = cosignatures(note, verifiers)
        if not times:
            raise TrustError("A cosignature is by a key that is not in the directory.")
        head = Checkpoint.parse(Note.parse(note).text)
        yield from ((name, (head.size, time)) for name, time in times.items())
