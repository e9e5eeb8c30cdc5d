"""The planted: operators who copy the model, each by its entry in the scenario.

An operator has accounts, one stream for each content, and as the scenario says a phase of probing before and genuine
customers beside it. What the entry leaves open is drawn for its accounts as for everybody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.simulate.accounts import ADDRESS_MODES, PLANS, Accounts, Crowd, crowd, planted
from stillwatch.simulate.innocent import Population
from stillwatch.simulate.keys import Keys, below, mix, named, uniform
from stillwatch.simulate.scenario import Campaign, Scenario
from stillwatch.simulate.streams import Stream, hours
from stillwatch.simulate.vocabulary import vocabulary

_ANSWERS = {
    "grade": "short_answer",
    "ask": "answer",
    "roleplay": "answer",
    "medical": "answer",
    "instruct": "answer",
    "toolcall": "answer",
}
_PROBED = 0.3  # of a campaign's window is spent on probing, if it probes
_CARD_GAP = 7  # accounts to a shared address, where they are not residential


def operators(scenario: Scenario, scale: float) -> tuple[Campaign, ...]:
    """The campaigns at this scale."""
    grown: list[Campaign] = []
    for c in scenario.campaigns:
        if c.scaled == "number":
            copies = max(1, round(scale))
            grown += [replace(c, name=f"{c.name}-{i + 1}") for i in range(copies)] if copies > 1 else [c]
        else:
            grown.append(
                replace(c, accounts=max(1, round(c.accounts * scale)), requests=max(1, round(c.requests * scale)))
            )
    return tuple(grown)


def share_of(campaign: Campaign, scenario: Scenario, provider: str) -> float:
    """How much of a campaign goes to this provider."""
    if not campaign.providers:
        return float(provider == scenario.providers[0])
    return campaign.providers.get(provider, 0.0) / (sum(campaign.providers.values()) or 1.0)


@dataclass(frozen=True)
class Site:
    """Where an operator works: one provider of a run."""

    scenario: Scenario
    seed: int
    provider: str
    kind: int  # number of the label of its accounts


def operator(site: Site, campaign: Campaign, number: int, span: tuple[int, int]) -> Population:
    """One operator at one provider.

    Args:
        site: accounts differ between providers; the wording, the cards, the mail domains and the rented addresses
            of an operator who is at several do not.
        campaign: the entry.
        number: of the campaign, for the truth.
        span: where its accounts will stand (`victims`: the accounts that it uses).
    """
    group = named(site.seed, "operator", campaign.name)
    key = named(site.seed, "operator", campaign.name, site.provider)
    accounts, share = None, share_of(campaign, site.scenario, site.provider)
    if not campaign.victims:
        size = max(1, round(campaign.accounts * share))
        drawn = crowd(_said(site.scenario, campaign, key, size), site.kind)
        pool = _pool(campaign, drawn, group, site.provider)
        accounts, span = planted(drawn, number, **_changes(campaign, drawn, pool)), (span[0], span[0] + size)
    main = replace(_main(site.scenario, campaign, (key, group), span), campaign=number)
    requests = max(1, round(campaign.requests * share))
    return Population(accounts, tuple(_streams(site.scenario, campaign, main, requests)))


def _said(scenario: Scenario, c: Campaign, key: int, size: int) -> Crowd:
    client = "sdk" if c.client == "one" else c.client
    sizes = np.ones(size, dtype=np.int64)
    return Crowd(key, sizes, scenario.days, client=client, plan=c.plan or "developer", spread=0.6)


@dataclass(frozen=True)
class _Pool:
    """What an operator buys for all of its accounts, wherever they are."""

    key: Keys  # (1,)
    accounts: int  # of the operator, over all providers
    place: np.ndarray[tuple[int], np.dtype[np.int64]]  # of these accounts among all of them


def _pool(c: Campaign, drawn: Accounts, group: int, provider: str) -> _Pool:
    if not c.providers:
        return _Pool(drawn.key[:1], len(drawn), np.arange(len(drawn)))
    names = list(c.providers)
    before = sum(c.providers[name] for name in names[: names.index(provider)]) / (sum(c.providers.values()) or 1.0)
    key = np.array([group], dtype=np.uint64)
    return _Pool(key, max(c.accounts, len(drawn)), round(c.accounts * before) + np.arange(len(drawn)))


def _changes(c: Campaign, drawn: Accounts, pool: _Pool) -> dict[str, object]:
    """The columns about which the entry says something."""
    changes = {**_paid(c, drawn, pool), **_reached(c, drawn, pool)}
    if c.client == "one":
        changes["client"] = np.full(len(drawn), drawn.client[0])
    if c.organizations:
        changes["organization"] = mix(mix(drawn.key[:1], 80), below(mix(drawn.key, 81), c.organizations))
    if c.age_days is not None:
        changes["created"] = _created(c, drawn.key)
    return changes


def _paid(c: Campaign, drawn: Accounts, pool: _Pool) -> dict[str, object]:
    """Cards and mail, where the entry says something about them."""
    own = mix(pool.key, 82)
    changes: dict[str, object] = {}
    if c.payment_distinct is not None:
        cards = max(1, round(pool.accounts * c.payment_distinct))
        changes["payment"] = mix(own, 83, np.where(pool.place < cards, pool.place, below(mix(drawn.key, 84), cards)))
        changes["plan"] = np.where(drawn.plan == 0, PLANS.index(c.plan or "pro"), drawn.plan).astype(np.int8)
    if c.mail_shared:
        domain = mix(own, 85, below(mix(drawn.key, 86), max(1, pool.accounts // 60) + 1))
        changes["mail"] = np.where(uniform(mix(drawn.key, 87)) < c.mail_shared, domain, drawn.mail)
    return changes


def _reached(c: Campaign, drawn: Accounts, pool: _Pool) -> dict[str, object]:
    """Addresses, where the entry says something about them: some a day's own, the rest a few to share."""
    if c.residential is None:
        return {}
    daily = uniform(mix(drawn.key, 88)) < c.residential
    few = mix(pool.key, 89, below(mix(drawn.key, 90), max(1, pool.accounts // _CARD_GAP)))
    return {
        "address": np.where(daily, ADDRESS_MODES["daily"], ADDRESS_MODES["host"]).astype(np.int8),
        "home": np.where(daily, drawn.home, few),
        "signup": np.where(daily, drawn.signup, few),
    }


def _created(c: Campaign, key: Keys) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Signed up in a few sittings before the start; the second pool before it is needed."""
    start = np.full(len(key), c.start_day)
    if c.rotate_day is not None:
        start[len(key) // 2 :] = max(c.start_day, c.rotate_day - 0.1)
    sitting = below(mix(key[:1], 91, below(mix(key, 92), max(1, len(key) // 15))), 1000) / 1000.0
    days = start - (sitting + 0.01 * uniform(mix(key, 93))) * float(c.age_days or 0.0)
    return (days * 86.4e9).astype(np.int64)


def _streams(scenario: Scenario, c: Campaign, main: Stream, requests: int) -> Iterator[Stream]:
    """The main streams, one for each content; before them the probing, beside them genuine custom."""
    end = scenario.days if c.end_day is None else min(c.end_day, scenario.days)
    scaled = c.start_day + _PROBED * (end - c.start_day) if c.probe else c.start_day
    launch = None if scenario.launch_day is None else scenario.launch_day * 24.0
    shape = hours(c.timing, scenario.days, main.key, (scaled, end), launch)
    contents = (c.content,) if isinstance(c.content, str) else c.content
    units = max(1, round(requests * (1.0 - c.probe) / (1.0 + c.turns) / len(contents)))
    for i, content in enumerate(contents):
        topics = "anyone" if content == "ask" and not c.topics else "listed"
        answer = _ANSWERS.get(content, "long_answer")
        yield replace(main, key=main.key + 8 * i, hole=content, answer=answer, topics=topics, units=units, hours=shape)
    if c.probe:
        shape = hours("human", scenario.days, main.key ^ 1, (c.start_day, scaled))
        trying = replace(main, key=main.key ^ 1, user="probe", turns=0.0, refused=0.75, items=0, repeats=1)
        yield replace(trying, units=max(1, round(requests * c.probe)), hours=shape)
    if c.mix_benign:
        genuine = requests * c.mix_benign / (1.0 - c.mix_benign)
        yield _genuine(scenario, main, round(genuine))


def _genuine(scenario: Scenario, main: Stream, requests: int) -> Stream:
    """A reseller's other customers, who want nothing but answers."""
    return Stream(
        key=main.key ^ 2,
        kind="relayed_benign",
        accounts=main.accounts,
        units=max(1, round(requests / 1.8)),
        hours=hours("human", scenario.days, main.key ^ 2),
        turns=0.8,
        voice="unit",
        topics="anyone",
        conversations=True,
        thinned=False,
    )


def _main(scenario: Scenario, c: Campaign, keys: tuple[int, int], span: tuple[int, int]) -> Stream:
    """What all the streams of an operator have in common."""
    later = "reveal" if c.replay else "later" if c.demand_later else "follow"
    pivots = c.pivot and scenario.launch_day is not None
    return Stream(
        key=keys[0],
        kind="campaign",
        accounts=span,
        units=1,
        hours=np.ones(1),
        group=keys[1],
        user="plain" if c.demand_later or c.replay else c.template,
        system=_system(c),
        follow=later,
        voice="unit",
        fields=_fields(c),
        items=c.items,
        repeats=c.repeats,
        list_key=named(keys[1], "work list", "" if c.items else keys[0]),
        adapt_hours=c.adapt_days * 24.0,
        turns=c.turns,
        conversations=c.turns > 0 and not c.sanitized,
        route=c.route,
        thinned=c.timing == "human",
        quota=c.quota,
        pool=0 if c.rotate_day is None else (span[1] - span[0]) // 2,
        rotate=1e9 if c.rotate_day is None else c.rotate_day * 24.0,
        handoff=1.0 if c.replay else c.handoff,
        pivot=(scenario.launch_day or 0.0) * 24.0 if pivots else 1e9,
        limited=max(0.01, c.failover),
        failover=c.failover > 0,
        refused=c.arbitrage,
        switch=1.0 if c.arbitrage else 0.0,
        address=ADDRESS_MODES["pool"] if c.victims else -1,
        sanitized=c.sanitized,
        temperature=c.temperature,
        max_tokens=c.max_tokens or 0,
        choices=c.choices,
    )


def _fields(c: Campaign) -> tuple[int, ...]:
    """The topics of its languages, all or those that are named."""
    words = vocabulary()
    spoken = set(words.of_language(*c.languages))
    return tuple(sorted(spoken & set(words.of_topic(*c.topics)) if c.topics else spoken))


def _system(c: Campaign) -> str | None:
    if c.poisoned:
        return "agent_system"
    if c.relabel:
        return "relay_system"
    return "persona_system" if c.persona else None
