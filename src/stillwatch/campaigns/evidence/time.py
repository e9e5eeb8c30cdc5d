"""When they ask: together, or one after the other.

*In step*: the hours in which one party is active are the hours in which the others are, more than the log's own rhythm
and the hour of the day explain. (The hour of the day itself is never evidence: it says where people live.)
*Handed over*: accounts that take turns, one until its quota is gone or it is closed, then the next.
Sees: workers started and stopped together; a pool used up account by account. Misses: traffic shaped like people's.
Innocent and alike: one job over several keys (one party); an event that everybody reacts to.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.bits import clip, surprise_of_few
from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.findings import Evidence
from stillwatch.profiles.state import HOURS

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

SMOOTHING = 20.0  # hours of the log's own rhythm that every estimate starts from
MARGIN = 1.5  # bits a party that unrelated programs reach by running at the same times
SELECTION = 4.0  # bits: clusters were looked for, so the best of many is nothing special
LITTLE = 1.0  # bits against: strangers cannot be told from accounts that take turns
ENOUGH = 15  # parties from which on more do not make it surer; six teams may well run one benchmark on one day
TEAMS, MOST_OF_FEW = 10, 3.5  # fewer parties in step are no independent reason: a release day brings teams together
FEW = 24  # parties that are held against the others one by one
LEAST_TURNS, MANY = 8, 1000  # accounts that are compared pair by pair

_HOUR_OF_DAY = np.arange(HOURS) % 24
_BITS_OF_BYTES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.float64)


def _active(cluster: Cluster) -> U8:
    """Parties by hours, as profiles have them: a bit is set where a party asked."""
    order = np.argsort(cluster.party, kind="stable")
    starts = np.searchsorted(cluster.party[order], np.arange(cluster.parties))
    bitmaps: U8 = np.bitwise_or.reduceat(cluster.population.profiles["hours"][cluster.rows[order]], starts, axis=0)
    return bitmaps


def _by_hour(bitmaps: U8) -> U8:
    return np.unpackbits(bitmaps, axis=1, bitorder="little")


def _foretold(others: F64, usual: F64, own: int = 0) -> F64:
    """For each hour the bits by which these activities foretell one more there, better than the log's rhythm does.

    Of the rhythm only what goes beyond the hour of the day counts. `own`: how many of the activities of each hour are
    those of the account that is to be foretold, and do not count.
    """
    usual_by_day = np.bincount(_HOUR_OF_DAY, usual, 24).clip(1e-12)
    by_day = np.bincount(_HOUR_OF_DAY, others, 24) + 5 * usual_by_day
    null = usual * (by_day / usual_by_day)[_HOUR_OF_DAY]
    null /= null.sum()
    return np.log2(((others - own).clip(0) + SMOOTHING * null) / (others.sum() + SMOOTHING) / null)


def _bits(bitmaps: U8, foretold: F64) -> F64:
    """The bits of each row's hours together. Hours in a row count once, for they are one decision."""
    hours = np.bitwise_count(bitmaps).sum(1, dtype=np.int64)
    before = bitmaps << 1  # of each hour whether the one before was busy
    before[:, 1:] |= bitmaps[:, :-1] >> 7
    runs = np.bitwise_count(bitmaps & ~before).sum(1, dtype=np.int64)
    of_bytes = _BITS_OF_BYTES @ foretold.reshape(-1, 8).T  # what each value of each byte says
    return of_bytes[bitmaps, np.arange(bitmaps.shape[1])].sum(1) / np.maximum(hours, 1) * runs


def in_step(cluster: Cluster, rows: I64) -> F64:
    """For each of these accounts the bits by which the cluster's other parties foretell when it is active."""
    active = _active(cluster)
    foretold = _foretold(_by_hour(active).sum(0, dtype=np.float64), cluster.population.rhythm)
    out = _bits(cluster.population.profiles["hours"][rows], foretold)
    own, at, _ = np.intersect1d(rows, cluster.rows, assume_unique=True, return_indices=True)
    out[at] = _in_step(active, cluster.population.rhythm)[cluster.party[np.searchsorted(cluster.rows, own)]]
    return out


def _in_step(active: U8, usual: F64) -> F64:
    """The same for each party, held against the others."""
    each = _by_hour(active)
    together = each.sum(0, dtype=np.float64)
    if len(active) > FEW:
        return _bits(active, _foretold(together, usual, own=1))  # one hardly moves the rhythm of them all
    others = together - each
    return np.array(
        [
            _bits(own[None, :], _foretold(rest, usual))[0] if rest.any() else 0.0
            for own, rest in zip(active, others, strict=True)
        ]
    )


def weigh_in_step(cluster: Cluster) -> Evidence | None:
    """Bits of the parties' being active in the same hours. None for fewer than three parties."""
    if cluster.parties < 3:
        return None
    each = _in_step(_active(cluster), cluster.population.rhythm)
    mean = float(np.mean(np.clip(each, -10, 30)))
    most = 8.0 if len(each) >= TEAMS else MOST_OF_FEW
    weight = min(len(each), ENOUGH) / ENOUGH  # few programs meet by chance
    bits = (mean - MARGIN) * 5 * weight**2 if mean > MARGIN else max(-LITTLE, min(0.0, mean)) * weight
    if bits > 0:
        bits = min(bits, _rarity(cluster, float(np.median(each))))
    says = (
        f"Knowing when the others are active tells {mean:.1f} bits about when one of these customers is, "
        f"beyond the time of day and the rhythm of the whole service; unrelated programs reach {MARGIN}."
    )
    return Evidence("time", "in_step", clip(bits, -LITTLE, most), round(mean, 2), MARGIN, "AML.T0040", says)


def _rarity(cluster: Cluster, least: float) -> float:
    """Bits of how few outsiders are foretold as well: a working week has many active together who never met."""
    sample, _ = cluster.population.sample
    theirs = in_step(cluster, sample[cluster.outside[sample]])
    return max(0.0, float(np.log2((1 + len(theirs)) / (1 + (theirs >= least).sum()))) - SELECTION)


def weigh_handed_over(cluster: Cluster) -> Evidence | None:
    """Bits of accounts' taking turns. None where there are too few to tell."""
    first, last = (cluster.population.profiles[name][cluster.rows].astype(np.float64) for name in ("first", "last"))
    busy = np.flatnonzero(cluster.population.profiles["requests"][cluster.rows] > 1)
    busy = busy[:: 1 + len(busy) // MANY]
    first, last = first[busy], last[busy]
    if len(first) < LEAST_TURNS or (window := float(last.max() - first.min())) <= 0:
        return None
    length = last - first
    upper = np.triu_indices(len(first), 1)
    expected = float(np.minimum(1, (length[:, None] + length[None, :]) / window)[upper].sum())
    overlap = int(((first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None]))[upper].sum())
    bits = surprise_of_few(overlap, expected / 2) - 4
    if bits <= 0:
        return None
    says = (
        f"The accounts take turns: {overlap} pairs of them were ever in use at the same time, "
        f"where {expected:.0f} would be if each had come and gone on its own."
    )
    return Evidence("time", "handed_over", clip(bits, 0, 8), overlap, round(expected, 1), "AML.T0008.005", says)
