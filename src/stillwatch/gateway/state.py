"""What a gateway's process holds between requests: the snapshot, budgets, prompts that were denied. All bounded.

Requests read and charge; the background thread swaps the snapshot and exchanges budgets once a second.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stillwatch.response.decide import HOUR, NOTHING
from stillwatch.response.model import Kind, Rung, Spent
from stillwatch.response.snapshot import Snapshot

RECEIVED = 1 << 17  # reasoning blocks of which the receiver is remembered
DENIED = 1 << 16  # prompts that are remembered
SEEN = 1 << 16  # prompts of which the last account is remembered
MEMORY_SECONDS = float(HOUR)
SHORT = 64  # letters: what is shorter ("go on", "thanks") is said by everybody
_WHOLE = 1 << 13  # letters that are hashed; of longer texts half of it from each end


def fingerprint(text: str | None) -> int:
    """A 64-bit hash of a text, under a key of this process alone (SipHash, PEP 456); 0 for a short one."""
    if not text or len(text) < SHORT:
        return 0
    if len(text) <= _WHOLE:
        return hash(text)
    return hash((text[: _WHOLE // 2], text[-_WHOLE // 2 :], len(text)))


class _Denial(NamedTuple):
    campaign: str
    account: str  # that was denied
    at: float  # of a clock that does not jump
    successor: list[str]  # the account that came with it next; at most one


class Turns:
    """Prompts that were denied, and by whom a prompt was last asked.

    A prompt that was denied to one account and comes from another within the hour is failover; one that was asked by
    others before it was denied is everybody's, and tells nothing. So only the first account to come with it is told.
    """

    def __init__(self) -> None:
        self._denied: dict[int, _Denial] = {}
        self._seen, self._by = [0] * SEEN, [""] * SEEN  # a turn, and the account that asked it last

    def recognise(self, account: str, asked: int, before: int, now: float) -> tuple[str, Kind | None]:
        """The campaign that a request goes on for, and how: by its last turn, or by the one before.

        Args:
            account: who asks.
            asked: the fingerprint of the last turn.
            before: that of the user's turn before it.
            now: seconds of a clock that does not jump.
        """
        if self._denied:
            if campaign := self._continued(account, asked, now):
                return campaign, "failover"
            if campaign := self._continued(account, before, now):
                return campaign, "conversation"
        for turn in (asked, before):
            if turn:
                self._seen[turn % SEEN], self._by[turn % SEEN] = turn, account
        return "", None

    def _continued(self, account: str, turn: int, now: float) -> str:
        denial = self._denied.get(turn) if turn else None
        if denial is None or denial.account == account or now - denial.at > MEMORY_SECONDS:
            return ""
        if not denial.successor:
            denial.successor.append(account)
        return denial.campaign if denial.successor[0] == account else ""

    def deny(self, account: str, campaign: str, turns: tuple[int, int], now: float) -> None:
        """Remember the turns of a request that was denied."""
        for turn in turns:
            before = self._denied.pop(turn, None)
            if turn and (before or self._is_own(turn, account)):
                while len(self._denied) >= DENIED:
                    self._denied.pop(next(iter(self._denied)), None)
                successor = before.successor if before and before.account == account else []
                self._denied[turn] = _Denial(campaign, account, now, successor)

    def _is_own(self, turn: int, account: str) -> bool:
        """Nobody else was seen with it."""
        return self._seen[turn % SEEN] != turn or self._by[turn % SEEN] == account


@dataclass
class State:
    """One process's state.

    Attributes:
        snapshot: what is in force; swapped as a whole.
        turns: prompts that were denied.
        receivers: by digest of a reasoning block, the account that received it here.
        spent: of each campaign's budget, by all gateways as far as is known, in `hour`.
    """

    snapshot: Snapshot = field(default_factory=Snapshot)
    turns: Turns = field(default_factory=Turns)
    receivers: dict[str, str] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)
    hour: int = 0
    _own: dict[str, Spent] = field(default_factory=dict)  # charged here, and not told to the others yet
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, now: float) -> None:
        """Begin a new hour where one has begun; budgets of another are forgotten."""
        hour = int(now // HOUR)
        if hour != self.hour:
            with self._lock:
                self.hour, self.spent, self._own = hour, {}, {}

    def receive(self, account: str, blocks: Sequence[str]) -> None:
        """Remember who received reasoning blocks; the background thread's alone."""
        for block in blocks:
            while len(self.receivers) >= RECEIVED:
                self.receivers.pop(next(iter(self.receivers)), None)
            self.receivers[block] = account

    def receiver(self, account: str, blocks: Sequence[str]) -> str:
        """Another account that received one of the blocks that this one presents; "" for none."""
        for block in blocks:
            other = self.receivers.get(block, account)
            if other != account:
                return other
        return ""

    def charge(self, campaign: str, requests: int, tokens: int) -> None:
        """Take from a campaign's budget."""
        with self._lock:
            for book in (self.spent, self._own):
                so_far = book.get(campaign, NOTHING)
                book[campaign] = Spent(so_far.requests + requests, so_far.tokens + tokens)

    def owed(self) -> tuple[int, dict[str, Spent]]:
        """The hour, and what was charged here and has to be told; zeros for campaigns with a budget."""
        with self._lock:
            limited = (name for name, m in self.snapshot.campaigns.items() if m.action >= Rung.BUDGET)
            own, self._own = dict.fromkeys(limited, NOTHING) | self._own, {}
            return self.hour, own

    def settle(self, hour: int, totals: Mapping[str, Spent]) -> None:
        """Take over what all gateways spent together, with what was charged here since."""
        with self._lock:
            if hour == self.hour:
                self.spent |= {name: _sum(total, self._own.get(name, NOTHING)) for name, total in totals.items()}

    def owe(self, hour: int, own: Mapping[str, Spent]) -> None:
        """What could not be told is told the next time."""
        with self._lock:
            if hour == self.hour:
                self._own |= {name: _sum(was, self._own.get(name, NOTHING)) for name, was in own.items()}


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(one.requests + other.requests, one.tokens + other.tokens)
