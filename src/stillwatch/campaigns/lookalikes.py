"""Innocent explanations, and why each does or does not hold for a cluster.

A campaign is reported with all of them, so that whoever reads it sees what was considered. Each has its page in
docs/lookalikes/. The evidence itself already discounts what they explain; none of them is decided by wording.
"""

import numpy as np

from stillwatch.campaigns.cluster import Cluster
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.findings import Lookalike
from stillwatch.campaigns.score import Score


def considered(cluster: Cluster, score: Score) -> tuple[Lookalike, ...]:
    """Every look-alike, with whether it explains this cluster."""
    return (
        _one_customer(cluster),
        _popular_text(cluster, score),
        _public_work(score),
        _class(cluster),
        _common_interest(score),
        _one_heavy_user(cluster),
    )


def _bits(score: Score, *names: str) -> float:
    return sum(e.bits for e in score.evidence if e.name in names)


def _one_customer(cluster: Cluster) -> Lookalike:
    largest = int(np.bincount(cluster.party).max())
    fits = largest >= 0.8 * len(cluster)
    says = (
        f"Several keys of one team, a company or a class would openly be one customer; here {len(cluster)} accounts "
        f"are {cluster.parties} customers, and the largest holds {largest} of them."
    )
    return Lookalike("one-customer", fits, says)


def _popular_text(cluster: Cluster, score: Score) -> Lookalike:
    held, own = cluster.held(cluster.population.keys["text"]), own_words(cluster)
    outside = int(held.outside[np.isin(held.things, own)].max(initial=0))
    fits = len(own) > 0 and _bits(score, "payment", "mail_domain", "address", "turn", "in_step", "handed_over") <= 0
    says = (
        f"A popular client's prompt, or one that went round, is found with people who share nothing else; "
        f"of these words at most {outside} accounts outside hold any, and the accounts "
        + ("share nothing else." if fits else "share more than words.")
    )
    return Lookalike("popular-prompt", fits, says)


def _public_work(score: Score) -> Lookalike:
    links, step = _bits(score, "payment", "mail_domain", "turn"), _bits(score, "in_step", "handed_over")
    fits = links <= 0 and step <= 0
    says = "Unrelated teams that run the same public benchmark or tool pay apart and run when each likes; " + (
        "so do these."
        if fits
        else f"these share means of payment or mail ({links:.1f} bits) or their hours ({step:.1f} bits)."
    )
    return Lookalike("public-benchmark", fits, says)


def _class(cluster: Cluster) -> Lookalike:
    share = float(cluster.population.education[cluster.rows].mean()) if len(cluster) else 0.0
    first, last = (cluster.population.profiles[name][cluster.rows] for name in ("first", "last"))
    hours = float((last.max() - first.min()) / 3.6e9)
    fits = share >= 0.8 and hours <= 24
    says = (
        f"A class or hackathon is short and on education plans; these were active over {hours / 24:.1f} days, "
        f"{share:.0%} on such plans."
    )
    return Lookalike("class", fits, says)


def _common_interest(score: Score) -> Lookalike:
    fits = _bits(score, "one_subject", "shared_text") <= 0
    says = "People with one interest, habit or language are many, and strangers come as near to them as they do; " + (
        "so it is here." if fits else "here nearly nobody outside does."
    )
    return Lookalike("common-interest", fits, says)


def _one_heavy_user(cluster: Cluster) -> Lookalike:
    requests = cluster.population.profiles["requests"][cluster.rows].astype(np.int64)
    share = float(requests.max() / max(1, requests.sum()))
    says = f"An application or a batch job is one account with most of the traffic; the busiest here has {share:.0%}."
    return Lookalike("application", share >= 0.8, says)
