"""What other providers say of campaigns, as far as it is found in this log.

Whoever imports indicators turns them into signals; a scan is handed a function that does so, and knows neither where
they come from nor how their tokens were compared. A signal names things, never accounts: cards, mail domains and
sign-up addresses that a campaign uses elsewhere, and the shingles of its wrapper.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

I64 = npt.NDArray[np.int64]

WRAPPER_LEAST = 2  # shingles of it that an account must have sent: one alone may be a turn of phrase
WIDEST = 0.1  # of the accounts; what a signal names beyond is common here, or meant to hit many: it is switched off
FEW = 20  # accounts: of a small provider a tenth is nobody


@dataclass(frozen=True)
class Signal:
    """One campaign that another provider found.

    Attributes:
        id: the campaign's id there.
        indicators: the ids of the indicators that say so.
        weight: how probable it is, at least, that their contributors are right, 0 to 1.
        desk: by column of the accounts table, the values of this log (pseudonyms) that the campaign uses elsewhere.
        shingles: uint32, those of its wrapper that occur in this log.
    """

    id: str
    indicators: tuple[str, ...]
    weight: float = 1.0
    desk: Mapping[str, frozenset[str]] = field(default_factory=dict)
    shingles: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))


@dataclass(frozen=True)
class Told:
    """What an importer found, and what the reader of the findings should know about it."""

    signals: tuple[Signal, ...] = ()
    notes: tuple[str, ...] = ()


#: Is told the shingles (uint32) that several accounts of the log sent, and tells what is known of them and otherwise.
Importer = Callable[[npt.NDArray[np.uint32]], Told]


@dataclass(frozen=True)
class Known:
    """Signals against accounts: CSR of accounts by signals, 1 where the account has what the signal names."""

    signals: tuple[Signal, ...]
    means: sp.csr_matrix  # cards, domains, addresses
    words: sp.csr_matrix  # the wrapper
    too_wide: tuple[str, ...] = ()  # signals that were switched off, at least in part


def known(
    signals: Sequence[Signal], shared: tuple[I64, I64], desk: Mapping[str, pa.StringArray], *, accounts: int
) -> Known:
    """Look signals up.

    Args:
        signals: what to look for.
        shared: rows and shingles that they sent.
        desk: by column, what the accounts table says of each row.
        accounts: how many rows there are.
    """
    means = [_holders_of_means(s, desk) for s in signals]
    words = [_holders_of_words(s, shared, accounts) for s in signals]
    most = max(FEW, WIDEST * accounts)
    too_wide = tuple(s.id for s, *held in zip(signals, means, words, strict=True) if max(map(len, held)) > most)
    return Known(tuple(signals), _incidence(means, accounts, most), _incidence(words, accounts, most), too_wide)


def _holders_of_means(signal: Signal, desk: Mapping[str, pa.StringArray]) -> I64:
    rows = [np.zeros(0, np.int64)]
    for column, values in signal.desk.items():
        has = pc.is_in(desk[column], pa.array(sorted(values), pa.string())) if column in desk else None
        rows.append(np.flatnonzero(has.to_numpy(zero_copy_only=False)) if has is not None else rows[0])
    return np.unique(np.concatenate(rows))


def _holders_of_words(signal: Signal, shared: tuple[I64, I64], accounts: int) -> I64:
    rows, shingles = shared
    count = np.bincount(rows[np.isin(shingles, signal.shingles.astype(np.int64))], minlength=accounts)
    return np.flatnonzero(count >= WRAPPER_LEAST)


def _incidence(holders: Sequence[I64], accounts: int, most: float) -> sp.csr_matrix:
    """Accounts by signals; a signal that more than `most` accounts hold has none."""
    narrow = [held if len(held) <= most else held[:0] for held in holders]
    rows = np.concatenate([np.zeros(0, np.int64), *narrow])
    columns = np.repeat(np.arange(len(narrow)), [len(held) for held in narrow])
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(accounts, len(narrow)))
