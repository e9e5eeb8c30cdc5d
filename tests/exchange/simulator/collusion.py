"""False words: of two who collude, and of one who confirms everything."""

import json
import random
from typing import Any

from attendee import Attendee
from forum import MALICIOUS, Forum
from objects import Object, indicators, moved, now
from poison import stands
from pressure import noise
from verdicts import End

from stillwatch.exchange.trust import blast, decoys, register
from stillwatch.exchange.trust.reputation import ADMISSION, PRIOR, VOICE, Reputation
from stillwatch.indicators import feedback, outgoing


def sybils(forum: Forum, each: int, innocent: int) -> End:
    """Two who collude are two voices of ten, and one against the other's indicators."""
    pair = forum.malicious, forum.honest[8]
    others = forum.honest[:8]
    lies = {one.name: noise(one, each) for one in pair}
    for one, other in (pair, pair[::-1]):
        assert one.publish(lies[one.name]).status_code == 202
        assert other.publish([sighting(other, lie, "true-positive") for lie in lies[one.name]]).status_code == 202
    told = {found["id"]: found["weights"] for found in forum.told("m01")["contributors"]}
    lifted = max(told[one.identity]["vocabulary"] for one in pair)
    framed = lies[MALICIOUS][0]
    for member in others:
        for account in random.sample(member.traffic.accounts, k=innocent):
            account.update(json.loads(framed["pattern"])["tokens"])
    before = [blast.use(member.traffic.reach(framed), sources=2, local=False) for member in others]
    for member in others[:2]:  # two people look at what it matched
        assert member.say(framed, "false-positive").status_code == 202
    after = stands(forum, framed)
    frozen, thawed = dispute(forum, pair)
    began, bound = (Reputation(PRIOR + ADMISSION + heard, PRIOR).weight for heard in (0, VOICE))
    contained = lifted <= bound + 0.001 and not after["automatic"] and (frozen, thawed) == ("disputed", "confirmed")
    stopped = (
        f"{each} confirmations of one member count as {VOICE:.0f} (weight {lifted:.2f}; {began:.2f} is "
        f"that of a member of whom nobody spoke); what frames {innocent} innocents is "
        f"evidence, never enough alone, at {before.count(blast.Use.USABLE)} of 8 until two people looked: "
        f"{after['state']}; their dispute of an honest indicator ends with a suspension"
    )
    return End(
        contained, stopped, "two looks by people; one honest indicator without automation until the operator acts"
    )


def dispute(forum: Forum, pair: tuple[Attendee, Attendee]) -> tuple[str, str]:
    """Where a confirmed indicator of an honest member stands once both deny it, and after the kill switch for one."""
    forum.honest[0].pull()
    told = forum.told("m01")["indicators"]
    target = next(
        each
        for each in forum.honest[0].newest("indicator").values()
        if each["created_by_ref"] == forum.honest[0].identity and told.get(each["id"], {}).get("state") == "confirmed"
    )
    for one in pair:
        assert one.say(target, "false-positive").status_code == 202
    frozen = stands(forum, target)["state"]
    forum.store.suspend(MALICIOUS)
    thawed = stands(forum, target)["state"]
    forum.store.resume(MALICIOUS)
    forum.malicious.end()
    forum.malicious.begin(forum.url)  # the old access token is worth nothing now
    return frozen, thawed


def sighting(by: Attendee, about: Object, outcome: Any) -> Object:
    """A word of a member."""
    return feedback.sighting(about, teller=by.identity, outcome=outcome, now=now())


def confirmed_decoy(forum: Forum) -> End:
    """Who confirms what matches nothing did not look."""
    me, keeper = forum.malicious, forum.honest[3]
    model = forum.campaign(keeper)
    decoy = outgoing.objects(decoys.like(model, now()), contributor=keeper.identity, now=now())
    hidden = decoys.indicators(decoy)
    register.change(forum.store, "forum", lambda known: known.with_decoys(*hidden))
    assert keeper.publish(decoy).status_code == 202
    for member in forum.members.values():
        member.pull()
    honest = [member for member in forum.honest if any(member.traffic.reach(o).accounts for o in indicators(decoy))]
    shown = [o for o in me.newest("indicator").values() if o["created_by_ref"] != me.identity][-40:]
    shown += [me.newest("indicator")[key] for key in hidden]
    words = {o["id"]: sighting(me, o, "true-positive") for o in shown}
    assert me.publish([moved(word) for word in words.values()]).status_code == 202
    told = {found["id"]: found["standing"] for found in forum.told("m01")["contributors"]}
    fallen = [name for name, member in forum.members.items() if told.get(member.identity) == "quarantined"]
    stopped = f"in quarantine from the next look on: {', '.join(fallen)}; no word of it counts any more"
    return End(fallen == [MALICIOUS] and not honest, stopped, "decoys match nobody's traffic")
