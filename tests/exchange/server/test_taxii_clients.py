"""What real clients do: taxii2-client, cytaxii2, stix2's source and sink, and loops such as OpenCTI's connectors'."""

import json
import uuid
import warnings

import pytest
import requests
from cytaxii2 import cytaxii2
from taxii2client.common import TokenAuth
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from stillwatch.exchange.credentials import new_secret
from stillwatch.exchange.model import Member, Right

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import stix2

ID = "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d"  # there is none
TAXII = "application/taxii+json;version=2.1"


@pytest.fixture
def collection(forum):
    """taxii2-client's view of the collection."""
    with Collection(f"{forum.url}{forum.path}/", user="ana", password=forum.secrets["ana"]) as opened:
        yield opened


def test_taxii2_client_finds_its_way_from_discovery(forum):
    with Server(f"{forum.url}/taxii2/", user="ana", password=forum.secrets["ana"]) as server:
        assert server.title == forum.exchange.title
        root = server.default
        assert root.title == "The alliance"
        assert root.max_content_length == 104857600
        collections = {each.title: each for each in root.collections}
        assert set(collections) == {"Indicators", "Retractions"}
        found = collections["Indicators"]
        assert (found.can_read, found.can_write, found.alias) == (True, True, "indicators")
        for each in server.api_roots:
            each.close()


def test_taxii2_client_adds_and_asks_for_the_status(forum, collection, stix):
    sent = [stix() for _ in range(3)]
    status = collection.add_objects({"objects": sent})
    assert bool(status)
    assert status.success_count == status.total_count == 3
    status.refresh()
    assert [each["id"] for each in status.successes] == [each["id"] for each in sent]
    again = collection.add_objects(json.dumps({"objects": sent}), wait_for_completion=True)
    assert again.success_count == 3
    with ApiRoot(f"{forum.url}/alliance/", user="ana", password=forum.secrets["ana"]) as root:
        assert root.get_status(status.id).success_count == 3


@pytest.mark.parametrize("per_request", [0, 1, 2, 5, 7, 50])
def test_taxii2_client_pages_through_objects_and_manifest(forum, collection, per_request):
    sent = [each["id"] for each in forum.filled(7)]
    for asked in (collection.get_objects, collection.get_manifest):
        pages = list(as_pages(asked, per_request=per_request))
        assert [each["id"] for page in pages for each in page["objects"]] == sent
        assert len(pages) == (-(-7 // per_request) if per_request else 1)


def test_taxii2_client_pages_where_the_server_gives_less_than_it_asks(forum_of):
    forum = forum_of(page_size=3)
    sent = [each["id"] for each in forum.filled(8)]
    with Collection(f"{forum.url}{forum.path}/", user="ana", password=forum.secrets["ana"]) as collection:
        pages = list(as_pages(collection.get_objects, per_request=100))
        assert [len(page["objects"]) for page in pages] == [3, 3, 2]
        assert [each["id"] for page in pages for each in page["objects"]] == sent


def test_taxii2_client_filters_with_its_own_dates(collection, stix):
    base = stix()
    collection.add_objects({"objects": [base, base | {"modified": "2026-04-01T00:00:00.000Z"}, stix("campaign")]})
    added = collection.get_manifest(version="all")["objects"]
    from_first = collection.get_objects(added_after=added[0]["date_added"])
    assert len(from_first["objects"]) == 2
    assert len(collection.get_objects(type=["campaign", "tool"])["objects"]) == 1
    one = collection.get_object(base["id"], version="2026-04-01T00:00:00Z")  # as it writes dates: without zeros
    assert [each["modified"] for each in one["objects"]] == ["2026-04-01T00:00:00.000Z"]
    assert len(collection.object_versions(base["id"])["versions"]) == 2
    collection.delete_object(base["id"])
    with pytest.raises(requests.HTTPError, match="404"):
        collection.get_object(base["id"])


@pytest.mark.parametrize("alias", [False, True])
def test_taxii2_client_refreshes_a_collection_by_its_id_and_by_its_alias(forum, alias):
    url = f"{forum.url}/alliance/collections/{'indicators' if alias else forum.collection}/"
    with Collection(url, user="ana", password=forum.secrets["ana"]) as collection:
        assert collection.title == "Indicators"
        assert collection.get_objects() == {}


def test_taxii2_client_sends_a_token(forum, quick):
    secret = new_secret()
    member = Member("olga", f"identity--{uuid.uuid4()}", "oauth")
    forum.exchange.store.add_member(member, quick.hash(secret), {forum.collection: Right(read=True, write=True)})
    form = {"grant_type": "client_credentials", "client_id": "olga", "client_secret": secret}
    token = forum.client.post(f"{forum.url}/oauth/token", data=form).json()["access_token"]
    with Collection(f"{forum.url}{forum.path}/", auth=TokenAuth(token)) as collection:
        assert collection.title == "Indicators"


def test_cytaxii2_goes_by_the_default_root_and_reads_errors_as_json(forum, stix):
    client = cytaxii2.cytaxii2(f"{forum.url}/taxii2/", "ana", forum.secrets["ana"])
    assert client.discovery_request()["status_code"] == 200
    assert client.root_discovery()["response"]["title"] == "The alliance"
    assert len(client.collection_request()["response"]["collections"]) == 2
    assert client.collection_data_request(forum.collection)["response"]["title"] == "Indicators"
    sent = [stix() for _ in range(5)]
    posted = client.inbox_request(forum.collection, json.dumps({"objects": sent}))
    assert (posted["status_code"], posted["response"]["success_count"]) == (202, 5)
    found, following = [], None
    while True:
        page = client.poll_request(forum.collection, limit=2, next=following)["response"]
        found += page["objects"]
        if not page["more"]:
            break
        following = page["next"]
    assert found == sent
    wrong = client.poll_request(forum.collection, limit="many")
    assert (wrong["status_code"], wrong["response"]["http_status"]) == (400, "400")
    stranger = cytaxii2.cytaxii2(f"{forum.url}/taxii2/", "ana", "wrong")
    assert stranger.discovery_request()["response"]["http_status"] == "401"


def test_stix2_source_and_sink(collection):
    sink, source = stix2.TAXIICollectionSink(collection), stix2.TAXIICollectionSource(collection)
    indicator = stix2.v21.Indicator(pattern="[ipv4-addr:value = '198.51.100.7']", pattern_type="stix")
    campaign = stix2.v21.Campaign(name="DC-2026-0001")
    sink.add([indicator, campaign])  # a bundle under TAXII's media type
    sink.add(indicator)
    newer = indicator.new_version(confidence=50)
    sink.add(newer)
    assert source.get(indicator.id) == newer
    assert source.get(ID) is None
    assert len(source.all_versions(indicator.id)) == 2
    assert [each.id for each in source.query([stix2.Filter("type", "=", "campaign")])] == [campaign.id]
    assert {each["id"] for each in source.query()} == {indicator.id, campaign.id}


def opencti_poll(session, root, title, added_after=None, page=2):
    """As `external-import/taxii2` polls: by title, with filters that it keeps, and without added_after after `next`."""
    found, refused = [], []
    filters = {"limit": page}
    for collection in session.get(f"{root}collections/").json()["collections"]:
        if title not in {"*", collection["title"]}:
            continue
        if added_after:
            filters["added_after"] = added_after
        for _ in range(100):
            answer = session.get(f"{root}collections/{collection['id']}/objects/", params=filters)
            if answer.status_code != 200:
                refused.append(answer.status_code)
                break
            envelope = answer.json()
            found += envelope.get("objects", [])
            if not envelope.get("more", False):
                break
            filters["next"] = envelope["next"]
            filters.pop("added_after", None)
        else:
            pytest.fail("it loops for ever")
    return found, refused


@pytest.fixture
def session(forum):
    """A connector's HTTP session."""
    with requests.Session() as opened:
        opened.auth = ("ana", forum.secrets["ana"])
        opened.headers["Accept"] = TAXII
        yield opened


def test_opencti_polls_a_collection_by_its_title(forum, session):
    sent = forum.filled(7)
    found, refused = opencti_poll(session, f"{forum.url}/alliance/", "Indicators")
    assert (found, refused) == (sent, [])
    last = forum.get(f"{forum.path}/manifest/").json()["objects"][4]["date_added"]
    found, refused = opencti_poll(session, f"{forum.url}/alliance/", "Indicators", added_after=last)
    assert (found, refused) == (sent[5:], [])
    assert all("spec_version" in each for each in found)  # else it takes the server for one of TAXII 2.0


def test_opencti_takes_next_into_the_following_collection_and_is_told(forum, session):
    forum.filled(3)
    session.get(f"{forum.url}/alliance/collections/")
    first = session.get(f"{forum.url}{forum.path}/objects/", params={"limit": 2}).json()
    other = f"{forum.url}/alliance/collections/retractions/objects/"
    assert session.get(other, params={"limit": 2, "next": first["next"]}).status_code == 400


def test_opencti_posts_a_bundle_as_stix(forum, stix):
    sent = stix()
    bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "x_opencti_extra": True, "objects": [sent]}
    headers = {"Content-Type": "application/stix+json;version=2.1", "Accept": TAXII}
    url = f"{forum.url}{forum.path}/objects/"
    auth = ("ana", forum.secrets["ana"])
    assert requests.post(url, json=bundle, headers=headers, auth=auth, timeout=10).status_code == 202
    assert forum.get(f"{forum.path}/objects/").json()["objects"] == [sent]
