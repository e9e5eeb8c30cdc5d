import json
import re
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager

import httpx2
import pytest

from stillwatch.exchange.credentials import hashed
from stillwatch.exchange.model import Collection, Member, Right, Root
from stillwatch.exchange.store.store import Store
from stillwatch.signing import SigningKey


@pytest.fixture
def database(tmp_path):
    """An exchange with one member, `ana`, whose secret is `secret`."""
    store = Store.open(str(tmp_path / "forum.sqlite"), create=True)
    collection = str(uuid.uuid4())
    store.add_root(Root("forum", "The forum"))
    store.add_collection(Collection(collection, "forum", "Indicators", "indicators"))
    member = Member("ana", f"identity--{uuid.uuid4()}", "basic")
    store.add_member(member, hashed("secret"), {collection: Right(read=True, write=True)})
    store.close()
    SigningKey.generate().save(tmp_path / "forum.pem")
    return tmp_path / "forum.sqlite"


@contextmanager
def serving(*args):
    program = [sys.executable, "-m", "stillwatch.cli", "serve", "exchange", *map(str, args)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, re.search(r"http\S*(?=/taxii2/)", process.stdout.readline())[0]
    finally:
        process.kill()
        process.communicate()


def test_it_tells_when_it_is_ready_and_ends_in_good_order(database):
    with serving("--db", database, "--listen", "127.0.0.1:0", "--page-size", 2) as (process, url):
        answer = httpx2.get(f"{url}/taxii2/", auth=("ana", "secret"))
        assert answer.json()["default"] == f"{url}/forum/"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, "")
    lines = [json.loads(line) for line in err.splitlines()]
    assert [(each["event"], each["route"], each["status"]) for each in lines] == [("request", "/taxii2/", 200)]
    assert "secret" not in err


@pytest.mark.parametrize(("switch", "status"), [((), 200), (("--no-basic",), 401)])
def test_basic_is_taken_where_a_member_has_it_unless_it_is_switched_off(database, switch, status):
    with serving("--db", database, "--listen", "127.0.0.1:0", *switch) as (_, url):
        assert httpx2.get(f"{url}/taxii2/", auth=("ana", "secret")).status_code == status


def test_quiet_leaves_requests_out(database):
    with serving("--db", database, "--listen", "127.0.0.1:0", "--quiet") as (process, url):
        assert httpx2.get(f"{url}/taxii2/").status_code == 401
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "", "")


def test_measurements_have_a_token_of_their_own(database, tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef\n")
    with serving("--db", database, "--listen", "127.0.0.1:0", "--metrics-token", "token") as (_, url):
        headers = {"Authorization": "Bearer 0123456789abcdef"}
        assert "stillwatch_requests" in httpx2.get(f"{url}/metrics", headers=headers).text
        assert httpx2.get(f"{url}/metrics").status_code == 404


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ((), 2, "Which database is meant is not said"),
        (("--db", "absent.sqlite"), 2, "absent.sqlite: There is no exchange here."),
        (("--db", "mysql://forum"), 2, "no database that stillwatch knows"),
        (("--db", "forum.sqlite", "--listen", "everywhere"), 2, "no HOST:PORT"),
        (("--db", "forum.sqlite", "--listen", "127.0.0.1:99999"), 2, "no HOST:PORT"),
        (("--db", "forum.sqlite", "--listen", "192.0.2.1:8080"), 2, "Without TLS"),
        (("--db", "forum.sqlite", "--listen", "0.0.0.0:0", "--insecure-http"), 2, "--public-url"),
        (("--db", "forum.sqlite", "--listen", "192.0.2.1:0", "--insecure-http"), 2, "cannot listen here"),
        (("--db", "forum.sqlite", "--public-url", "forum.example"), 2, "no URL of an exchange"),
        (("--db", "forum.sqlite", "--tls-cert", "a.pem"), 2, "go together"),
        (("--db", "forum.sqlite", "--client-ca", "a.pem"), 2, "Client certificates need TLS"),
        (("--db", "forum.sqlite", "--tls-cert", "a.pem", "--tls-key", "b.pem"), 2, "TLS cannot be set up"),
        (("--db", "forum.sqlite", "--page-size", "0"), 2, "--page-size"),
        (("--db", "forum.sqlite", "--metrics-token", "absent"), 2, "The token cannot be read"),
        (("--db", "forum.sqlite", "--key", "absent.pem"), 2, "absent.pem: The signing key cannot be read"),
    ],
)
@pytest.mark.usefixtures("database")
def test_what_is_wrong_is_one_line(run, args, code, says):
    ran = run("serve", "exchange", *args)
    assert ran.code == code
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""


def test_a_port_that_is_taken_is_told(run, database):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run("serve", "exchange", "--db", database, "--listen", place)
    assert ran.code == 2
    assert f"{place}: The server cannot listen here" in ran.err
