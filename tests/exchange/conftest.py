"""A store on both databases, for whoever tests the exchange.

    def test_something(store, place, principal_of, new_record):
        store.add("forum", "ana", lambda _: ([new_record()], []))
        page = store.read(principal_of("ben"), place, Query())

`store` is empty but for the root `forum` with the collection `indicators` (`place`) and the members `ana`, who reads
and writes it, and `ben`, who reads it; they have no secrets. It comes twice, in SQLite and in PostgreSQL, and so does
`database_url`, the address of an empty database. A test that needs one kind only says
`@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.

PostgreSQL is started once for each worker, on a socket in a folder of its own, where initdb and postgres are in PATH or
/usr/lib/postgresql; where they are not, those tests are skipped and say so.
"""

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stillwatch.exchange.model import Collection, Level, Member, NewRecord, Right, Root
from stillwatch.exchange.store.store import Store

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
DATABASES = ("sqlite", "postgresql")


def programs():
    """The folder of PostgreSQL's programs, the newest first; None where there are none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    named = shutil.which("initdb")
    folders = ([Path(named).resolve().parent] if named else []) + installed
    return next((each for each in folders if (each / "postgres").exists() and (each / "initdb").exists()), None)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: fast shutdown, even if the tests are killed


@contextmanager
def postgresql(folder):
    """A server on a socket in a new folder; gives the address of its cluster, without a database's name."""
    home = Path(tempfile.mkdtemp(prefix="stillwatch-postgresql-"))
    as_user = {}
    if os.geteuid() == 0:  # postgres refuses to run as root
        names = {each.pw_name for each in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    make = [
        folder / "initdb",
        "-D",
        home / "data",
        "-U",
        "stillwatch",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    subprocess.run(make, check=True, capture_output=True, cwd=home, **as_user)
    settings = {"listen_addresses": "", "unix_socket_directories": home, "fsync": "off", "max_connections": 200}
    options = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in settings.items())
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [folder / "postgres", "-D", home / "data", *options],
            cwd=home,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 — no threads yet
            **as_user,
        )
    try:
        _wait_for(home, server)
        yield f"host={home} user=stillwatch"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(home)


def _wait_for(home, server):
    for _ in range(300):
        try:
            psycopg.connect(f"host={home} user=stillwatch dbname=postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
        else:
            return
    pytest.fail((home / "log").read_text())


@pytest.fixture(scope="session")
def postgresql_cluster():
    """What psycopg needs to reach the throw-away PostgreSQL, without a database's name."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: initdb and postgres are neither in PATH nor in /usr/lib/postgresql")
    with postgresql(folder) as cluster:
        yield cluster


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path):
    """The address of an empty database of the test's own, one of each kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "exchange.sqlite")
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{cluster} dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        socket = dict(pair.split("=", 1) for pair in cluster.split())["host"]
        yield f"postgresql://stillwatch@/{name}?host={socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Clock:
    """A time that the test sets; each look at it moves it on by `step` microseconds."""

    def __init__(self, now=1_790_000_000_000_000, step=1000):
        self.now, self.step = now, step

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.fixture
def clock():
    """The store's clock."""
    return Clock()


@pytest.fixture
def open_store(database_url, clock):
    """Opens the test's store, once more each time: as another process would."""
    opened = []

    def open_it(**options):
        opened.append(Store.open(database_url, **({"clock": clock} | options)))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


@pytest.fixture
def store(open_store):
    """A store with a root, a collection and two members."""
    opened = open_store(create=True)
    opened.add_root(Root("forum", "The forum"))
    opened.add_collection(Collection(COLLECTION, "forum", "Indicators", "indicators"))
    for name, write in (("ana", True), ("ben", False)):
        member = Member(name, f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, name)}", "oauth")
        opened.add_member(member, None, {COLLECTION: Right(read=True, write=write)})
    return opened


@pytest.fixture
def place(store):
    """The collection `indicators`."""
    return store.collection("forum", "indicators")


@pytest.fixture
def principal_of(store):
    """A member with its rights, by name."""
    return store.principal


@pytest.fixture
def new_record():
    """Records of ana's in `indicators`: each a new object, unless the test says otherwise."""

    def make(**changes):
        name = changes.pop("id", None) or f"indicator--{uuid.uuid4()}"
        whole = {
            "collection": COLLECTION,
            "id": name,
            "version": "2026-11-02T09:00:00.000000Z",
            "type": name.split("--")[0],
            "spec_version": "2.1",
            "level": Level.AMBER,
            "publisher": "ana",
            "origin": changes.get("collection", COLLECTION),
            "body": b'{"type":"indicator","id":"%s"}' % name.encode(),
        }
        return NewRecord(**(whole | changes))

    return make
