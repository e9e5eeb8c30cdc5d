"""Poisoned indicators: too wide, too narrow, too large, or not an indicator at all."""

import copy
import json
import time
from typing import Any

from attendee import WORDS, Attendee
from forum import Forum
from objects import Object, indicators, now, said, tokens
from verdicts import End, refusal, refused

from stillwatch.exchange.trust import blast
from stillwatch.indicators import extensions, ids, outgoing, patterns, timestamps


def common_words(forum: Forum, words: int) -> End:
    """It passes every check of form; the receivers' own traffic tells what it is."""
    poison = as_vocabulary(poisoned(forum.malicious, of_words(list(WORDS[:words]), 0.3)))
    response = forum.malicious.publish([poison])
    uses = reviewed(forum, poison)
    where = stands(forum, poison)
    contained = blast.Use.USABLE not in uses and where["state"] == "disputed" and not where["automatic"]
    wide = uses.count(blast.Use.TOO_WIDE)
    stopped = f"taken in ({response.status_code}); blast radius at {wide} of 9, then {where['state']}"
    return End(contained, stopped, "one look at each member's own traffic; no person's time")


def huge_lists(forum: Forum, tokens: int) -> End:
    """Bounded by the form of a pattern."""
    many = [f"{n:032x}" for n in range(tokens)]
    over = forum.malicious.post([as_vocabulary(poisoned(forum.malicious, of_words(many, 0.3)))])
    low = forum.malicious.post([as_vocabulary(poisoned(forum.malicious, of_words(many[:4096], 0.001)))])
    flat = forum.malicious.post([as_vocabulary(poisoned(forum.malicious, of_words(many * 6, 0.3)))])
    return End(refused(over, low, flat), refusal(over, low, flat))


def one_account(forum: Forum) -> End:
    """Refused by its form or by what it says; and no receiver would use it."""
    me, token = forum.malicious, tokens(1)
    by_class = me.post([as_vocabulary(poisoned(me, of_means({"account": list(token)}, 2, "1-9")))])
    alone = me.post([as_vocabulary(poisoned(me, of_means({"payment": list(token)}, 1, "1-9")))])
    card = as_vocabulary(poisoned(me, of_means({"payment": list(token)}, 2, "1-9")))
    exact = {name: {"min": 3.25, "max": 3.25} for name in ("interarrival_cv", "requests_per_active_hour")}
    habit = as_vocabulary(poisoned(me, written(kind="cadence", features=exact, window="P1D", all_of=True)))
    responses = [by_class, alone, me.post([card]), me.post([habit])]
    forum.honest[0].traffic.accounts[0].update(token)
    at_home = blast.use(forum.honest[0].traffic.reach(card), sources=9, local=True)
    return End(refused(*responses) and at_home is blast.Use.ONE_ACCOUNT, refusal(*responses))


def evaluated(forum: Forum) -> End:
    """There is no field that could hold any of it."""
    me, base = forum.malicious, {"key_epoch": "2026Q4", "token_prf": "voprf-ristretto255-sha512"}
    forms = [
        written(kind="vocabulary", tokens=["(a+)+$"] * 4, min_containment=0.3, **base),
        written(kind="vocabulary", tokens=list(tokens(4)), min_containment=0.3, include="/etc/passwd", **base),
        written(kind="prompt-template", template="{{7*7}}", **base),
        written(kind="script", code="__import__('os')", **base),
    ]
    found = [me.post([poisoned(me, form)]) for form in forms]
    found.append(me.post([poisoned(me, "[file:name MATCHES '(a+)+$']", pattern_type="stix")]))
    found.append(me.post([poisoned(me, "rule x { condition: true }", pattern_type="yara")]))
    return End(refused(*found), refusal(*found))


def reviewed(forum: Forum, indicator: Object) -> list[blast.Use]:
    """Every honest member reads, tries an indicator on its own traffic, and tells what is too wide."""
    found = []
    for member in forum.honest:
        member.pull()
        told = forum.told(member.name)["indicators"].get(indicator["id"], {"sources": 1})
        use = blast.use(member.traffic.reach(indicator), sources=told["sources"], local=False)
        if told_as := blast.told(use):
            assert member.say(indicator, told_as.value, by="software").status_code == 202
        found.append(use)
    return found


def stands(forum: Forum, indicator: Object) -> Object:
    """Where an indicator stands, as an honest member is told."""
    unspoken: Object = {"state": "reported", "sources": 1, "disputes": 0, "automatic": False}
    told: Object = forum.told("m01")["indicators"].get(indicator["id"], unspoken)
    return told


def poisoned(member: Attendee, pattern: str, **changes: Any) -> Object:
    """An indicator with a pattern of one's own."""
    model = indicators(outgoing.objects(said(), contributor=member.identity, now=now()))[0]
    return model | {"id": ids.indicator(patterns.PATTERN_TYPE, pattern), "pattern": pattern} | changes


def written(**pattern: Any) -> str:
    """A pattern as canonical JSON, checked by nobody."""
    return ids.canonical({"v": 1, **pattern}).decode()


def of_words(found: list[str], least: float) -> str:
    """A vocabulary."""
    common = {"token_prf": "voprf-ristretto255-sha512", "key_epoch": "2026Q4", "min_containment": least}
    return written(kind="vocabulary", tokens=sorted(found), **common)


def of_means(edges: dict[str, list[str]], least: int, size: str) -> str:
    """An account network."""
    prf = {"token_prf": "voprf-ristretto255-sha512", "key_epoch": "2026Q4"}
    return written(kind="account-network", edges=edges, min_overlap=least, size_bucket=size, **prf)


def as_vocabulary(indicator: Object) -> Object:
    """The extension says which kind it is."""
    changed = copy.deepcopy(indicator)
    signature = changed["extensions"][extensions.SIGNATURE]
    kind = json.loads(indicator["pattern"])["kind"]
    signature["signature_kind"] = kind
    signature["privacy"]["least_accounts"] = 2 if kind in {"account-network", "cadence"} else 25
    signature["privacy"]["derived_from_customer_content"] = kind not in {"account-network", "cadence"}
    until = timestamps.parse(changed["valid_from"]) / 1e6 + 50 * 86_400
    return changed | {"valid_until": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(until))}
