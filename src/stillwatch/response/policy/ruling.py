"""From findings to decisions, as a pure function: the same input has the same output, whatever its order.

    proposal = decide_on(document, accounts, policy, standing=ledger.standing(now), now=now, rng_seed=seed)
    ledger.decide(proposal.decisions, ...)     # or print them: nothing here acts

For each campaign there is one decision of scope `campaign`, for those whom a gateway recognises next, and one for each
account. What stands already is not decided again before half of its time is over, and then only if the account went on.
What needs a person, or reaches further than a policy may by itself, waits; meanwhile the highest milder rung that needs
nobody is taken.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa

from stillwatch.campaigns.recognition import Recognition
from stillwatch.config import ScanConfig
from stillwatch.response.model import NO_LIMITS, RECOGNISED, Decision, Limits, Rung, Scope
from stillwatch.response.policy.blast import Room
from stillwatch.response.policy.circumstances import Circumstances, Found, Wish, customers
from stillwatch.response.policy.continuity import known_as
from stillwatch.response.policy.policy import Policy

Key = tuple[Scope, str]

INDEPENDENT_BITS = ScanConfig().independent_bits


class Findings(Protocol):
    """What a scan found, as a value or as its document."""

    @property
    def campaigns(self) -> Sequence[Found]:
        """The campaigns, in any order."""


@dataclass(frozen=True)
class Proposal:
    """What follows from findings.

    Attributes:
        decisions: what the policy does by itself.
        waiting: what needs a person first.
        lifts: what stands or waits against a campaign which a person has rejected since, save what was signed.
        moot: what waits, although the policy now does as much by itself.
        says: a sentence for each campaign, and for each fault.
    """

    decisions: tuple[Decision, ...] = ()
    waiting: tuple[Decision, ...] = ()
    lifts: tuple[Decision, ...] = ()
    moot: tuple[Decision, ...] = ()
    says: tuple[str, ...] = ()


@dataclass
class _Desk:
    """What settling needs beside a wish; only `room` and `late` change."""

    policy: Policy
    stands: Mapping[Key, Decision]
    proposed: Mapping[Key, Decision]
    room: Room
    now: datetime
    rng_seed: int
    simulated: bool
    late: set[str] = field(default_factory=set)  # campaigns of which an account has to wait for room


def decide_on(  # noqa: PLR0913 — all that a pure function may know
    findings: Findings,
    accounts: pa.Table | None,
    policy: Policy,
    *,
    standing: Sequence[Decision],
    now: datetime,
    rng_seed: int,
    waiting: Sequence[Decision] = (),
    exempt: Iterable[str] = (),
    recognitions: Mapping[str, Recognition] = MappingProxyType({}),
    simulated: bool = True,
    independent_bits: float = INDEPENDENT_BITS,
) -> Proposal:
    """What a policy makes of findings.

    Args:
        findings: campaigns, with what people said of them.
        accounts: the sign-up desk's table (schema `ACCOUNTS`); None: no plan, age or organization is known.
        policy: see `policy`.
        standing: decisions in force or about to be (`Ledger.standing`).
        now: in UTC.
        rng_seed: draws the onset, campaign by campaign.
        waiting: what waits for a person already (`Ledger.waiting`); it is not proposed twice.
        exempt: accounts and organizations beside the policy's own that nothing may touch (`Ledger.exempt`).
        recognitions: by campaign id, what tells its next account, where a judgement knows more than the findings say.
        simulated: the decisions only show what would be done, beside whatever stands; simulated ones that stand count
            as standing then, and only then.
        independent_bits: see `scan.independent_bits`.
    """
    counted = [d for d in standing if d.until > now and (simulated or not d.simulated)]
    asked = [d for d in waiting if d.until > now and (simulated or not d.simulated)]
    names = known_as(findings.campaigns, counted)
    known = customers(accounts, {*_members(findings), *(a for told in recognitions.values() for a in told.accounts)})
    about = Circumstances(policy, known, frozenset(exempt), independent_bits, now)
    wishes = _once(
        wish
        for each in _standing(findings)
        for wish in about.wishes(each, names[each.id], recognitions.get(each.id, Recognition()))
    )
    desk = _Desk(
        policy, _highest(counted), _highest(asked), Room.of(policy, counted, now), now, rng_seed, simulated=simulated
    )
    settled = [pair for wish in wishes for pair in _settled(wish, desk)]
    decisions = tuple(decision for decision, waits in settled if not waits)
    proposed = tuple(decision for decision, waits in settled if waits)
    lifts = _lifts(findings, names, [*counted, *asked])
    moot = _moot([each for each in asked if each not in lifts], _highest([*counted, *decisions]))
    return Proposal(decisions, proposed, lifts, moot, tuple(_says(wishes, decisions, proposed, lifts)))


def _standing(findings: Findings) -> list[Found]:
    """The campaigns that nobody has dismissed."""
    return [campaign for campaign in findings.campaigns if not getattr(campaign, "dismissed", False)]


def _members(findings: Findings) -> Iterator[str]:
    return (member.account_id for campaign in findings.campaigns for member in campaign.accounts)


def _highest(decisions: Iterable[Decision]) -> dict[Key, Decision]:
    """By scope and value the highest, of two the one that lasts longer."""
    return {(d.scope, d.value): d for d in sorted(decisions, key=lambda d: (d.action, d.until, d.id))}


def _once(wishes: Iterable[Wish]) -> list[Wish]:
    """Each account once, by what is wanted most of it; accounts before campaigns, so that these know who waits."""
    found: dict[Key, Wish] = {}
    for wish in sorted(wishes, key=lambda wish: wish.order):
        found.setdefault(wish.key, wish)
    return sorted(found.values(), key=lambda wish: wish.case.account is None)


def _settled(wish: Wish, desk: _Desk) -> Iterator[tuple[Decision, bool]]:
    """The decision that acts and the one that waits, as far as neither is there already."""
    held = desk.stands.get(wish.key)
    asked = desk.proposed.get(wish.key)
    for step, rung in enumerate(desk.policy.ladder(wish.action)):
        if held and held.action >= rung and not _due(held, rung, wish, desk):
            return
        if _acts(rung, held, wish, desk):
            yield _decision(wish, rung, held, desk), False
            return
        if step == 0 and not (asked and asked.action >= rung):
            yield _decision(wish, rung, held, desk), True


def _due(held: Decision, rung: Rung, wish: Wish, desk: _Desk) -> bool:
    """Whether a decision of the same rung has to be made anew: half its time is over, or what it says has changed."""
    if held.action > rung:
        return False  # it runs out by itself, and the milder one follows
    over = desk.now >= held.since + (held.until - held.since) / 2
    limits = held.limits != _limits(rung, desk.policy)
    words = len(set(wish.template) & set(held.template)) * 2 < len(wish.template)
    return (over and wish.last_seen > held.since) or limits or words


def _acts(rung: Rung, held: Decision | None, wish: Wish, desk: _Desk) -> bool:
    """Whether a rung may be taken without a person."""
    if desk.policy.needs_person(rung):
        return False
    if wish.case.account is None:
        return rung == Rung.OBSERVE or wish.campaign not in desk.late
    if (held is not None and held.action == rung) or desk.room.take(rung):
        return True
    desk.late.add(wish.campaign)
    return False


def _limits(rung: Rung, policy: Policy) -> Limits:
    return policy.limits(rung) if rung in {Rung.CAP, Rung.BUDGET} else NO_LIMITS


def _decision(wish: Wish, rung: Rung, held: Decision | None, desk: _Desk) -> Decision:
    since = _since(wish, rung, held, desk)
    hours = desk.policy.recognised.hours if wish.recognised else desk.policy.rungs[rung].hours
    made = Decision(
        id="",
        scope=wish.key[0],
        value=wish.key[1],
        action=rung,
        since=since,
        until=since + timedelta(hours=hours),
        reason=wish.choice.reason,
        evidence=_evidence(wish),
        origin=wish.speaking.origin,
        simulated=desk.simulated,
        campaign=wish.campaign,
        policy=desk.policy.digest,
        limits=_limits(rung, desk.policy),
        template=wish.template,
    )
    return replace(made, id=_named(made))


def _evidence(wish: Wish) -> tuple[str, ...]:
    """What speaks for the campaign; before it, how an account was recognised that no judgement has named yet."""
    if wish.recognised and wish.case.account is not None:
        return (f"{wish.campaign}:sign_up:{RECOGNISED}", *wish.speaking.evidence)
    return wish.speaking.evidence


def _since(wish: Wish, rung: Rung, held: Decision | None, desk: _Desk) -> datetime:
    """From when on: with the campaign's other measures, else within the onset; what follows a measure, at once."""
    if rung == Rung.OBSERVE:
        return desk.now
    if held and held.action > Rung.OBSERVE:
        return max(desk.now, held.since)
    others = desk.stands.get(("campaign", wish.campaign))
    if others and others.action > Rung.OBSERVE:
        return max(desk.now, others.since)
    return desk.now + _onset(f"{desk.rng_seed}:{wish.campaign}", desk.policy.onset_seconds)


@lru_cache
def _onset(seed: str, most: float) -> timedelta:
    """Drawn from a seed; it hides a moment and guards no secret."""
    return timedelta(seconds=random.Random(seed).uniform(0, most))  # noqa: S311


def _named(decision: Decision) -> str:
    """An id that is the same for the same decision."""
    said = [str(getattr(decision, name)) for name in Decision.__dataclass_fields__ if name != "id"]
    return f"d-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]}"


def _lifts(findings: Findings, names: Mapping[str, str], standing: Iterable[Decision]) -> tuple[Decision, ...]:
    """What the policy decided, nobody signed, and a person's rejection of the campaign has overtaken."""
    live = {campaign.id for campaign in _standing(findings)}
    members = {True: set[str](), False: set[str]()}
    for campaign in findings.campaigns:
        members[campaign.id in live] |= {names[campaign.id], *(member.account_id for member in campaign.accounts)}
    gone = members[False] - members[True]
    lifted = (d for d in standing if d.by is None and d.origin != "person" and d.value in gone)
    return tuple(sorted(lifted, key=lambda d: d.id))


def _moot(asked: Iterable[Decision], acts: Mapping[Key, Decision]) -> tuple[Decision, ...]:
    """Proposals of a rung that is in force by now, and was not when they were made."""
    later = ((d, acts.get((d.scope, d.value))) for d in asked)
    return tuple(d for d, act in later if act and act.action >= d.action and act.since > d.since)


def _says(
    wishes: Iterable[Wish], decisions: Sequence[Decision], waiting: Sequence[Decision], lifts: Sequence[Decision]
) -> Iterator[str]:
    by = Counter((d.campaign, d.action, False) for d in decisions if d.scope == "account")
    by.update((d.campaign, d.action, True) for d in waiting if d.scope == "account")
    for (campaign, action, waits), number in sorted(by.items()):
        accounts = f"{number:,} account{'s' * (number != 1)}"
        yield f"{campaign}: {action.word} for {accounts}" + (", once a person has signed it." if waits else ".")
    if lifts:
        yield f"{len(lifts):,} measures or proposals end: a person rejected their campaign."
    for fault in sorted({wish.choice.fault for wish in wishes if wish.choice.fault}):
        yield f"The policy's engine failed, so that it only observes: {fault}."
