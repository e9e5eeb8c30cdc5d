import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from stillwatch.errors import TrustError
from stillwatch.exchange import intake
from stillwatch.exchange.log.entries import Receipt, snapshot
from stillwatch.exchange.log.tiles import inclusion_proof, root_hash
from stillwatch.exchange.model import Collection, Level, Member, Query, Right
from stillwatch.indicators import extensions, feedback, ids, markings, timestamps
from stillwatch.indicators.published import PUBLISHED
from stillwatch.merkle import leaf_hash, verify_inclusion
from stillwatch.signing import SigningKey, sign, to_base64, verify

KEY, ANA = SigningKey.generate(), SigningKey.generate()
EVERYTHING = Query(versions="all")


def stix(kind="indicator", level=Level.GREEN, day=2, **changes):
    made = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid4()}",
        "created": "2026-03-02T09:00:00.000Z",
        "modified": f"2026-03-{day:02}T09:00:00.000Z",
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": "2026-03-02T09:00:00Z",
        "object_marking_refs": markings.refs(markings.TLP[level]),
    }
    return made | changes


@pytest.fixture
def forum(store, place):
    """The store with two members more, who read and write: cat up to RED, and dan up to GREEN."""
    store.set_public_key("ana", ANA.public)
    for name, level in (("cat", Level.RED), ("dan", Level.GREEN)):
        member = Member(name, f"identity--{uuid.uuid4()}", "oauth")
        store.add_member(member, None, {place.id: Right(read=True, write=True, level=level)})
    return store


@pytest.fixture
def post(forum, place, clock):
    def publish(objects, who="ana", signatures=None, per_day=intake.PER_DAY, allow_list=False):
        done = []

        def build(transaction):
            done.append(intake.take_in(transaction, posted, KEY, per_day))
            return done[0].parts

        root = replace(forum.root("forum"), allow_list=allow_list)
        posted = intake.examine(forum.principal(who), root, place, objects, signatures, now=clock())
        forum.add("forum", who, build)
        return done[0].taken

    return publish


@pytest.fixture
def refused(forum, post):
    def attempt(objects, who="ana", **options):
        before = forum.log_size("forum")
        with pytest.raises(intake.Refused) as caught:
            post(objects, who, **options)
        assert forum.log_size("forum") == before
        return [each.why for each in caught.value.refusals]

    return attempt


@pytest.fixture
def bodies(forum, place):
    def read(who="ana", query=EVERYTHING, collection=place):
        return [json.loads(each.body) for each in forum.read(forum.principal(who), collection, query).records]

    return read


def test_what_is_published_is_read_logged_and_receipted(forum, post, bodies, place):
    objects = [stix(), stix(), {"type": "ipv4-addr", "id": f"ipv4-addr--{uuid.uuid4()}", "value": "198.51.100.7"}]
    signatures = [
        {"id": each["id"], "version": each["modified"], "key_id": ANA.key_id, "signature": to_base64(sign(ANA, each))}
        for each in objects[:1]
    ]
    taken = post(objects, signatures=signatures)
    assert [each.id for each in taken] == [each["id"] for each in objects]
    assert bodies() == [*objects[:2], objects[2] | {"spec_version": "2.1"}]
    ana, size = forum.principal("ana"), forum.log_size("forum")
    assert size == 3
    tiles = forum.tiles("forum")
    page = forum.signatures(ana, place, EVERYTHING).signatures
    assert [each.log_index for each in page] == [0, 1, 2]
    assert [each.signature is not None for each in page] == [True, False, False]
    verify(ANA.public, objects[0], page[0].signature)
    for value, signed in zip(bodies(), page, strict=True):
        receipt = Receipt.parse(json.loads(signed.receipt))
        receipt.check(value, collection=place.id, salt=signed.salt, public=KEY.public)
        assert receipt.publisher == ana.member.identity
        assert [receipt.entry] == forum.log_entries("forum", signed.log_index, signed.log_index + 1)
        proof = inclusion_proof(tiles, signed.log_index, size)
        verify_inclusion(leaf_hash(receipt.entry), signed.log_index, size, proof, root_hash(tiles, size))


def test_the_log_names_the_readers_of_the_moment(forum, post, place):
    post([stix()])
    before = json.loads(forum.signatures(forum.principal("ana"), place, EVERYTHING).signatures[0].receipt)["group"]
    everybody = [each.identity for each in forum.members()]
    assert before == snapshot(everybody, KEY)
    forum.suspend("cat")
    post([stix()])
    after = json.loads(forum.signatures(forum.principal("ana"), place, EVERYTHING).signatures[1].receipt)["group"]
    assert after == snapshot([each.identity for each in forum.members() if each.name != "cat"], KEY)


def test_saying_it_again_changes_nothing_and_is_a_success(forum, post, bodies):
    objects = [stix(), stix()]
    first = post(objects)
    assert post([*objects, objects[0]]) == (*first, first[0])
    assert bodies() == objects
    assert forum.log_size("forum") == 2


def test_the_same_version_twice_in_one_request_is_stored_once(post, bodies):
    value = stix()
    assert len(post([value, value | {"name": "another"}])) == 2
    assert bodies() == [value]


def test_versions_follow_whatever_their_place_in_the_request(post, bodies, refused):
    old, mid, new = (stix(id="indicator--e8a8a5bd-8d0c-4a1f-9c6d-0a3ad3a4fdd1", day=day) for day in (2, 3, 4))
    post([new, old])
    assert bodies() == [new, old]
    assert refused([mid]) == ["modified: a newer version is there already."]
    later = old | {"modified": "2026-03-05T09:00:00Z"}
    post([later])
    assert bodies()[-1] == later


def test_a_marking_never_widens(post, refused, bodies):
    value = stix(level=Level.AMBER)
    post([value])
    post([value | {"modified": "2026-03-03T09:00:00Z"}])
    green = {"object_marking_refs": markings.refs(markings.TLP[Level.GREEN])}
    assert "wider than" in refused([value | {"modified": "2026-03-04T09:00:00Z"} | green])[0]
    red = value | {"modified": "2026-03-04T09:00:00Z", "object_marking_refs": markings.refs(markings.TLP[Level.RED])}
    post([red])
    unmarked = {key: each for key, each in value.items() if key != "object_marking_refs"}
    assert "wider than" in refused([unmarked | {"modified": "2026-03-05T09:00:00Z"}])[0]
    assert len(bodies()) == 3


def test_a_marking_cannot_widen_within_one_request(refused, bodies):
    value = stix(level=Level.RED)
    wider = value | {
        "modified": "2026-03-03T09:00:00Z",
        "object_marking_refs": markings.refs(markings.TLP[Level.CLEAR]),
    }
    assert "wider than" in refused([wider, value])[0]
    assert bodies() == []


def test_nobody_versions_or_revokes_an_object_of_another(post, refused, bodies):
    value = stix()
    post([value])
    newer = value | {"modified": "2026-03-03T09:00:00Z"}
    assert refused([newer], "cat") == ["It is another member's object. Say a sighting, an opinion or a note."]
    assert "another member's object" in refused([newer | {"revoked": True}], "cat")[0]
    assert "another member's object" in refused([stix(), newer], "cat")[0]
    post([value], "cat")  # the very version that is there
    assert bodies() == [value]


def test_what_two_members_derive_alike_is_kept_from_the_first(post, refused, bodies, forum):
    value = stix(id=ids.indicator("stix", stix()["pattern"]))
    post([value])
    again = value | {"created": "2026-03-04T09:00:00Z", "modified": "2026-03-04T09:00:00Z"}
    (taken,) = post([again], "cat")
    assert "Another member said this first" in taken.message
    assert bodies() == [value]
    assert forum.log_size("forum") == 1
    assert "another member's object" in refused([again | {"revoked": True}], "cat")[0]


def test_nobody_speaks_in_the_name_of_another(forum, post, refused):
    ana, cat = (forum.member(name).identity for name in ("ana", "cat"))
    identity = {"type": "identity", "spec_version": "2.1", "id": ana, "name": "ana", "identity_class": "organization"}
    identity |= {"created": "2026-03-02T09:00:00.000Z", "modified": "2026-03-02T09:00:00.000Z"}
    assert refused([stix(created_by_ref=ana)], "cat") == ["It speaks in the name of another member."]
    assert refused([identity], "cat") == ["It speaks in the name of another member."]
    post([identity, stix(created_by_ref=ana)])
    post([stix(created_by_ref=cat), stix(created_by_ref=f"identity--{uuid.uuid4()}")], "cat")


NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def words(about, teller):
    """What a member says of an object, in all three ways."""
    return [
        feedback.sighting(about, teller=teller, outcome="unsure", now=NOW),
        feedback.opinion(about, teller=teller, opinion="agree", now=NOW),
        feedback.note(about, teller=teller, content="Seen here", now=NOW),
    ]


@pytest.mark.parametrize("allow_list", [False, True])
def test_nobody_takes_the_ids_that_the_words_of_another_will_have(forum, post, refused, bodies, allow_list):
    about = {"id": f"indicator--{uuid.uuid4()}"}
    ana, cat = (forum.member(name).identity for name in ("ana", "cat"))
    squatted = [each | {"created_by_ref": cat} for each in words(about, ana)]
    whys = refused(squatted, "cat", allow_list=allow_list)
    assert whys == 3 * [
        "Its id may be that of another member's word. Take a random UUID, or one that follows from your own identity."
    ]
    post(words(about, cat), "cat", allow_list=allow_list)
    post(words(about, ana), allow_list=allow_list)
    assert len(bodies()) == 6


def test_where_only_our_objects_are_taken_words_about_something_else_take_no_ids_either(forum, post, refused):
    about, other = ({"id": f"indicator--{uuid.uuid4()}"} for _ in range(2))
    ana, cat = (forum.member(name).identity for name in ("ana", "cat"))
    squatted = words(about, ana)[0] | {"created_by_ref": cat, "sighting_of_ref": other["id"]}
    assert "another member's word" in refused([squatted], "cat", allow_list=True)[0]
    post([squatted | {"id": f"sighting--{uuid.uuid4()}"}], "cat", allow_list=True)


def test_other_software_may_make_its_own_ids_where_all_objects_are_taken(post, refused):
    foreign = words({"id": f"indicator--{uuid.uuid4()}"}, f"identity--{uuid.uuid4()}")
    foreign = [{key: each for key, each in one.items() if key != "created_by_ref"} for one in foreign]
    assert len(refused(foreign, "cat", allow_list=True)) == 3
    post(foreign, "cat")


def test_ones_own_word_keeps_its_id_whatever_it_says_later(forum, post, bodies):
    about, other = ({"id": f"indicator--{uuid.uuid4()}"} for _ in range(2))
    (note,) = words(about, forum.member("cat").identity)[2:]
    post([note], "cat", allow_list=True)
    later = note | {"modified": "2026-03-03T09:00:00.000Z", "content": "Seen no more", "object_refs": [other["id"]]}
    post([later], "cat", allow_list=True)
    assert len(bodies()) == 2


@pytest.fixture
def retractions(forum):
    return forum.collection("forum", "retractions")


def test_a_revocation_is_told_in_the_retractions(forum, post, bodies, retractions):
    value = stix()
    post([value])
    revoked = value | {"modified": "2026-03-03T09:00:00.000Z", "revoked": True}
    assert len(post([revoked])) == 1
    assert bodies(query=Query()) == [revoked]
    for who in ("ana", "ben", "cat", "dan"):
        (note,) = bodies(who, Query(), retractions)
    said = note["extensions"][extensions.RETRACTION]
    assert (said["retracted_ref"], said["retracted_version"]) == (value["id"], "2026-03-03T09:00:00.000000Z")
    assert note["object_refs"] == [value["id"]]
    (signed,) = forum.signatures(forum.principal("ben"), retractions, Query()).signatures
    verify(KEY.public, note, signed.signature)
    assert signed.key_id == KEY.key_id
    Receipt.parse(json.loads(signed.receipt)).check(
        note, collection=retractions.id, salt=signed.salt, public=KEY.public
    )
    assert forum.log_size("forum") == 3
    extensions.content(note, extensions.RETRACTION)
    post([revoked])
    assert len(bodies("ana", Query(), retractions)) == 1


def test_a_revocation_reaches_all_who_could_read_a_version_and_nobody_else(post, bodies, retractions):
    """Whoever makes an object narrower and revokes it then cannot leave the others with what was wrong."""
    wide, narrow = stix(level=Level.GREEN), stix(level=Level.RED)
    post([wide, narrow])
    red = {"object_marking_refs": markings.refs(markings.TLP[Level.RED]), "revoked": True}
    post([each | red | {"modified": "2026-03-03T09:00:00.000Z"} for each in (wide, narrow)])
    told = {
        who: {each["object_refs"][0] for each in bodies(who, Query(), retractions)} for who in ("ana", "cat", "dan")
    }
    both = {wide["id"], narrow["id"]}
    assert told == {"ana": both, "cat": both, "dan": {wide["id"]}}


@pytest.fixture
def copied(forum, clock):
    """Publishes in another collection, which ana and cat read."""
    elsewhere = Collection(str(uuid.uuid4()), "forum", "Elsewhere")
    forum.add_collection(elsewhere)
    for who in ("ana", "cat"):
        forum.grant(who, {elsewhere.id: Right(read=True, write=True, level=Level.RED)})

    def publish(objects, who):
        posted = intake.examine(forum.principal(who), forum.root("forum"), elsewhere, objects, now=clock())
        forum.add("forum", who, lambda transaction: intake.take_in(transaction, posted, KEY).parts)
        return elsewhere

    return publish


def test_nobody_withdraws_what_is_anothers_by_saying_it_elsewhere(post, copied, bodies, retractions):
    """cat copies ana's object into a collection of its own and revokes it there."""
    value = stix()
    post([value])
    revoked = value | {"modified": "2026-03-03T09:00:00.000Z", "revoked": True}
    elsewhere = copied([value, revoked], "cat")
    assert bodies("ana", Query(), elsewhere) == [revoked]
    assert bodies("ana", Query(), retractions) == []
    post([revoked])
    assert [each["object_refs"] for each in bodies("ana", Query(), retractions)] == [[value["id"]]]


def test_nothing_follows_a_revocation(post, refused):
    value = stix()
    post([value, value | {"modified": "2026-03-03T09:00:00.000Z", "revoked": True}])
    for revoked in (True, False):
        newer = value | {"modified": "2026-03-04T09:00:00.000Z", "revoked": revoked}
        assert refused([newer]) == ["It was revoked, and nothing follows that. Publish under another id."]


def test_one_bad_object_keeps_out_all(refused, post, bodies):
    value = stix()
    post([value])
    assert len(refused([stix(), value | {"modified": "2026-03-03T09:00:00Z"}, stix()], "cat")) == 1
    assert bodies() == [value]


def test_a_flood_ends_at_the_quota(post, bodies, forum):
    post([stix() for _ in range(4)], per_day=5)
    with pytest.raises(intake.OverQuota, match="as much today"):
        post([stix(), stix()], per_day=5)
    post([stix()], per_day=5)
    post([stix()], "cat", per_day=5)
    assert len(bodies()) == forum.log_size("forum") == 6


def test_what_is_there_already_costs_no_quota(post):
    value = stix()
    post([value], per_day=1)
    for _ in range(3):
        post([value], per_day=1)


@pytest.fixture
def delete(forum, place):
    def withdraw(value, who="ana", versions="all", where=place):
        build = lambda transaction, records: intake.withdraw(transaction, records, KEY)  # noqa: E731 — one line
        return forum.delete("forum", forum.principal(who), where, value["id"], versions, build=build)

    return withdraw


def later(value, day, **changes):
    return value | {"modified": f"2026-03-{day:02}T09:00:00.000Z"} | changes


def at(level):
    return {"object_marking_refs": markings.refs(markings.TLP[level])}


def test_a_deletion_stands_in_the_log_and_in_the_retractions(forum, post, delete, bodies, retractions):
    value = stix()
    post([value])
    assert delete(value) == 1
    assert bodies() == []
    lines = [json.loads(each)["action"] for each in forum.log_entries("forum", 0, 9)]
    assert lines == ["add", "add", "delete"]
    for who in ("ana", "ben", "cat", "dan"):
        (note,) = bodies(who, Query(), retractions)
    said = note["extensions"][extensions.RETRACTION]
    assert (said["retracted_ref"], said["retracted_version"]) == (value["id"], "2026-03-02T09:00:00.000000Z")
    (signed,) = forum.signatures(forum.principal("ben"), retractions, Query()).signatures
    Receipt.parse(json.loads(signed.receipt)).check(
        note, collection=retractions.id, salt=signed.salt, public=KEY.public
    )
    extensions.content(note, extensions.RETRACTION)


def test_a_deletion_is_told_to_all_who_could_read_a_version_and_to_nobody_else(post, delete, bodies, retractions):
    wide, narrow = stix(level=Level.GREEN), stix(level=Level.RED)
    post([wide, narrow, later(wide, 3, **at(Level.RED))])
    moment = timestamps.parse(wide["modified"])
    assert delete(wide, versions=(moment,)) == 1  # the wide version alone: the object still stands
    assert bodies("dan", Query(), retractions) == []
    assert delete(wide) == delete(narrow) == 1
    told = {who: {each["object_refs"][0] for each in bodies(who, Query(), retractions)} for who in ("cat", "dan")}
    assert told == {"cat": {wide["id"], narrow["id"]}, "dan": {wide["id"]}}


def test_what_was_revoked_is_told_once(post, delete, bodies, retractions):
    value = stix()
    post([value, later(value, 3, revoked=True)])
    assert delete(value) == 2
    assert len(bodies("ana", Query(), retractions)) == 1


def test_what_revokes_is_not_deleted_alone(post, delete, bodies):
    value = stix()
    post([value, later(value, 3, revoked=True)])
    with pytest.raises(TrustError, match="only with all of its versions"):
        delete(value, versions="last")
    assert len(bodies()) == 2
    assert delete(value, versions="first") == 1
    assert delete(value) == 1


def test_nobody_withdraws_what_is_anothers_by_deleting_his_copy(post, copied, delete, bodies, retractions):
    value = stix()
    post([value])
    elsewhere = copied([value], "cat")
    assert delete(value, "cat", where=elsewhere) == 1
    assert bodies("ana", Query(), retractions) == []
    assert bodies() == [value]


def test_what_was_deleted_comes_back_no_wider(post, delete, refused, bodies):
    value = stix(level=Level.AMBER)
    post([value, later(value, 3, **at(Level.RED))])
    delete(value)
    assert "wider than" in refused([later(value, 4)])[0]
    again = later(value, 4, **at(Level.RED))
    post([again])
    assert bodies() == [again]


def test_what_was_deleted_comes_back_newer_only(post, delete, refused, bodies):
    value = stix()
    post([value, later(value, 4)])
    delete(value)
    for day in (2, 3, 4):
        assert refused([later(value, day)]) == ["modified: not after the version that was deleted."]
    post([later(value, 5)])
    assert len(bodies()) == 1


def test_what_was_revoked_and_deleted_does_not_come_back(post, delete, refused):
    value = stix()
    post([value, later(value, 3, revoked=True)])
    delete(value)
    assert "nothing follows that" in refused([later(value, 4)])[0]


def test_what_was_deleted_is_not_taken_up_by_another(post, delete, refused, bodies):
    random, derived = stix(), stix(id=ids.indicator("stix", stix()["pattern"]))
    post([random, derived])
    assert delete(random) == delete(derived) == 1
    assert "another member's object" in refused([later(random, 4)], "cat")[0]
    assert "another member's object" in refused([later(derived, 4, revoked=True)], "cat")[0]
    (taken,) = post([later(derived, 4)], "cat")
    assert "took it back" in taken.message
    assert bodies() == []


def test_what_is_nobodys_may_be_said_again(post, delete, bodies, retractions):
    """An observable is the same whoever says it, and so is what comes with the software."""
    seen = {"type": "ipv4-addr", "id": f"ipv4-addr--{uuid.uuid4()}", "value": "198.51.100.7"}
    technique = dict(next(each for each in PUBLISHED.values() if each["type"] == "attack-pattern"))
    post([seen, technique])
    assert delete(seen) == delete(technique) == 1
    assert bodies("ana", Query(), retractions) == []
    post([seen, technique], "cat")
    assert [each["id"] for each in bodies()] == [seen["id"], technique["id"]]


def test_who_is_suspended_meanwhile_stores_nothing(forum, place, clock, bodies):
    posted = intake.examine(forum.principal("cat"), forum.root("forum"), place, [stix()], now=clock())
    forum.suspend("cat")
    with pytest.raises(TrustError):
        forum.add("forum", "cat", lambda transaction: intake.take_in(transaction, posted, KEY).parts)
    assert bodies() == []


def test_the_log_tells_nothing_of_what_somebody_may_not_read(forum, post):
    """dan reads up to GREEN: lines of RED and GREEN objects look alike to him."""
    red, green = stix(level=Level.RED, name="SECRET"), stix(level=Level.GREEN)
    post([red, green])
    first, second = forum.log_entries("forum", 0, 2)
    assert len(first) == len(second)
    one, other = json.loads(first), json.loads(second)
    assert one | {"commitment": ""} == other | {"commitment": ""}
    for secret in ("SECRET", red["id"], red["id"].split("--")[1], forum.member("ana").identity, "RED", "red"):
        assert secret not in first.decode()
