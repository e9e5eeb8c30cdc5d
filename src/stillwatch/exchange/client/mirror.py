"""What the exchange holds, as far as we may read it: all versions, with the checkpoint that they go with.

An object that cannot be trusted or read is not here but set aside, with the reason. What was revoked or retracted once
stays so, whatever version comes later (STIX 2.1, section 3.6).
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from stillwatch.indicators import timestamps

#: How sure it is who said it: his signature and the exchange's receipt; the receipt alone; a server's word.
Assurance = Literal["signed", "logged", "unsigned"]

SCHEMA = """
CREATE TABLE collection (
    url TEXT PRIMARY KEY,
    root TEXT NOT NULL,          -- the API root's URL: what one root says is nothing in another
    title TEXT NOT NULL,
    covered INTEGER              -- the checkpoint, in microseconds: up to here nothing is missing
) STRICT, WITHOUT ROWID;
CREATE TABLE object (
    root TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,    -- microseconds
    collection TEXT NOT NULL REFERENCES collection,
    type TEXT NOT NULL,
    publisher TEXT,              -- a STIX identity
    assurance TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    body TEXT NOT NULL,          -- JSON, with all that we do not know
    PRIMARY KEY (root, id, version, collection)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_by_type ON object (type, root, id, version);
CREATE TABLE set_aside (
    collection TEXT NOT NULL REFERENCES collection,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (collection, id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE retracted (
    root TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (root, id)
) STRICT, WITHOUT ROWID;
"""

_IN_FORCE = """
SELECT root, publisher, assurance, body FROM object AS this
WHERE type = 'indicator'
  AND version = (SELECT max(version) FROM object WHERE root = this.root AND id = this.id)
  AND NOT EXISTS (SELECT 1 FROM object WHERE root = this.root AND id = this.id AND revoked)
  AND NOT EXISTS (SELECT 1 FROM retracted WHERE root = this.root AND id = this.id)
GROUP BY root, id ORDER BY root, id
"""


@dataclass(frozen=True)
class Source:
    """A collection, as the mirror knows it."""

    url: str
    root: str
    title: str


@dataclass(frozen=True)
class Imported:
    """One version of an object that was checked."""

    object: Mapping[str, Any]
    version: int  # microseconds
    publisher: str | None
    assurance: Assurance


@dataclass(frozen=True)
class SetAside:
    """One version of an object that was not taken, and why."""

    id: str
    version: int
    reason: str


@dataclass(frozen=True)
class Taken:
    """What a page changed, by object id."""

    new: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """What goes into the mirror at once."""

    imported: tuple[Imported, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    retracted: frozenset[str] = field(default_factory=frozenset)  # ids
    covered: int | None = None


@dataclass(frozen=True)
class InForce:
    """An indicator that is neither withdrawn nor out of date."""

    root: str
    publisher: str | None
    assurance: Assurance
    object: dict[str, Any]


class Mirror:
    """The imported objects of a state."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._transaction = transaction

    def covered(self, source: Source) -> int | None:
        """The checkpoint of a collection, in microseconds; None where nothing was read yet."""
        with self._transaction() as database:
            row = database.execute("SELECT covered FROM collection WHERE url = ?", (source.url,)).fetchone()
        return row["covered"] if row else None

    def sources(self) -> list[tuple[Source, int | None]]:
        """The collections that were read, each with its checkpoint in microseconds."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM collection ORDER BY root, title, url").fetchall()
        return [(Source(row["url"], row["root"], row["title"]), row["covered"]) for row in rows]

    def take(self, source: Source, delivery: Delivery) -> Taken:
        """Takes objects in and moves the checkpoint with them, in one transaction. The checkpoint never goes back.

        What is here already stays as it is, so that taking twice is taking once.
        """
        with self._transaction() as database:
            known = self._known(database, source.root, [each.object["id"] for each in delivery.imported])
            gone = self._retracted(database, source.root, delivery.retracted)
            database.execute(
                "INSERT INTO collection VALUES (?, ?, ?, ?) ON CONFLICT (url) DO UPDATE SET title = excluded.title,"
                " covered = max(coalesce(covered, excluded.covered), coalesce(excluded.covered, covered))",
                (source.url, source.root, source.title, delivery.covered),
            )
            _insert(database, source, delivery)
        fresh = [each for each in delivery.imported if (each.object["id"], each.version) not in known]
        ids = {each.object["id"] for each in fresh}
        before = {id_ for id_, _ in known}
        revoked = {each.object["id"] for each in fresh if each.object.get("revoked") is True}
        withdrawn = revoked | (delivery.retracted - gone)
        return Taken(
            frozenset(ids - before - withdrawn),
            frozenset(ids & before - withdrawn),
            frozenset(withdrawn),
            delivery.set_aside,
        )

    def publishers(self, root: str, ids: Iterable[str]) -> dict[str, str]:
        """Who published these objects first, as far as it is known."""
        asked = (
            "SELECT id, publisher, min(version) FROM object WHERE root = ? AND publisher IS NOT NULL"
            " AND id IN (SELECT value FROM json_each(?)) GROUP BY id"
        )
        with self._transaction() as database:
            rows = database.execute(asked, (root, json.dumps(list(ids)))).fetchall()
        return {row["id"]: row["publisher"] for row in rows}

    def objects(self) -> Iterator[dict[str, Any]]:
        """All versions of all objects."""
        with self._transaction() as database:
            rows = database.execute("SELECT body FROM object ORDER BY root, id, version").fetchall()
        return (json.loads(row["body"]) for row in rows)

    def set_aside(self) -> list[tuple[str, SetAside]]:
        """What was not taken, with its collection's URL."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM set_aside ORDER BY collection, id, version").fetchall()
        return [(row["collection"], SetAside(row["id"], row["version"], row["reason"])) for row in rows]

    def in_force(self, now: datetime | None) -> list[InForce]:
        """The newest version of each indicator that is valid now, or whenever, and was never withdrawn."""
        with self._transaction() as database:
            rows = database.execute(_IN_FORCE).fetchall()
        found = [InForce(row["root"], row["publisher"], row["assurance"], json.loads(row["body"])) for row in rows]
        moment = None if now is None else timestamps.of(now)
        return [each for each in found if moment is None or _valid(each.object, moment)]

    def sightings(self, ids: Iterable[str]) -> list[Imported]:
        """What members say that they saw of these objects: the newest word of each, without what was taken back."""
        asked = (
            "SELECT body, version, publisher, assurance FROM object AS this WHERE type = 'sighting'"
            " AND json_extract(body, '$.sighting_of_ref') IN (SELECT value FROM json_each(?))"
            " AND version = (SELECT max(version) FROM object WHERE root = this.root AND id = this.id)"
            " AND NOT EXISTS (SELECT 1 FROM object WHERE root = this.root AND id = this.id AND revoked)"
            " AND NOT EXISTS (SELECT 1 FROM retracted WHERE root = this.root AND id = this.id)"
            " GROUP BY root, id ORDER BY version DESC"
        )
        with self._transaction() as database:
            rows = database.execute(asked, (json.dumps(list(ids)),)).fetchall()
        return [Imported(json.loads(row["body"]), row["version"], row["publisher"], row["assurance"]) for row in rows]

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """How identities call themselves."""
        asked = (
            "SELECT id, json_extract(body, '$.name') AS name, max(version) FROM object WHERE type = 'identity'"
            " AND id IN (SELECT value FROM json_each(?)) GROUP BY id"
        )
        with self._transaction() as database:
            rows = database.execute(asked, (json.dumps(list(ids)),)).fetchall()
        return {row["id"]: str(row["name"]) for row in rows if row["name"]}

    def indicated(self) -> dict[str, str]:
        """The campaign that each indicator indicates, by the relationships that stand."""
        asked = "SELECT body FROM object WHERE type = 'relationship' AND body LIKE '%\"indicates\"%' ORDER BY version"
        with self._transaction() as database:
            rows = database.execute(asked).fetchall()
        links = [json.loads(row["body"]) for row in rows]
        gone = {each["id"] for each in links if each.get("revoked")}
        standing = [each for each in links if each["id"] not in gone and each["relationship_type"] == "indicates"]
        return {each["source_ref"]: each["target_ref"] for each in standing}

    @staticmethod
    def _known(database: sqlite3.Connection, root: str, ids: list[str]) -> set[tuple[str, int]]:
        asked = "SELECT id, version FROM object WHERE root = ? AND id IN (SELECT value FROM json_each(?))"
        return {(row["id"], row["version"]) for row in database.execute(asked, (root, json.dumps(ids)))}

    @staticmethod
    def _retracted(database: sqlite3.Connection, root: str, ids: Iterable[str]) -> set[str]:
        asked = "SELECT id FROM retracted WHERE root = ? AND id IN (SELECT value FROM json_each(?))"
        return {row["id"] for row in database.execute(asked, (root, json.dumps(list(ids))))}


def _insert(database: sqlite3.Connection, source: Source, delivery: Delivery) -> None:
    database.executemany(
        "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                source.root,
                each.object["id"],
                each.version,
                source.url,
                each.object["type"],
                each.publisher,
                each.assurance,
                each.object.get("revoked") is True,
                json.dumps(each.object, separators=(",", ":")),
            )
            for each in delivery.imported
        ],
    )
    aside = [(source.url, each.id, each.version, each.reason) for each in delivery.set_aside]
    database.executemany("INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?)", aside)
    database.executemany(
        "INSERT OR IGNORE INTO retracted VALUES (?, ?)", [(source.root, each) for each in delivery.retracted]
    )


def _valid(indicator: Mapping[str, Any], moment: int) -> bool:
    until, since = indicator.get("valid_until"), indicator.get("valid_from")
    return (until is None or timestamps.parse(until) > moment) and (since is None or timestamps.parse(since) <= moment)
