"""Hold what a scan flags against what was planted.

    truth = Truth.read(folder / "truth", "alpha")
    score = judge(truth, clusters_of(findings))

The definitions:

- An account is *flagged* if it is in any cluster of the findings.
- A cluster is *of* a campaign if it has three accounts or more, and at least 80 % of its accounts are that campaign's.
- A campaign is *found* if at least half of its requests come from accounts in clusters of it.
- A cluster of which less than half was planted is a *false campaign*.
- *Caught* is the share of all planted requests that come from flagged accounts; *recall*, the share of planted
  accounts that are flagged; *false accounts* are benign ones that are flagged.
- B-cubed (Bagga and Baldwin 1998), over the planted accounts that are flagged: of those in a cluster with an account,
  the share of its campaign (precision); of its campaign, the share that is in a cluster with it (recall).

An account that is in two clusters counts once; a scan puts none in two.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOSTLY = 0.8
FEWEST = 3
HALF = 0.5

Clusters = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Truth:
    """Who is who at one provider.

    Attributes:
        benign: account -> kind.
        planted: account -> campaign.
        served: account -> requests that it made for its campaign; absent where there are none.
    """

    benign: Mapping[str, str]
    planted: Mapping[str, str]
    served: Mapping[str, int]

    @classmethod
    def read(cls, folder: Path, provider: str, *, among: pa.Array | None = None) -> "Truth":
        """From a folder `truth`; `among` keeps only the requests with these ids."""
        accounts = pq.read_table(folder / "accounts.parquet", filters=[("provider", "==", provider)]).to_pylist()
        planted = {a["account_id"]: a["campaign"] for a in accounts if a["campaign"]}
        requests = pq.read_table(folder / "requests.parquet", filters=[("provider", "==", provider)])
        if among is not None:
            requests = requests.filter(pc.is_in(requests["request_id"], among))
        counted = requests.group_by(["account_id", "campaign"]).aggregate([([], "count_all")]).to_pylist()
        served = {r["account_id"]: r["count_all"] for r in counted if r["campaign"] == planted.get(r["account_id"], "")}
        return cls({a["account_id"]: a["kind"] for a in accounts if not a["campaign"]}, planted, served)

    def campaigns(self) -> dict[str, frozenset[str]]:
        """The accounts of each campaign."""
        return {
            name: frozenset(a for a, of in self.planted.items() if of == name)
            for name in sorted(set(self.planted.values()))
        }

    def requests(self, accounts: Iterable[str]) -> int:
        """Requests that these accounts made for their campaigns."""
        return sum(self.served.get(account, 0) for account in accounts)


@dataclass(frozen=True)
class Campaign:
    """What was seen of one planted campaign."""

    requests: int
    seen: int  # requests of its accounts in clusters of it
    accounts: int
    flagged: int

    @property
    def found(self) -> bool:
        """At least half of its requests are seen; there must be one."""
        return self.requests > 0 and self.seen >= HALF * self.requests


@dataclass(frozen=True)
class Score:
    """How a scan did; sums, so that scores of several providers or logs add up.

    Attributes:
        campaigns: each planted one.
        false_campaigns: clusters of which less than half was planted.
        caught, planted_requests: requests.
        flagged, planted_accounts: planted accounts.
        false_accounts: flagged benign accounts by kind.
        benign_accounts: all benign accounts by kind.
        unknown: flagged accounts that are in no truth.
        b3_precision, b3_recall: sums over the flagged planted accounts.
    """

    campaigns: tuple[tuple[str, Campaign], ...] = ()
    false_campaigns: int = 0
    caught: int = 0
    planted_requests: int = 0
    flagged: int = 0
    planted_accounts: int = 0
    false_accounts: Counter[str] = field(default_factory=Counter)
    benign_accounts: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    b3_precision: float = 0.0
    b3_recall: float = 0.0

    def __add__(self, other: "Score") -> "Score":
        """Both together, as of different accounts."""
        return Score(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    @property
    def found(self) -> int:
        """Campaigns found."""
        return sum(campaign.found for _, campaign in self.campaigns)

    @property
    def worst_kind(self) -> tuple[str, float] | None:
        """The benign kind of which the largest share is flagged, and that share."""
        shares = {kind: n / self.benign_accounts[kind] for kind, n in self.false_accounts.items() if n}
        return max(shares.items(), key=lambda item: (item[1], item[0])) if shares else None

    def figures(self) -> dict[str, Any]:
        """As ratios; None where there is nothing to divide by."""
        worst = self.worst_kind
        return {
            "found": self.found,
            "planted": len(self.campaigns),
            "false_campaigns": self.false_campaigns,
            "caught": _ratio(self.caught, self.planted_requests),
            "recall": _ratio(self.flagged, self.planted_accounts),
            "false_accounts": self.false_accounts.total(),
            "false_per_10k": _ratio(10_000 * self.false_accounts.total(), self.benign_accounts.total()),
            "worst_kind": worst and worst[0],
            "worst_kind_share": worst and worst[1],
            "b3_precision": _ratio(self.b3_precision, self.flagged),
            "b3_recall": _ratio(self.b3_recall, self.flagged),
            "unknown": self.unknown,
        }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def clusters_of(findings: Mapping[str, Any]) -> Clusters:
    """The accounts of each campaign of a findings document."""
    return tuple(frozenset(a["account_id"] for a in campaign["accounts"]) for campaign in findings["campaigns"])


def owner(truth: Truth, cluster: frozenset[str]) -> str | None:
    """The campaign that a cluster is of."""
    owners = Counter(truth.planted[a] for a in cluster if a in truth.planted)
    if len(cluster) < FEWEST or not owners:
        return None
    name, count = owners.most_common(1)[0]
    return name if count >= MOSTLY * len(cluster) else None


def judge(truth: Truth, clusters: Clusters) -> Score:
    """Score the findings of one provider's log."""
    flagged = frozenset().union(*clusters)
    caught = flagged & truth.planted.keys()
    members = truth.campaigns()
    precision, recall = _b_cubed(truth, members, clusters)
    return Score(
        campaigns=tuple((name, _campaign(truth, name, accounts, clusters)) for name, accounts in members.items()),
        false_campaigns=sum(len(cluster & truth.planted.keys()) < HALF * len(cluster) for cluster in clusters),
        caught=truth.requests(caught),
        planted_requests=truth.requests(truth.planted),
        flagged=len(caught),
        planted_accounts=len(truth.planted),
        false_accounts=Counter(truth.benign[a] for a in flagged & truth.benign.keys()),
        benign_accounts=Counter(truth.benign.values()),
        unknown=len(flagged - truth.planted.keys() - truth.benign.keys()),
        b3_precision=precision,
        b3_recall=recall,
    )


def _campaign(truth: Truth, name: str, accounts: frozenset[str], clusters: Clusters) -> Campaign:
    seen = accounts & frozenset().union(*(cluster for cluster in clusters if owner(truth, cluster) == name))
    flagged = accounts & frozenset().union(*clusters)
    return Campaign(truth.requests(accounts), truth.requests(seen), len(accounts), len(flagged))


def _b_cubed(truth: Truth, members: Mapping[str, frozenset[str]], clusters: Clusters) -> tuple[float, float]:
    together: dict[str, frozenset[str]] = {}
    for cluster in clusters:
        for account in cluster & truth.planted.keys():
            together[account] = together.get(account, frozenset()) | cluster
    precision = recall = 0.0
    for account, mates in together.items():
        own = members[truth.planted[account]]
        precision += len(mates & own) / len(mates)
        recall += len(mates & own) / len(own)
    return precision, recall
