"""What is another's, what is old, what is marked, what is signed: nobody makes it his own."""

import copy

from attendee import WORDS, Attendee
from forum import Forum
from objects import Object, indicators, moved, now, said, tokens
from poison import as_vocabulary, of_words, poisoned, reviewed, stands
from verdicts import End, refusal, refused

from stillwatch.indicators import atlas, feedback, ids, markings, outgoing
from stillwatch.indicators.markings import Level
from stillwatch.signing import SigningKey


def replay(forum: Forum) -> End:
    """The first of a version is kept, and versions only follow."""
    me = forum.malicious
    first = said_by(me)
    second = [moved(each, confidence=60) for each in indicators(first)]
    assert me.publish(first).status_code == 202
    assert me.publish(second).status_code == 202
    before = forum.stored()
    again = [me.publish(first), me.publish(second)]
    between = me.publish([moved(each, seconds=0.5, confidence=10) for each in indicators(first)])
    other = me.publish([each | {"confidence": 5} for each in second])
    me.pull()
    kept = all(me.newest("indicator")[each["id"]]["confidence"] == 60 for each in second)
    same = forum.stored() == before and {each.status_code for each in again} == {202}
    return End(
        same and kept and refused(between),
        f"known versions change nothing (202), nor another content under one ({other.status_code}); {refusal(between)}",
    )


def widened_marking(forum: Forum) -> End:
    """A marking never widens, and nobody makes markings of TLP."""
    me = forum.malicious
    own = indicators(said_by(me))[0]
    assert me.publish([own]).status_code == 202
    clear = markings.refs(markings.TLP[Level.CLEAR])
    wider = me.publish([moved(own, object_marking_refs=clear)])
    none = me.publish([{name: value for name, value in moved(own).items() if name != "object_marking_refs"}])
    genuine = markings.TLP[Level.AMBER_STRICT]
    forged = copy.deepcopy(genuine)
    forged["extensions"][markings.TLP_EXTENSION]["tlp_2_0"] = "clear"
    fake = me.post([forged])
    mine = copy.deepcopy(forged) | {"id": ids.derived("marking-definition", "mine"), "created_by_ref": me.identity}
    named = me.post([mine, moved(own, object_marking_refs=[mine["id"]])])
    return End(refused(wider, none, fake, named), refusal(wider, none, fake, named))


def squatted_ids(forum: Forum) -> End:
    """An object is its first publisher's."""
    me, victim = forum.malicious, forum.honest[0]
    me.pull()
    target = next(each for each in me.newest("indicator").values() if each["created_by_ref"] == victim.identity)
    attempts = [
        [moved(target, confidence=1)],
        [moved(target, confidence=1, created_by_ref=me.identity)],
        [moved(target, revoked=True)],
        [moved(target, revoked=True, created_by_ref=me.identity)],
        [outgoing.identity(victim.identity) | {"name": "somebody else"}],
        [as_vocabulary(poisoned(victim, of_words(list(tokens(30)), 0.3)))],
        [copy.deepcopy(atlas.TECHNIQUES["AML.T0024.002"]) | {"name": "Nothing to see here"}],
    ]
    before = forum.stored()
    responses = [me.post(each) for each in attempts]
    victim.pull()
    untouched = victim.newest("indicator")[target["id"]] == target and forum.stored() == before
    refusals = [each for each in responses if each.status_code != 202]
    return End(
        untouched and refused(*refusals),
        f"{refusal(*refusals)}; {len(responses) - len(refusals)} answered 202 and not stored",
    )


def squatted_feedback(forum: Forum) -> End:
    """Whether the others are still heard."""
    me = forum.malicious
    poison = as_vocabulary(poisoned(me, of_words(list(WORDS[-40:]), 0.3)))
    assert me.publish([poison]).status_code == 202
    other = indicators(said_by(me))[0]
    taken = []
    for victim in forum.honest:
        theirs = feedback.sighting(poison, teller=victim.identity, outcome="unsure", now=now())
        mine = theirs | {"created_by_ref": me.identity, "where_sighted_refs": [me.identity]}
        taken += [me.post([mine]), me.post([mine | {"sighting_of_ref": other["id"]}])]
    reviewed(forum, poison)
    where = stands(forum, poison)
    stopped = refusal(*(each for each in taken if each.status_code != 202)) or "nothing (202)"
    heard = refused(*taken) and where["state"] == "disputed"
    return End(heard, stopped, "nothing" if heard else "their words about that one indicator are lost")


def forged_signatures(forum: Forum) -> End:
    """A signature is checked against the key that the member registered, over the object as it will be served."""
    me, victim, stranger = forum.malicious, forum.honest[0], SigningKey.generate()
    objects = indicators(said_by(me))[:1]
    right = me.signatures(objects)
    theirs = indicators(said_by(victim))[:1]
    attempts = [
        (objects, me.signatures(objects, stranger)),
        (objects, [right[0] | {"key_id": victim.key.key_id}]),
        ([objects[0] | {"confidence": 5}], right),
        (objects, [right[0] | {"signature": "AAAA"}]),
        (theirs, victim.signatures(theirs, stranger)),
        (objects, [right[0] | {"id": theirs[0]["id"]}]),
    ]
    responses = [me.post(sent, signed) for sent, signed in attempts]
    return End(refused(*responses), refusal(*responses))


def forged_retraction(forum: Forum) -> End:
    """Only the exchange writes retractions, and it signs them."""
    me, victim = forum.malicious, forum.honest[0]
    me.pull()
    target = next(each for each in me.newest("indicator").values() if each["created_by_ref"] == victim.identity)
    note = feedback.retraction(moved(target), operator=me.identity, now=now())
    into = me.post([note], into="retractions")
    among = me.post([note])
    victim.pull()
    stands_still = not victim.newest("indicator")[target["id"]].get("revoked")
    contained = refused(into, among) and target["id"] not in victim.retracted() and stands_still
    return End(contained, refusal(into, among))


def revoked_elsewhere(forum: Forum) -> End:
    """An object is its first publisher's in all collections of a root."""
    me, victim = forum.malicious, forum.honest[0]
    me.pull()
    target = next(each for each in me.newest("indicator").values() if each["created_by_ref"] == victim.identity)
    later = moved(target, revoked=True, created_by_ref=me.identity)
    response = me.post([later], into="side")
    reader = forum.honest[6]
    reader.sync()
    withdrawn = target["id"] in reader.retracted() or target["id"] not in reader.in_force()
    if withdrawn:
        return End(False, f"nothing ({response.status_code})", "the indicator is withdrawn everywhere")
    taken = "taken in there (202), but in no retraction, and set aside by whoever reads it: another published it first"
    return End(True, refusal(response) if response.status_code != 202 else taken)


def deleted_and_back(forum: Forum) -> End:
    """A deletion is told like a revocation, and remembered."""
    me, reader = forum.malicious, forum.honest[6]
    one, other = indicators(said_by(me))
    assert me.publish([one, other, moved(other, revoked=True)]).status_code == 202
    gone = [me.delete(each) for each in (one, other)]
    responses = [
        me.post([moved(one, object_marking_refs=markings.refs(markings.TLP[Level.CLEAR]))]),
        me.post([one | {"confidence": 5}]),
        me.post([moved(other, seconds=2)]),
        reader.post([moved(one)]),
    ]
    told = {one["id"], other["id"]} <= reader.retracted()
    deleted = {each.status_code for each in gone} == {200}
    return End(deleted and told and refused(*responses), f"{refusal(*responses)}; both are in the retractions")


def clock(forum: Forum) -> End:
    """`date_added` is the exchange's; a member's times are only checked."""
    me = forum.malicious
    own = indicators(said_by(me))[0]
    far, epoch = "2099-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"
    attempts = [
        own | {"modified": far, "created": far},
        own | {"modified": "2026-02-30T00:00:00.000Z"},
        own | {"modified": epoch},
        own | {"valid_until": "9999-12-31T00:00:00Z"},
        own | {"created": "2026-11-02T09:00:00+05:00"},
    ]
    responses = [me.post([each]) for each in attempts]
    ancient = me.post([own | {"created": epoch, "modified": epoch}])
    reader = forum.honest[8]
    reader.pull()
    covered = reader.covered
    assert forum.honest[0].publish(said_by(forum.honest[0])).status_code == 202
    reader.pull()
    advanced = reader.covered is not None and covered is not None and reader.covered > covered
    return End(
        refused(*responses) and advanced,
        f"{refusal(*responses)}; a version of 1970: {ancient.status_code}, read in the order of the exchange's clock",
    )


def said_by(member: Attendee) -> list[Object]:
    """A campaign of one's own that nobody else has."""
    return outgoing.objects(said(), contributor=member.identity, now=now())
