"""TAXII 2.1, sections 1.6.8, 1.6.9, 2, 3.1, 4 and 5.1: what is there, and how it is asked for."""

import pytest

from stillwatch.exchange.model import Right

TAXII = "application/taxii+json;version=2.1"
GETS = ("/taxii2/", "/alliance/", "/alliance/collections/", "{path}/", "{path}/manifest/", "{path}/objects/")


@pytest.mark.parametrize("path", GETS)
def test_every_answer_has_the_media_type_of_taxii(forum, path):
    answer = forum.get(path.format(path=forum.path))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TAXII
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("accept", ["application/taxii+json", "application/taxii+json; version=2.1", "*/*"])
def test_the_version_may_be_left_out(forum, path, accept):
    assert forum.get(path.format(path=forum.path), headers={"Accept": accept}).status_code == 200


def test_the_manifest_takes_what_the_standard_shows_in_its_example(forum):
    both = "application/taxii+json;version=2.1,application/stix+json;version=2.1"
    assert forum.get(f"{forum.path}/manifest/", headers={"Accept": both}).status_code == 200


def test_whoever_wants_something_else_gets_406_as_taxii(forum):
    answer = forum.get("/taxii2/", headers={"Accept": "application/vnd.oasis.taxii+json; version=2.0"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == TAXII
    assert answer.json()["http_status"] == "406"


def test_no_user_agent_and_a_content_type_without_a_body_are_no_reason_to_refuse(forum):
    headers = {"User-Agent": "", "Content-Type": TAXII}
    assert forum.get("/taxii2/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", [*GETS, "/nothing/", "/nothing", "/alliance/status/1/", "/docs", "/elsewhere/"])
def test_nobody_is_told_anything_without_credentials(forum, path):
    answer = forum.get(path.format(path=forum.path), None)
    assert answer.status_code == 401
    assert 'Basic realm="' in answer.headers["www-authenticate"]
    assert answer.json()["title"] == "Unauthorized"
    assert "x-taxii-date-added-first" not in answer.headers


def test_discovery_names_the_roots_of_the_member_alone(forum):
    document = forum.get("/taxii2/").json()
    assert document["title"] == forum.exchange.title
    assert document["api_roots"] == [f"{forum.url}/alliance/"]
    assert document["default"] in document["api_roots"]
    assert forum.get("/taxii2/", "outsider").json()["api_roots"] == [f"{forum.url}/elsewhere/"]


def test_discovery_follows_the_public_url(forum_of):
    forum = forum_of(public_url="https://exchange.example")
    at = f"http://127.0.0.1:{forum.server.port}"
    answer = forum.client.get(f"{at}/taxii2/", auth=("ana", forum.secrets["ana"]), headers={"Host": "evil.example"})
    assert answer.json()["default"] == "https://exchange.example/alliance/"


def test_who_has_no_right_anywhere_gets_no_empty_list(forum):
    forum.exchange.store.grant("reader", {forum.collection: Right(read=False, write=False)})
    retractions = forum.exchange.store.collection("alliance", "retractions")
    forum.exchange.store.grant("reader", {retractions.id: Right(read=False, write=False)})
    assert forum.get("/taxii2/", "reader").json() == {"title": forum.exchange.title}
    assert forum.get("/alliance/collections/", "reader").status_code == 404


def test_a_root(forum):
    document = forum.get("/alliance/").json()
    assert document == {
        "title": "The alliance",
        "description": "Those who were hit",
        "versions": [TAXII],
        "max_content_length": 104857600,
    }


@pytest.mark.parametrize(
    "path", ["/elsewhere/", "/nothing/", "/elsewhere/collections/", "/ALLIANCE/", "/%00/", "/a%2Fb/"]
)
def test_a_foreign_root_and_none_look_the_same(forum, path):
    answer = forum.get(path)
    assert answer.status_code == 404
    assert {**answer.json(), "error_id": ""} == {**forum.get("/nothing/at/all").json(), "error_id": ""}


def test_collections_stand_in_one_order_with_the_rights_of_this_member(forum):
    listed = forum.get("/alliance/collections/").json()["collections"]
    assert listed == forum.get("/alliance/collections/").json()["collections"]
    found = {each["id"]: each for each in listed}[forum.collection]
    assert found == {
        "id": forum.collection,
        "title": "Indicators",
        "description": "What was seen",
        "alias": "indicators",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
    }
    assert found == forum.get(f"{forum.path}/").json()
    for who, rights in (("reader", (True, False)), ("writer", (False, True))):
        document = forum.get(f"{forum.path}/", who).json()
        assert (document["can_read"], document["can_write"]) == rights


def test_nobody_writes_to_the_retractions(forum):
    document = forum.get("/alliance/collections/retractions/").json()
    assert (document["can_read"], document["can_write"]) == (True, False)
    answer = forum.post([], path="/alliance/collections/retractions/objects/")
    assert answer.status_code == 403


def test_an_alias_is_a_path_of_its_own(forum):
    """taxii2-client refuses a collection whose id is not in the URL that it asked."""
    document = forum.get("/alliance/collections/indicators/").json()
    assert document["id"] == document["alias"] == "indicators"
    assert forum.get("/alliance/collections/indicators/objects/").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "00000000-0000-4000-8000-000000000000", "%00", "a" * 3000, "%ff", "..%2f"])
@pytest.mark.parametrize(
    "rest", ["", "objects/", "manifest/", "objects/indicator--00000000-0000-4000-8000-000000000000/"]
)
def test_an_unknown_collection_is_not_found(forum, name, rest):
    assert forum.get(f"/alliance/collections/{name}/{rest}").status_code == 404


def test_a_collection_of_others_is_not_found(forum):
    for rest in ("", "objects/", "manifest/"):
        assert forum.get(f"{forum.path}/{rest}", "outsider").status_code == 404
    assert forum.post([], "outsider").status_code == 404


def test_a_method_that_is_none_here(forum):
    answer = forum.request("PUT", f"{forum.path}/objects/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["http_status"] == "405"
    brewed = forum.request("BREW", "/taxii2/")
    assert (brewed.status_code, brewed.headers["content-type"]) == (400, TAXII)


def test_an_error_message_is_one_of_taxii_and_repeats_nothing(forum):
    answer = forum.get(f"{forum.path}/objects/?limit=secret-word")
    message = answer.json()
    assert answer.status_code == 400
    assert message["title"]
    assert message["http_status"] == "400"
    assert message["error_id"].startswith("e-")
    assert message["error_code"] == "bad-limit"
    assert all(isinstance(said, str) for said in message.values())
    assert "secret-word" not in answer.text
