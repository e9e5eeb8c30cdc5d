"""Running servers: a forum of two groups, members of every kind, and TAXII's clients pointed at it.

    def test_something(forum):
        answer = forum.get("/alliance/collections/", "ana")

`forum` is a server of its own on SQLite, started in a thread; `forum_of(**changes)` starts others.
"""

import threading
import uuid
from dataclasses import dataclass, field, replace

import httpx2
import pytest
from argon2 import PasswordHasher

from stillwatch.exchange.credentials import new_secret
from stillwatch.exchange.model import Collection, Level, Member, Right, Root
from stillwatch.exchange.server.app import create
from stillwatch.exchange.server.exchange import Exchange
from stillwatch.exchange.server.metrics import Metrics
from stillwatch.exchange.server.process import server_of
from stillwatch.exchange.store.store import Store
from stillwatch.serving import Server, listen
from stillwatch.signing import SigningKey

TAXII = "application/taxii+json;version=2.1"
#: Who may do what in the collection `indicators` of the root `alliance`: read, write, the narrowest marking.
RIGHTS = {
    "ana": (True, True, Level.RED),
    "ben": (True, True, Level.AMBER),
    "reader": (True, False, Level.AMBER_STRICT),
    "writer": (False, True, Level.AMBER_STRICT),
    "outsider": None,
}
KEY = SigningKey.generate()
#: A hash that is checked quickly; what a real one costs is tested where secrets are.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _stix(kind="indicator", **changes):
    made = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid4()}",
        "created": "2026-03-02T09:00:00.000Z",
        "modified": "2026-03-02T09:00:00.000Z",
    }
    if kind == "indicator":
        made |= {
            "pattern": "[ipv4-addr:value = '198.51.100.7']",
            "pattern_type": "stix",
            "valid_from": "2026-03-02T09:00:00Z",
        }
    if kind == "campaign":
        made["name"] = "DC-2026-0001"
    if kind == "note":
        made |= {"content": "seen", "object_refs": [f"indicator--{uuid.uuid4()}"]}
    return made | changes


@dataclass
class Forum:
    """A running exchange and what is known of it."""

    exchange: Exchange
    server: Server
    secrets: dict[str, str]
    collection: str
    thread: threading.Thread | None = None
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30))

    @property
    def url(self):
        return self.exchange.public_url

    @property
    def path(self):
        return f"/alliance/collections/{self.collection}"

    def request(self, method, path, who="ana", **options):
        if who is not None:
            options.setdefault("auth", (who, self.secrets.get(who, "no secret")))
        options["headers"] = {"Accept": TAXII} | dict(options.get("headers") or {})
        return self.client.request(method, self.url + path, **options)

    def get(self, path, who="ana", **options):
        return self.request("GET", path, who, **options)

    def delete(self, path, who="ana", **options):
        return self.request("DELETE", path, who, **options)

    def post(self, objects, who="ana", **options):
        """Adds objects to the collection."""
        options["headers"] = {"Content-Type": TAXII} | dict(options.get("headers") or {})
        path = options.pop("path", f"{self.path}/objects/")
        if "content" not in options:
            options["json"] = {"objects": objects}
        return self.request("POST", path, who, **options)

    def filled(self, count, **changes):
        """Adds so many indicators, in one envelope."""
        objects = [_stix(**changes) for _ in range(count)]
        answer = self.post(objects)
        assert answer.status_code == 202, answer.text
        return objects

    def restart(self):
        """The same store behind a new process, as far as one can tell from outside; at another port."""
        self.stop()
        socket = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        self.exchange = replace(self.exchange, public_url=url, metrics=Metrics(), closing=threading.Event())
        self.server, self.client = server_of(create(self.exchange), socket), httpx2.Client(timeout=30)
        self.start()

    def start(self):
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.stop()
        self.thread.join(timeout=20)
        self.client.close()
        assert not self.thread.is_alive()


@pytest.fixture
def stix():
    """Makes objects that are taken as they are."""
    return _stix


@pytest.fixture
def quick():
    """Hashes secrets for as quick a check as there is."""
    return QUICK


def _founded(store):
    """A root with a collection and members whose way is HTTP Basic; a second root for outsiders.

    Returns:
        The secrets of the members and the id of the collection.
    """
    store.add_root(Root("alliance", "The alliance", "Those who were hit"))
    store.add_root(Root("elsewhere", "Another group"))
    collection, other = str(uuid.uuid4()), str(uuid.uuid4())
    store.add_collection(Collection(collection, "alliance", "Indicators", "indicators", "What was seen"))
    store.add_collection(Collection(other, "elsewhere", "Indicators", "indicators"))
    secrets = {}
    for name, given in RIGHTS.items():
        secrets[name] = new_secret()
        rights = {collection: Right(*given)} if given else {other: Right(read=True, write=True)}
        member = Member(name, f"identity--{uuid.uuid4()}", "basic", quarantined=False)
        store.add_member(member, QUICK.hash(secrets[name]), rights)
    return secrets, collection


@pytest.fixture
def founded():
    """Makes the roots, collections and members of a forum in an empty store; gives secrets and the collection's id."""
    return _founded


@pytest.fixture
def key():
    """The key of the exchanges here."""
    return KEY


@pytest.fixture
def forum_of(tmp_path):
    """Starts servers; each may differ from the others in what Exchange takes, or in `tls`."""
    running = []

    def make(store=None, *, tls=None, **changes):
        socket = listen("127.0.0.1", 0)
        scheme = "https" if tls else "http"
        store = store or Store.open(str(tmp_path / f"{len(running)}.sqlite"), create=True)
        secrets, collection = _founded(store)
        exchange = Exchange(
            **{
                "store": store,
                "signing_key": KEY,
                "public_url": f"{scheme}://127.0.0.1:{socket.getsockname()[1]}",
                "cursor_key": b"c" * 32,
                "token_key": b"t" * 32,
                "basic": True,
            }
            | changes
        )
        forum = Forum(exchange, server_of(create(exchange), socket, tls=tls), secrets, collection)
        forum.start()
        running.append(forum)
        return forum

    yield make
    for forum in running:
        forum.stop()
        forum.exchange.store.close()


@pytest.fixture
def forum(forum_of):
    """A running exchange."""
    return forum_of()
