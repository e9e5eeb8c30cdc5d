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
    graphs = ((_graph(population, contents, keys, hub), resolutions) for contents, keys, resolutions in views)
    found = (_communities(graph, len(population), r) for graph, resolutions in graphs for r in resolutions)
    groups = {tuple(group) for groups in found for group in groups}
    return [np.array(group) for group in sorted(groups, key=lambda g: (-len(g), g))]


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


def _graph(population: Population, contents: Edges | None, keys: list[Keys], hub: int) -> ig.Graph:
    n = len(population)
    parts = [contents] if contents else []
    for k in keys:
        parts.append(_edges_of_keys(k, hub, n))
        n += k.held.shape[1]
    a, b, weight = (np.concatenate([getattr(p, name) for p in parts]) for name in ("a", "b", "weight"))
    graph = ig.Graph(n=n, edges=np.stack([a, b], axis=1), directed=False)
    graph.es["weight"] = weight
    return graph


def _communities(graph: ig.Graph, accounts: int, resolution: float) -> Iterator[list[int]]:
    """Leiden communities, without the things, of three accounts or more."""
    ig.set_random_number_generator(random.Random(SEED))  # noqa: S311
    found = graph.community_leiden("modularity", weights="weight", resolution=resolution, n_iterations=2)
    for group in found:
        members = sorted(v for v in group if v < accounts)
        if len(members) >= 3:
            yield members
