import base64
import contextlib
import hashlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx2
import pytest

from stillwatch.cli import match
from stillwatch.cli.boundary import run as run_command
from stillwatch.errors import ConfigError, ExchangeError, PrivacyError, TrustError
from stillwatch.exchange.client.connection import Access, connect
from stillwatch.exchange.log.entries import read
from stillwatch.exchange.server.journal import log_to
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.tokens.classes import CLASSES, normal
from stillwatch.exchange.tokens.client import MemoryCache, TokenClient
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.exchange.tokens.keys import PUBLISHED, SEALED, Keys, info
from stillwatch.exchange.tokens.prf import PRF
from stillwatch.indicators import patterns
from stillwatch.signing import SigningKey

TAXII = "application/taxii+json;version=2.1"
DAY = 86_400_000_000
VALUES = [f"203.0.113.{n}".encode() for n in range(30)]


class Clock:
    def __init__(self, *date):
        self.now = int(datetime(*date, tzinfo=UTC).timestamp() * 1_000_000)

    def __call__(self):
        return self.now

    @property
    def moment(self):
        return datetime.fromtimestamp(self.now / 1_000_000, UTC)


@pytest.fixture
def clock():
    return Clock(2026, 11, 2, 9)


@pytest.fixture
def timed(forum_of, tmp_path, clock):
    """An exchange that goes by the test's clock."""
    return forum_of(Store.open(str(tmp_path / "timed.sqlite"), create=True, clock=clock), clock=clock)


@pytest.fixture
def client_of():
    """A member's client, with the guards that the command line has too."""
    opened = []

    def make(forum, who="ana", **options):
        http = connect(Access(f"{forum.url}/taxii2/", "basic", who, forum.secrets[who], attempts=1))
        opened.append(http)
        return TokenClient(http, f"{forum.url}/alliance/", **options)

    yield make
    for http in opened:
        http.close()


def ask(forum, elements, who="ana", klass="address", epoch="2026Q4", **options):
    """What a member posts, without a client's care."""
    body = {"blinded": [base64.b64encode(element).decode() for element in elements]}
    options.setdefault("content", json.dumps(body).encode())
    return forum.request(
        "POST", f"/alliance/ext/tokens/{klass}/{epoch}/", who, headers={"Content-Type": TAXII}, **options
    )


def test_members_get_the_same_token_for_the_same_value_and_no_other(timed, client_of):
    ana = client_of(timed).tokens("address", "2026Q4", VALUES)
    ben = client_of(timed, "ben").tokens("address", "2026Q4", VALUES[::-1])
    assert ana == ben[::-1]
    assert len(set(ana)) == len(VALUES)
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in ana)


def test_a_token_is_the_rfcs_output_cut_to_128_bits(timed, client_of, clock):
    (token,) = client_of(timed).tokens("payment", "2026Q4", [b"pm_1"])
    epoch = Epoch(2026, 4)
    seed = Keys(timed.exchange.store, timed.exchange.signing_key).seed("alliance", epoch, clock.moment)
    purpose = info("alliance", "payment", epoch)
    asked = PRF.blind([b"pm_1"])
    (output,) = asked.finalize(PRF.evaluate(seed, purpose, asked.elements), PRF.public_key(seed, purpose))
    assert token == output[:16].hex()


def test_a_token_is_of_one_class_root_and_epoch(timed, client_of, clock):
    outside = connect(Access(f"{timed.url}/taxii2/", "basic", "outsider", timed.secrets["outsider"]))
    client = client_of(timed)
    made = {client.tokens(klass, "2026Q4", [b"same"])[0] for klass in CLASSES}
    clock.now += 90 * DAY
    made |= {client.tokens(klass, "2027Q1", [b"same"])[0] for klass in CLASSES}
    with outside:
        elsewhere = TokenClient(outside, f"{timed.url}/elsewhere/")
        made |= {elsewhere.tokens(klass, "2027Q1", [b"same"])[0] for klass in CLASSES}
    assert len(made) == 3 * len(CLASSES)


def test_an_epoch_is_readable_for_one_more_quarter_and_then_destroyed(timed, client_of, clock):
    client = client_of(timed)
    before = client.tokens("address", "2026Q4", VALUES[:3])
    assert client.epochs == ("2026Q4",)
    clock.now = Clock(2027, 3, 31, 23, 59).now
    assert client_of(timed).tokens("address", "2026Q4", VALUES[:3]) == before
    assert client_of(timed).epochs == ("2027Q1", "2026Q4")
    clock.now = Clock(2027, 4, 1).now
    assert ask(timed, PRF.blind(VALUES[:1]).elements).status_code == 404
    assert client_of(timed).epochs == ("2027Q2", "2027Q1")
    with pytest.raises(ExchangeError, match=r"no key for address in 2026Q4.*2027Q2, 2027Q1"):
        client_of(timed).tokens("address", "2026Q4", VALUES[:3])
    kept = timed.exchange.store.get_document("alliance", SEALED)
    assert sorted(kept) == ["2027Q1", "2027Q2"]


@pytest.mark.parametrize("epoch", ["2027Q1", "2026Q5", "2026q4", "2026Q4 ", "x", "%00", "20266Q4"])
def test_an_epoch_that_is_not_in_force_is_not_found(timed, epoch):
    assert ask(timed, PRF.blind(VALUES[:1]).elements, epoch=epoch).status_code == 404


def test_who_is_not_of_the_root_finds_nothing(timed):
    assert timed.get("/alliance/ext/tokens/", "outsider").status_code == 404
    assert ask(timed, PRF.blind(VALUES[:1]).elements, "outsider").status_code == 404
    assert ask(timed, PRF.blind(VALUES[:1]).elements, None).status_code == 401
    assert ask(timed, PRF.blind(VALUES[:1]).elements, klass="shoe-size").status_code == 404


# RFC 9497, appendix A.1.2, test vector 1: BlindedElement
ELEMENT = bytes.fromhex("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945")
GOOD = base64.b64encode(ELEMENT).decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"blinded": ["a"], "blinded": []}', 400),
        (b"[" * 100_00, 400),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"blinded": []}', 422),
        (b'{"blinded": "x"}', 422),
        (b'{"blinded": [1]}', 422),
        (b'{"blinded": [""]}', 422),
        (json.dumps({"blinded": [GOOD] * 1025}).encode(), 422),
        (json.dumps({"blinded": [GOOD[:-2] + "_="]}).encode(), 422),
        (json.dumps({"blinded": [GOOD + "\n"]}).encode(), 422),
        (json.dumps({"blinded": [base64.b64encode(bytes(32)).decode()]}).encode(), 422),  # the identity
        (json.dumps({"blinded": [base64.b64encode(b"\xff" * 32).decode()]}).encode(), 422),
        (json.dumps({"blinded": [GOOD, base64.b64encode(b"\x01" + bytes(31)).decode()]}).encode(), 422),
        (json.dumps({"blinded": [base64.b64encode(b"\x01" * 33).decode()]}).encode(), 422),
        (b" " * (64 * 1024 + 1), 413),
    ],
)
def test_what_cannot_be_evaluated_is_refused_without_being_repeated(timed, body, status):
    answer = ask(timed, [], content=body)
    assert answer.status_code == status
    assert answer.json()["http_status"] == str(status)
    assert GOOD[:8] not in answer.text


def test_elements_in_the_other_spelling_of_base_64_are_refused(timed):
    last = {"A": "B", "Q": "R", "g": "h", "w": "x", "E": "F", "I": "J", "M": "N", "U": "V", "Y": "Z", "c": "d"}
    last |= {"k": "l", "o": "p", "s": "t", "0": "1", "4": "5", "8": "9"}
    other = GOOD[:-2] + last[GOOD[-2]] + "="
    assert ask(timed, [], content=json.dumps({"blinded": [other]}).encode()).status_code == 422


def test_a_quota_is_of_a_member_a_class_and_a_day(timed, client_of, clock, monkeypatch):
    monkeypatch.setattr("stillwatch.exchange.server.tokens.DAILY", dict.fromkeys(CLASSES, 10))
    elements = PRF.blind(VALUES[:6]).elements
    assert ask(timed, elements).status_code == 200
    refused = ask(timed, elements)
    assert refused.status_code == 429
    assert refused.json()["error_code"] == "quota"
    assert int(refused.headers["Retry-After"]) == 15 * 3600
    assert ask(timed, elements[:4]).status_code == 200, "what was refused is not counted"
    assert ask(timed, elements[:1]).status_code == 429
    assert ask(timed, elements[:1], "ben").status_code == 200
    assert ask(timed, elements[:1], klass="payment").status_code == 200
    with pytest.raises(PrivacyError, match=r"30 values of payment are more than today's quota has left \(9\)"):
        client_of(timed).tokens("payment", "2026Q4", VALUES)
    clock.now += 15 * 3600 * 1_000_000
    assert ask(timed, elements[:6]).status_code == 200


def test_known_tokens_are_not_asked_for_again(timed, client_of):
    cache, key = MemoryCache(), b"k" * 32
    first = client_of(timed, cache=cache, local_key=key).tokens("address", "2026Q4", [*VALUES[:3], VALUES[0]])
    directory = client_of(timed).directory
    assert directory.quotas["address"].per_day - directory.quotas["address"].left == 3
    asked = []
    again = client_of(timed, cache=cache, local_key=key)
    assert again.tokens("address", "2026Q4", VALUES[:4], asked.append)[:3] == first[:3]
    left = client_of(timed).directory.quotas["address"].left
    assert directory.quotas["address"].left - left == 1
    assert asked[-1] == 1.0


def test_the_cache_holds_no_value_and_no_plain_hash(timed, client_of):
    class Watched(MemoryCache):
        digests = ()

        def remember(self, klass, epoch, tokens):
            self.digests = (*self.digests, *tokens)
            super().remember(klass, epoch, tokens)

    cache = Watched()
    client_of(timed, cache=cache).tokens("address", "2026Q4", VALUES)
    plain = {hashlib.new(name, value).digest()[:16] for name in ("sha256", "sha1", "blake2b") for value in VALUES}
    plain |= {hashlib.blake2b(value, digest_size=16).digest() for value in VALUES}
    assert len(cache.digests) == len(VALUES)
    assert not plain & set(cache.digests)


def test_large_sets_go_in_batches_and_tell_how_far_they_are(timed, client_of):
    values = [str(n).encode() for n in range(2100)]
    told = []
    tokens = client_of(timed).tokens("account", "2026Q4", values, told.append)
    assert len(set(tokens)) == 2100
    assert told == [0.0, 1024 / 2100, 2048 / 2100, 1.0]
    before = client_of(timed).tokens("account", "2026Q4", values[1023:1026])
    assert before == tokens[1023:1026]


class Tap:
    """A client whose bytes of both directions are kept."""

    def __init__(self, forum):
        self.forum, self.sent, self.received = forum, [], []

    def tokens(self, klass, values):
        tap = self

        class Recording(httpx2.HTTPTransport):
            def handle_request(self, request):
                tap.sent.append((str(request.url).encode(), request.read()))
                response = super().handle_request(request)
                tap.received.append(response.read())
                return response

        auth = httpx2.BasicAuth("ana", self.forum.secrets["ana"])
        with httpx2.Client(transport=Recording(), auth=auth) as http:
            return TokenClient(http, f"{self.forum.url}/alliance/").tokens(klass, "2026Q4", values)


@pytest.fixture
def log():
    """What the server logs."""
    logger, written = logging.getLogger("stillwatch.exchange"), io.StringIO()
    before = logger.handlers, logger.propagate, logger.level
    log_to(written)
    yield written
    logger.handlers, logger.propagate = before[:2]
    logger.setLevel(before[2])


def traces(value):
    """What would betray a value: itself, and its plain hashes, as bytes, in hex and in base 64."""
    yield value
    for name in ("sha256", "sha512", "sha1", "md5", "blake2b"):
        digest = hashlib.new(name, value).digest()
        yield from (digest[:12], digest.hex()[:24].encode(), base64.b64encode(digest)[:16])


def test_neither_requests_nor_answers_nor_logs_nor_the_store_hold_a_value_or_its_token(timed, log, tmp_path):
    tap = Tap(timed)
    secrets = [f"card-{n}-of-a-customer".encode() for n in range(40)]
    tokens = tap.tokens("payment", secrets)
    metrics = timed.exchange.metrics.text()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    seen = [*(part for pair in tap.sent for part in pair), *tap.received, log.getvalue().encode(), metrics, kept]
    assert len(kept) > 10_000
    for value, token in zip(secrets, tokens, strict=True):
        for trace in (*traces(value), token.encode(), bytes.fromhex(token)):
            assert not any(trace in content for content in seen)
    elements = json.loads(tap.sent[-1][1])["blinded"]
    for element in elements:
        raw = base64.b64decode(element)
        own = [log.getvalue().encode(), metrics, kept]
        assert not any(trace in content for content in own for trace in (element.encode(), raw, raw.hex().encode()))
    assert '"count": 40' in log.getvalue()
    assert b'stillwatch_tokens_evaluated_total{token_class="payment"} 40.0' in metrics


def test_a_request_has_the_same_length_whatever_the_values_are(timed):
    lengths = set()
    for values in ([b"a", b"b"], [b"a" * 1000, b"b" * 1000], [b"same\0", b"same\1"]):
        tap = Tap(timed)
        tap.tokens("account", values)
        lengths.add((len(tap.sent[-1][1]), len(tap.received[-1])))
    assert len(lengths) == 1


def test_the_same_value_looks_different_each_time_it_is_asked_for(timed):
    seen = set()
    for _ in range(20):
        tap = Tap(timed)
        tap.tokens("address", VALUES[:1])
        seen.update(json.loads(tap.sent[-1][1])["blinded"])
    assert len(seen) == 20


def test_an_exchange_that_changes_its_key_is_noticed(timed, client_of):
    cache = MemoryCache()
    client_of(timed, cache=cache).tokens("address", "2026Q4", VALUES[:2])
    store = timed.exchange.store
    store.put_document("alliance", SEALED, {}, secret=True)
    with pytest.raises(TrustError, match="another key for address in 2026Q4 than before"):
        client_of(timed, cache=cache).tokens("address", "2026Q4", VALUES[2:4])


def test_an_exchange_that_answers_with_another_key_than_it_published_is_noticed(timed, client_of):
    client = client_of(timed)
    assert client.epochs == ("2026Q4",)
    store = timed.exchange.store
    published = store.get_document("alliance", PUBLISHED)
    store.put_document("alliance", SEALED, {}, secret=True)
    assert timed.get("/alliance/ext/tokens/").status_code == 200  # makes another seed
    store.put_document("alliance", PUBLISHED, published)
    with pytest.raises(TrustError, match="not made with the key that the exchange published"):
        client_of(timed).tokens("address", "2026Q4", VALUES[:2])


def test_published_keys_are_lines_of_the_log_that_the_exchange_has_signed(timed, client_of):
    key = timed.exchange.signing_key.public
    client = client_of(timed, exchange_key=key)
    assert client.tokens("address", "2026Q4", VALUES[:1])
    (epoch,) = client.directory.epochs
    (line,) = timed.exchange.store.log_entries("alliance", 0, 10)
    assert line == epoch.entry.encode()
    assert read(line)["action"] == "key"
    assert set(epoch.keys) == set(CLASSES)
    with pytest.raises(TrustError, match="signature"):
        client_of(timed, exchange_key=SigningKey.generate().public).tokens("address", "2026Q4", VALUES[:1])
    for change in ({"keys": epoch.keys | {"address": GOOD}}, {"readable_until": "2030-01-01T00:00:00Z"}):
        with pytest.raises(TrustError, match="about other token keys"):
            epoch.model_copy(update=change).verify("alliance", key)
    with pytest.raises(TrustError, match="about other token keys"):
        epoch.verify("elsewhere", key)


def test_a_store_of_another_signing_key_gives_no_seeds(timed, clock):
    Keys(timed.exchange.store, timed.exchange.signing_key).rotate("alliance", clock.moment)
    stolen = Keys(timed.exchange.store, SigningKey.generate())
    with pytest.raises(ConfigError, match="sealed with another signing key"):
        stolen.seed("alliance", Epoch.at(clock.moment), clock.moment)


def test_a_new_signing_key_of_the_exchange_takes_the_seeds_over(timed, client_of, clock):
    client_of(timed).tokens("address", "2026Q4", VALUES[:1])
    old, new = timed.exchange.signing_key, SigningKey.generate()
    before = Keys(timed.exchange.store, old)
    seed = before.seed("alliance", Epoch(2026, 4), clock.moment)
    for _ in range(2):
        before.turn("alliance", new)
    after = Keys(timed.exchange.store, new)
    assert after.seed("alliance", Epoch(2026, 4), clock.moment) == seed
    with pytest.raises(ConfigError, match="sealed with another signing key"):
        before.seed("alliance", Epoch(2026, 4), clock.moment)
    (keys,) = after.published("alliance", clock.moment)
    keys.verify("alliance", new.public)
    assert timed.exchange.store.log_size("alliance") == 1


def test_many_processes_that_begin_at_once_make_one_seed(timed, clock):
    keys = Keys(timed.exchange.store, timed.exchange.signing_key)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.seed("alliance", Epoch(2026, 4), clock.moment)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert timed.exchange.store.log_size("alliance") == 1


def test_the_server_does_not_evaluate_in_its_own_process(timed):
    elements = PRF.blind([os.urandom(4) for _ in range(1024)]).elements
    ask(timed, elements[:1])  # the worker is up
    begun = time.process_time()
    for _ in range(3):
        assert ask(timed, elements).status_code == 200
    served = time.process_time() - begun
    begun = time.process_time()
    for _ in range(3):
        PRF.evaluate(bytes(32), b"", elements)
    assert served < (time.process_time() - begun) / 2


def workers():
    """The processes that evaluate for servers in this process."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line, status = (folder / "cmdline").read_bytes(), (folder / "stat").read_text()
            parent = int(status.rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"stillwatch.exchange.tokens.evaluation" in line:
                yield int(folder.name)


def test_a_worker_that_is_killed_is_replaced(timed):
    assert ask(timed, [ELEMENT]).status_code == 200
    (worker,) = workers()
    os.kill(worker, signal.SIGKILL)
    statuses = [ask(timed, [ELEMENT]).status_code for _ in range(3)]
    assert statuses == [503, 200, 200]
    assert list(workers()) != [worker]


def test_a_worker_ends_with_its_server(timed):
    assert ask(timed, [ELEMENT]).status_code == 200
    assert len(list(workers())) == 1
    timed.restart()
    assert not list(workers())


PROGRAM = """
import asyncio, os, signal
from stillwatch.exchange.tokens.evaluation import Worker
from stillwatch.exchange.tokens.prf import PRF
print("once", flush=True)
worker = Worker()
asyncio.run(worker.evaluate(bytes(32), b"", PRF.blind([b"x"]).elements))
print(worker._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_worker_outlives_its_server(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    once, worker = done.stdout.split()
    assert once == "once"
    for _ in range(100):
        if not alive(int(worker)):
            return
        time.sleep(0.05)
    pytest.fail("the worker still runs")


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_client_takes_normal_forms_as_the_classes_make_them(timed, client_of):
    spellings = ["2001:DB8::1", "2001:db8:0:0:ffff::2", "[2001:db8::9]:443"]
    forms = [normal("address", spelling) for spelling in spellings]
    assert len(set(client_of(timed).tokens("address", "2026Q4", forms))) == 1


def indicator_of(tokens, epoch):
    pattern = patterns.AccountNetwork(
        key_epoch=epoch, edges={"payment": tuple(sorted(tokens))}, min_overlap=2, size_bucket="10-99"
    )
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d",
        "pattern_type": "model-api-sig",
        "pattern": patterns.write(pattern),
    }


def test_the_command_line_finds_ones_own_values_in_indicators(forum, client_of, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    epoch = str(Epoch.at(datetime.now(UTC)))
    tokens = client_of(forum, "ben").tokens("payment", epoch, [b"pm_1", b"pm_2", b"pm_of_ben_only"])
    objects = [indicator_of(tokens, epoch), indicator_of(tokens, "2020Q1")]
    Path("bundle.json").write_text(json.dumps({"type": "bundle", "objects": objects}))
    Path("secret").write_text(forum.secrets["ana"])
    Path("secret").chmod(0o600)
    Path("stillwatch.toml").write_text(
        f'[exchange]\nurl = "{forum.url}/taxii2/"\nmember = "ana"\nauth = "basic"\n'
        'secret_file = "secret"\nstate = "state.sqlite"\nroot = "alliance"\n'
    )
    Path("cards.csv").write_text("card\npm_1\npm_2\npm_of_ana_only\n")
    group = click.Group("stillwatch", {"match": match.command})
    args = ["match", "tokens", "--values", "cards.csv", "--class", "payment", "--indicators", "bundle.json", "--json"]
    for _ in range(2):
        assert run_command(group, args) == 0, capsys.readouterr().err
        found = json.loads(capsys.readouterr().out)
        assert found["past"] == ["2020Q1"]
        assert found["matches"] == [{"indicator": objects[0]["id"], "values": ["pm_1", "pm_2"]}]
    left = client_of(forum).directory.quotas["payment"]
    assert left.per_day - left.left == 3, "the second time all tokens were known"
    state = b"".join(path.read_bytes() for path in tmp_path.glob("state.sqlite*"))
    assert b"pm_1" not in state
