"""OpenTelemetry spans as they are exported: an OTLP/HTTP receiver, beside or in place of a collector.

    source = Otlp("127.0.0.1:4318", folding)        # OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces

A body is answered 200 when it is on disk, and folded once: a client that did not hear the answer sends it again, and
is told the same. Digests of the last bodies are part of the position. A body that cannot be read is refused as a whole.
"""

import base64
import queue
import threading
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stillwatch.profiles.accounts import zero
from stillwatch.traffic.intake import Place
from stillwatch.traffic.jsonl import record_of
from stillwatch.traffic.readers.otel import OpenTelemetry
from stillwatch.traffic.rows import Json, RowError
from stillwatch.watch.model import Piece, Position
from stillwatch.watch.sources.folding import Folded, Folding
from stillwatch.watch.sources.receiver import Answer, Export, Receiver

MOST_INFLATED = 64 << 20  # bytes
REMEMBERED = 4096  # bodies

_NAME = "otlp"
_TURN_SECONDS = 0.2
_WAITING = 32  # bodies
_DIGEST = 8  # bytes
_UNREAD = "spans could not be read"


class Otlp:
    """A receiver of spans.

    Args:
        address: HOST:PORT to listen on.
        folding: under which key.
        token: what clients must bring; see `Receiver`.

    Raises:
        ConfigError: it cannot listen there.
    """

    name = _NAME

    def __init__(self, address: str, folding: Folding, *, token: str | None = None) -> None:
        self._folding = replace(folding, readers=(OpenTelemetry(),))
        self._waiting: queue.Queue[Export] = queue.Queue(_WAITING)
        self._refused: deque[str] = deque()  # why; from two threads
        self._receiver = Receiver(address, self._take, self._refused.append, token=token)
        self.address = self._receiver.address
        self._closed = threading.Event()
        self._bodies = _Bodies(None)

    def pieces(self, position: Position | None) -> Iterator[Piece | None]:
        """What is sent; see `watch.model.Source`."""
        self._bodies = bodies = _Bodies(position)
        self._receiver.start()
        while not self._closed.is_set():
            try:
                piece = self._piece(self._waiting.get(timeout=_TURN_SECONDS), bodies)
            except queue.Empty:
                piece = None
            yield piece or self._told(bodies)

    def release(self, position: Position) -> None:
        """Answers the clients whose bodies are on disk now."""
        self._bodies.release(int(str(position["number"])))

    def close(self) -> None:
        """End `pieces`; what waits for its release is still answered."""
        self._closed.set()
        self._receiver.stop()

    def _take(self, export: Export) -> bool:
        try:
            self._waiting.put_nowait(export)
        except queue.Full:
            return False
        return True

    def _piece(self, export: Export, bodies: "_Bodies") -> Piece | None:
        try:
            content = _inflated(export.body) if export.gzip else export.body
            digest = blake2b(content, digest_size=_DIGEST).digest()
            if bodies.knows(digest, export):
                return None
            folded = self._folded(content, json=export.json)
        except RowError as error:
            reason = error.reason
            self._refused.append(reason)
            export.answer(Answer(413 if reason == _TOO_LARGE else 400, reason))
            return None
        answer = Answer(200, _UNREAD if folded.rejected else "", folded.rejected)
        return self._of(folded, bodies.add(digest, export, answer))

    def _folded(self, content: bytes, *, json: bool) -> Folded:
        """The requests of a body, all that can be read of it.

        Raises:
            RowError: it is no export; then nothing of it counts.
        """
        record = record_of(content) if json else _record(content)
        rows = list(OpenTelemetry().read(record))
        return self._folding.rows((Place(number), row) for number, row in enumerate(rows, 1))

    def _told(self, bodies: "_Bodies") -> Piece | None:
        """What was refused since, if anything was."""
        refused: Counter[str] = Counter()
        while self._refused:
            refused[f"otlp_refused.{self._refused.popleft()}"] += 1
        if not refused:
            return None
        return replace(self._of(Folded(zero(), 0, 0), bodies.position()), counts=tuple(refused.items()))

    def _of(self, folded: Folded, position: Position) -> Piece:
        return Piece(_NAME, position, folded.profiles, folded.requests, folded.rejected)


class _Bodies:
    """Which bodies were folded, and who waits for theirs to be on disk."""

    def __init__(self, position: Position | None) -> None:
        held = position or {"number": 0, "digests": ""}
        self._lock = threading.Lock()
        self._number, self._digests = int(str(held["number"])), base64.b64decode(str(held["digests"]))
        self._known = {self._digests[i : i + _DIGEST] for i in range(0, len(self._digests), _DIGEST)}
        self._pending: dict[bytes, tuple[int, Answer, list[Export]]] = {}

    def knows(self, digest: bytes, export: Export) -> bool:
        """Whether it was folded before; who sent it again is answered when it is on disk."""
        with self._lock:
            if digest in self._pending:
                self._pending[digest][2].append(export)
            elif digest in self._known:
                export.answer(Answer(200))
            else:
                return False
        return True

    def add(self, digest: bytes, export: Export, answer: Answer) -> Position:
        """It was folded; returns the position behind it."""
        with self._lock:
            self._number += 1
            self._pending[digest] = self._number, answer, [export]
            self._digests = (self._digests + digest)[-REMEMBERED * _DIGEST :]
            self._known.add(digest)
            if len(self._known) > 2 * REMEMBERED:
                self._known = {self._digests[i : i + _DIGEST] for i in range(0, len(self._digests), _DIGEST)}
        return self.position()

    def position(self) -> Position:
        """For a piece."""
        return {"number": self._number, "digests": base64.b64encode(self._digests).decode()}

    def release(self, number: int) -> None:
        """All up to this one are on disk."""
        with self._lock:
            done = [digest for digest, (pending, _, _) in self._pending.items() if pending <= number]
            released = [self._pending.pop(digest) for digest in done]
        for _, answer, exports in released:
            for export in exports:
                export.answer(answer)


_TOO_LARGE = "too large once it is inflated"


def _inflated(body: bytes) -> bytes:
    """The body without gzip: never more than so many bytes, whatever it claims."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = inflater.decompress(body, MOST_INFLATED)
    except zlib.error:
        raise RowError("not gzip") from None
    if inflater.unconsumed_tail or (not inflater.eof and len(content) >= MOST_INFLATED):
        raise RowError(_TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        raise RowError("cut off, or more than one")
    return content


def _record(content: bytes) -> dict[str, Json]:
    """An export as JSON would have it."""
    try:
        record: dict[str, Json] = MessageToDict(ExportTraceServiceRequest.FromString(content))
    except (DecodeError, ValueError, RecursionError):
        raise RowError("no protobuf of traces") from None
    for span in _spans(record):
        for name in ("spanId", "traceId"):  # hexadecimal in OTLP's JSON, base 64 in everybody else's
            if name in span:
                span[name] = base64.b64decode(span[name]).hex()
    return record


def _spans(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans of a message; xds-protos brings older classes of OpenTelemetry's, where field 2 had another name."""
    for resource in record.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans", ()):
            yield from scope.get("spans", ())
