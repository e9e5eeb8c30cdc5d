"""The verbs of the log, against a store and against a server that runs on it."""

import json
import threading
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from stillwatch.cli.boundary import run as run_command
from stillwatch.cli.exchange_log import log
from stillwatch.exchange import intake
from stillwatch.exchange.credentials import hashed, new_secret
from stillwatch.exchange.log import enrolment
from stillwatch.exchange.model import Collection, Level, Member, Right, Root
from stillwatch.exchange.server.app import create
from stillwatch.exchange.server.exchange import Exchange
from stillwatch.exchange.server.process import server_of
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.exchange.tokens.keys import Keys
from stillwatch.serving import listen
from stillwatch.signing import SigningKey


@pytest.fixture
def run(capsys):
    """Runs `log` with these arguments."""

    def run_here(*args):
        code = run_command(log, [str(each) for each in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_here


@pytest.fixture
def key(tmp_path):
    made = SigningKey.generate()
    made.save(tmp_path / "exchange.pem")
    return made


@pytest.fixture
def db(tmp_path):
    return tmp_path / "forum.sqlite"


@pytest.fixture
def store(tmp_path, db):
    opened = Store.open(str(db), create=True)
    opened.add_root(Root("forum", "The forum"))
    collection = Collection(str(uuid.uuid4()), "forum", "Indicators", "indicators")
    opened.add_collection(collection)
    secret = new_secret()
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text(secret)
    rights = {collection.id: Right(read=True, write=True, level=Level.RED)}
    opened.add_member(Member("ana", f"identity--{uuid.uuid4()}", "oauth"), hashed(secret), rights)
    yield opened
    opened.close()


@pytest.fixture
def publish(store, key):
    def add(count):
        objects = [
            {"type": "ipv4-addr", "id": f"ipv4-addr--{uuid.uuid4()}", "value": "198.51.100.7"} for _ in range(count)
        ]
        place, now = store.collection("forum", "indicators"), 1_790_000_000_000_000
        posted = intake.examine(store.principal("ana"), store.root("forum"), place, objects, now=now)
        store.add("forum", "ana", lambda each: intake.take_in(each, posted, key).parts)

    enrolment.enter(store, "forum", key)
    return add


@pytest.fixture
def url(store, key):
    socket = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{socket.getsockname()[1]}"
    server = server_of(create(Exchange(store, key, address, b"c" * 32, b"t" * 32)), socket)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"{address}/forum/"
    server.stop()
    thread.join(timeout=20)


@pytest.fixture
def there(url, tmp_path):
    return ("--url", url, "--member", "ana", "--secret-file", tmp_path / "secret")


def spoil(store, statement):
    with store.database.writing() as connection:
        connection.execute(text(statement))


def test_a_member_verifies_the_log_and_keeps_its_head(run, there, publish, tmp_path, key):
    head = tmp_path / "head"
    publish(300)
    code, out, _ = run("verify", *there, "--checkpoint", head)
    assert code == 0, out
    assert "301 lines" in out
    assert f"key {key.key_id}" in out
    assert "It has grown" not in out
    publish(5)
    code, out, _ = run("verify", *there, "--checkpoint", head, "--json")
    found = json.loads(out)
    assert (code, found["size"], found["grown_from"], found["signed"], found["keys"]) == (0, 306, 301, 306, 1)
    assert head.read_text().splitlines()[1] == "306"


def test_a_changed_log_is_exit_code_4_and_the_head_is_kept(run, there, publish, store, db):
    head = db.parent / "head"
    publish(10)
    assert run("verify", *there, "--checkpoint", head)[0] == 0
    before = head.read_bytes()
    spoil(store, "UPDATE log_entry SET entry = (SELECT entry FROM log_entry WHERE leaf = 3) WHERE leaf = 5")
    for where in (there, ("--db", db)):
        code, out, err = run("verify", *where, "--checkpoint", head)
        assert (code, out) == (4, "")
        assert "tile 0/000.p/11 does not hold what its lines make" in err
    assert head.read_bytes() == before


def test_the_operator_verifies_the_store_and_its_objects(run, publish, store, db):
    publish(10)
    code, out, _ = run("verify", "--db", db)
    assert code == 0
    assert "10 versions of objects are what was logged; 0 have no receipt" in out
    assert "has signed no head yet" in out
    spoil(store, "UPDATE object SET body = (SELECT body FROM object WHERE leaf = 4) WHERE leaf = 5")
    code, _, err = run("verify", "--db", db)
    assert code == 4
    assert "is not what was logged" in err
    assert run("verify", "--db", db, "--no-objects", "--quiet") == (0, "", "")


def test_lines_are_shown(run, there, publish, db):
    publish(5)
    for where in (there, ("--db", db)):
        code, out, _ = run("show", *where, "--last", 2)
        assert code == 0
        assert [line.split()[0] for line in out.splitlines()] == ["4", "5"]
        assert out.count(" add ") == 2
    found = json.loads(run("show", "--db", db, "--json")[1])
    assert (found["size"], [each["action"] for each in found["entries"]]) == (6, ["key", *["add"] * 5])


def test_the_exchanges_key_is_turned(run, publish, store, db, key):
    publish(2)
    now = datetime.now(UTC)
    seed = Keys(store, key).seed("forum", Epoch.at(now), now)
    code, _, err = run("turn-key", "--db", db, "--old", db.parent / "exchange.pem", "--new", db.parent / "next.pem")
    following = SigningKey.load(db.parent / "next.pem")
    assert code == 0
    assert following.key_id in err
    assert json.loads(run("verify", "--db", db, "--json")[1])["exchange_keys"] == [key.key_id, following.key_id]
    enrolment.enter(store, "forum", following)
    assert Keys(store, following).seed("forum", Epoch.at(now), now) == seed
    again = run("turn-key", "--db", db, "--old", db.parent / "exchange.pem", "--new", db.parent / "next.pem")
    assert again[0] == 0, "what is done already is left as it is"
    code, _, err = run("turn-key", "--db", db, "--old", db.parent / "exchange.pem", "--new", db.parent / "other.pem")
    assert code == 4
    assert "not signed over" in err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("--db", "absent.sqlite"), 2, "absent.sqlite"),
        (("--db", "x", "--url", "https://exchange.example/"), 2, "two places"),
        ((), 2, "exchange"),
    ],
)
def test_mistakes_are_one_line(run, args, code, says):
    got, out, err = run("verify", *args)
    assert (got, out) == (code, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_a_root_must_be_clear(run, publish, store, db):
    publish(1)
    store.add_root(Root("other", "Another"))
    code, _, err = run("verify", "--db", db)
    assert code == 2
    assert "There are: forum, other" in err
    assert run("verify", "--db", db, "--root", "other")[0] == 0
    assert run("verify", "--db", db, "--root", "none")[0] == 2


def test_a_file_that_is_no_checkpoint(run, publish, db, tmp_path):
    publish(1)
    (tmp_path / "head").write_bytes(b"\xff\n")
    code, _, err = run("verify", "--db", db, "--checkpoint", tmp_path / "head")
    assert code == 4
    assert "no signed note" in err
