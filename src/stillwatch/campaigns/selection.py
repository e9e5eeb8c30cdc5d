"""From proposals to clusters that pass the line, no account in two of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns import operators
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.evidence import content, elsewhere, shared_keys, text, time
from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.holdings import Keys
from stillwatch.campaigns.linking import propose
from stillwatch.campaigns.membership import LEAST, Membership, belonging, settle, without_links
from stillwatch.campaigns.population import Population
from stillwatch.campaigns.score import Score, weigh
from stillwatch.config import ScanConfig

I64 = npt.NDArray[np.int64]

HINT = 1.0  # bits of each of two things that make a proposal worth being settled
MOST = 400  # proposals settled in one scan, so that its cost grows with the accounts and not with their square
SPLITS = 3  # a cluster may fall in two, and each of these again
ALIKE = 0.9  # two sets that have so much in common are one and the same to look at
COVERED = 0.7  # a proposal is not settled where so much of it lies in a cluster that passed


@dataclass(frozen=True)
class Suspicion:
    """A cluster that passed the line."""

    cluster: Cluster
    membership: Membership
    score: Score


def select(
    population: Population,
    settings: ScanConfig,
    progress: Callable[[float], None] = lambda _: None,
    *,
    proposals: list[I64] | None = None,
    most: int = MOST,
) -> list[Suspicion]:
    """All clusters that pass the line, strongest first; they share no account.

    With `proposals` (rows) only what these become; else every view is asked. Of more than `most` proposals that a first
    look makes worth being settled, the most promising are.
    """
    if proposals is None:
        proposals = propose(population, settings.hub_accounts)
    settled, passed = _Seen(len(population)), _Seen(len(population))
    found: list[Suspicion] = []
    for rows in _worthy(population, proposals, settings, progress, most):
        if passed.holds(rows, COVERED):
            continue
        membership = settle(population, rows)
        if len(membership.rows) and not settled.holds(membership.rows, ALIKE, both_ways=True):
            settled.add(membership.rows)
            suspicions = _suspicions(population, membership, settings, proposals)
            for s in suspicions:
                passed.add(s.membership.rows)
            found += suspicions
    apart = _without_overlap(population, found, settings)
    return _put_together(population, [left for s in apart if (left := _consistent(s, settings))], settings)


def _worthy(
    population: Population, proposals: list[I64], settings: ScanConfig, progress: Callable[[float], None], most: int
) -> list[I64]:
    """The proposals that a first look makes worth being settled, largest first; of very many the most promising."""
    looked = _Seen(len(population))
    promising: list[tuple[float, int]] = []
    for i, rows in enumerate(proposals):
        progress(i / len(proposals))
        if not looked.holds(rows, ALIKE, both_ways=True):
            looked.add(rows)
            if (promise := _promise(Cluster(population, rows), settings)) > 0:
                promising.append((-promise, i))
    return [proposals[i] for i in sorted(i for _, i in sorted(promising)[:most])]


class _Seen:
    """Sets of accounts that were dealt with: for each account the last that held it."""

    def __init__(self, accounts: int) -> None:
        self._last, self._sizes = np.full(accounts, -1, np.int64), [0]

    def add(self, rows: I64) -> None:
        self._last[rows] = len(self._sizes)
        self._sizes.append(len(rows))

    def holds(self, rows: I64, share: float, *, both_ways: bool = False) -> bool:
        """Whether one set holds such a share of these rows (and, both ways, these rows such a share of it)."""
        last = self._last[rows]
        last = last[last >= 0]
        if not len(last) or len(last) < share * len(rows):
            return False
        which, counts = np.unique(last, return_counts=True)
        most = int(counts.argmax())
        size = max(len(rows), self._sizes[which[most]]) if both_ways else len(rows)
        return bool(counts[most] >= share * size)


def _promise(cluster: Cluster, settings: ScanConfig) -> float:
    """A first, cheap and generous look: bits of what is asked and of the best besides, 0 where one is missing."""
    if len(cluster) < settings.min_accounts or cluster.parties < settings.min_parties:
        return 0.0
    keys = cluster.population.keys
    asked = max(content.leaning(cluster), text.weigh(cluster).bits)
    turns = _shared(cluster, keys["turn"])
    if asked < HINT:
        return turns.bits if turns and turns.bits >= HINT else 0.0
    besides = [turns, *(_shared(cluster, keys[name]) for name in ("payment", "mail_domain", "address"))]
    besides += [time.weigh_in_step(cluster), time.weigh_handed_over(cluster), *elsewhere.weigh(cluster)]
    best = max((e.bits for e in besides if e), default=0.0)
    return asked + best if best >= HINT else 0.0


def _shared(cluster: Cluster, keys: Keys) -> Evidence | None:
    """What strangers share; nothing is said of what no two of them hold."""
    return shared_keys.weigh(cluster, keys) if cluster.held(keys).parties.max(initial=0) > 1 else None


def _suspicions(
    population: Population, membership: Membership, settings: ScanConfig, hints: list[I64], splits: int = SPLITS
) -> list[Suspicion]:
    """The cluster if it passes the line; or, if it falls in two, those halves that pass on their own."""
    whole = _suspicion(population, membership, settings)
    sides = operators.halves(whole.cluster, hints) if whole and splits else None
    if whole is None or sides is None:
        return [whole] if whole else []
    pairs = zip(sides, sides[::-1], strict=True)
    parts = [_without_others(settle(population, rows), other) for rows, other in pairs]
    return [s for part in parts for s in _suspicions(population, part, settings, hints, splits - 1)]


def _without_others(membership: Membership, others: I64) -> Membership:
    """A half shall not grow back into the other."""
    kept = ~np.isin(membership.rows, others)
    return Membership(membership.rows[kept], membership.bits[kept])


def _suspicion(population: Population, membership: Membership, settings: ScanConfig) -> Suspicion | None:
    cluster = Cluster(population, membership.rows)
    score = passing_score(cluster, settings)
    return Suspicion(cluster, membership, score) if score else None


def passing_score(cluster: Cluster, settings: ScanConfig) -> Score | None:
    """The score of a cluster that is large enough and passes the line; None for any other."""
    if len(cluster) < settings.min_accounts or cluster.parties < settings.min_parties:
        return None
    core, beside = without_links(cluster)
    score = weigh(cluster, core, settings, beside)
    return score if score.speaks(settings) else None


def _without_overlap(population: Population, suspicions: list[Suspicion], settings: ScanConfig) -> list[Suspicion]:
    """Give each account to the strongest cluster that holds it; what is left of the others must still pass."""
    taken = np.zeros(len(population), bool)
    kept: list[Suspicion] = []
    for s in sorted(suspicions, key=_strength):
        free = ~taken[s.membership.rows]
        left: Suspicion | None = s
        if not free.all():
            rest = Membership(s.membership.rows[free], s.membership.bits[free])
            left = _suspicion(population, rest, settings) if 2 * free.sum() > len(free) else None
        if left:
            kept.append(left)
            taken[left.membership.rows] = True
    return kept


def _consistent(s: Suspicion, settings: ScanConfig) -> Suspicion | None:
    """Without those whom only an earlier form of the cluster named: everybody belongs to what is reported."""
    bits = belonging(s.cluster)[s.membership.rows]
    kept = bits >= LEAST
    if kept.all():
        return s
    return _suspicion(s.cluster.population, Membership(s.membership.rows[kept], bits[kept]), settings)


def _put_together(population: Population, suspicions: list[Suspicion], settings: ScanConfig) -> list[Suspicion]:
    """Clusters of one operator become one campaign."""
    out = []
    for group in operators.joined(population, [s.membership.rows for s in suspicions]):
        parts = [suspicions[i].membership for i in group]
        rows = np.concatenate([p.rows for p in parts])
        order = np.argsort(rows)
        both = Membership(rows[order], np.concatenate([p.bits for p in parts])[order])
        whole = _suspicion(population, both, settings) if len(group) > 1 else suspicions[group[0]]
        out += [whole] if whole else [suspicions[i] for i in group]
    return sorted(out, key=_strength)


def _strength(s: Suspicion) -> tuple[float, int, tuple[int, ...]]:
    """Strongest first: by how surely its accounts belong, all together."""
    return (-round(float(s.membership.bits.sum()), 3), -len(s.cluster), tuple(s.membership.rows))
