"""The innocent: ordinary use, and every kind of work that looks guilty and is not.

`WORKLOADS` describes each kind that a scenario's `[benign]` may count; `innocent` turns the counts into accounts and streams. The
letters in the comments are the look-alikes of the documentation: what each shares with a campaign is the point of having it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import ADDRESS_MODES, Accounts, Crowd, crowd
from stillwatch.simulate.keys import Keys, below, mix, named, normal, uniform
from stillwatch.simulate.scenario import Scenario
from stillwatch.simulate.streams import Stream, hours
from stillwatch.simulate.vocabulary import vocabulary


@dataclass(frozen=True)
class Workload:
    """One innocent kind.

    Attributes:
        members: fewest and most accounts of one instance.
        requests: of an account in ten days, on average.
        apart: each instance has hours, a work list and a topic of its own.
        public: length of a list that unrelated instances share, out of a few; `items` is one of its own.
        borrows: has no accounts of its own but uses people's.
    """

    kind: str
    user: str = "ask"
    requests: float = 14.0
    members: tuple[int, int] = (1, 1)
    follow: str = "follow"
    answer: str = "answer"
    system: str | None = None
    turns: float = 0.0
    conversations: bool = False
    hours: str = "human"
    thinned: bool = True
    apart: bool = False
    public: int = 0
    items: int = 0
    repeats: int = 1
    route: str = "weighted"
    voice: str = "account"
    topics: str = "account"
    client: str = "browser"
    address: str = "own"
    plan: str = "person"
    card: str = "own"
    organized: bool = False
    new: bool = False
    temperature: float | None = None
    max_tokens: int = 0
    limited: float = 0.01
    broken: float = 0.005
    refused: float = 0.0
    switch: float = 0.0
    borrows: int = 0  # this many people's accounts; -1: all of them


def _person(kind: str, **more: object) -> Workload:
    return Workload(kind, turns=0.9, conversations=True, **more)  # type: ignore[arg-type]  # only known names are given below


def _firm(kind: str, user: str, **more: object) -> Workload:
    given = {
        "client": "sdk",
        "plan": "firm",
        "card": "group",
        "organized": True,
        "apart": True,
        "thinned": False,
        "address": "host",
    }
    return Workload(kind, user, **{**given, **more})  # type: ignore[arg-type]


WORKLOADS: dict[str, Workload] = {
    "people": _person("person"),
    "newcomers": _person("new_person", new=True, requests=10.0),
    "habits": _person("habit", user="habit_ask"),  # L17: asks for reasoning, out of habit
    "households": _person("household", members=(2, 5), card="group"),
    "companies": _person("colleague", user="house_ask", members=(4, 14), address="office", card="group", organized=True, plan="firm"),  # L8
    "agent_users": Workload(  # L6
        "agent_user", "agent_turn", 40.0, follow="agent_follow", system="agent_system", turns=2.0, conversations=True, client="agent", plan="developer"
    ),
    "extension_users": Workload("extension_user", "extension_ask", 16.0, client="browser"),  # L6
    "scripts": Workload("script", "script_ask", 45.0, answer="short_answer", client="sdk", plan="developer", address="host"),
    "apps": Workload(  # L5
        "app", "customer", 500.0, follow="customer_follow", system="app_system", turns=1.2, conversations=True, thinned=False, voice="unit",
        client="sdk", plan="firm", organized=True, address="host", apart=True,
    ),
    "resellers": _firm(  # L8: declared, one egress, everybody's words
        "reseller", "ask", requests=90.0, members=(15, 40), turns=0.8, conversations=True, voice="unit", topics="anyone", address="office", hours="human"
    ),
    "benchmarks": _firm(  # L1: the items of a public list, by teams that do not know each other
        "benchmark", "bench", requests=130.0, members=(1, 5), public=300, answer="short_answer", hours="burst", route="round_robin", temperature=0.0
    ),
    "passk": _firm(  # L1: one problem twenty times
        "passk", "passk", requests=250.0, members=(1, 3), public=60, repeats=20, hours="launch", route="round_robin", temperature=0.7, max_tokens=512
    ),
    "labelling": _firm("labelling", "classify", requests=350.0, members=(1, 2), answer="short_answer", hours="burst", temperature=0.0),  # L2
    "moderation": _firm("moderation", "moderate", requests=350.0, answer="short_answer", hours="flat", temperature=0.0),  # L2
    "judging": _firm("judging", "judge", requests=250.0, members=(1, 3), answer="short_answer", hours="burst", temperature=0.0),  # L2
    "rag": _firm("rag", "rag", requests=180.0, answer="answer", hours="office"),  # L3
    "summaries": _firm("summaries", "summarise", requests=200.0, members=(1, 2), answer="long_answer", hours="nightly"),  # L3
    "extraction": _firm("extraction", "extract", requests=300.0, members=(1, 2), answer="short_answer", hours="nightly", limited=0.05),  # L3
    "translation": _firm("translation", "translate", requests=220.0, answer="long_answer", hours="office", temperature=0.2),  # L4
    "reviews": _firm("review", "review", requests=150.0, members=(1, 4), hours="commits", route="sticky"),
    "ci": _firm("ci", "agent_turn", requests=200.0, system="agent_system", hours="commits", address="cloud", client="agent"),  # L7
    "macros": _firm("macro", "macro", requests=60.0, members=(3, 9), address="office", hours="office", client="browser", route="random"),
    "synthetic": _firm("synthetic", "synthetic", requests=400.0, members=(1, 2), answer="long_answer", hours="flat", max_tokens=2048),  # L10
    "audits": _firm("audit", "audit", requests=200.0, answer="long_answer", hours="office"),  # L12
    "researchers": _firm(  # L11
        "researcher", "redteam", requests=90.0, members=(2, 6), refused=0.45, hours="office", address="office", topics="anyone", plan="education"
    ),
    "classes": _firm(  # L13: many new accounts, one task, one network, one afternoon
        "student", "assignment_ask", requests=7.0, members=(24, 36), turns=0.5, conversations=True, hours="lesson", client="browser", address="office",
        card="none", plan="education", route="random",
    ),
    "migrations": _firm("migration", "script_ask", requests=120.0, members=(2, 2), hours="office", thinned=True),  # L14
    "failover": Workload("failover", "script_ask", 160.0, client="sdk", plan="developer", broken=0.06, switch=0.9, address="host"),  # L9
    "viral": Workload("viral", "viral_ask", 0.35, hours="decay", borrows=-1, apart=True),  # L15
    "stolen": Workload("stolen_key", "roleplay", 60.0, hours="burst", borrows=1, apart=True, thinned=False, address="pool", topics="anyone"),  # L16
}  # fmt: skip

_PUBLIC_LISTS = 3


@dataclass(frozen=True)
class Population:
    """Accounts and what they do; the streams count their accounts from `offset`."""

    accounts: Accounts | None
    streams: tuple[Stream, ...]


def counts(scenario: Scenario, scale: float) -> dict[str, int]:
    """How many instances of each kind there are at this scale; what is there at all is there once."""
    asked = {name: getattr(scenario.benign, name) for name in WORKLOADS}
    return {name: max(1, round(n * scale)) for name, n in asked.items() if n}


def innocent(
    scenario: Scenario, *, seed: int, provider: str, scale: float, kinds: dict[str, int]
) -> Iterator[Population]:
    """One population for each innocent kind of a provider, people first.

    Args:
        scenario: gives the counts and the length of the window.
        seed: the run's.
        provider: every provider has people of its own.
        scale: times the counts.
        kinds: numbers of the kinds' labels.
    """
    offset, people = 0, (0, 0)
    for name, n in counts(scenario, scale).items():
        work, key = WORKLOADS[name], named(seed, provider, name)
        if work.borrows:
            yield Population(None, tuple(_borrowing(scenario, work, key, n, people)))
            continue
        sizes = work.members[0] + below(mix(key, 71, np.arange(n)), work.members[1] - work.members[0] + 1)
        accounts = _accounts(scenario, work, key, sizes, kinds[work.kind])
        people = (offset, offset + len(accounts)) if name == "people" else people
        yield Population(accounts, tuple(_streams(scenario, work, key, sizes, offset)))
        offset += len(accounts)


def _accounts(
    scenario: Scenario, work: Workload, key: int, sizes: np.ndarray[tuple[int], np.dtype[np.int64]], kind: int
) -> Accounts:
    said = Crowd(
        key, sizes, scenario.days, work.client, work.address, work.plan, work.card, work.organized, work.new,
        spread=0.9 if not work.apart else 0.3,
    )  # fmt: skip
    accounts = crowd(said, kind)
    if work.kind == "student":
        accounts.created[:] = -(uniform(mix(key, 72, np.arange(len(accounts)))) * 40.0 * 3.6e9 * 24).astype(np.int64)
    if work.kind == "migration":
        _hand_over(accounts, scenario.days)
    return accounts


def _hand_over(accounts: Accounts, days: int) -> None:
    """Of each pair the first stops where the second begins, and both word things alike."""
    moment = (0.2 + 0.6 * uniform(mix(accounts.group[::2], 73))) * days * 24.0
    accounts.end[::2], accounts.begin[1::2] = moment, moment
    accounts.created[1::2] = (moment * 3.6e9).astype(np.int64) - 7_200_000_000
    accounts.voice[1::2], accounts.topics[1::2] = accounts.voice[::2], accounts.topics[::2]


def _streams(
    scenario: Scenario, work: Workload, key: int, sizes: np.ndarray[tuple[int], np.dtype[np.int64]], offset: int
) -> Iterator[Stream]:
    ends = offset + np.cumsum(sizes)
    if not work.apart:
        yield _stream(scenario, work, key, (offset, int(ends[-1])))
        return
    for i, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        yield _stream(scenario, work, int(mix(key, 74, i)[0]), (int(end - size), int(end)))


def _stream(scenario: Scenario, work: Workload, key: int, span: tuple[int, int], group: int = 0) -> Stream:
    busy = float(np.exp(0.5 * normal(mix(key, 75))[0] - 0.125)) if work.apart else 1.0
    requests = work.requests * (span[1] - span[0]) * scenario.days / 10.0 * scenario.benign.volume * busy
    public = named("public list", work.kind, int(below(mix(key, 76), _PUBLIC_LISTS)[0])) if work.public else 0
    launch = None if scenario.launch_day is None else scenario.launch_day * 24.0
    alone = work.apart and work.topics == "account" and not work.borrows
    return Stream(
        key=key, kind=work.kind, accounts=span, units=max(1, round(requests / (1.0 + work.turns))), group=public or group,
        hours=hours(work.hours, scenario.days, key, launch=launch), user=work.user, follow=work.follow, answer=work.answer,
        system=work.system, hole="instruct", voice=work.voice, topics="listed" if alone else work.topics,
        fields=_own_fields(mix(public or key, 77)) if alone else (), items=work.public or work.items, list_key=public,
        repeats=work.repeats, turns=work.turns, conversations=work.conversations, route=work.route, thinned=work.thinned,
        limited=work.limited, broken=work.broken, refused=work.refused, switch=work.switch, temperature=work.temperature, max_tokens=work.max_tokens,
    )  # fmt: skip


def _own_fields(key: Keys) -> tuple[int, ...]:
    """A team works in one field, mostly in English."""
    words = vocabulary()
    english = words.of_language("en")
    return (
        (english[int(below(mix(key, 1), len(english))[0])],)
        if uniform(key)[0] < 0.7
        else (int(below(mix(key, 2), len(words.fields))[0]),)
    )


def _borrowing(scenario: Scenario, work: Workload, key: int, n: int, people: tuple[int, int]) -> Iterator[Stream]:
    """Streams through people's accounts."""
    for i in range(n if people[1] else 0):
        own = int(mix(key, 78, i)[0])
        first = people[0] + int(below(mix(own, 79), people[1] - people[0])[0])
        span = people if work.borrows < 0 else (first, first + 1)
        stream = _stream(scenario, work, own, span, group=own)
        yield stream if work.address == "own" else _from_elsewhere(stream, work)


def _from_elsewhere(stream: Stream, work: Workload) -> Stream:
    return Stream(**{**stream.__dict__, "address": ADDRESS_MODES[work.address]})
