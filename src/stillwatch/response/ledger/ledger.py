"""The ledger: every decision, who applied, signed or lifted it, and the switch, in one chain.

    with Ledger.open("ledger.sqlite") as ledger:              # or postgresql://user@host/ledger
        ledger.decide(proposal.decisions, by="alice", now=now)
        ledger.propose(proposal.waiting, now)                 # stands when somebody signs it
        ledger.standing(now)                                  # what gateways are told

Every method is one transaction that is on the disk when it returns: killed at any moment, the ledger is as it was
before or as it is after. Several processes may use it at once; they write one after the other. Each method may raise
ExchangeError (the database cannot be used; nothing was half written).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection

from stillwatch.database import Database, Schema
from stillwatch.errors import InputError
from stillwatch.response.ledger import laws, reading, tables, verification
from stillwatch.response.ledger.chain import Entry, Head
from stillwatch.response.ledger.entries import Decided, Proposed, Switched, findable
from stillwatch.response.ledger.laws import Recorded
from stillwatch.response.ledger.picture import Picture
from stillwatch.response.ledger.tables import entry
from stillwatch.response.ledger.writing import VERSION, Writing
from stillwatch.response.model import Decision

_WAIT_SECONDS = 30.0  # for another writer


def _begin(connection: Connection) -> None:
    tables.guard(connection)
    Writing.founding(connection, datetime.now(UTC))


SCHEMA = Schema(
    name="ledger",
    metadata=tables.metadata,
    mark=entry,
    version=VERSION,
    found=lambda connection: verification.founded(connection).version,
    begin=_begin,
    lock=0x57A7C6,
    absent="`stillwatch respond --apply` makes one with the first decision.",
    older="Keep it for the record, with a checkpoint, and name another database: what stands is proposed anew.",
)


class Ledger:
    """An open ledger; `open` makes one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, address: str, *, create: bool = True, wait: float = _WAIT_SECONDS) -> Self:
        """Opens a ledger.

        Args:
            address: a path (SQLite), `sqlite:///path` or `postgresql://user@host/name`.
            create: make one where there is none.
            wait: seconds for another writer of a SQLite database.

        Raises:
            ConfigError: the address is none, the database is another program's or of another version, or there is no
                ledger and none is to be made.
            ExchangeError: the database cannot be reached.
        """
        database = Database.at(address, wait=wait)
        database.prepare(SCHEMA, create=create)
        return cls(database)

    def close(self) -> None:
        """Closes all connections; the ledger opens new ones if it is used again."""
        self.database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # what is written

    @contextmanager
    def writing(self, now: datetime) -> Iterator[Writing]:
        """One transaction; nobody else writes meanwhile, and all of it is taken back if the block raises."""
        with self.database.writing() as connection:
            yield Writing.begun(connection, now)

    def decide(self, decisions: Iterable[Decision], *, by: str, now: datetime) -> Recorded:
        """Applies decisions: they stand. One whose id the ledger knows is passed over, so that trying again is safe.

        Args:
            decisions: what is to stand; each takes the place of the older about the same account and campaign.
            by: who applied them; a decision that a person must sign bears its own `by`.
            now: the time.

        Raises:
            TrustError: a hold that nobody signed, or one that ends before it begins; nothing is written then.
        """
        with self.writing(now) as writing:
            new = _new(decisions, writing)
            bodies, recorded = laws.deciding(new, writing.picture(whose={each.value for each in new}), by)
            writing.add(bodies)
        return recorded

    def propose(self, decisions: Iterable[Decision], now: datetime) -> Recorded:
        """Writes down what waits for a person: it does nothing until `sign`."""
        with self.writing(now) as writing:
            new = _new(decisions, writing)
            bodies, recorded = laws.proposing(new, writing.picture(whose={each.value for each in new}), now)
            writing.add(bodies)
        return recorded

    def sign(self, ids: Sequence[str], by: str, now: datetime) -> tuple[Decision, ...]:
        """A person makes proposals stand, and answers for them.

        Raises:
            InputError: one of them does not wait; nothing is written then.
        """
        with self.writing(now) as writing:
            waiting = writing.picture(about=ids).waiting
            if missing := [id_ for id_ in ids if id_ not in waiting]:
                hint = "`stillwatch decisions list --waiting` lists what does."
                raise InputError("This does not wait for a signature.", where=missing[0], hint=hint)
            signed = tuple(replace(waiting[id_], by=by) for id_ in dict.fromkeys(ids))
            around = writing.picture(whose={each.value for each in signed})
            writing.add(laws.deciding(signed, around, by)[0])
        return signed

    def lift(self, ids: Sequence[str], by: str, reason: str, now: datetime) -> tuple[Decision, ...]:
        """Ends decisions at once, and refuses proposals; what has ended already is passed over.

        Returns:
            What was ended by this.

        Raises:
            InputError: the ledger knows no decision of one of these ids; nothing is written then.
        """
        with self.writing(now) as writing:
            if unknown := writing.unknown(ids):
                raise InputError("The ledger knows no decision of this id.", where=unknown[0])
            picture = writing.picture(about=ids)
            both = picture.standing | picture.waiting
            ended = tuple(both[id_] for id_ in dict.fromkeys(ids) if id_ in both)
            writing.add(laws.ending(ended, by, reason))
        return ended

    def switch(self, on: bool, by: str, reason: str, now: datetime) -> None:
        """Turns all measures off at once, or on again; what stands is not changed by it."""
        with self.writing(now) as writing:
            writing.add([Switched(on, by, reason)])

    # what is read

    def picture(self, now: datetime) -> Picture:
        """What stands, what waits, and who is exempt."""
        with self.database.reading() as connection:
            return reading.picture_of(connection, now)

    def standing(self, now: datetime) -> tuple[Decision, ...]:
        """Decisions in force or about to be, oldest first; simulated ones, too."""
        return tuple(self.picture(now).standing.values())

    def waiting(self, now: datetime) -> tuple[Decision, ...]:
        """What a person must sign before it does anything, oldest first."""
        return tuple(self.picture(now).waiting.values())

    def page(
        self, now: datetime, *, waiting: bool = False, before: int | None = None, most: int = 50
    ) -> tuple[list[Decision], int | None]:
        """What stands, or waits, newest first, and where the next page begins (`reading.newest`)."""
        kind = Proposed.kind if waiting else Decided.kind
        with self.database.reading(snapshot=True) as connection:
            return reading.newest(connection, now, kind, before=before, most=most)

    def against(self, values: Collection[str], now: datetime) -> Picture:
        """What stands and waits against these accounts, organizations, keys or campaigns, and which are exempt."""
        named = list(values)
        parts = Picture()
        with self.database.reading(snapshot=True) as connection:
            for at in range(0, len(named), reading.NAMED):
                part = reading.picture_of(connection, now, whose=named[at : at + reading.NAMED])
                parts.standing |= part.standing
                parts.waiting |= part.waiting
                parts.exempt |= part.exempt
        return parts

    def exempt(self, now: datetime) -> frozenset[str]:
        """Accounts, organizations and keys of which an appeal was granted."""
        return frozenset(self.picture(now).exempt)

    @property
    def enabled(self) -> bool:
        """Whether measures act: the switch."""
        last = self.switched()
        return last is None or (isinstance(last.body, Switched) and last.body.on)

    def switched(self) -> Entry | None:
        """When the switch was last used, by whom and why; None: never."""
        with self.database.reading() as connection:
            return reading.latest(connection, entry.c.kind == Switched.kind)

    def decision(self, id_: str) -> Decision:
        """A decision or proposal as it was last written, whether it still stands or not.

        Raises:
            InputError: there is none of this id.
        """
        kinds = entry.c.kind.in_((Decided.kind, Proposed.kind))
        with self.database.reading() as connection:
            last = reading.latest(connection, (entry.c.about == id_) & kinds)
        if last is None or not isinstance(last.body, Decided | Proposed):
            raise InputError("The ledger knows no decision of this id.", where=id_)
        return last.body.decision

    def history(self, name: str) -> tuple[Entry, ...]:
        """Every entry about a decision or an appeal, an account, an organization, a key or a campaign, oldest first."""
        sought = findable(name)
        with self.database.reading() as connection:
            return tuple(reading.found(connection, (entry.c.about == sought) | (entry.c.whose == sought)))

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """All entries from a number on, oldest first."""
        with self.database.reading(snapshot=True) as connection:
            yield from reading.entries(connection, after)

    # what can be relied on

    def head(self) -> Head:
        """The last entry."""
        with self.database.reading() as connection:
            number, digest = reading.head_of(connection)
        return Head(number, digest.hex())

    def verify(self, checkpoint: str | None = None) -> Head:
        """Reads the whole chain.

        Args:
            checkpoint: what `checkpoint` gave earlier and was kept elsewhere.

        Raises:
            TrustError: an entry is altered, missing or out of its place: the first one is named; or the checkpoint is
                another ledger's, or of an entry that was replaced.
            InputError: the checkpoint is none.
        """
        with self.database.reading(snapshot=True) as connection:
            return verification.verify(connection, checkpoint)

    def checkpoint(self, head: Head | None = None) -> str:
        """Three lines about an entry, the last by default, to keep where the database's administrators cannot write."""
        with self.database.reading() as connection:
            return verification.checkpoint(connection, head)


def _new(decisions: Iterable[Decision], writing: Writing) -> list[Decision]:
    """Those that the ledger does not know, each once."""
    by_id = {each.id: each for each in decisions}
    return [by_id[id_] for id_ in writing.unknown(by_id)]
