import json
import random
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.errors import TrustError
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.sync import sync
from stillwatch.indicators import timestamps
from stillwatch.indicators.ids import canonical
from stillwatch.signing import SigningKey, to_base64


def synced(member, **more):
    """One sync of a member."""
    with opened(member.config) as session, State.open(member.config.state) as state:
        return sync(session, state, now=datetime.now(UTC), **more)


def held(member):
    with State.open(member.config.state) as state:
        return {(obj["id"], obj.get("modified")) for obj in state.mirror.objects()}


def post(member, *objects):
    with opened(member.config) as session:
        return session.taxii.add(session.root, session.to_write(), canonical({"objects": list(objects)}))


def note(member, **more):
    made = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{uuid.uuid4()}",
        "created_by_ref": member.identity,
        "created": "2026-11-02T09:00:00.000Z",
        "modified": "2026-11-02T09:00:00.000Z",
        "content": "said",
        "object_refs": ["campaign--0b80a255-53a1-4945-a932-58ef7777682c"],
    }
    return made | more


def test_what_one_member_says_another_hears_once(exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    notes = [note(alpha) for _ in range(120)]
    post(alpha, *notes)
    first = synced(beta)
    assert (first.exit_code, first.vouched, first.problems) == (0, True, [])
    assert {name for read in first.read for name in read.new} == {obj["id"] for obj in notes}
    again = synced(beta)
    assert not any(read.new | read.changed | read.withdrawn for read in again.read)
    assert first.cosigned
    assert held(beta) == {(obj["id"], obj["modified"]) for obj in notes}


def test_what_its_publisher_withdraws_is_withdrawn_for_all(exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    said, other = note(alpha), note(alpha)
    post(alpha, said, other)
    synced(beta)
    post(alpha, said | {"modified": "2026-11-03T09:00:00.000Z", "revoked": True})
    summary = synced(beta)
    assert {name for read in summary.read for name in read.withdrawn} == {said["id"]}
    with State.open(beta.config.state) as state, state.transaction() as database:
        assert [row["id"] for row in database.execute("SELECT id FROM retracted")] == [said["id"]]


@pytest.mark.slow
def test_a_log_that_was_set_back_ends_the_sync_and_nothing_is_read(exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    post(alpha, note(alpha))
    exchange.stop()
    saved = Path(exchange.database).read_bytes()
    exchange.start()
    post(alpha, note(alpha))
    synced(beta)
    exchange.stop()
    for path in Path(exchange.database).parent.glob("exchange.sqlite*"):
        path.unlink()
    Path(exchange.database).write_bytes(saved)
    exchange.start()
    post(alpha, note(alpha), note(alpha), note(alpha))
    before = held(beta)
    with pytest.raises(TrustError, match="rewritten") as ended:
        synced(beta)
    assert ended.value.exit_code == 4
    assert held(beta) == before
    with State.open(beta.config.state) as state:
        assert len(json.loads(state.document(f"log of {exchange.url}forum/, in conflict"))) == 2


def test_another_key_of_the_exchange_is_not_believed(exchange):
    beta = exchange.members["beta"]
    synced(beta)
    right = beta.config.model_copy(update={"exchange_key": to_base64(SigningKey.load(exchange.key_file).public)})
    assert synced(replace(beta, config=right)).exit_code == 0
    wrong = beta.config.model_copy(update={"exchange_key": to_base64(SigningKey.generate().public)})
    with pytest.raises(TrustError, match="key"):
        synced(replace(beta, config=wrong))


def test_an_exchange_that_signs_no_longer_is_not_believed(stranger, scripted):
    def without(_method, path, _query):
        if path.endswith("/ext/keys/"):
            return 404, {"title": "Not found"}, {}
        if path.endswith("/collections/"):
            return 200, {"collections": []}, {}
        return 200, {"title": "The forum", "versions": ["application/taxii+json;version=2.1"]}, {}

    server = scripted(without)
    with State.open(stranger.config.state) as state:
        state.remember(f"key of {server.url}", to_base64(SigningKey.generate().public))
    with pytest.raises(TrustError, match="signed and logged before"):
        synced(replace(stranger, config=stranger.config.model_copy(update={"url": server.url})))


def test_who_is_shut_out_is_told_so(exchange, tmp_path):
    (tmp_path / "wrong").write_text("not the secret")
    (tmp_path / "wrong").chmod(0o600)
    beta = exchange.members["beta"]
    wrong = beta.config.model_copy(update={"secret_file": tmp_path / "wrong"})
    with pytest.raises(TrustError, match="401") as told:
        synced(replace(beta, config=wrong))
    assert "not the secret" not in str(told.value)


def poison(member):
    """Objects that no honest member would send."""
    deep = {}
    for _ in range(200):
        deep = {"a": deep}
    own = note(member)
    return [
        own | {"id": f"note--{uuid.uuid4()}", "x_deep": deep},
        own | {"id": f"note--{uuid.uuid4()}", "x_large": "x" * 2_000_000},
        own | {"id": f"note--{uuid.uuid4()}", "modified": "yesterday"},
        own | {"id": f"note--{uuid.uuid4()}", "x_number": 2**70},
        own | {"id": "note--1"},
        own | {"id": 17},
        own | {"id": f"note--{uuid.uuid4()}", "type": "../../etc"},
        own
        | {"id": f"indicator--{uuid.uuid4()}", "type": "indicator", "pattern_type": "model-api-sig", "pattern": "{}"},
        "no object",
        None,
    ]


def test_a_foreign_server_is_mirrored_and_its_poison_is_set_aside(scripted, stranger):
    member = stranger
    good, bad = [note(member) for _ in range(5)], poison(member)
    mixed = [*good[:2], *bad, *good[2:]]

    def answer(_method, path, query):
        if "/ext/" in path:
            return 404, b"<html>", {}
        if path.endswith("/objects/"):
            date = {"X-TAXII-Date-Added-Last": "2026-11-02T09:00:00.000000Z"}
            return 200, {"objects": [] if "added_after" in query else mixed}, date
        if path.endswith("/collections/"):
            return 200, {"collections": [{"id": "c", "title": "C", "can_read": True, "can_write": False}]}, {}
        return 200, {"title": "x", "versions": ["application/taxii+json;version=2.1"]}, {}

    config = member.config.model_copy(update={"url": scripted(answer).url})
    foreign = replace(member, config=config)
    summary = synced(foreign)
    assert (summary.vouched, summary.exit_code) == (False, 0)
    assert len(summary.read[0].set_aside) == len(bad)
    assert held(foreign) == {(obj["id"], obj["modified"]) for obj in good}
    assert not any(read.new for read in synced(foreign).read)
    with State.open(config.state) as state:
        assert all(
            reason and "x" * 100 not in reason for _, reason in ((a.id, a.reason) for _, a in state.mirror.set_aside())
        )


def test_an_object_that_no_parser_takes_is_left_out_and_the_others_come(scripted, stranger):
    notes = [note(stranger) for _ in range(30)]
    rows = [json.dumps(obj) for obj in notes]
    rows[13] = '{"id": "note--x", "number": ' + "9" * 5000 + "}"

    def answer(_method, path, query):
        if path.endswith("/objects/"):
            after = timestamps.parse(query["added_after"]) if "added_after" in query else -1
            page = [n for n in range(len(rows)) if n * 10**9 > after][: int(query["limit"])]
            body = f'{{"more": {json.dumps(page[-1:] < [29])}, "objects": [{", ".join(rows[n] for n in page)}]}}'
            return 200, body.encode(), {"X-TAXII-Date-Added-Last": timestamps.text((page or [0])[-1] * 10**9)}
        if path.endswith("/collections/"):
            return 200, {"collections": [{"id": "c", "title": "C", "can_read": True, "can_write": False}]}, {}
        return (404 if "/ext/" in path else 200), {"versions": ["application/taxii+json;version=2.1"]}, {}

    foreign = replace(stranger, config=stranger.config.model_copy(update={"url": scripted(answer).url}))
    summary = synced(foreign)
    assert summary.problems == []
    assert len(summary.read[0].set_aside) == 1
    assert held(foreign) == {(obj["id"], obj["modified"]) for n, obj in enumerate(notes) if n != 13}


def test_one_collection_that_fails_does_not_hinder_the_others(scripted, stranger):
    member = stranger
    given = note(member)

    def answer(_method, path, _query):
        if "/ext/" in path:
            return 404, b"", {}
        if path.endswith("/collections/"):
            one, two = ({"id": name, "title": name, "can_read": True, "can_write": False} for name in ("one", "two"))
            return 200, {"collections": [one, two]}, {}
        if path.endswith("one/objects/"):
            return 500, b"broken", {}
        if path.endswith("two/objects/"):
            return 200, {"objects": [given]}, {}
        return 200, {"title": "x", "versions": ["application/taxii+json;version=2.1"]}, {}

    foreign = replace(member, config=member.config.model_copy(update={"url": scripted(answer).url}))
    summary = synced(foreign)
    assert [step for step, _ in summary.problems] == ["reading one"]
    assert summary.exit_code == 3
    assert held(foreign) == {(given["id"], given["modified"])}


CLIENT = """
import json, sys
from datetime import UTC, datetime
from stillwatch.config import ExchangeConfig
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.sync import sync

config = ExchangeConfig(**json.loads(sys.argv[1]))
print("ready", flush=True)
while True:
    try:
        with opened(config) as session, State.open(config.state) as state:
            sync(session, state, now=datetime.now(UTC))
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


@pytest.mark.slow
def test_client_and_server_killed_at_any_moment_lose_and_repeat_nothing(exchange):
    alpha, beta, draw = exchange.members["alpha"], exchange.members["beta"], random.Random(7)  # noqa: S311
    config = beta.config.model_copy(update={"page_size": 7}).model_dump_json()
    posted = []
    for round_ in range(8):
        client = subprocess.Popen([sys.executable, "-c", CLIENT, config], stdout=subprocess.PIPE, text=True)
        client.stdout.readline()
        for _ in range(5):
            posted += [note(alpha) for _ in range(20)]
            post(alpha, *posted[-20:])
            time.sleep(draw.random() * 0.1)
        if round_ % 3 == 2:
            exchange.kill()
            exchange.start()
        time.sleep(draw.random() * 0.3)
        client.kill()
        client.communicate()
    summary = synced(beta)
    assert summary.exit_code == 0
    assert held(beta) == {(obj["id"], obj["modified"]) for obj in posted}
    with State.open(beta.config.state) as state:
        assert len(list(state.mirror.objects())) == len(posted)
        assert state.mirror.set_aside() == []
