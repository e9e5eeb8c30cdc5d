"""What we would say, and what we have said: drafts with the two persons who stand for them, and our objects.

drafted ──(approved by another person; from here on the bytes are fixed)──► approved ──(taken)──► sent
drafted or approved ──(withdrawn before it was sent, or replaced)──► dropped
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

from stillwatch.errors import InputError

Stage = Literal["drafted", "approved", "sent", "dropped"]

SCHEMA = """
CREATE TABLE draft (
    id TEXT PRIMARY KEY,
    stage TEXT NOT NULL CHECK (stage IN ('drafted', 'approved', 'sent', 'dropped')),
    drafted_by TEXT NOT NULL,
    drafted_at TEXT NOT NULL,    -- ISO 8601
    approved_by TEXT,
    approved_at TEXT,
    content TEXT NOT NULL,       -- JSON: what the two persons saw
    envelope TEXT                -- JSON: exactly what is sent, so that sending it twice is sending it once
) STRICT, WITHOUT ROWID;
CREATE TABLE said (
    id TEXT NOT NULL,            -- an object of ours
    version INTEGER NOT NULL,    -- microseconds
    draft TEXT NOT NULL REFERENCES draft,
    campaign TEXT NOT NULL,      -- of the findings; empty where it belongs to none
    body TEXT NOT NULL,
    PRIMARY KEY (id, version, campaign)
) STRICT;
"""


@dataclass(frozen=True)
class Draft:
    """A document on its way out."""

    id: str
    stage: Stage
    drafted_by: str
    drafted_at: str
    content: Mapping[str, Any]  # what was seen, and digests of the accounts behind it
    approved_by: str | None = None
    approved_at: str | None = None
    envelope: str | None = None


@dataclass(frozen=True)
class Said:
    """One of our objects, as it goes out."""

    object: Mapping[str, Any]
    version: int
    campaign: str = ""  # the finding's id when the campaign was said first


class Outbox:
    """The drafts of a state."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._transaction = transaction

    def put(self, draft: Draft) -> None:
        """Remembers a new draft."""
        row = (draft.id, draft.stage, draft.drafted_by, draft.drafted_at, json.dumps(draft.content))
        with self._transaction() as database:
            database.execute(
                "INSERT INTO draft (id, stage, drafted_by, drafted_at, content) VALUES (?, ?, ?, ?, ?)", row
            )

    def find(self, name: str) -> Draft:
        """The draft of an id, or of as much of its beginning as tells it apart.

        Raises:
            InputError: there is none, or more than one.
        """
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM draft ORDER BY drafted_at").fetchall()
        found = [row for row in rows if name and row["id"].startswith(name)]
        if len(found) != 1:
            waiting = ", ".join(row["id"] for row in rows if row["stage"] == "drafted")
            hint = f"These wait for approval: {waiting}." if waiting else "`stillwatch share` makes one."
            raise InputError(f"There is {'more than one' if found else 'no'} draft of that name.", hint=hint)
        return _draft(found[0])

    def approve(self, draft: Draft, *, by: str, at: str, envelope: str, objects: Iterable[Said]) -> None:
        """Fixes what is sent. Nothing changes where it was approved already."""
        rows = [(s.object["id"], s.version, draft.id, s.campaign, json.dumps(s.object)) for s in objects]
        with self._transaction() as database:
            done = database.execute(
                "UPDATE draft SET stage = 'approved', approved_by = ?, approved_at = ?, envelope = ?"
                " WHERE id = ? AND stage = 'drafted'",
                (by, at, envelope, draft.id),
            ).rowcount
            if done:
                database.executemany("INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?, ?)", rows)

    def move(self, draft_id: str, stage: Stage) -> None:
        """Notes that a draft was sent or dropped."""
        with self._transaction() as database:
            database.execute("UPDATE draft SET stage = ? WHERE id = ?", (stage, draft_id))

    def drop(self, draft: Draft, *, by: str, at: str, why: str) -> bool:
        """Notes that a draft is not to be sent, by whom and why; False where it was sent or dropped meanwhile."""
        content = {**draft.content, "dropped": {"by": by, "at": at, "why": why}}
        with self._transaction() as database:
            done = database.execute(
                "UPDATE draft SET stage = 'dropped', content = ? WHERE id = ? AND stage IN ('drafted', 'approved')",
                (json.dumps(content), draft.id),
            )
        return done.rowcount > 0

    def at(self, stage: Stage) -> list[Draft]:
        """The drafts at a stage, the oldest first."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM draft WHERE stage = ? ORDER BY drafted_at, id", (stage,)).fetchall()
        return [_draft(row) for row in rows]

    def said(self) -> list[Said]:
        """The newest version of each object of ours that was sent or will be, for each campaign that it belongs to."""
        asked = (
            "SELECT newest.version, campaign, body FROM said AS newest JOIN draft ON draft.id = newest.draft"
            " WHERE draft.stage <> 'dropped' AND newest.version = (SELECT max(version) FROM said"
            " JOIN draft ON draft.id = said.draft WHERE said.id = newest.id AND draft.stage <> 'dropped')"
            " ORDER BY newest.rowid"
        )
        with self._transaction() as database:
            rows = database.execute(asked).fetchall()
        return [Said(json.loads(row["body"]), row["version"], row["campaign"]) for row in rows]

    def names(self) -> dict[str, str]:
        """Under which name each campaign of findings was said, by its id there."""
        return {each["id"]: each["said_as"] for content in self._shared() for each in content["campaigns"]}

    def accounts(self) -> dict[str, frozenset[str]]:
        """Digests of the accounts of each campaign when it was said last, by the name under which it was said."""
        return {name: frozenset(ids) for content in self._shared() for name, ids in content["accounts"].items()}

    def _shared(self) -> list[Mapping[str, Any]]:
        """The contents of the drafts of campaigns that were approved, the oldest first."""
        asked = "SELECT content FROM draft WHERE stage IN ('approved', 'sent') ORDER BY approved_at, id"
        with self._transaction() as database:
            contents = [json.loads(row["content"]) for row in database.execute(asked)]
        return [each for each in contents if "accounts" in each]

    def withdrawn(self) -> dict[str, str]:
        """The campaigns that were taken back, by the name under which they were said, and on which day."""
        return {
            each.campaign: each.object["modified"][:10]
            for each in self.said()
            if each.object["type"] == "campaign" and each.object.get("revoked")
        }

    def forget(self, ids: Iterable[str], *, campaign: str | None = None) -> None:
        """Objects that are not ours after all, or no longer of a campaign."""
        condition = "" if campaign is None else " AND campaign = :campaign"
        with self._transaction() as database:
            database.execute(
                f"DELETE FROM said WHERE id IN (SELECT value FROM json_each(:ids)){condition}",  # noqa: S608 — no input
                {"ids": json.dumps(list(ids)), "campaign": campaign},
            )


def _draft(row: sqlite3.Row) -> Draft:
    return Draft(**dict(row) | {"content": json.loads(row["content"])})
