"""Views propose who may belong together; a proposal is not yet a suspicion.

Each view is cheap (an inverted index, or nearest contents; never all pairs) and discounts what is common: a thing that
k accounts hold ties each of them with a strength that falls with k. Accounts and the things they hold are the two sides
of one graph, so that a thing in a thousand hands costs a thousand edges and not half a million. Leiden communities
(Traag, Waltman and van Eck 2019) of several graphs, at several resolutions, are the proposals; they may overlap.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import igraph as ig
import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.neighbours import nearest
from stillwatch.campaigns.population import Keys, Population

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

NEIGHBOURS = 12
LEAST_COSINE = 0.35  # in 128 bins strangers' contents are 0.0 +- 0.09 apart
RESOLUTIONS = (0.5, 4.0, 24.0)
SPARSE = (0.1, 4.0)  # of the graph of shared things alone, which falls apart by itself
COMMON_PROPERTY = 5  # times the accounts of a hub
SEED = 1


@dataclass(frozen=True)
class Edges:
    """Weighted edges between vertices of one graph."""

    a: I64
    b: I64
    weight: F64


def propose(population: Population, hub: int) -> list[I64]:
    """Groups of accounts (row numbers, ascending) that some view holds together; each group once, largest first."""
    asked = _edges_of_contents(population)
    words = [population.keys["text"]]
    means = [population.keys[name] for name in ("payment", "mail_domain", "address", "turn")]
    views = ((asked, words, RESOLUTIONS), (asked, words + means, RESOLUTIONS[1:2]), (None, means, SPARSE))
    graphs = ((*_graph(population, contents, keys, hub), resolutions) for contents, keys, resolutions in views)
    groups = {
        group.tobytes()
        for graph, weights, resolutions in graphs
        for resolution in resolutions
        for group in _communities(graph, weights, len(population), resolution)
    } | {group.tobytes() for group in _known_elsewhere(population, hub)}
    found = [np.frombuffer(group, np.int32).astype(np.int64) for group in groups]
    return sorted(found, key=lambda group: (-len(group), group.tolist()))


def _known_elsewhere(population: Population, hub: int) -> Iterator[npt.NDArray[np.int32]]:
    """Accounts that have what another provider's signal names; what more than a hub have is common property."""
    known = population.known
    for i in range(len(known.signals)):
        parts = [held[:, [i]].tocoo().row for held in (known.means, known.words)]
        group = np.unique(np.concatenate([np.zeros(0, np.int32), *(p for p in parts if len(p) <= hub)]))
        if len(group) >= 3:
            yield group.astype(np.int32)


def _edges_of_contents(population: Population) -> Edges:
    a, b, cosine = nearest(population.contents, np.arange(len(population)), NEIGHBOURS, LEAST_COSINE)
    return Edges(a, b, (cosine - LEAST_COSINE / 2).astype(np.float64) / NEIGHBOURS * 4)


def _edges_of_keys(keys: Keys, hub: int, first: int) -> Edges:
    """Accounts to the things they hold; things are the vertices from `first` on."""
    held = keys.held.tocoo()
    # beyond, an edge weighs next to nothing and there are very many; words in two hands are chance
    worth = (keys.degree <= COMMON_PROPERTY * hub) & (keys.degree >= (3 if keys.name == "text" else 2))
    row, col = held.row[worth[held.col]], held.col[worth[held.col]]
    weight = np.where(keys.degree > hub, 0.1, 1.0) / np.log2(1 + keys.degree)
    return Edges(row.astype(np.int64), col.astype(np.int64) + first, weight[col])


def _graph(population: Population, contents: Edges | None, keys: list[Keys], hub: int) -> tuple[ig.Graph, F64]:
    n = len(population)
    parts = [contents] if contents else []
    for k in keys:
        parts.append(_edges_of_keys(k, hub, n))
        n += k.held.shape[1]
    edges = np.stack([np.concatenate([getattr(p, end) for p in parts]) for end in ("a", "b")], axis=1)
    return ig.Graph(n=n, edges=edges, directed=False), np.concatenate([p.weight for p in parts])


def _communities(graph: ig.Graph, weights: F64, accounts: int, resolution: float) -> Iterator[npt.NDArray[np.int32]]:
    """Leiden communities, without the things, of three accounts or more."""
    ig.set_random_number_generator(random.Random(SEED))  # noqa: S311
    found = graph.community_leiden("modularity", weights=weights, resolution=resolution, n_iterations=2)
    label = np.array(found.membership[:accounts])
    order = np.argsort(label, kind="stable").astype(np.int32)
    for group in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if len(group) >= 3:
            yield group
