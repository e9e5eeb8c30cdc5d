"""What was said in a root so far, kept up with the store: each look reads only what came since.

    tail = Tail(store, "forum", rights)
    tail.judgement(now).contributors

A tail sees what somebody with these rights sees and has no objects of its own. Two readers with the same rights see the
same, and nobody's weight tells of what he may not read.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from stillwatch.exchange.model import Query, Record, Right
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.audit import auditor, records
from stillwatch.exchange.trust.judgement import Judgement, Roster, judge
from stillwatch.exchange.trust.register import roster
from stillwatch.exchange.trust.statements import Claim, Statement, claim, statements

TYPES = ("indicator", "opinion", "sighting")
HOUR = 3_600_000_000  # microseconds: a judgement is not made anew for less, unless something was said
_LINES = 10_000  # of the log, at a time


@dataclass
class _Said:
    """What was read so far."""

    lines: int = 0  # of the log
    added: dict[str, int] = field(default_factory=dict)  # last date_added, by collection
    claims: dict[str, Claim] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)


class Tail:
    """Follows a root; may be asked from several threads."""

    def __init__(self, store: Store, root: str, rights: Mapping[str, Right]) -> None:
        self._store, self._root, self._reader = store, root, auditor(rights)
        self._said, self._lock = _Said(), threading.Lock()
        self._judged: tuple[tuple[int, Roster, int], Judgement] | None = None

    def judgement(self, now: int) -> Judgement:
        """The judgement of this hour, of all that was said until now.

        Args:
            now: the exchange's time, in microseconds.
        """
        with self._lock:
            self._catch_up()
            known = self._said
            made_of = known.lines, roster(self._store, self._root), now // HOUR
            if self._judged is None or self._judged[0] != made_of:
                self._judged = made_of, judge(known.claims, known.statements, made_of[1], now // HOUR * HOUR)
            return self._judged[1]

    def _catch_up(self) -> None:
        size = self._store.log_size(self._root)  # before the objects: what comes in between is read twice, not missed
        if size == self._said.lines:
            return
        if self._deleted(self._said.lines, size):
            self._said = _Said()
        names = {member.name: member.identity for member in self._store.members()}
        for collection in self._store.collections(self._root):
            asked = Query(added_after=self._said.added.get(collection.id), types=TYPES, versions="all")
            for record in records(self._store, self._reader, collection, asked):
                self._take_in(record, names.get(record.publisher, record.publisher))
                self._said.added[collection.id] = record.date_added
        self._said.lines = size

    def _deleted(self, start: int, end: int) -> bool:
        """Whether something was deleted since; the first look need not know."""
        if start == 0:
            return False
        chunks = (self._store.log_entries(self._root, at, min(at + _LINES, end)) for at in count(start, _LINES))
        for lines in chunks:
            if not lines:
                return False
            if any(json.loads(line)["action"] == "delete" for line in lines):
                return True
        return False

    def _take_in(self, record: Record, publisher: str) -> None:
        obj = json.loads(record.body)
        if record.type == "indicator":
            self._claimed(claim(obj, publisher, record.date_added))
        else:
            self._said.statements.extend(statements(obj, publisher, record.date_added))

    def _claimed(self, made: Claim) -> None:
        """An id is its first publisher's, in whatever collection another may use it too."""
        earlier = self._said.claims.setdefault(made.id, made)
        if earlier.publisher == made.publisher:
            self._said.claims[made.id] = replace(made, time=earlier.time)
