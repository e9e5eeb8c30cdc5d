"""Where a log is read from to be verified: a store, or a server over HTTP (`verification.Source`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from stillwatch.errors import ExchangeError, TrustError
from stillwatch.exchange.log.checkpoints import Checkpoint
from stillwatch.exchange.log.entries import unbundled
from stillwatch.exchange.log.notes import Note
from stillwatch.exchange.log.tiles import WIDTH, TileName
from stillwatch.exchange.store.store import Store


@dataclass(frozen=True)
class Stored:
    """The log of a root in a store."""

    store: Store
    root: str

    def size(self) -> int:
        """See `Source`."""
        return self.store.log_size(self.root)

    def checkpoint(self) -> str | None:
        """See `Source`."""
        return self._heads().get("checkpoint")

    def entries(self, name: TileName) -> list[bytes]:
        """See `Source`."""
        return self.store.log_entries(self.root, name.index * WIDTH, name.index * WIDTH + name.width)

    def tile(self, name: TileName) -> bytes:
        """See `Source`."""
        return self.store.tiles(self.root).read(name.level or 0, name.index)[: name.width * 32]

    def directory(self) -> object:
        """See `Source`."""
        return self.store.get_document(self.root, "keys")

    def cosigned(self) -> list[str]:
        """See `Source`."""
        kept = self._heads().get("cosignatures", {})
        for identity, note in kept.items():
            if identity not in {line.name for line in Note.parse(note).signatures}:
                raise TrustError(f"What is kept as the cosignature of {identity} is another's.")
        return list(kept.values())

    def _heads(self) -> Mapping[str, Any]:
        heads = self.store.get_document(self.root, "log") or {}
        if set(heads) - {"checkpoint", "cosignatures"}:
            raise TrustError("What is kept of the log's heads is not what the exchange keeps.")
        return heads


@dataclass
class Served:
    """The log of a root at a server."""

    http: httpx2.Client
    url: str  # of the API root, with a slash at the end
    _note: str | None = None

    def size(self) -> int:
        """As the head says: lines beyond it are not looked at."""
        return Checkpoint.parse(Note.parse(self.checkpoint()).text).size

    def checkpoint(self) -> str:
        """See `Source`; asked once, so that the log may grow meanwhile."""
        if self._note is None:
            self._note = self._get("log/checkpoint").text
        return self._note

    def entries(self, name: TileName) -> list[bytes]:
        """See `Source`."""
        return unbundled(self._get(f"log/tile/{name}").content)

    def tile(self, name: TileName) -> bytes:
        """See `Source`."""
        return self._get(f"log/tile/{name}").content

    def directory(self) -> object:
        """See `Source`."""
        return self._get("keys/").json()

    def cosigned(self) -> list[str]:
        """See `Source`."""
        notes = self._get("log/cosignatures/").json().get("cosignatures")
        return [each for each in notes if isinstance(each, str)] if isinstance(notes, list) else []

    def _get(self, path: str) -> httpx2.Response:
        answer = self.http.get(f"{self.url}ext/{path}")
        if answer.status_code != 200:
            hint = "It keeps no log, or you may not see it." if answer.status_code == 404 else None
            raise ExchangeError(f"The exchange answers {answer.status_code}.", where=f"{self.url}ext/{path}", hint=hint)
        return answer
