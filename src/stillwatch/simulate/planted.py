"""The planted: operators who copy the model, each by its entry in the scenario.

An operator has accounts (`_accounts`), a main stream, and as the scenario says a phase of probing before it and genuine customers
beside it. What the entry leaves open is drawn for its accounts as for everybody's.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from stillwatch.simulate.accounts import ADDRESS_MODES, PLANS, Accounts, Crowd, crowd, planted
from stillwatch.simulate.innocent import Population
from stillwatch.simulate.keys import Keys, below, mix, named, uniform
from stillwatch.simulate.scenario import Campaign, Scenario
from stillwatch.simulate.streams import Stream, hours
from stillwatch.simulate.vocabulary import vocabulary

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


def operator(
    scenario: Scenario, campaign: Campaign, *, seed: int, provider: str, number: int, span: tuple[int, int], kind: int
) -> Population:
    """One operator at one provider.

    Args:
        scenario: gives the window and the launch.
        campaign: the entry.
        seed: the run's.
        provider: accounts differ between providers, the wording does not.
        number: of the campaign, for the truth.
        span: where its accounts will stand (`victims`: the accounts that it uses).
        kind: number of the label of its accounts.
    """
    group, key = named(seed, "operator", campaign.name), named(seed, "operator", campaign.name, provider)
    accounts = None
    if not campaign.victims:
        size = max(1, round(campaign.accounts * share_of(campaign, scenario, provider)))
        accounts, span = _accounts(scenario, campaign, key, size, number, kind), (span[0], span[0] + size)
    requests = max(1, round(campaign.requests * share_of(campaign, scenario, provider)))
    return Population(accounts, tuple(_streams(scenario, campaign, (key, group), span, requests, number)))


def _accounts(scenario: Scenario, c: Campaign, key: int, size: int, number: int, kind: int) -> Accounts:
    client = "sdk" if c.client == "one" else c.client
    plan = c.plan or "developer"
    said = Crowd(key, np.ones(size, dtype=np.int64), scenario.days, client=client, plan=plan, address="own", spread=0.6)
    drawn = crowd(said, kind)
    changes = {**_paid(c, drawn), **_reached(c, drawn)}
    if c.client == "one":
        changes["client"] = np.full(size, drawn.client[0])
    if c.organizations:
        changes["organization"] = mix(named(key, "organizations"), below(mix(drawn.key, 81), c.organizations))
    if c.age_days is not None:
        changes["created"] = _created(c, drawn.key)
    return planted(drawn, number, **changes)


def _paid(c: Campaign, drawn: Accounts) -> dict[str, object]:
    """Cards and mail, where the entry says something about them."""
    size, own = len(drawn), mix(drawn.key[:1], 82)
    changes: dict[str, object] = {}
    if c.payment_distinct is not None:
        cards = max(1, round(size * c.payment_distinct))
        changes["payment"] = mix(
            own, 83, np.where(np.arange(size) < cards, np.arange(size), below(mix(drawn.key, 84), cards))
        )
        changes["plan"] = np.where(drawn.plan == 0, PLANS.index(c.plan or "pro"), drawn.plan).astype(np.int8)
    if c.mail_shared:
        domain = mix(own, 85, below(mix(drawn.key, 86), max(1, size // 60) + 1))
        changes["mail"] = np.where(uniform(mix(drawn.key, 87)) < c.mail_shared, domain, drawn.mail)
    return changes


def _reached(c: Campaign, drawn: Accounts) -> dict[str, object]:
    """Addresses, where the entry says something about them: some a day's own, the rest a few to share."""
    if c.residential is None:
        return {}
    daily = uniform(mix(drawn.key, 88)) < c.residential
    few = mix(drawn.key[:1], 89, below(mix(drawn.key, 90), max(1, len(drawn) // _CARD_GAP)))
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


def _streams(
    scenario: Scenario, c: Campaign, keys: tuple[int, int], span: tuple[int, int], requests: int, number: int
) -> Iterator[Stream]:
    end = scenario.days if c.end_day is None else min(c.end_day, scenario.days)
    probing = c.start_day + _PROBED * (end - c.start_day) if c.probe else c.start_day
    contents = (c.content,) if isinstance(c.content, str) else c.content
    main = _main(scenario, c, keys, span, number)
    launch = None if scenario.launch_day is None else scenario.launch_day * 24.0
    shape = hours(c.timing, scenario.days, keys[0], (probing, end), launch)
    units = max(1, round(requests * (1.0 - c.probe) / (1.0 + c.turns) / len(contents)))
    for i, content in enumerate(contents):
        topics = "anyone" if content == "ask" and not c.topics else "listed"
        yield replace(main, key=main.key + 8 * i, hole=content, topics=topics, units=units, hours=shape)
    if c.probe:
        shape = hours("human", scenario.days, keys[0] ^ 1, (c.start_day, probing))
        trying = replace(main, key=main.key ^ 1, user="probe", turns=0.0, refused=0.75, items=0, repeats=1)
        yield replace(trying, units=max(1, round(requests * c.probe)), hours=shape)
    if c.mix_benign:
        genuine = requests * c.mix_benign / (1.0 - c.mix_benign)
        shape = hours("human", scenario.days, keys[0] ^ 2)
        yield Stream(
            key=keys[0] ^ 2, kind="relayed_benign", accounts=span, units=max(1, round(genuine / 1.8)), hours=shape, turns=0.8,
            voice="unit", topics="anyone", conversations=True, thinned=False,
        )  # fmt: skip


def _main(scenario: Scenario, c: Campaign, keys: tuple[int, int], span: tuple[int, int], number: int) -> Stream:
    words = vocabulary()
    said = set(words.of_language(*c.languages))
    fields = tuple(sorted(said & set(words.of_topic(*c.topics)))) if c.topics else tuple(sorted(said))
    user = "plain" if c.demand_later or c.replay else c.template
    return Stream(
        key=keys[0], kind="campaign", campaign=number, accounts=span, units=1, hours=np.ones(1), group=keys[1],
        user=user, system=_system(c),
        follow="reveal" if c.replay else "later" if c.demand_later else "follow", answer="long_answer",
        voice="unit", fields=fields, items=c.items, repeats=c.repeats,
        list_key=named(keys[1], "work list", "" if c.items else keys[0]), adapt_hours=c.adapt_days * 24.0, turns=c.turns,
        conversations=c.turns > 0 and not c.sanitized, route=c.route, thinned=c.timing == "human", quota=c.quota,
        pool=span[1] - span[0] - (span[1] - span[0]) // 2 if c.rotate_day is not None and span[1] - span[0] > 1 else 0,
        rotate=1e9 if c.rotate_day is None else c.rotate_day * 24.0, handoff=1.0 if c.replay else c.handoff,
        pivot=scenario.launch_day * 24.0 if c.pivot and scenario.launch_day is not None else 1e9,
        limited=max(0.01, c.failover), failover=c.failover > 0, refused=c.arbitrage, switch=1.0 if c.arbitrage else 0.0,
        address=ADDRESS_MODES["pool"] if c.victims else -1, sanitized=c.sanitized, temperature=c.temperature,
        max_tokens=c.max_tokens or 0, choices=c.choices,
    )  # fmt: skip


def _system(c: Campaign) -> str | None:
    if c.poisoned:
        return "agent_system"
    if c.relabel:
        return "relay_system"
    return "persona_system" if c.persona else None
