"""Views propose who may belong together; a proposal is not yet a suspicion.

Each view is cheap (an inverted index, or nearest contents; never all pairs) and discounts what is common: a thing that
k accounts hold ties each of them with a strength that falls with k. Accounts and the things they hold are the two sides
of one graph, so that a thing in a thousand hands costs a thousand edges and not half a million. Leiden communities
(Traag, Waltman and van Eck 2019) of several graphs, at several resolutions, are the proposals; they may overlap.
"""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import igraph as ig
import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.holdings import MEANS, Keys
from stillwatch.campaigns.neighbours import nearest
from stillwatch.campaigns.population import Population

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

NEIGHBOURS = 12
LEAST_COSINE = 0.35  # in 128 bins strangers' contents are 0.0 +- 0.09 apart
RESOLUTIONS = (0.5, 4.0, 24.0)
SPARSE = (0.1, 4.0)  # of the graph of shared things alone, which falls apart by itself
COMMON_PROPERTY = 5  # times the accounts of a hub
SEED = 1

_DRAWING = threading.Lock()


@dataclass(frozen=True)
class Edges:
    """Weighted edges between accounts, or between accounts (a) and the things that they hold (b)."""

    a: I64
    b: I64
    weight: F64
    things: bool = False


def propose(population: Population, hub: int, among: I64 | None = None) -> list[I64]:
    """Groups of accounts (row numbers, ascending) that some view holds together; each group once, largest first.

    Args:
        population: whose accounts.
        hub: what more accounts than this share links nobody much.
        among: only these rows; None for all.
    """
    among = np.arange(len(population)) if among is None else among
    asked = _edges_of_contents(population, among)
    words, *means = (_links(population, population.keys[name], hub, among) for name in ("text", *MEANS))
    n = len(population)
    both, weights = graph_of(n, [asked, words, *means])
    without = np.where(np.arange(len(weights)) < len(asked.a) + len(words.a), weights, 0.0)  # means weigh nothing
    views = ((both, without, RESOLUTIONS), (both, weights, RESOLUTIONS[1:2]), (*graph_of(n, means), SPARSE))
    groups = {
        group.tobytes()
        for graph, weight, resolutions in views
        for resolution in resolutions
        for group in communities(graph, weight, n, resolution)
    } | {group.tobytes() for group in _known_elsewhere(population, hub)}
    found = [np.frombuffer(group, np.int32).astype(np.int64) for group in groups]
    return sorted(found, key=lambda group: (-len(group), group.tolist()))


def _known_elsewhere(population: Population, hub: int) -> Iterator[npt.NDArray[np.int32]]:
    """Accounts that have what another provider's signal names; what more than a hub have is common property."""
    known = population.known
    for i in range(len(known.signals)):
        parts = [having.held[:, [i]].tocoo().row for having in (known.means, known.words) if having.accounts[i] <= hub]
        group = np.unique(np.concatenate([np.zeros(0, np.int32), *parts]))
        if len(group) >= 3:
            yield group.astype(np.int32)


def _edges_of_contents(population: Population, among: I64) -> Edges:
    a, b, cosine = nearest(population.contents, among, NEIGHBOURS, LEAST_COSINE)
    return Edges(a, b, (cosine - LEAST_COSINE / 2).astype(np.float64) / NEIGHBOURS * 4)


def _links(population: Population, keys: Keys, hub: int, among: I64) -> Edges:
    """Accounts to the things they hold, as far as these are worth an edge."""
    held = keys.held.tocoo()
    looked_at = np.zeros(len(population), bool)
    looked_at[among] = True
    kept = looked_at[held.row] & worth(keys.degree, hub, text=keys.name == "text")[held.col]
    row, col = held.row[kept], held.col[kept]
    return edges_of_things(row.astype(np.int64), col.astype(np.int64), keys.degree[col], hub)


def worth(degree: I64, hub: int, *, text: bool) -> npt.NDArray[np.bool_]:
    """Which things are edges: what more hold weighs next to nothing, and words in two hands are chance."""
    return (degree <= COMMON_PROPERTY * hub) & (degree >= (3 if text else 2))


def edges_of_things(row: I64, thing: I64, degree: I64, hub: int) -> Edges:
    """Edges between accounts and the things they hold, lighter for what many hold."""
    return Edges(row, thing, np.where(degree > hub, 0.1, 1.0) / np.log2(1 + degree), things=True)


def graph_of(accounts: int, parts: list[Edges]) -> tuple[ig.Graph, F64]:
    """One graph of several kinds of edges: accounts first, then the things of each kind."""
    n, ends = accounts, []
    for part in parts:
        ends.append((part.a, part.b + n if part.things else part.b))
        n += int(part.b.max(initial=-1)) + 1 if part.things else 0
    edges = np.stack([np.concatenate(side) for side in zip(*ends, strict=True)], axis=1)
    return ig.Graph(n=n, edges=edges, directed=False), np.concatenate([part.weight for part in parts])


def communities(graph: ig.Graph, weights: F64, accounts: int, resolution: float) -> Iterator[npt.NDArray[np.int32]]:
    """Leiden communities, without the things, of three accounts or more."""
    with _DRAWING:  # igraph has one generator for all threads
        ig.set_random_number_generator(random.Random(SEED))  # noqa: S311
        found = graph.community_leiden("modularity", weights=weights, resolution=resolution, n_iterations=2)
    label = np.array(found.membership[:accounts])
    order = np.argsort(label, kind="stable").astype(np.int32)
    for group in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if len(group) >= 3:
            yield group
