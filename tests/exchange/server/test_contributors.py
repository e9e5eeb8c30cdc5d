"""What members are told of contributors: no more than they may read, no names, decoys like any other."""

import uuid

from stillwatch.exchange.model import Level
from stillwatch.exchange.trust.register import change
from stillwatch.indicators import markings
from stillwatch.indicators.extensions import FEEDBACK

PATH = "/alliance/ext/contributors/"
AMBER, RED = (markings.refs(markings.TLP[level]) for level in (Level.AMBER, Level.RED))


def identity(forum, name):
    return forum.exchange.store.member(name).identity


def sight(forum, stix, who, indicator, outcome, *, marking=AMBER):
    said = {FEEDBACK: {"extension_type": "property-extension", "outcome": outcome, "reviewed_by": "human"}}
    made = stix("sighting", sighting_of_ref=indicator, extensions=said, object_marking_refs=marking)
    answer = forum.post([made], who)
    assert answer.status_code == 202, answer.text


def publish(forum, stix, who, marking=AMBER):
    made = stix(object_marking_refs=marking)
    assert forum.post([made], who).status_code == 202
    return made


def test_it_tells_pseudonyms_and_no_names(forum, stix):
    forum.exchange.store.admit("ben", admitted=False)
    publish(forum, stix, "ana")
    publish(forum, stix, "ben")
    answer = forum.get(PATH, "reader")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/taxii+json;version=2.1"
    told = {each["id"]: each for each in answer.json()["contributors"]}
    assert told == {
        identity(forum, "ana"): {"id": identity(forum, "ana"), "standing": "admitted", "weights": {"stix": 0.717}},
        identity(forum, "ben"): {"id": identity(forum, "ben"), "standing": "quarantined", "weights": {"stix": 0.05}},
    }
    assert not any(name in answer.text for name in ('"ana"', '"ben"', "reader"))


def test_what_others_found_is_told_with_the_next_look(forum, stix):
    indicator = publish(forum, stix, "ana")["id"]
    assert forum.get(PATH, "reader").json()["indicators"] == {}
    sight(forum, stix, "ben", indicator, "true-positive")
    told = forum.get(PATH, "reader").json()
    assert told["indicators"][indicator] | {"score": 0} == {
        "state": "confirmed",
        "score": 0,
        "sources": 2,
        "disputes": 0,
        "automatic": True,
    }
    sight(forum, stix, "ben", indicator, "false-positive")
    assert forum.get(PATH, "reader").json()["indicators"][indicator]["disputes"] == 1


def test_what_a_member_may_not_read_does_not_show(forum, stix):
    plain = publish(forum, stix, "ana")["id"]
    before = forum.get(PATH, "reader").json()
    hidden = publish(forum, stix, "ana", RED)["id"]
    sight(forum, stix, "ben", plain, "true-positive", marking=RED)
    after = forum.get(PATH, "reader")
    assert after.json() == before
    assert hidden not in after.text


def test_who_may_read_nothing_is_told_nothing(forum, stix):
    publish(forum, stix, "ana")
    assert forum.get(PATH, "writer").json() == {"contributors": [], "indicators": {}}
    assert forum.get(PATH, "outsider").status_code == 404
    assert forum.get(PATH, None).status_code == 401


def test_a_suspended_contributor_is_told_at_once(forum, stix):
    publish(forum, stix, "ana")
    forum.get(PATH, "reader")
    forum.exchange.store.suspend("ana")
    assert [each["standing"] for each in forum.get(PATH, "reader").json()["contributors"]] == ["suspended"]


def test_a_decoy_is_served_like_any_other(forum, stix):
    """Every path of the exchange, before and after it is remembered as one, and beside an ordinary one."""
    ordinary, decoy = publish(forum, stix, "ana"), publish(forum, stix, "ana")
    paths = [f"{forum.path}/{rest}" for rest in ("objects/", "manifest/", "")] + [
        *(f"{forum.path}/objects/{decoy['id']}/{rest}" for rest in ("", "versions/")),
        *(f"/alliance/ext/{rest}" for rest in ("contributors/", "keys/", "log/entries/", "statistics/", "tokens/")),
        f"/alliance/ext/signatures/{forum.collection}/",
        *("/taxii2/", "/alliance/", "/alliance/collections/", "/openapi.json"),
    ]
    forum.get("/alliance/ext/tokens/", "ben")  # makes keys, and a line in the log
    before = {path: forum.get(path, "ben").content for path in paths}
    change(forum.exchange.store, "alliance", lambda known: known.with_decoys(decoy["id"]))
    assert {path: forum.get(path, "ben").content for path in paths} == before
    for name in ("trust", "statistics"):
        assert forum.get(f"/alliance/ext/{name}", "ben").status_code == 404
        assert forum.get(f"/alliance/ext/documents/{name}/", "ben").status_code == 404
    served = {each["id"]: each for each in forum.get(f"{forum.path}/objects/", "ben").json()["objects"]}
    assert served[decoy["id"]].keys() == served[ordinary["id"]].keys()


def test_whoever_confirms_a_decoy_is_in_quarantine_from_the_next_look_on(forum, stix):
    decoy = publish(forum, stix, "ana")["id"]
    change(forum.exchange.store, "alliance", lambda known: known.with_decoys(decoy))
    publish(forum, stix, "ben")
    sight(forum, stix, "ben", decoy, "true-positive")
    told = {each["id"]: each["standing"] for each in forum.get(PATH, "reader").json()["contributors"]}
    assert told == {identity(forum, "ana"): "admitted", identity(forum, "ben"): "quarantined"}


def test_an_opinion_about_nothing_that_is_there_changes_nothing(forum, stix):
    publish(forum, stix, "ana")
    before = forum.get(PATH, "reader").json()
    made = stix("opinion", opinion="disagree", object_refs=[f"indicator--{uuid.uuid4()}"], object_marking_refs=AMBER)
    assert forum.post([made], "ben").status_code == 202
    assert forum.get(PATH, "reader").json() == before
