"""From a judgement to measures: the policy decides, the ledger records, the gateways are told.

    acting = Acting(policy, ledger, relay, by="alice")       # by=None: everything is simulated
    acting.judged(judgement, accounts, now)                  # after each judgement
    acting.heard(sightings, counts, now)                     # what gateways reported meanwhile

Besides what `response.policy.ruling` decides, three things are done here. Whom a gateway recognised falls under the
campaign's measure for a short time. A measure is lifted when two judgements of all accounts in a row no longer name the
account. And an account may have customers of its own: at first only requests that hold the campaign's template are
touched, and all of them once nearly all have shown it.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyarrow as pa

from stillwatch.reports.document import Campaign
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import RECOGNISED, Decision, Kind, Rung, Sighting
from stillwatch.response.policy.policy import Policy
from stillwatch.response.policy.ruling import INDEPENDENT_BITS, Proposal, decide_on
from stillwatch.watch.judgement import Judgement

FAMILY: Mapping[Kind, str] = {
    "template": "text", "failover": "protocol", "conversation": "protocol", "reasoning": "protocol",
}  # fmt: skip
SEEN = 50  # requests of a campaign's accounts, from which on it is told whether they have customers of their own
OTHERS = 0.2  # of these, so many without the template: they have
COVERS = 0.5  # of a campaign's customers, who send its own words: what has them is its work, and what has not is not
LIFTED = "the evidence no longer names this account"


@dataclass
class Acting:
    """What is done about campaigns.

    Attributes:
        policy: which measure follows from what.
        ledger: where it is written down.
        publish: tells the gateways what stands now; called after every change.
        by: the person in whose name the policy's measures are applied; None: they are simulated.
        seed: of the onset.
        independent_bits: see `scan.independent_bits`.
    """

    policy: Policy
    ledger: Ledger
    publish: Callable[[datetime], None]
    by: str | None = None
    seed: int = 0
    independent_bits: float = INDEPENDENT_BITS
    _custom: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _rungs: dict[str, Decision] = field(default_factory=dict)  # by campaign, its measure for whoever comes next
    _covers: dict[str, bool] = field(default_factory=dict)  # whether most of a campaign send its own words
    _unnamed: set[str] = field(default_factory=set)  # decisions whose account the last judgement of all did not name

    def judged(self, judgement: Judgement, accounts: pa.Table | None, now: datetime) -> Proposal:
        """Act on findings; returns what was decided by the policy."""
        picture = self.ledger.picture(now)
        standing = tuple(picture.standing.values())
        proposal = decide_on(
            judgement.document,
            accounts,
            self.policy,
            standing=standing,
            now=now,
            rng_seed=self.seed,
            waiting=tuple(picture.waiting.values()),
            recognitions=judgement.recognitions,
            simulated=self.by is None,
            independent_bits=self.independent_bits,
        )
        self._remember((*standing, *proposal.decisions))
        self._covers |= {c.id: _covered(c) for c in judgement.document.campaigns}
        made = [self._sparing(d) for d in proposal.decisions]
        made += self._told_apart(standing, {(d.scope, d.value) for d in made})
        ended = [*proposal.lifts, *proposal.moot, *self._outdated(judgement, standing)]
        self._write(made, proposal.waiting, ended, now)
        return proposal

    def heard(self, sightings: Sequence[Sighting], counts: Collection[tuple[str, int]], now: datetime) -> None:
        """What gateways reported: whom they recognised, and whether accounts have customers of their own."""
        told = self._counted(counts)
        if not sightings and not told:
            return  # gateways report every second, and what stands takes time to read
        standing = self.ledger.standing(now)
        named = {each.value for each in standing if each.scope == "account"}
        new = {s.account: (s.account, s.campaign, f"{s.campaign}:{FAMILY[s.kind]}:{RECOGNISED}") for s in sightings}
        self._remember(standing)
        made = [self._sparing(d) for d in self._recognised((new[a] for a in sorted(new.keys() - named)), now)]
        made += self._told_apart(standing, {(d.scope, d.value) for d in made})
        if made:
            self._write(made, (), (), now)

    def _counted(self, counts: Iterable[tuple[str, int]]) -> bool:
        """Add what gateways counted of accounts' other custom; returns whether that changes who is spared."""
        parts = [(*name.partition(".")[::2], number) for name, number in counts]
        custom = [part for part in parts if part[0] in ("shown", "spared")]
        before = {campaign: self._spared(campaign) for _, campaign, _ in custom}
        for kind, campaign, number in custom:
            self._custom[campaign][kind] += number
        return any(self._spared(campaign) != spared for campaign, spared in before.items())

    def _write(
        self, made: Sequence[Decision], waiting: Sequence[Decision], lifts: Sequence[Decision], now: datetime
    ) -> None:
        if lifts:
            self.ledger.lift(sorted({d.id for d in lifts}), "policy", LIFTED, now)
        if made:
            self.ledger.decide(made, by=self.by or "nobody", now=now)
        if waiting:
            self.ledger.propose(waiting, now)
        self.publish(now)

    def _outdated(self, judgement: Judgement, standing: Iterable[Decision]) -> list[Decision]:
        """Measures of the policy against accounts and campaigns that the findings have stopped naming.

        An account at the edge of a campaign is named by one judgement and not by the next: one is not enough.
        """
        if not judgement.whole:
            return []
        campaigns = judgement.document.campaigns
        named = {c.id for c in campaigns} | {member.account_id for c in campaigns for member in c.accounts}
        gone = {d.id: d for d in standing if d.value not in named and _revocable(d)}
        outdated, self._unnamed = [gone[id_] for id_ in sorted(gone.keys() & self._unnamed)], set(gone)
        return outdated

    def _remember(self, decisions: Iterable[Decision]) -> None:
        self._rungs = {d.value: d for d in decisions if d.scope == "campaign"}

    def _spared(self, campaign: str) -> bool:
        """Whether a campaign's accounts may have customers of their own, whose requests can be told apart."""
        measure, seen = self._rungs.get(campaign), self._custom[campaign]
        template = measure.template if measure else ()
        if not self._covers.get(campaign) or len(template) < self.policy.recognised.least_shingles:
            return False
        return seen.total() < SEEN or seen["spared"] > OTHERS * seen.total()

    def _sparing(self, decision: Decision) -> Decision:
        """The decision, held to requests with the campaign's template where these can be told apart."""
        if decision.scope != "account" or not self._spared(decision.campaign):
            return decision
        return _anew(replace(decision, spares=True))

    def _told_apart(self, standing: Iterable[Decision], made: Collection[tuple[str, str]]) -> list[Decision]:
        """Decisions that stand (and are not made anew anyhow), sparing or no longer so, as it is known by now."""
        return [
            _anew(replace(d, spares=not d.spares))
            for d in standing
            if d.scope == "account" and d.by is None and d.campaign in self._covers and d.campaign in self._rungs
            if d.spares != self._spared(d.campaign) and (d.scope, d.value) not in made
        ]

    def _recognised(self, found: Iterable[tuple[str, str, str]], now: datetime) -> Iterator[Decision]:
        """Decisions for accounts (id, campaign, evidence) that no judgement has named."""
        for account, campaign, evidence in found:
            measure = self._rungs.get(campaign)
            if measure is not None and measure.action > Rung.OBSERVE:
                yield _anew(
                    replace(
                        measure,
                        scope="account",
                        value=account,
                        action=min(measure.action, self.policy.recognised.most),
                        since=max(now, measure.since),
                        until=now + timedelta(hours=self.policy.recognised.hours),
                        evidence=(evidence, *measure.evidence),
                        template=(),
                        by=None,
                    )
                )


def _covered(campaign: Campaign) -> bool:
    """Whether most of a campaign's customers send its own words."""
    return any(piece.name == "shared_text" and piece.observed >= COVERS for piece in campaign.evidence)


def _revocable(decision: Decision) -> bool:
    """Whether the policy made it, on a judgement: who was only recognised is free again when the time is over."""
    lately = any(each.endswith(f":{RECOGNISED}") for each in decision.evidence)
    return decision.by is None and decision.origin != "person" and not lately


def _anew(decision: Decision) -> Decision:
    """Under an id of its own."""
    said = f"{decision.id} {decision.scope} {decision.value} {decision.since} {decision.spares}"
    return replace(decision, id=f"d-{hashlib.sha256(said.encode()).hexdigest()[:12]}")
