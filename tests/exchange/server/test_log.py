import base64
import json

import pytest

from stillwatch.exchange.log import checkpoints
from stillwatch.exchange.log.checkpoints import Checkpoint, check_growth, cosigned, opened
from stillwatch.exchange.log.directory import EXCHANGE, Directory, Statement, own_signatures
from stillwatch.exchange.log.entries import Receipt, unbundled
from stillwatch.exchange.log.notes import Note
from stillwatch.exchange.model import Level
from stillwatch.exchange.server import log
from stillwatch.indicators import markings
from stillwatch.merkle import leaf_hash, root_of, verify_inclusion
from stillwatch.signing import SigningKey, from_base64, sign, to_base64, verify

LOG = "/alliance/ext/log"
ANA, BEN = SigningKey.generate(), SigningKey.generate()


@pytest.fixture
def exchange(forum):
    """The forum, in which ana has a key."""
    forum.exchange.store.set_public_key("ana", ANA.public)
    return forum


@pytest.fixture
def origin(exchange):
    return checkpoints.origin(exchange.url, "alliance")


@pytest.fixture
def head(exchange, origin):
    def read(who="ana"):
        answer = exchange.get(f"{LOG}/checkpoint", who)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return opened(answer.text, origin, exchange.exchange.signing_key.public)

    return read


def proof(answer):
    return [base64.b64decode(each) for each in answer.json()["proof"]]


def marked(level):
    return {"object_marking_refs": markings.refs(markings.TLP[level])}


def test_the_head_grows_with_what_is_published(exchange, head):
    empty = head()
    assert empty.size == 0
    exchange.filled(3)
    old = head()
    exchange.filled(300)
    new = head("reader")
    assert (old.size, new.size) == (3, 303)
    check_growth(empty, old, [])
    check_growth(old, new, proof(exchange.get(f"{LOG}/proof/consistency/?old=3&size=303")))


def test_tiles_and_entries_make_the_root(exchange, head):
    exchange.filled(300)
    checkpoint = head()
    lines = []
    for name in ("entries/000", "entries/001.p/44"):
        answer = exchange.get(f"{LOG}/tile/{name}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        lines += unbundled(answer.content)
    hashes = [leaf_hash(each) for each in lines]
    assert root_of(hashes) == checkpoint.root
    assert exchange.get(f"{LOG}/tile/0/000").content == b"".join(hashes[:256])
    assert exchange.get(f"{LOG}/tile/0/001.p/44").content == b"".join(hashes[256:])
    assert exchange.get(f"{LOG}/tile/0/000.p/7").content == b"".join(hashes[:7])
    assert exchange.get(f"{LOG}/tile/1/000.p/1").content == root_of(hashes[:256])
    told = exchange.get(f"{LOG}/entries/?start=298").json()
    assert (told["size"], told["start"], len(told["entries"])) == (300, 298, 2)
    assert told["entries"] == [json.loads(each) for each in lines[298:]]


@pytest.mark.parametrize(
    "name", ["0/000.p/4", "0/001", "1/000", "entries/000", "0/0", "", "..%2Fcheckpoint", "x/000", "9/000.p/1"]
)
def test_a_tile_that_is_not_there(exchange, name):
    exchange.filled(3)
    answer = exchange.get(f"{LOG}/tile/{name}")
    assert answer.status_code == 404
    assert answer.json()["http_status"] == "404"


def test_inclusion_is_proved(exchange, head):
    exchange.filled(20)
    checkpoint = head()
    line = exchange.exchange.store.log_entries("alliance", 7, 8)[0]
    verify_inclusion(
        leaf_hash(line), 7, 20, proof(exchange.get(f"{LOG}/proof/inclusion/?index=7&size=20")), checkpoint.root
    )


@pytest.mark.parametrize(
    "query",
    [
        *("inclusion/?index=5&size=5", "inclusion/?index=0&size=6", "inclusion/?index=-1&size=5", "inclusion/?index=0"),
        *("inclusion/?index=x&size=5", "consistency/?old=6&size=5", "consistency/?old=0&size=6", "consistency/"),
        "consistency/?old=1&size=99999999999999999999",
    ],
)
def test_a_proof_that_cannot_be(exchange, query):
    exchange.filled(5)
    assert exchange.get(f"{LOG}/proof/{query}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        *("log/checkpoint", "log/tile/0/000.p/1", "log/entries/", "log/proof/consistency/?old=0&size=1"),
        *("log/cosignatures/", "keys/"),
    ],
)
def test_the_log_is_for_the_members_of_the_root(exchange, path):
    exchange.filled(1)
    assert exchange.get(f"/alliance/ext/{path}", "reader").status_code == 200
    assert exchange.get(f"/alliance/ext/{path}", "outsider").status_code == 404
    assert exchange.get(f"/nowhere/ext/{path}", "ana").status_code == 404
    assert exchange.get(f"/alliance/ext/{path}", None).status_code == 401


def signatures(exchange, who="ana", query=""):
    return exchange.get(f"/alliance/ext/signatures/indicators/{query}", who)


def test_the_sidecar_vouches_for_each_object(exchange, head):
    objects = exchange.filled(2)
    signed = objects[0] | {"modified": "2026-03-03T09:00:00.000Z"}
    said = {"id": signed["id"], "version": signed["modified"], "key_id": ANA.key_id}
    said["signature"] = to_base64(sign(ANA, signed))
    answer = exchange.post(None, content=json.dumps({"objects": [signed], "x_stillwatch_signatures": [said]}))
    assert answer.status_code == 202, answer.text
    exchange_key, checkpoint = exchange.exchange.signing_key.public, head()
    found = signatures(exchange, query="?match[version]=all").json()["signatures"]
    assert [each["id"] for each in found] == [objects[0]["id"], objects[1]["id"], signed["id"]]
    for value, each in zip([*objects, signed], found, strict=True):
        receipt = Receipt.parse(each["receipt"])
        receipt.check(value, collection=exchange.collection, salt=from_base64(each["salt"]), public=exchange_key)
        steps = proof(exchange.get(f"{LOG}/proof/inclusion/?index={each['log_index']}&size={checkpoint.size}"))
        verify_inclusion(leaf_hash(receipt.entry), each["log_index"], checkpoint.size, steps, checkpoint.root)
    directory = Directory.read(exchange.get("/alliance/ext/keys/").json(), exchange_key)
    publisher = Receipt.parse(found[2]["receipt"]).publisher
    verify(directory.key(publisher, found[2]["key_id"]), signed, from_base64(found[2]["signature"]))
    assert "signature" not in found[0]


def test_the_sidecar_pages_beside_the_objects(exchange):
    exchange.filled(7)
    objects, vouched, query = [], [], "?limit=3"
    while query:
        page, beside = (
            exchange.get(f"{path}{query}").json()
            for path in (f"{exchange.path}/objects/", "/alliance/ext/signatures/indicators/")
        )
        objects += [each["id"] for each in page["objects"]]
        vouched += [each["id"] for each in beside["signatures"]]
        assert page["more"] == beside["more"]
        assert page.get("next") == beside.get("next")
        query = f"?limit=3&next={page['next']}" if page["more"] else ""
    assert objects == vouched
    assert len(objects) == 7
    assert signatures(exchange, query="?limit=0").status_code == 400
    assert signatures(exchange, query="?match[type]=note").json() == {}


def test_who_may_not_read_an_object_gets_no_salt(exchange):
    exchange.filled(1, **marked(Level.RED))
    exchange.filled(1, **marked(Level.GREEN))
    assert len(signatures(exchange, "ana").json()["signatures"]) == 2
    assert [each["log_index"] for each in signatures(exchange, "ben").json()["signatures"]] == [1]
    assert signatures(exchange, "writer").status_code == 403
    assert signatures(exchange, "outsider").status_code == 404


def cosign(exchange, note, key, who="ana", **changes):
    identity = exchange.exchange.store.member(who).identity
    time = changes.get("time", exchange.exchange.clock() // 1_000_000)
    line = cosigned(Checkpoint.parse(Note.parse(note).text), key, name=changes.get("name", identity), time=time)
    return exchange.request("POST", f"{LOG}/cosignatures/", who, json={"checkpoint": f"{note}{line}\n"})


def test_members_cosign_what_they_saw(exchange, origin):
    keys(exchange)
    exchange.filled(4)
    note = exchange.get(f"{LOG}/checkpoint").text
    assert cosign(exchange, note, ANA).json() == {"size": 6}
    ana = checkpoints.witness(exchange.exchange.store.member("ana").identity, ANA.public)
    with_ana = exchange.get(f"{LOG}/checkpoint", "reader").text
    assert checkpoints.cosignatures(with_ana, [ana]).keys() == {ana.name}
    exchange.filled(1)
    grown = exchange.get(f"{LOG}/checkpoint", "reader").text
    assert checkpoints.cosignatures(grown, [ana]) == {}
    (kept,) = exchange.get(f"{LOG}/cosignatures/", "reader").json()["cosignatures"]
    assert opened(kept, origin, exchange.exchange.signing_key.public).size == 6
    assert checkpoints.cosignatures(kept, [ana]).keys() == {ana.name}
    assert cosign(exchange, grown, ANA).status_code == 200
    assert cosign(exchange, note, ANA).status_code == 200
    (kept,) = exchange.get(f"{LOG}/cosignatures/", "reader").json()["cosignatures"]
    assert opened(kept, origin, exchange.exchange.signing_key.public).size == 7


def test_a_false_cosignature_is_refused(exchange):
    exchange.filled(4)
    note = exchange.get(f"{LOG}/checkpoint").text
    assert cosign(exchange, note, BEN).status_code == 422
    assert cosign(exchange, note, ANA, name=exchange.exchange.store.member("ben").identity).status_code == 422
    assert cosign(exchange, note, BEN, "ben").status_code == 422
    assert cosign(exchange, note, ANA, time=2**40).status_code == 422
    assert cosign(exchange, note.replace("\n4\n", "\n5\n"), ANA).status_code == 422
    for body in ({}, [], {"checkpoint": 5}, {"checkpoint": ""}, {"checkpoint": note}):
        assert exchange.request("POST", f"{LOG}/cosignatures/", json=body).status_code == 422
    assert exchange.get(f"{LOG}/cosignatures/").json()["cosignatures"] == []


def test_a_head_that_is_no_longer_ours_is_a_conflict(exchange, origin):
    """The exchange signed it, but has another log now: it was set back, or shows each member its own."""
    exchange.filled(4)
    key = exchange.exchange.signing_key
    for size, root in ((4, b"\1" * 32), (9, b"\1" * 32)):
        forked = checkpoints.signed(Checkpoint(origin, size, root), key)
        answer = cosign(exchange, forked, ANA)
        assert answer.status_code == 409
        assert "proves that the log was changed" in answer.json()["description"]


def keys(exchange, who="ana"):
    document = exchange.get("/alliance/ext/keys/", who).json()
    return Directory.read(document, exchange.exchange.signing_key.public), document


def test_keys_that_the_operator_set_are_entered_and_logged_once(exchange, head):
    directory, document = keys(exchange)
    assert [each.identity for each in directory.statements] == [
        EXCHANGE,
        exchange.exchange.store.member("ana").identity,
    ]
    assert head().size == 2
    assert keys(exchange, "reader")[1] == document
    assert head().size == 2
    exchange.exchange.store.set_public_key("outsider", BEN.public)
    assert keys(exchange)[1] == document


def register(exchange, key, who="ana", previous=None, **changes):
    store = exchange.exchange.store
    statement = Statement(
        changes.get("identity", store.member(who).identity),
        key.public,
        changes.get("since", exchange.exchange.clock()),
        changes.get("named", previous and previous.key_id),
    )
    own = {name: to_base64(raw) for name, raw in own_signatures(statement, key, previous).items()}
    body = {"statement": statement.value, "signatures": own | changes.get("signatures", {})}
    return exchange.request("POST", "/alliance/ext/keys/", who, json=body)


def test_a_member_registers_its_key_and_replaces_it(exchange):
    store = exchange.exchange.store
    answer = register(exchange, BEN, "ben")
    assert answer.json() == {"key_id": BEN.key_id}
    assert store.member("ben").public_key == BEN.public
    following = SigningKey.generate()
    assert register(exchange, following, "ben", BEN).status_code == 200
    assert store.member("ben").public_key == following.public
    directory, document = keys(exchange)
    identity = store.member("ben").identity
    assert list(directory.keys(identity)) == [BEN.key_id, following.key_id]
    assert set(document["keys"][-1]["signatures"]) == {"own", "previous", "exchange"}


def test_nobody_else_registers_a_key(exchange):
    """Not even who has stolen a member's secret: the key before signs the next."""
    store, other = exchange.exchange.store, SigningKey.generate()
    ana = store.member("ana").identity
    for answer in (
        register(exchange, other),
        register(exchange, other, named=ANA.key_id),
        register(exchange, other, previous=BEN, named=ANA.key_id),
        register(exchange, other, "ben", identity=ana),
        register(exchange, ANA, "ben"),
        register(exchange, other, "ben", since=0),
        register(exchange, other, "ben", signatures={"own": to_base64(bytes(64))}),
        register(exchange, other, "ben", signatures={"exchange": to_base64(bytes(64)), "own": 5}),
    ):
        assert answer.status_code == 422, answer.text
    for body in (5, [], {}, {"statement": {}, "signatures": {}}, {"statement": 1, "signatures": {"own": 1}}):
        assert exchange.request("POST", "/alliance/ext/keys/", json=body).status_code == 422
    assert store.member("ana").public_key == ANA.public
    assert store.member("ben").public_key is None


def test_an_exchange_whose_key_was_replaced_says_so(forum_of):
    first = forum_of()
    assert first.get("/alliance/ext/keys/").status_code == 200
    object.__setattr__(first.exchange, "signing_key", SigningKey.generate())
    answer = first.get("/alliance/ext/keys/")
    assert answer.status_code == 503
    assert answer.json()["error_code"] == "key-unknown"


def test_the_newest_head_stays_in_the_store(exchange, head):
    exchange.filled(4)
    head()
    exchange.filled(4)
    head()
    kept = exchange.exchange.store.get_document("alliance", log.DOCUMENT)["checkpoint"]
    assert Checkpoint.parse(Note.parse(kept).text).size == 8
