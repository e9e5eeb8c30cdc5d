import uuid

import pytest

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.client.connection import Access, connect
from stillwatch.exchange.client.taxii import Taxii
from stillwatch.indicators.ids import canonical

ROOT = {"title": "A forum", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1000000}


@pytest.fixture
def taxii():
    clients = []

    def open_one(url, secret="pass"):  # noqa: S107
        client = connect(Access(url, "basic", "acme", secret, attempts=2), sleep=lambda _: None)
        clients.append(client)
        return Taxii(client, url, sleep=lambda _: None)

    yield open_one
    for client in clients:
        client.close()


def note(number, modified="2026-11-02T09:00:00.000Z"):
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{uuid.UUID(int=number, version=4)}",
        "created": "2026-11-02T09:00:00.000Z",
        "modified": modified,
        "content": "said",
        "object_refs": ["campaign--0b80a255-53a1-4945-a932-58ef7777682c"],
    }


def mirrored(client, collection, *, after=None, **more):
    pages = list(client.pages(collection, after=after, **more))
    return [obj for page in pages for obj in page.objects], pages[-1].covered


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_a_foreign_server_is_read_wholly_whatever_its_dates(medallion, taxii, batch):
    client = taxii(medallion(page_size=10))
    root = client.root()
    shared, other = client.collections(root)
    assert (shared.title, shared.can_read, other.can_read, root.max_content_length) == ("shared", True, False, 1000000)
    notes = [note(number) for number in range(60)]
    for start in range(0, 60, batch):
        status = client.add(root, shared, canonical({"objects": notes[start : start + batch]}))
        assert status.complete
        assert not status.failures
    got, covered = mirrored(client, shared, overlap=1, limit=1000)
    assert sorted(o["id"] for o in got) == sorted(o["id"] for o in notes)
    client.add(root, shared, canonical({"objects": [note(3, "2026-11-03T09:00:00.000Z"), note(99)]}))
    later, _ = mirrored(client, shared, after=covered, overlap=1)
    assert {note(3)["id"], note(99)["id"]} <= {o["id"] for o in later}
    assert len(later) <= 2 + batch  # those that share the last date, and no others


def test_all_versions_come(medallion, taxii):
    versions = [note(1), note(1, "2026-11-03T09:00:00.000Z"), note(1, "2026-11-04T09:00:00.000Z")]
    client = taxii(medallion(objects=versions))
    got, _ = mirrored(client, client.collections(client.root())[0], overlap=1)
    assert [o["modified"] for o in got] == [o["modified"] for o in versions]


def test_a_wrong_password_is_not_tried_twice(medallion, taxii):
    with pytest.raises(TrustError, match="401") as refused:
        taxii(medallion(), "wrong").root()
    assert refused.value.exit_code == 4
    assert "wrong" not in str(refused.value)


def test_a_status_tells_what_was_not_taken(medallion, taxii):
    client = taxii(medallion())
    root = client.root()
    collection = client.collections(root)[0]
    client.add(root, collection, canonical({"objects": [note(1)]}))
    again = client.add(root, collection, canonical({"objects": [note(1)]}))
    assert [failure.id for failure in again.failures] == [note(1)["id"]]


def served(**paths):
    def answer(_method, path, _query):
        return paths.get(path, (404, {"title": "Nothing\x1b[31m here"}, {}))

    return answer


def test_the_root_is_the_one_at_the_address_or_named_or_the_default(scripted, taxii):
    discovery = {"title": "x", "default": "/b/", "api_roots": ["/a/", "/b/"]}
    paths = {"/taxii2/": (200, discovery, {}), "/a/": (200, ROOT, {}), "/b/": (200, ROOT | {"title": "B"}, {})}
    server = scripted(served(**paths))
    bare = server.url.removesuffix("forum/")
    assert taxii(bare).root().name == "b"
    assert taxii(f"{bare}taxii2").root("a").name == "a"
    assert taxii(bare).root("B").name == "b"
    assert taxii(f"{bare}a").root().name == "a"
    del discovery["default"]
    with pytest.raises(ConfigError, match="a, b"):
        taxii(bare).root()
    with pytest.raises(ConfigError, match="a, b"):
        taxii(bare).root("c")


def test_a_root_at_another_host_is_not_asked(scripted, taxii):
    other = scripted(lambda *_: (200, ROOT, {}))
    server = scripted(lambda *_: (200, {"title": "x", "default": other.url, "api_roots": [other.url]}, {}))
    with pytest.raises(ExchangeError, match="another host"):
        taxii(server.url).root()
    assert other.asked == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"api_roots": 3}', b'{"api_roots": [3]}', b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'],
)
def test_what_is_not_taxii_is_told_in_one_line(scripted, taxii, body):
    server = scripted(lambda *_: (200, body, {}))
    with pytest.raises(ExchangeError, match="TAXII") as failed:
        taxii(server.url).root()
    assert failed.value.exit_code == 3


def test_a_refusal_is_told_with_the_servers_word_and_no_control_characters(scripted, taxii):
    server = scripted(served())
    with pytest.raises(ExchangeError, match="404: Nothing") as failed:
        taxii(server.url).root()
    assert "\x1b" not in str(failed.value)


def test_a_pending_status_is_waited_for(scripted, taxii):
    states = iter(["pending", "pending", "complete"])

    def answer(method, path, _query):
        code = 202 if method == "POST" else 200
        if path.endswith("/objects/") or "/status/" in path:
            return code, {"id": "s", "status": next(states)}, {}
        if path.endswith("/collections/"):
            return 200, {"collections": [{"id": "c", "title": "C", "can_read": True, "can_write": True}]}, {}
        return 200, ROOT, {}

    client = taxii(scripted(answer).url)
    root = client.root()
    assert client.add(root, client.collections(root)[0], b'{"objects": []}').complete


def test_more_than_the_server_takes_is_not_sent(scripted, taxii):
    def answer(_method, path, _query):
        if path.endswith("/collections/"):
            return 200, {"collections": [{"id": "c", "title": "C", "can_read": True, "can_write": True}]}, {}
        return 200, ROOT | {"max_content_length": 10}, {}

    server = scripted(answer)
    client = taxii(server.url)
    root = client.root()
    with pytest.raises(ExchangeError, match="more than the exchange takes"):
        client.add(root, client.collections(root)[0], b'{"objects": []}')
    assert all(method == "GET" for method, *_ in server.asked)
