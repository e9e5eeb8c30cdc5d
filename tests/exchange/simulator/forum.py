"""A forum of ten members, of whom one is malicious: a real server in a process of its own, and real clients.

with Forum.opened(folder) as forum:
    forum["m00"].publish(objects)
    forum["m01"].pull()              # a quick look, by TAXII alone
    forum["m01"].sync()              # as `stillwatch sync` does: signatures, receipts and the log are checked
    forum.told("m01")                # what GET /forum/ext/contributors/ says to a member
"""

import random
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attendee import Attendee, Traffic
from objects import Object, now, said

from stillwatch.exchange.client.taxii import MEDIA_TYPE
from stillwatch.exchange.credentials import hashed, new_secret
from stillwatch.exchange.model import Collection, Level, Member, Query, Right, Root
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.audit import auditor, records
from stillwatch.indicators import outgoing, timestamps
from stillwatch.signing import SigningKey

ROOT = "forum"
HONEST = tuple(f"m{n:02}" for n in range(9))
MALICIOUS = "m09"


class Forum:
    """The ten, and the operator's hand on the store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database = folder, str(folder / "forum.sqlite")
        self.store = Store.open(self.database, create=True)
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.collection = Collection(str(uuid.uuid4()), ROOT, "Indicators", "indicators")
        self.side = Collection(str(uuid.uuid4()), ROOT, "Side room", "side")
        self.exchange_key = SigningKey.generate()
        self.exchange_key.save(folder / "exchange.pem")
        self.members = {name: self._enrolled(name) for name in (*HONEST, MALICIOUS)}

    def _enrolled(self, name: str) -> Attendee:
        if self.store.root(ROOT) is None:
            self.store.add_root(Root(ROOT, "The forum", allow_list=True))
            for each in (self.collection, self.side):
                self.store.add_collection(each)
        secret, key, identity = new_secret(), SigningKey.generate(), f"identity--{uuid.uuid4()}"
        member = Member(name, identity, "oauth", quarantined=False, public_key=key.public)
        both = Right(read=True, write=True, level=Level.AMBER_STRICT)
        rights = {self.collection.id: both, self.side.id: both}
        self.store.add_member(member, hashed(secret), rights)
        key.save(self.folder / f"{name}.pem")
        secret_file = self.folder / f"{name}.secret"
        secret_file.touch(mode=0o600)
        secret_file.write_text(secret)
        return Attendee(name, identity, secret, key, Traffic.ordinary(300), self.folder)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator["Forum"]:
        """Starts the server, lets everybody in, and ends it."""
        forum = cls(folder)
        forum.start(forum.database)
        try:
            for member in forum.members.values():
                member.begin(forum.url)
            yield forum
        finally:
            for member in forum.members.values():
                member.end()
            forum.stop()
            forum.store.close()

    def start(self, database: str) -> None:
        """Starts the server on a database, always at the same address."""
        command = [sys.executable, "-m", "stillwatch.cli", "serve", "exchange", "--db", database, "--page-size", "200"]
        own = ["--key", str(self.folder / "exchange.pem"), "--listen", self.url.removeprefix("http://")]
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen([*command, *own], stdout=subprocess.PIPE, stderr=log, text=True)
        if not (self.server.stdout and self.server.stdout.readline()):
            raise RuntimeError((self.folder / "server.log").read_text("utf-8")[-2000:])

    def stop(self) -> None:
        """Ends the server in good order."""
        self.server.terminate()
        self.server.wait(timeout=30)
        if self.server.stdout:
            self.server.stdout.close()

    def forked(self) -> str:
        """A copy of the database as it is now."""
        copy = self.folder / "fork.sqlite"
        source, target = sqlite3.connect(self.database), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()
        return str(copy)

    def __getitem__(self, name: str) -> Attendee:
        return self.members[name]

    @property
    def honest(self) -> list[Attendee]:
        """The nine."""
        return [self.members[name] for name in HONEST]

    @property
    def malicious(self) -> Attendee:
        """The one."""
        return self.members[MALICIOUS]

    def campaign(self, by: Attendee, seen_at: Iterable[Attendee] = ()) -> list[Object]:
        """A real campaign: its tokens stand in a dozen accounts of each member that it visits."""
        whole = said()
        for member in seen_at:
            for account in random.sample(member.traffic.accounts, k=12):
                account.update(whole.template, *whole.shared.values())
        return outgoing.objects(whole, contributor=by.identity, now=now())

    def told(self, name: str) -> Object:
        """What a member is told of contributors and indicators."""
        return dict(self[name].raw.get(f"{self.url}/{ROOT}/ext/contributors/", headers={"Accept": MEDIA_TYPE}).json())

    def stored(self) -> set[tuple[str, int]]:
        """What stands in the root by the store itself: ids and versions."""
        places = self.store.collections(ROOT)
        reader = auditor({each.id: Right(read=True, write=False, level=Level.RED) for each in places})
        found = (each for place in places for each in records(self.store, reader, place, Query(versions="all")))
        return {(each.id, timestamps.parse(each.version)) for each in found}

    def faults(self) -> list[str]:
        """Lines of the server's log that tell of a 500."""
        lines = (self.folder / "server.log").read_text("utf-8").splitlines()
        return [line for line in lines if '"status": 5' in line or '"fault"' in line]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
