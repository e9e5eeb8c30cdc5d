"""What other providers say of campaigns, as far as it is found in this log.

Whoever imports indicators turns them into signals; a scan is handed a function that does so, and knows neither where
they come from nor how their tokens were compared. A signal names things, never accounts: cards, mail domains and
sign-up addresses that a campaign uses elsewhere, and the shingles of its wrapper.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from stillwatch.campaigns.signed_up import key_of
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import EMPTY64

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
class Having:
    """Who has what signals name.

    Attributes:
        held: CSR of accounts by signals, 1 where the account has it.
        accounts: of each signal, how many of everybody have it.
    """

    held: sp.csr_matrix
    accounts: I64


@dataclass(frozen=True)
class Known:
    """Signals against accounts. What too many have says nothing, and nobody is noted for it."""

    signals: tuple[Signal, ...]
    means: Having  # cards, domains, addresses
    words: Having  # the wrapper
    too_wide: tuple[str, ...] = ()  # signals that are switched off, at least in part


@dataclass(frozen=True)
class Sought:
    """Signals against everybody.

    Attributes:
        signals: what to look for.
        means: of each, the accounts that have its cards, domains or addresses (`signed_up.key_of`), ascending.
        senders: of each, how many accounts sent its wrapper.
        most: what more accounts have is common, or meant to hit many.
    """

    signals: tuple[Signal, ...] = ()
    means: tuple[I64, ...] = ()
    senders: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    most: float = 0.0

    @classmethod
    def of(cls, signals: Sequence[Signal], accounts: pa.Table | None, key: I64) -> "Sought":
        """Look up who has the means of signals: in the accounts table, of those who asked (`key`, ascending)."""
        means = [np.intersect1d(_holders(s, accounts), key) for s in signals]
        return cls(tuple(signals), tuple(means), np.zeros(len(means), np.int64), max(FEW, WIDEST * len(key)))

    def heard(self, senders: I64) -> "Sought":
        """With the number of accounts that sent each wrapper."""
        return replace(self, senders=senders)

    def sent_by(self, profiles: Profiles) -> list[I64]:
        """Of each signal the rows that sent its wrapper."""
        shared = profiles["shared"]
        sent = (shared & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        return [_holders_of_words(s, shared, sent) for s in self.signals]

    @property
    def too_wide(self) -> tuple[str, ...]:
        """Signals that are switched off, at least in part."""
        pairs = zip(self.signals, self.means, self.senders.tolist(), strict=True)
        return tuple(s.id for s, means, senders in pairs if max(len(means), senders) > self.most)

    def groups(self) -> list[I64]:
        """The accounts of each signal's means that are not too many."""
        return [means for means in self.means if len(means) <= self.most]

    def known(self, profiles: Profiles, key: I64) -> Known:
        """As far as some accounts have what signals name."""
        means = [np.flatnonzero(np.isin(key, each, assume_unique=True)) for each in self.means]
        counts = np.array([len(each) for each in self.means], np.int64)
        return Known(
            self.signals,
            self._having(means, counts, len(key)),
            self._having(self.sent_by(profiles), self.senders, len(key)),
            self.too_wide,
        )

    def _having(self, rows: list[I64], accounts: I64, n: int) -> Having:
        narrow = accounts <= self.most
        kept = [each if ok else each[:0] for each, ok in zip(rows, narrow, strict=True)]
        which = np.concatenate([np.zeros(0, np.int64), *kept])
        columns = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
        held = sp.csr_matrix((np.ones(len(which), np.float32), (which, columns)), shape=(n, len(kept)))
        return Having(held, np.where(narrow, accounts, 0))


def _holders(signal: Signal, accounts: pa.Table | None) -> I64:
    """The accounts of the table that have a signal's means."""
    if accounts is None:
        return np.zeros(0, np.int64)
    has = np.zeros(len(accounts), bool)
    for column, values in signal.desk.items():
        if column in accounts.column_names:
            known = pc.is_in(accounts[column], pa.array(sorted(values), pa.string()))
            has |= known.combine_chunks().to_numpy(zero_copy_only=False)
    return key_of(accounts["account_id"].filter(pa.array(has)).combine_chunks())


def _holders_of_words(signal: Signal, shared: npt.NDArray[np.uint64], sent: npt.NDArray[np.uint32]) -> I64:
    """Rows with several occurrences of the wrapper's shingles."""
    count = (np.isin(sent, signal.shingles) & (shared != EMPTY64)).sum(1)
    return np.flatnonzero(count >= WRAPPER_LEAST)
