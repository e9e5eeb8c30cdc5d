"""The innocent: people, firms and their jobs, as a scenario counts them.

The counts of a scenario's `[benign]` become accounts and streams; `workloads` says what each kind does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.accounts import ADDRESS_MODES, Accounts, Crowd, crowd
from stillwatch.simulate.keys import Keys, below, mix, named, normal, uniform
from stillwatch.simulate.scenario import Scenario
from stillwatch.simulate.streams import Stream, hours
from stillwatch.simulate.vocabulary import vocabulary
from stillwatch.simulate.workloads import WORKLOADS, Workload

_PUBLIC_LISTS = 3


@dataclass(frozen=True)
class Population:
    """Accounts, if it brings any, and what they do."""

    accounts: Accounts | None
    streams: tuple[Stream, ...]

    @property
    def parts(self) -> list[Accounts]:
        """The accounts that it brings, as a list of one or none."""
        return [] if self.accounts is None else [self.accounts]


def counts(scenario: Scenario, scale: float) -> dict[str, int]:
    """How many instances of each kind there are at this scale; what is there at all is there once."""
    asked = {name: getattr(scenario.benign, name) for name in WORKLOADS}
    return {name: max(1, round(n * scale)) for name, n in asked.items() if n}


def innocent(scenario: Scenario, seed: int, scale: float, kinds: Mapping[str, int]) -> Iterator[Population]:
    """One population for each innocent kind of a provider, people first.

    Args:
        scenario: gives the counts and the length of the window.
        seed: the provider's key: every provider has people of its own.
        scale: times the counts.
        kinds: numbers of the kinds' labels.
    """
    offset, people = 0, (0, 0)
    for name, n in counts(scenario, scale).items():
        work, key = WORKLOADS[name], named(seed, name)
        if work.borrows:
            yield Population(None, tuple(_borrowing(scenario, work, key, n, people)))
            continue
        sizes = work.members[0] + below(mix(key, 71, np.arange(n)), work.members[1] - work.members[0] + 1)
        accounts = _accounts(scenario, work, key, sizes, kinds[work.kind])
        people = (offset, offset + len(accounts)) if name == "people" else people
        yield Population(accounts, tuple(_streams(scenario, work, key, sizes, offset)))
        offset += len(accounts)


def _accounts(scenario: Scenario, work: Workload, key: int, sizes: NDArray[np.int64], kind: int) -> Accounts:
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


def _streams(scenario: Scenario, work: Workload, key: int, sizes: NDArray[np.int64], offset: int) -> Iterator[Stream]:
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
        key=key,
        kind=work.kind,
        accounts=span,
        units=max(1, round(requests / (1.0 + work.turns))),
        hours=hours(work.hours, scenario.days, key, launch=launch),
        group=public or group,
        user=work.user,
        follow=work.follow,
        answer=work.answer,
        system=work.system,
        voice=work.voice,
        topics="listed" if alone else work.topics,
        fields=_own_fields(mix(public or key, 77)) if alone else (),
        items=work.public,
        list_key=public,
        repeats=work.repeats,
        turns=work.turns,
        conversations=work.conversations,
        route=work.route,
        thinned=work.thinned,
        limited=work.limited,
        broken=work.broken,
        refused=work.refused,
        switch=work.switch,
        temperature=work.temperature,
        max_tokens=work.max_tokens,
    )


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
    return replace(stream, address=ADDRESS_MODES[work.address])
