"""Who else may belong to clusters that were found in a part of everybody: those near them, and those linked to them.

around = neighbourhoods(population, clusters)
nearest = Nearest(65_536, known)
for batch in people.map(around, NEARBY).batches():
    nearest.absorb(batch)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.contents import Contents
from stillwatch.campaigns.evidence import content, shared_keys
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.holdings import KINDS, MEANS, coded, holdings
from stillwatch.campaigns.population import Population
from stillwatch.campaigns.signed_up import SignedUp, key_of
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

NEARBY = wire.SCHEMA.append(pa.field("near", pa.float32()))
LINKED = 2.0  # nearer than any contents


@dataclass(frozen=True)
class Neighbourhoods:
    """The kernel that picks who is near clusters or linked to them.

    Attributes:
        usual: what is usual, against which contents are told.
        centres: of each cluster the direction of its contents (bins, clusters).
        least: how near counts as near.
        things: what the clusters' strangers share, and their own words: `holdings.coded`, ascending.
        desk: what the sign-up desk knows of everybody.
    """

    usual: npt.NDArray[np.float64]
    centres: F32
    least: F32
    things: I64
    desk: SignedUp

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """NEARBY of those in a batch who are."""
        profiles = wire.profiles_of(batch)
        cosines = Contents.of(profiles["words"], self.usual).cosines(self.centres)
        near = np.where(cosines >= self.least, cosines, 0).max(1, initial=0).astype(np.float32)
        near[self._linked(profiles)] = LINKED
        rows = np.flatnonzero(near > 0)
        some = batch.select(wire.SCHEMA.names).take(pa.array(rows))
        return pa.RecordBatch.from_arrays([*some.columns, pa.array(near[rows])], schema=NEARBY)

    def _linked(self, profiles: Profiles) -> I64:
        held = holdings(profiles, self.desk.taken(key_of(profiles.ids)))
        return held.row[np.isin(held.code, self.things)]


def neighbourhoods(population: Population, clusters: Sequence[I64], desk: SignedUp) -> Neighbourhoods:
    """What to look for everywhere, given clusters (rows) among some accounts."""
    made = [Cluster(population, rows) for rows in clusters]
    things = [_shared(cluster) for cluster in made]
    return Neighbourhoods(
        population.contents.usual,
        np.stack([c.centre.astype(np.float32) for c in made], axis=1) if made else np.zeros((0, 0), np.float32),
        np.array([content.NEAR * float(np.median(c.own_cosines)) for c in made], np.float32),
        np.unique(np.concatenate([np.zeros(0, np.int64), *things])),
        desk,
    )


def _shared(cluster: Cluster) -> I64:
    """A cluster's own words, and what strangers in it share that few others have."""
    keys = cluster.population.keys
    parts = [_code(keys["text"].things[own_words(cluster)], "text")]
    parts += [_code(keys[name].things[shared_keys.striking(cluster, keys[name])], name) for name in MEANS]
    return np.concatenate(parts)


def _code(things: I64, name: str) -> I64:
    return coded(things, list(KINDS).index(name))


@dataclass
class Nearest:
    """The accounts that come nearest, so many at most; those known already left out.

    Attributes:
        most: how many are kept.
        known: keys of those left out, ascending.
    """

    most: int
    known: I64
    _kept: list[pa.Table] = field(default_factory=list)

    def absorb(self, batch: pa.RecordBatch) -> None:
        """Look at more."""
        new = ~np.isin(key_of(batch.column("account_id")), self.known)
        self._kept.append(pa.Table.from_batches([batch.filter(pa.array(new))]))
        if sum(len(part) for part in self._kept) > 2 * self.most:
            self._kept = [self._cut()]

    def profiles(self) -> Iterator[Profiles]:
        """Those that were kept."""
        if self._kept:
            yield wire.profiles_of(self._cut())

    def _cut(self) -> pa.Table:
        every = pa.concat_tables(self._kept)
        key = key_of(every["account_id"].combine_chunks())
        return every.take(pa.array(np.lexsort((key, -every["near"].to_numpy()))[: self.most]))
