"""Where the groups and things of a graph stand: computed once for all who look.

    places = placed(graph.shape)
    places.groups[0].x, places.groups[0].r

What hangs together is laid out by forces (Fruchterman and Reingold 1991, igraph's), pushed apart until no two discs
overlap, and set beside the next, the widest first. The same graph gives the same picture to everybody.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2, sqrt

import igraph as ig
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from stillwatch.web.graph import Shape

F64 = NDArray[np.float64]

SPACING = 9.0  # between the accounts of a group, from centre to centre; the unit is a pixel at the scale 1
THING = 10.0  # half of a thing's width
_GAP = 7.0  # between discs
_ROOM = 3.0  # the area of a picture, in that of all its discs
_MARGIN = 26.0  # between what does not hang together
_TURN = np.pi * (3 - sqrt(5))  # the golden angle spreads points evenly over a disc (Vogel 1979)
_ROUNDS = 12  # of pushing apart
_LARGE = 24  # discs that are compared with all; the others with their neighbours
_PULLS = 300_000  # nodes times iterations: a tenth of a second
_KEPT = 64  # pictures
_ALONE = threading.Lock()  # igraph draws from one generator for all threads, even where it only breaks ties


@dataclass(frozen=True)
class Place:
    """Where a disc stands."""

    x: float
    y: float
    r: float


@dataclass(frozen=True)
class Places:
    """Where everything stands, in the order of the graph, within a rectangle from (0, 0)."""

    groups: tuple[Place, ...]
    things: tuple[Place, ...]
    width: float
    height: float


@lru_cache(maxsize=_KEPT)
def placed(shape: Shape) -> Places:
    """Where the groups and things of a graph stand.

    Args:
        shape: of each group its things and its number of accounts.
    """
    things = 1 + max((thing for held, _ in shape for thing in held), default=-1)
    radii = np.array([*(radius(size) for _, size in shape), *[THING] * things])
    edges = [(group, len(shape) + thing) for group, (held, _) in enumerate(shape) for thing in held]
    at, (width, height) = _packed(_pieces(ig.Graph(n=len(radii), edges=edges), radii), radii)
    places = tuple(
        Place(round(x, 1), round(y, 1), round(r, 1)) for (x, y), r in zip(at.tolist(), radii.tolist(), strict=True)
    )
    return Places(places[: len(shape)], places[len(shape) :], round(width, 1), round(height, 1))


def radius(accounts: int) -> float:
    """Of the disc over which a group's accounts are spread."""
    return SPACING * (0.5 + 0.62 * sqrt(accounts - 1))


def _pieces(graph: ig.Graph, radii: F64) -> list[tuple[list[int], F64]]:
    """What hangs together, each piece around its own centre, the widest first."""
    pieces = [(members, _piece(graph.induced_subgraph(members), radii[members])) for members in graph.components()]
    return sorted(pieces, key=lambda piece: (-_reach(piece[1], radii[piece[0]]), piece[0]))


def _piece(graph: ig.Graph, radii: F64) -> F64:
    if graph.vcount() == 1:
        return np.zeros((1, 2))
    return _laid(tuple(graph.get_edgelist()), tuple(radii.tolist()))


@lru_cache(maxsize=_KEPT)  # a case may have a thousand pieces, all of them alike
def _laid(edges: tuple[tuple[int, int], ...], sizes: tuple[float, ...]) -> F64:
    graph, radii = ig.Graph(n=len(sizes), edges=edges), np.array(sizes)
    degree = np.array(graph.degree())
    many = [max(degree[a], degree[b]) for a, b in graph.get_edgelist()]  # a thing's degree, save at its very ends
    iterations = min(500, max(60, _PULLS // graph.vcount()))
    with _ALONE:
        ig.set_random_number_generator(random.Random(0))  # noqa: S311
        laid = graph.layout_fruchterman_reingold(
            weights=[1 / log2(1 + each) for each in many],  # as the scan ties accounts: what many share ties little
            niter=iterations,
            seed=_spiral(graph.vcount()).tolist(),
            grid=graph.vcount() > 400,
        )
    at = np.array(laid.coords)
    at -= at.mean(axis=0)
    return _apart(at * (sqrt(_ROOM * ((radii + _GAP) ** 2).sum()) / np.hypot(*at.T).max()), radii)


def _spiral(number: int) -> F64:
    step = np.arange(number)
    return np.stack((np.sqrt(step + 0.5) * np.cos(step * _TURN), np.sqrt(step + 0.5) * np.sin(step * _TURN)), axis=1)


def _apart(at: F64, radii: F64) -> F64:
    """Push discs apart that overlap; of two, the smaller one gives way more."""
    at = at + _spiral(len(at)) * 1e-3  # no two at one place
    for _ in range(_ROUNDS):
        pairs = _near(at, radii)
        way = at[pairs[:, 1]] - at[pairs[:, 0]]
        distance = np.hypot(*way.T)
        missing = radii[pairs].sum(axis=1) + _GAP - distance
        if not (missing > 0).any():
            break
        push = way * (missing.clip(0) / distance)[:, None]
        share = (radii[pairs] / radii[pairs].sum(axis=1)[:, None])[:, ::-1]
        np.add.at(at, pairs[:, 0], -push * share[:, :1])
        np.add.at(at, pairs[:, 1], push * share[:, 1:])
    return at


def _near(at: F64, radii: F64) -> NDArray[np.int64]:
    """Pairs that may overlap: by a tree among the small ones, and each large one with all."""
    limit = np.sort(radii)[-min(_LARGE, len(radii))]
    small = np.flatnonzero(radii <= limit)
    found = [small[cKDTree(at[small]).query_pairs(2 * limit + _GAP, output_type="ndarray")].reshape(-1, 2)]
    for large in np.flatnonzero(radii > limit):
        others = np.flatnonzero((radii <= limit) | (np.arange(len(radii)) > large))
        close = others[np.hypot(*(at[others] - at[large]).T) < radii[others] + radii[large] + _GAP]
        found.append(np.stack((np.full(len(close), large), close), axis=1))
    return np.concatenate(found)


def _reach(at: F64, radii: F64) -> float:
    return float((np.hypot(*at.T) + radii).max())


def _packed(pieces: Sequence[tuple[list[int], F64]], radii: F64) -> tuple[F64, tuple[float, float]]:
    """Pieces in rows, as text is set: about one and a half times as wide as high."""
    boxes = [_box(at, radii[members]) for members, at in pieces]
    wide = max([sqrt(2 * sum(w * h for w, h in boxes)), *(w for w, _ in boxes)], default=0.0)
    out, x, y, row = np.zeros((len(radii), 2)), 0.0, 0.0, 0.0
    for (members, at), (w, h) in zip(pieces, boxes, strict=True):
        if x and x + w > wide:
            x, y, row = 0.0, y + row, 0.0
        low = (at - radii[members][:, None]).min(axis=0)
        out[members] = at - low + (x + _MARGIN / 2, y + _MARGIN / 2)
        x, row = x + w, max(row, h)
    return out, (wide, y + row)


def _box(at: F64, radii: F64) -> tuple[float, float]:
    r = radii[:, None]
    w, h = (at + r).max(axis=0) - (at - r).min(axis=0) + _MARGIN
    return float(w), float(h)
