"""A world: a scenario at one seed and scale, computed as it is read.

    >>> world = generate(load("demo"), seed=1)
    >>> for batch in world.batches("alpha"): ...       # pa.RecordBatch in schema REQUESTS, in the order of time
    >>> world.accounts("alpha")                        # the accounts table, in schema ACCOUNTS

The same scenario, seed and scale give the same rows on every machine; memory grows with the accounts, not with the
requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property

import numpy as np
import pyarrow as pa

from stillwatch.errors import ConfigError
from stillwatch.simulate.accounts import Accounts, together
from stillwatch.simulate.arrivals import arrivals
from stillwatch.simulate.innocent import innocent
from stillwatch.simulate.keys import named
from stillwatch.simulate.planted import Site, operator, operators, share_of
from stillwatch.simulate.rendering import BATCH_ROWS, Labels, Render, render
from stillwatch.simulate.scenario import Campaign, Scenario
from stillwatch.simulate.sign_ups import account_truth, sign_ups
from stillwatch.simulate.streams import Stream, table
from stillwatch.simulate.vocabulary import vocabulary
from stillwatch.simulate.workloads import WORKLOADS

KINDS = (*dict.fromkeys(work.kind for work in WORKLOADS.values()), "campaign", "relayed_benign")


@dataclass(frozen=True)
class World:
    """A scenario at one seed and scale.

    Attributes:
        scenario: what was asked for.
        seed: decides everything that the scenario leaves open.
        scale: times the accounts and requests of the scenario.
    """

    scenario: Scenario
    seed: int
    scale: float

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers, each with a log of its own."""
        return self.scenario.providers

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The operators, at this scale."""
        return operators(self.scenario, self.scale)

    def expected_requests(self, provider: str | None = None) -> int:
        """About how many requests there will be, for a progress bar."""
        return round(sum(s.units * (1.0 + s.turns) for s in self._rendered[self._known(provider)].table.streams))

    def accounts(self, provider: str | None = None) -> pa.Table:
        """The accounts table of a provider (of the first, if none is named), in schema ACCOUNTS."""
        return pa.Table.from_batches([sign_ups(self._rendered[self._known(provider)])])

    def account_truth(self, provider: str | None = None) -> pa.Table:
        """What each account is: provider, account_id, organization_id, kind, campaign."""
        return pa.Table.from_batches([account_truth(self._rendered[self._known(provider)])])

    def batches(self, provider: str | None = None) -> Iterator[pa.RecordBatch]:
        """The request log of a provider (of the first, if none is named) in the order of time."""
        of = self._rendered[self._known(provider)]
        return (of.requests(rows) for rows in self._rows(of))

    def labelled(self, provider: str | None = None) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
        """The request log and, row for row, the truth: provider, request_id, account_id, kind, campaign."""
        of = self._rendered[self._known(provider)]
        return ((of.requests(rows), of.truth(rows)) for rows in self._rows(of))

    def _rows(self, of: Render) -> Iterator[np.ndarray[tuple[int], np.dtype[np.void]]]:
        launch = None if self.scenario.launch_day is None else self.scenario.launch_day * 24.0
        for rows in arrivals(of.table, of.accounts, launch):
            for begin in range(0, len(rows), BATCH_ROWS):
                yield rows[begin : begin + BATCH_ROWS]

    def _known(self, provider: str | None) -> str:
        if provider is not None and provider not in self.providers:
            raise ConfigError(
                f"the scenario has no provider `{provider}`.", hint=f"It has {', '.join(self.providers)}."
            )
        return provider or self.providers[0]

    @cached_property
    def _rendered(self) -> dict[str, Render]:
        return {provider: _render(self, provider) for provider in self.providers}


def generate(scenario: Scenario, *, seed: int | None = None, scale: float = 1.0) -> World:
    """A scenario's traffic.

    Args:
        scenario: see `scenario.load`.
        seed: other than the scenario's own.
        scale: times the accounts and requests of the scenario.

    Raises:
        ConfigError: the scale is not above zero.
    """
    if not 0.0 < scale <= 10_000.0:
        raise ConfigError("the scale must be above 0 and at most 10000.", where=f"scale {scale}")
    return World(scenario, scenario.seed if seed is None else seed, scale)


def _render(world: World, provider: str) -> Render:
    accounts, streams = _inhabitants(world, provider)
    start = datetime.combine(world.scenario.start, time(), UTC)
    labels = Labels(provider, KINDS, tuple(c.name for c in world.campaigns))
    key = named(world.seed, "provider", provider)
    return render(labels, key, int(start.timestamp()) * 1_000_000, table(streams, vocabulary()), accounts)


def _inhabitants(world: World, provider: str) -> tuple[Accounts, list[Stream]]:
    """Everybody at a provider, the innocent first, and what they do."""
    kinds = {kind: i for i, kind in enumerate(KINDS)}
    site = Site(world.scenario, world.seed, provider, kinds["campaign"])
    parts: list[Accounts] = []
    streams: list[Stream] = []
    for population in innocent(world.scenario, named(world.seed, provider), world.scale, kinds):
        parts += population.parts
        streams += population.streams
    people = len(parts[0]) if world.scenario.benign.people else 0
    for number, campaign in enumerate(world.campaigns):
        if share_of(campaign, world.scenario, provider) > 0.0:
            end = sum(map(len, parts))
            population = operator(site, campaign, number, _stolen(world, campaign, people, number) or (end, end))
            parts += population.parts
            streams += population.streams
    return (together(parts) if parts else _nobody()), streams


def _stolen(world: World, campaign: Campaign, people: int, number: int) -> tuple[int, int] | None:
    """The people whose keys an operator uses, if it does."""
    if not campaign.victims:
        return None
    size = min(campaign.accounts, people)
    first = named(world.seed, "victims", number) % (people - size + 1)
    return first, first + size


def _nobody() -> Accounts:
    raise ConfigError(
        "the scenario has neither benign accounts nor campaigns at this provider.", hint="See [benign], [[campaign]]."
    )
