"""TAXII 2.1, sections 3.2 to 3.5, 5.3, 5.4, 5.6 and 5.8: objects, manifest, one object, its versions, their pages."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

ID = "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d"  # there is none
FIRST, LAST = "x-taxii-date-added-first", "x-taxii-date-added-last"
NEVER = "1970-01-01T00:00:00.000000Z"


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json().get("objects", [])]


def dates(forum):
    return [each["date_added"] for each in forum.get(f"{forum.path}/manifest/").json()["objects"]]


def versions_of(base, count):
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return [base | {"modified": f"{start + timedelta(days=day):%Y-%m-%dT%H:%M:%S}.000Z"} for day in range(1, count + 1)]


def walk(forum, path, who="ana", **query):
    """All pages by `next`, with the query of the first."""
    while True:
        answer = forum.get(path, who, params=query)
        assert answer.status_code == 200, answer.text
        yield answer
        page = answer.json()
        if not page.get("more"):
            return
        query = query | {"next": page["next"]}


def test_nothing_is_an_empty_object_and_no_empty_list(forum):
    for path in ("objects", "manifest"):
        answer = forum.get(f"{forum.path}/{path}/")
        assert answer.json() == {}
        assert answer.headers[FIRST] == answer.headers[LAST] == NEVER


def test_an_empty_page_never_moves_a_checkpoint_beyond_what_was_asked(forum):
    forum.filled(1)
    later = "2030-01-01T00:00:00.000000Z"
    answer = forum.get(f"{forum.path}/objects/", params={"added_after": later})
    assert answer.json() == {}
    assert answer.headers[LAST] == later
    assert forum.get(f"{forum.path}/objects/", params={"match[type]": "tool"}).headers[LAST] == NEVER


def test_objects_stand_in_the_order_of_their_addition_with_unique_dates(forum):
    objects = forum.filled(3) + forum.filled(2)
    assert ids(forum.get(f"{forum.path}/objects/")) == [each["id"] for each in objects]
    assert ids(forum.get(f"{forum.path}/manifest/")) == [each["id"] for each in objects]
    assert dates(forum) == sorted(set(dates(forum)))


def test_objects_come_as_they_were_sent(forum, stix):
    sent = stix(x_unknown={"kept": [1, 2.5, "ä", None, True]}, description="")
    forum.post([sent])
    answer = forum.get(f"{forum.path}/objects/")
    assert answer.json() == {"more": False, "objects": [sent]}


def test_headers_tell_the_first_and_the_last_of_this_answer(forum):
    objects = forum.filled(5)
    added = dates(forum)
    for path in ("objects", "manifest"):
        answer = forum.get(f"{forum.path}/{path}/", params={"limit": 2, "added_after": added[0]})
        assert (answer.headers[FIRST], answer.headers[LAST]) == (added[1], added[2])
    one = f"{forum.path}/objects/{objects[3]['id']}/"
    for path in (one, f"{one}versions/"):
        answer = forum.get(path)
        assert answer.headers[FIRST] == answer.headers[LAST] == added[3]


def test_the_manifest_has_one_record_for_each_version(forum, stix):
    base = stix()
    forum.post([base])
    forum.post(versions_of(base, 2))
    records = forum.get(f"{forum.path}/manifest/", params={"match[version]": "all"}).json()["objects"]
    assert [each["version"] for each in records] == [
        "2026-03-02T09:00:00.000000Z",
        "2026-03-03T00:00:00.000000Z",
        "2026-03-04T00:00:00.000000Z",
    ]
    assert {each["media_type"] for each in records} == {"application/stix+json;version=2.1"}
    assert set(records[0]) == {"id", "date_added", "version", "media_type"}
    assert len(forum.get(f"{forum.path}/manifest/").json()["objects"]) == 1


@pytest.mark.parametrize("path", ["objects", "manifest"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_by_next_have_all_of_it_once(forum, path, limit):
    objects = forum.filled(7)
    pages = list(walk(forum, f"{forum.path}/{path}/", limit=limit))
    assert [each for page in pages for each in ids(page)] == [each["id"] for each in objects]
    assert all(len(ids(page)) == limit for page in pages[:-1])
    assert all(page.json()["more"] is True and page.json()["next"] for page in pages[:-1])
    assert "next" not in pages[-1].json()
    assert len(pages) == -(-7 // limit)


def test_pages_by_added_after_have_all_of_it_once(forum):
    objects = forum.filled(7)
    found, query = [], {"limit": 3}
    while page := ids(answer := forum.get(f"{forum.path}/objects/", params=query)):
        found += page
        query["added_after"] = answer.headers[LAST]
    assert found == [each["id"] for each in objects]


@pytest.mark.parametrize("keeps", [True, False], ids=["keeps added_after", "drops added_after"])
def test_next_works_whether_the_client_keeps_added_after_or_drops_it(forum, keeps):
    objects = forum.filled(6)
    query = {"limit": 2, "added_after": dates(forum)[0]}
    found = ids(answer := forum.get(f"{forum.path}/objects/", params=query))
    while answer.json()["more"]:
        following = {"limit": 2, "next": answer.json()["next"]} | (query if keeps else {})
        found += ids(answer := forum.get(f"{forum.path}/objects/", params=following))
    assert found == [each["id"] for each in objects[1:]]


def test_a_page_may_be_asked_for_again_with_another_limit_too(forum):
    objects = forum.filled(5)
    following = forum.get(f"{forum.path}/objects/", params={"limit": 2}).json()["next"]
    for limit in (2, 1, 3, 2):
        page = ids(forum.get(f"{forum.path}/objects/", params={"limit": limit, "next": following}))
        assert page == [each["id"] for each in objects[2 : 2 + limit]]


def test_next_works_after_a_restart(forum):
    objects = forum.filled(3)
    following = forum.get(f"{forum.path}/objects/", params={"limit": 1}).json()["next"]
    forum.restart()
    assert ids(forum.get(f"{forum.path}/objects/", params={"next": following})) == [each["id"] for each in objects[1:]]


def test_next_of_another_query_is_malformed(forum, stix):
    objects = forum.filled(4)
    campaigns = [stix("campaign") for _ in range(2)]
    forum.post(campaigns)
    path = f"{forum.path}/objects/"
    following = forum.get(path, params={"limit": 1, "match[type]": "indicator"}).json()["next"]
    assert ids(forum.get(path, params={"next": following, "match[type]": "indicator"}))
    for other in (
        forum.get(path, params={"next": following}),
        forum.get(path, params={"next": following, "match[type]": "campaign"}),
        forum.get(path, params={"next": following, "match[type]": "indicator,campaign"}),
        forum.get(f"{forum.path}/manifest/", params={"next": following, "match[type]": "indicator"}),
        forum.get(f"{path}{objects[0]['id']}/", params={"next": following}),
        forum.get("/alliance/collections/retractions/objects/", params={"next": following, "match[type]": "indicator"}),
        forum.get(path, params={"next": following[:-2] + "AA", "match[type]": "indicator"}),
        forum.get(path, params={"next": "", "match[type]": "indicator"}),
    ):
        assert other.status_code == 400
        assert other.json()["error_code"] == "bad-next"


def test_a_cursor_carries_no_rights(forum):
    forum.filled(3)
    following = forum.get(f"{forum.path}/objects/", params={"limit": 1}).json()["next"]
    assert forum.get(f"{forum.path}/objects/", "outsider", params={"next": following}).status_code == 404
    assert forum.get(f"{forum.path}/objects/", "writer", params={"next": following}).status_code == 403


def test_more_and_then_nothing_is_no_loop(forum):
    objects = forum.filled(2)
    following = forum.get(f"{forum.path}/objects/", params={"limit": 1}).json()["next"]
    assert forum.delete(f"{forum.path}/objects/{objects[1]['id']}/").status_code == 200
    answer = forum.get(f"{forum.path}/objects/", params={"limit": 1, "next": following})
    assert answer.json() == {}


def test_a_limit_above_the_page_gives_a_page(forum_of):
    forum = forum_of(page_size=2)
    forum.filled(5)
    for query in ({}, {"limit": 5000}, {"limit": 2}):
        answer = forum.get(f"{forum.path}/objects/", params=query)
        assert len(ids(answer)) == 2
        assert answer.json()["more"] is True


@pytest.mark.parametrize("path", ["objects/", "manifest/", "objects/{id}/", "objects/{id}/versions/"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=a", "limit=1&limit=1", "added_after=yesterday", "next=x"]
)
def test_malformed_parameters_are_400(forum, path, query):
    sent = forum.filled(1)[0]
    answer = forum.get(f"{forum.path}/{path.format(id=sent['id'])}?{query}")
    assert answer.status_code == 400
    assert answer.json()["http_status"] == "400"


def test_the_date_added_counts_and_not_the_modification(forum, stix):
    old = stix(created="2001-01-01T00:00:00.000Z", modified="2001-01-01T00:00:00.000Z")
    forum.post([old])
    assert ids(forum.get(f"{forum.path}/objects/", params={"added_after": "2020-01-01T00:00:00Z"})) == [old["id"]]
    added = dates(forum)[0]
    assert ids(forum.get(f"{forum.path}/objects/", params={"added_after": added})) == []


def test_filters(forum, stix):
    indicator, campaign, note = stix(), stix("campaign"), stix("note")
    forum.post([indicator, campaign, note])

    def found(**query):
        return ids(forum.get(f"{forum.path}/objects/", params={f"match[{k}]": v for k, v in query.items()}))

    everything = [each["id"] for each in (indicator, campaign, note)]
    assert found(type="campaign") == [campaign["id"]]
    assert found(type="campaign,indicator") == everything[:2]
    assert found(type="tool,x-unknown-type") == []
    assert found(id=f"{note['id']},{indicator['id']}") == [indicator["id"], note["id"]]
    assert found(id=note["id"], type="indicator") == []
    assert found(id=ID) == []
    assert found(spec_version="2.1") == everything
    assert found(spec_version="2.0") == []
    assert found(spec_version="2.0,2.1") == everything
    assert found(color="red") == everything


def test_versions_are_chosen(forum, stix):
    base = stix()
    one, two, three = versions_of(base, 3)
    forum.post([one])
    forum.post([two, three])
    other = forum.filled(1)[0]

    def found(version):
        answer = forum.get(f"{forum.path}/objects/", params={"match[version]": version})
        assert answer.status_code == 200
        return [each["modified"] for each in answer.json().get("objects", []) if each["id"] == base["id"]]

    assert found("last") == [three["modified"]]
    assert found("first") == [one["modified"]]
    assert found("all") == [each["modified"] for each in (one, two, three)]
    assert found("first,last") == [one["modified"], three["modified"]]
    assert found(two["modified"]) == [two["modified"]]
    assert found(f"{two['modified']},last") == [two["modified"], three["modified"]]
    assert found(two["modified"].replace(".000Z", "Z")) == [two["modified"]]
    assert found("2001-01-01T00:00:00Z") == []
    assert [each["modified"] for each in forum.get(f"{forum.path}/objects/").json()["objects"]] == [
        three["modified"],
        other["modified"],
    ]


def test_spec_versions_and_objects_without_times(forum):
    account = {"type": "user-account", "id": f"user-account--{uuid.uuid4()}", "user_id": "u1"}
    forum.post([account])
    served = forum.get(f"{forum.path}/objects/").json()["objects"][0]
    assert served["spec_version"] == "2.1"  # a connector reads it off the first object
    record = forum.get(f"{forum.path}/manifest/").json()["objects"][0]
    assert record["version"] == forum.get(f"{forum.path}/manifest/").json()["objects"][0]["version"]
    by_version = {"match[version]": record["version"]}
    assert ids(forum.get(f"{forum.path}/objects/", params=by_version)) == [account["id"]]


def test_one_object_is_an_envelope_too(forum, stix):
    base = stix()
    first, last = versions_of(base, 2)
    forum.post([first])
    forum.post([last])
    path = f"{forum.path}/objects/{base['id']}/"
    assert forum.get(path).json() == {"more": False, "objects": [last]}
    assert forum.get(path, params={"match[version]": "all"}).json()["objects"] == [first, last]
    assert forum.get(path, params={"match[version]": "first"}).json()["objects"] == [first]
    assert forum.get(path, params={"match[version]": "2001-01-01T00:00:00Z"}).json() == {}
    assert forum.get(path, params={"match[type]": "*", "match[id]": "*"}).status_code == 200  # not known here


def test_the_versions_of_one_object_come_in_pages(forum, stix):
    base = stix()
    for each in versions_of(base, 5):
        forum.post([each])
    path = f"{forum.path}/objects/{base['id']}/"
    texts = [f"2026-03-0{day}T00:00:00.000000Z" for day in range(3, 8)]
    assert forum.get(f"{path}versions/").json() == {"more": False, "versions": texts}
    pages = [page.json()["versions"] for page in walk(forum, f"{path}versions/", limit=2)]
    assert pages == [texts[:2], texts[2:4], texts[4:]]
    objects = [page.json()["objects"] for page in walk(forum, path, limit=2, **{"match[version]": "all"})]
    assert [len(page) for page in objects] == [2, 2, 1]
    assert forum.get(f"{path}versions/", params={"match[spec_version]": "2.0"}).json() == {}


@pytest.mark.parametrize("name", [ID, "unheard-of", "indicator--1", "%00", "a" * 5000, "indicator--%2e"])
def test_an_unknown_object_is_not_found(forum, name):
    forum.filled(1)
    for rest in ("", "versions/"):
        answer = forum.get(f"{forum.path}/objects/{name}/{rest}")
        assert answer.status_code == 404
        assert name[:20] not in answer.text


def test_who_may_only_write_reads_nothing(forum):
    sent = forum.filled(1)[0]
    for path in (
        "objects/",
        "manifest/",
        f"objects/{sent['id']}/",
        f"objects/{sent['id']}/versions/",
        f"objects/{ID}/",
    ):
        answer = forum.get(f"{forum.path}/{path}", "writer")
        assert answer.status_code == 403
        assert FIRST not in answer.headers


def test_what_is_marked_too_narrowly_is_in_no_page_count_header_or_error(forum):
    red = {"object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}
    visible = forum.filled(2)
    before = forum.get(f"{forum.path}/manifest/", "ben")
    hidden = forum.filled(3, **red)
    for path in ("manifest", "objects"):
        assert ids(forum.get(f"{forum.path}/{path}/", "ben")) == [each["id"] for each in visible]
        answer = forum.get(f"{forum.path}/{path}/", "ben", params={"limit": 2})
        assert answer.json()["more"] is False
        assert answer.headers[LAST] == before.headers[LAST]
    for rest in ("", "versions/"):
        unknown = forum.get(f"{forum.path}/objects/{ID}/{rest}", "ben")
        narrow = forum.get(f"{forum.path}/objects/{hidden[0]['id']}/{rest}", "ben")
        assert unknown.status_code == narrow.status_code == 404
        assert unknown.headers.keys() == narrow.headers.keys()
        assert {**unknown.json(), "error_id": ""} == {**narrow.json(), "error_id": ""}
    assert len(ids(forum.get(f"{forum.path}/objects/"))) == 5
