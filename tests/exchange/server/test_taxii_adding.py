"""TAXII 2.1, sections 4.3, 5.5 and 5.7: adding, its status, deleting."""

import json
import re
import uuid

import pytest

from stillwatch.exchange import intake
from stillwatch.exchange.model import Collection, Right, Root
from stillwatch.exchange.store.store import Store

TAXII, STIX = "application/taxii+json", "application/stix+json"


def ids(forum, who="ana"):
    return [each["id"] for each in forum.get(f"{forum.path}/objects/", who).json().get("objects", [])]


def bundle(*objects):
    return {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": list(objects)}


def test_what_is_added_is_accepted_and_its_status_adds_up(forum, stix):
    sent = [stix(), stix("campaign")]
    answer = forum.post(sent)
    status = answer.json()
    assert answer.status_code == 202
    assert uuid.UUID(status["id"]).version == 4
    assert status["status"] == "complete"
    assert [each["id"] for each in status["successes"]] == [each["id"] for each in sent]
    assert {each["version"] for each in status["successes"]} == {"2026-03-02T09:00:00.000000Z"}
    counts = {name: status[f"{name}_count"] for name in ("total", "success", "failure", "pending")}
    assert counts == {"total": 2, "success": 2, "failure": 0, "pending": 0}
    assert not {"failures", "pendings"} & status.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", status["request_timestamp"])


def test_the_status_is_kept_for_whoever_added_and_for_nobody_else(forum, stix):
    status = forum.post([stix()]).json()
    path = f"/alliance/status/{status['id']}/"
    assert forum.get(path).json() == status
    assert forum.get(path, "ben").status_code == forum.get(path, "outsider").status_code == 404
    for unknown in (uuid.uuid4(), "nothing", "%00"):
        assert forum.get(f"/alliance/status/{unknown}/").status_code == 404
    assert forum.get(f"/elsewhere/status/{status['id']}/").status_code == 404


def test_the_status_is_kept_for_a_day(forum_of, tmp_path, stix):
    now = [1_790_000_000_000_000]
    forum = forum_of(Store.open(str(tmp_path / "clocked.sqlite"), create=True, clock=lambda: now[0]))
    path = f"/alliance/status/{forum.post([stix()]).json()['id']}/"
    now[0] += 24 * 3600 * 1_000_000
    assert forum.get(path).status_code == 200
    now[0] += 3600 * 1_000_000
    forum.post([stix()])
    assert forum.get(path).status_code == 404


@pytest.mark.parametrize("rest", ["", ";version=2.1", ' ; version="2.1"', ";charset=utf-8", "; Version=2.1"])
def test_the_media_type_may_be_written_in_all_its_forms(forum, stix, rest):
    assert forum.post([stix()], headers={"Content-Type": TAXII + rest}).status_code == 202


@pytest.mark.parametrize("media_type", [STIX, f"{STIX};version=2.1", f"{TAXII};version=2.1"])
def test_a_bundle_is_taken_as_an_envelope_is(forum, stix, media_type):
    sent = stix()
    body = json.dumps(bundle(sent))
    assert forum.post([], content=body, headers={"Content-Type": media_type}).status_code == 202
    assert ids(forum) == [sent["id"]]


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "", f"{TAXII};version=2.0", f"{TAXII};charset=utf-16", "a", "*/*"]
)
def test_other_media_types_are_415(forum, stix, media_type):
    answer = forum.post([stix()], headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert ids(forum) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "zstd"])
def test_compressed_bodies_are_415_before_anything_is_unpacked(forum, encoding):
    answer = forum.post([], content=b"\x1f\x8b" + b"\0" * 1000, headers={"Content-Encoding": encoding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"


def test_an_exact_duplicate_is_no_error_and_adds_nothing(forum, stix):
    sent = [stix(), stix()]
    first = forum.post(sent)
    again = forum.post([*sent, sent[0]])
    assert again.status_code == 202
    assert again.json()["success_count"] == 3
    assert ids(forum) == [each["id"] for each in sent]
    assert again.json()["id"] != first.json()["id"]


def test_all_of_it_or_nothing(forum, stix):
    broken = stix(created="yesterday")
    answer = forum.post([stix(), broken, stix()])
    assert answer.status_code == 422
    message = answer.json()
    assert message["details"]["refused"][0]["index"] == 1
    assert message["details"]["refused"][0]["id"] == broken["id"]
    assert "yesterday" not in answer.text
    assert ids(forum) == []
    assert "id" not in message


def test_who_may_only_read_adds_nothing(forum, stix):
    assert forum.post([stix()], "reader").status_code == 403
    assert forum.post([stix()], "outsider").status_code == 404
    assert forum.post([stix()], None).status_code == 401
    assert ids(forum) == []


def test_who_may_only_write_adds(forum, stix):
    sent = stix()
    assert forum.post([sent], "writer").status_code == 202
    assert ids(forum, "ana") == [sent["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"not json", 400),
        (b'{"objects":[],"objects":[]}', 400),
        (b'{"objects":[NaN]}', 400),
        (b'{"objects":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        ('{"objects":[]}'.encode("utf-16"), 400),
        (b'{"objects":["\xff"]}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"objects"', 422),
        (b"{}", 422),
        (b'{"objects":{}}', 422),
        (b'{"objects":[]}', 422),
        (b'{"objects":[1]}', 422),
        (b'{"objects":[null]}', 422),
        (b'{"objects":[{}]}', 422),
        (b'{"objects":[[]]}', 422),
        (b'{"objects":[{"type":"indicator"}]}', 422),
        (b'{"type":"bundle","objects":[{"type":"bundle","id":"bundle--1"}]}', 422),
    ],
)
def test_a_body_that_is_not_understood_is_400_and_one_that_is_not_right_422(forum, body, status):
    answer = forum.post([], content=body)
    assert answer.status_code == status
    assert answer.json()["http_status"] == str(status)
    assert answer.json()["title"]
    assert ids(forum) == []


def test_a_longer_body_than_the_root_takes_is_413_by_its_length_and_while_it_streams(forum, stix):
    store, collection = forum.exchange.store, str(uuid.uuid4())
    store.add_root(Root("small", "Small", max_content_length=2000))
    store.add_collection(Collection(collection, "small", "Small"))
    store.grant("ana", {collection: Right(read=True, write=True)})
    path = f"/small/collections/{collection}/objects/"
    assert forum.get("/small/").json()["max_content_length"] == 2000

    def body(size):
        envelope = json.dumps({"objects": [stix()], "x_padding": ""}).encode()
        return envelope[:-2] + b"p" * (size - len(envelope)) + envelope[-2:]

    assert forum.post([], path=path, content=body(2000)).status_code == 202
    assert forum.post([], path=path, content=body(2001)).status_code == 413
    streamed = forum.post([], path=path, content=iter([body(2001)[:1500], body(2001)[1500:]]))
    assert streamed.status_code == 413
    assert streamed.json()["error_code"] == "too-long"
    assert forum.post([], path=path, content=iter([body(2000)])).status_code == 202
    assert len(forum.get(path).json()["objects"]) == 2


def test_unknown_properties_of_the_envelope_are_ignored(forum, stix):
    envelope = {"objects": [stix()], "more": False, "x_foo_bar": {"a": 1}}
    assert forum.post([], content=json.dumps(envelope)).status_code == 202


def test_deleting_asks_for_both_rights(forum):
    sent = forum.filled(1)[0]
    path = f"{forum.path}/objects/{sent['id']}/"
    assert forum.delete(path, "outsider").status_code == 404  # neither
    assert forum.delete(path, "reader").status_code == 403  # read alone
    assert forum.delete(path, "writer").status_code == 403  # write alone
    assert forum.delete(path, None).status_code == 401
    assert ids(forum) == [sent["id"]]


def test_what_is_deleted_is_gone_everywhere(forum):
    kept, sent = forum.filled(2)
    path = f"{forum.path}/objects/{sent['id']}/"
    answer = forum.delete(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert forum.get(path).status_code == forum.get(f"{path}versions/").status_code == 404
    assert forum.delete(path).status_code == 404
    assert ids(forum) == [kept["id"]]
    assert len(forum.get(f"{forum.path}/manifest/").json()["objects"]) == 1


def test_one_version_is_deleted(forum, stix):
    first = stix()
    last = first | {"modified": "2026-04-01T00:00:00.000Z"}
    forum.post([first, last])
    path = f"{forum.path}/objects/{first['id']}/"
    assert forum.delete(path, params={"match[version]": "2001-01-01T00:00:00Z"}).status_code == 404
    assert forum.delete(path, params={"match[version]": "newest"}).status_code == 400
    assert forum.delete(path, params={"match[version]": last["modified"]}).status_code == 200
    assert forum.get(path, params={"match[version]": "all"}).json()["objects"] == [first]


def test_nobody_deletes_what_another_published(forum):
    sent = forum.filled(1)[0]
    assert forum.delete(f"{forum.path}/objects/{sent['id']}/", "ben").status_code == 404
    assert ids(forum) == [sent["id"]]


def test_a_deleted_date_is_not_given_again(forum):
    first = forum.filled(1)[0]
    before = forum.get(f"{forum.path}/manifest/").json()["objects"][0]["date_added"]
    forum.delete(f"{forum.path}/objects/{first['id']}/")
    forum.filled(1)
    assert forum.get(f"{forum.path}/manifest/").json()["objects"][0]["date_added"] > before


def test_a_full_quota_is_429(forum, stix, monkeypatch):
    monkeypatch.setattr(intake.take_in, "__defaults__", (3,))
    forum.filled(2)
    answer = forum.post([stix(), stix()])
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 86400
    assert len(ids(forum)) == 2
