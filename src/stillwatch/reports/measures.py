"""What was done about campaigns, out of the ledger of decisions: counted, for those who read about it later.

    with Ledger.open("ledger.sqlite", create=False) as ledger:
        together, by_campaign = taken(ledger.entries(), {"c-3f9a": account_ids, ...}, now)

A decision belongs to a campaign by its account, or by the campaign's id: the id changes from scan to scan, accounts do
not. What was simulated was written down and did nothing; it is counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from stillwatch.response.ledger.chain import Entry
from stillwatch.response.ledger.entries import Answered, Appealed, Body, Decided, Lifted, Proposed, Switched
from stillwatch.response.ledger.picture import fold
from stillwatch.response.model import Decision, Rung


@dataclass(frozen=True)
class Step:
    """One rung of the ladder.

    Attributes:
        rung: what was done.
        ever: accounts that it was decided for.
        now: of them those that it stands for.
    """

    rung: Rung
    ever: int
    now: int


@dataclass(frozen=True)
class Measures:
    """What was done about some campaigns.

    Attributes:
        steps: rungs that were taken, mildest first; simulated ones are not among them.
        simulated: accounts for which measures were written down and did nothing.
        waiting: proposals that nobody has signed.
        signed: decisions that a person signed.
        lifted: decisions that were ended early.
        first: when the first measure began.
        appeals: by outcome: open, overdue, upheld, reversed; overdue ones are open, too.
        enabled: whether measures act at all: the switch.
    """

    steps: tuple[Step, ...]
    simulated: int
    waiting: int
    signed: int
    lifted: int
    first: datetime | None
    appeals: Mapping[str, int]
    enabled: bool

    @property
    def touched(self) -> bool:
        """Whether anything was done that an account could feel."""
        return bool(self.steps)


@dataclass
class _Read:
    """What the ledger says of one campaign, or of all, gathered entry by entry."""

    bodies: list[Body] = field(default_factory=list)
    decided: dict[str, Decision] = field(default_factory=dict)
    lifted: set[str] = field(default_factory=set)
    appeals: dict[str, tuple[datetime, str]] = field(default_factory=dict)  # due, outcome

    def take(self, body: Body) -> None:
        match body:
            case Decided(decision):
                self.decided[decision.id] = decision
            case Lifted() if body.at is None and body.decision in self.decided:
                self.lifted.add(body.decision)
            case Appealed():
                self.appeals[body.appeal] = body.due, "open"
            case Answered():
                self.appeals[body.appeal] = self.appeals[body.appeal][0], body.outcome
        self.bodies.append(body)


@dataclass
class _Owners:
    """Whose an entry is: of the campaigns that its decision or its account belongs to."""

    accounts: Mapping[str, list[str]]
    campaigns: AbstractSet[str]
    known: dict[str, AbstractSet[str]] = field(default_factory=dict)  # decisions and appeals

    def of(self, body: Body) -> AbstractSet[str]:
        match body:
            case Decided(decision) | Proposed(decision):
                owners = {*self.accounts.get(decision.value, ()), *({decision.campaign} & self.campaigns)}
                return self._known(decision.id, owners)
            case Lifted():
                return self.known.get(body.decision, frozenset())
            case Appealed():
                owners = {*self.known.get(body.decision, ()), *self.accounts.get(body.value, ())}
                return self._known(body.appeal, owners)
            case Answered():
                return self.known.get(body.appeal, frozenset())
        return frozenset()

    def _known(self, name: str, owners: AbstractSet[str]) -> AbstractSet[str]:
        if owners:
            self.known[name] = owners
        return owners


def taken(
    entries: Iterable[Entry], campaigns: Mapping[str, Iterable[str]], now: datetime
) -> tuple[Measures, Mapping[str, Measures]]:
    """What was done about some campaigns.

    Args:
        entries: of the whole ledger, in order; read once.
        campaigns: ids, each with its accounts.
        now: the time.

    Returns:
        About all of them together, and about each by its id.
    """
    accounts: defaultdict[str, list[str]] = defaultdict(list)
    for name, members in campaigns.items():
        for account in members:
            accounts[account].append(name)
    owners, together = _Owners(accounts, campaigns.keys()), _Read()
    reads, enabled = {name: _Read() for name in campaigns}, True
    for entry in entries:
        body = entry.body
        enabled = body.on if isinstance(body, Switched) else enabled
        concerned = owners.of(body)
        for read in [together, *map(reads.__getitem__, concerned)] if concerned else []:
            read.take(body)
    counted = {name: _counted(read, now, enabled=enabled) for name, read in reads.items()}
    return _counted(together, now, enabled=enabled), counted


def _counted(read: _Read, now: datetime, *, enabled: bool) -> Measures:
    picture = fold(read.bodies, now)
    real = [each for each in read.decided.values() if not each.simulated and each.action > Rung.OBSERVE]
    appeals = [("overdue" if status == "open" and due < now else status) for due, status in read.appeals.values()]
    return Measures(
        steps=tuple(_steps(real, picture.standing.keys())),
        simulated=len({each.value for each in read.decided.values() if each.simulated}),
        waiting=len(picture.waiting),
        signed=sum(each.by is not None for each in read.decided.values()),
        lifted=len(read.lifted),
        first=min((each.since for each in real), default=None),
        appeals={name: appeals.count(name) for name in ("open", "overdue", "upheld", "reversed") if name in appeals},
        enabled=enabled,
    )


def _steps(decisions: Iterable[Decision], standing: AbstractSet[str]) -> Iterator[Step]:
    decided = [*decisions]
    for rung in sorted({each.action for each in decided}):
        ever = {each.value for each in decided if each.action == rung}
        now = {each.value for each in decided if each.action == rung and each.id in standing}
        yield Step(rung, len(ever), len(now))
