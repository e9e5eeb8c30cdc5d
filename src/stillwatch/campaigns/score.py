"""The score of a cluster: a prior and evidence, in bits, that add up.

Families that could be one observation seen twice are capped together (`GROUPS`): what is asked (its subject and its
words), who signed up (cards, domains, addresses), when, how, whose conversations, and what other providers found.
Nothing is reported on fewer than two independent groups, nor without one that says what is taken.
"""

from dataclasses import dataclass, replace

import numpy as np

from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.evidence import client, content, elsewhere, shared_keys, text, time
from stillwatch.campaigns.findings import Evidence, Severity
from stillwatch.config import ScanConfig

#: group -> (families, most bits together)
GROUPS: dict[str, tuple[tuple[str, ...], float]] = {
    "asked": (("content", "text"), 10.0),
    "signed_up": (("sign_up",), 12.0),
    "network": (("network",), 3.5),  # addresses are rented, shared and sold: never one of the two independent reasons
    "when": (("time",), 8.0),
    "conversations": (("protocol",), 10.0),
    "how": (("client",), 3.5),
    "elsewhere": (("alliance",), 8.0),
}
LARGE_LOG, SMALL_LOG = 12.0, 4.0  # log2 of the accounts from which the prior holds as it is; most bits added below
MOST_AGAINST = 2.5  # bits: who buys his cards apart buys his domains apart, too; that is one observation
TAKES = ("asked", "conversations")  # one of these must speak


@dataclass(frozen=True)
class Score:
    """Evidence for and against a cluster; `bits` is their sum with the prior."""

    prior: float
    evidence: tuple[Evidence, ...]  # strongest first

    @property
    def bits(self) -> float:
        """log2 of the odds that this is a campaign."""
        return self.prior + sum(e.bits for e in self.evidence)

    def of_group(self, group: str) -> float:
        """Bits of one group together."""
        return sum(e.bits for e in self.evidence if e.family in GROUPS[group][0])

    def families(self) -> tuple[str, ...]:
        """The families that speak for a campaign, strongest first."""
        bits = {e.family: 0.0 for e in self.evidence}
        for e in self.evidence:
            bits[e.family] += e.bits
        return tuple(f for f, b in sorted(bits.items(), key=lambda item: (-item[1], item[0])) if b > 0)

    def speaks(self, settings: ScanConfig) -> bool:
        """Whether it passes the line: enough bits, from two independent groups, one of which says what is taken."""
        strong = [group for group in GROUPS if self.of_group(group) >= settings.independent_bits]
        return self.bits >= settings.report_bits and len(strong) >= 2 and any(group in strong for group in TAKES)


def weigh(cluster: Cluster, core: Cluster, settings: ScanConfig, beside: float = 0.0) -> Score:
    """All evidence about a cluster, each group capped.

    `core` are those who belong to it by what they ask and when: what the cluster's accounts share is weighed on the
    core alone, since the others were let in because they share it. `beside` are as many outside who would belong to it
    by what they ask and when, and were left out because they share nothing.
    """
    keys = cluster.population.keys
    names = ("payment", "mail_domain", "address", "turn")
    found = [content.weigh(cluster), text.weigh(cluster), time.weigh_in_step(cluster), time.weigh_handed_over(cluster)]
    found += [shared_keys.weigh(core, keys[name], beside) for name in names] + [client.weigh(cluster)]
    found += elsewhere.weigh(core)
    evidence = [e for e in found if e and e.family not in settings.leave_out]
    capped = [e for group in GROUPS for e in _capped(evidence, group)]
    return Score(_prior(cluster.population.accounts, settings), tuple(sorted(capped, key=lambda e: (-e.bits, e.name))))


def _prior(accounts: int, settings: ScanConfig) -> float:
    """A log of few accounts has fewer sets to look at, and starts each of them higher."""
    return settings.prior_bits + min(SMALL_LOG, max(0.0, LARGE_LOG - float(np.log2(max(2, accounts)))))


def _capped(evidence: list[Evidence], group: str) -> list[Evidence]:
    """The evidence of one group, scaled down where it says more than one observation may, for or against."""
    families, most = GROUPS[group]
    own = [e for e in evidence if e.family in families]
    speaking, against = sum(e.bits for e in own if e.bits > 0), -sum(e.bits for e in own if e.bits < 0)
    less = min(1.0, MOST_AGAINST / against) if against else 1.0
    more = min(1.0, (most + less * against) / speaking) if speaking else 1.0
    return [replace(e, bits=e.bits * (more if e.bits > 0 else less)) for e in own]


def severity(score: Score, settings: ScanConfig) -> Severity:
    """How urgent it is, by bits."""
    if score.bits >= settings.critical_bits:
        return "critical"
    if score.bits >= settings.high_bits:
        return "high"
    return "medium" if score.bits >= settings.medium_bits else "low"
