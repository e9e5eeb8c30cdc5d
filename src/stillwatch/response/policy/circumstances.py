"""From findings to the cases that a policy judges: who, on whose evidence, how old.

    known = customers(accounts, ids)
    wishes = Circumstances(policy, known, exempt, independent_bits, now).wishes(campaign, known_as, recognition)

Here the laws are applied that hold whoever decides: nothing above observe on imported evidence alone, nothing above
cap on fewer than two independent families, nothing beyond the allow list and declared uses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.recognition import Recognition
from stillwatch.campaigns.score import GROUPS
from stillwatch.response.model import Origin, Rung, Scope
from stillwatch.response.policy.decider import Case, Choice
from stillwatch.response.policy.policy import Policy

#: A campaign or a member of one, as `campaigns.findings` has it or as the document of `reports` does, which is not ours
#: to import: the fields have the same names.
Found: TypeAlias = Any

_DAY = timedelta(days=1)
_MOSTLY = 0.5  # of a campaign's accounts, from which its template is rather theirs who may do what they do


@dataclass(frozen=True)
class Speaking:
    """Which evidence speaks, and for how many independent groups.

    Attributes:
        groups: those of at least `independent_bits` (`campaigns.score.GROUPS`).
        families: the families in them.
        origin: imported where no group of our own is among them, both where another provider's is, too.
        evidence: "<campaign>:<family>:<name>" of all that speaks for it, strongest first.
    """

    groups: frozenset[str]
    families: frozenset[str]
    origin: Origin
    evidence: tuple[str, ...]

    @classmethod
    def of(cls, campaign: Found, independent_bits: float) -> "Speaking":
        """What speaks for a campaign."""
        pieces = sorted(campaign.evidence, key=lambda e: (-e.bits, e.family, e.name))
        bits = {name: sum(e.bits for e in pieces if e.family in group) for name, (group, _) in GROUPS.items()}
        strong = frozenset(name for name, found in bits.items() if found >= independent_bits)
        told = any(e.family == "alliance" and e.bits > 0 for e in pieces)
        own: Origin = "both" if told else "own"
        speaking = [e for e in pieces if e.bits > 0]
        return cls(
            strong,
            frozenset(e.family for e in speaking if any(e.family in GROUPS[name][0] for name in strong)),
            own if strong - {"elsewhere"} else "imported",
            tuple(f"{campaign.id}:{e.family}:{e.name}" for e in speaking),
        )


@dataclass(frozen=True)
class Customer:
    """What the accounts table knows of one account."""

    organizations: frozenset[str] = frozenset()
    plan: str | None = None
    created: datetime | None = None


_UNKNOWN = Customer()


def customers(accounts: pa.Table | None, ids: Iterable[str]) -> dict[str, Customer]:
    """The accounts that matter, by id; of an account with several rows the organizations of all and the oldest row."""
    if accounts is None:
        return {}
    wanted = pc.is_in(accounts["account_id"], value_set=pa.array(sorted(set(ids)), pa.string()))
    columns = ["account_id", "organization_id", "created", "plan"]
    found: dict[str, Customer] = {}
    rows = accounts.select(columns).filter(wanted).to_pylist()
    for row in sorted(rows, key=lambda row: [str(row[name]) for name in ("created", "plan")]):
        known = found.get(row["account_id"])
        own = frozenset({row["organization_id"]} - {None, ""})
        found[row["account_id"]] = (
            Customer(known.organizations | own, known.plan, known.created)
            if known
            else Customer(own, row["plan"], row["created"])
        )
    return found


@dataclass(frozen=True)
class Wish:
    """What the policy wants of one account, or of whoever is recognised as a campaign's, within the laws.

    Attributes:
        case: what was judged.
        choice: what the policy wanted of it.
        action: the rung that the laws leave of that.
        campaign: the id under which measures know the campaign.
        speaking: the evidence.
        last_seen: the account's last request; of a campaign, its last.
        template: of a campaign, what recognises it.
    """

    case: Case
    choice: Choice
    action: Rung
    campaign: str
    speaking: Speaking
    last_seen: datetime
    template: tuple[int, ...] = ()
    recognised: bool = False  # before anybody could judge it: for `recognised.hours`, up to `recognised.most`

    @property
    def key(self) -> tuple[Scope, str]:
        """Whom it is about."""
        return ("campaign", self.campaign) if self.case.account is None else ("account", self.case.account)

    @property
    def order(self) -> tuple[Any, ...]:
        """The strongest first, then by name: the same whatever the order of the findings."""
        bits = self.case.bits if self.case.account_bits is None else self.case.account_bits
        return (-self.action, -bits, self.campaign, self.key)


@dataclass(frozen=True)
class Circumstances:
    """Beside the findings: the policy, who the customers are, and what time it is."""

    policy: Policy
    customers: Mapping[str, Customer]
    exempt: frozenset[str]
    independent_bits: float
    now: datetime

    def wishes(self, campaign: Found, known_as: str, recognition: Recognition) -> Iterator[Wish]:
        """What the policy wants of a campaign's accounts, then of whoever comes next; nothing of who is exempt."""
        speaking = Speaking.of(campaign, self.independent_bits)
        bounds = {member.account_id: self._most(member.account_id) for member in campaign.accounts}
        for member in campaign.accounts:
            if (bound := bounds[member.account_id]) is not None:
                case = self._case(campaign, speaking, member)
                yield from self._wish(case, bound, known_as, speaking, member.last_seen)
        harmless = sum(bound in {None, Rung.OBSERVE} for bound in bounds.values())
        bound = Rung.OBSERVE if harmless >= _MOSTLY * len(bounds) else self.policy.recognised.most
        template = recognition.template or tuple(campaign.signature.template)
        for account in (None, *sorted(set(recognition.accounts) - bounds.keys())):
            own = self._most(account) if account else bound
            if own is not None:
                case = replace(self._case(campaign, speaking), account=account, **self._customer(account))
                for wish in self._wish(case, min(own, bound), known_as, speaking, campaign.last_seen):
                    yield replace(wish, template=() if account else template, recognised=True)

    def _most(self, account: str) -> Rung | None:
        """The highest rung that may touch an account; None: it is exempt, and is not even written down."""
        names = {account, *self.customers.get(account, _UNKNOWN).organizations}
        if names & (self.exempt | self.policy.exempt.accounts | self.policy.exempt.organizations):
            return None
        return min(self._bounds.get(name, Rung.HOLD) for name in names)

    @cached_property
    def _bounds(self) -> dict[str, Rung]:
        return self.policy.most(self.now)

    def _wish(self, case: Case, bound: Rung, known_as: str, speaking: Speaking, last_seen: datetime) -> Iterator[Wish]:
        choice = self.policy.decider.decide(case)
        if choice is not None:
            action = min(lawful(choice.action, case), bound)
            yield Wish(case, choice, action, known_as, speaking, last_seen)

    def _customer(self, account: str | None) -> dict[str, Any]:
        """What of a case the accounts table knows."""
        customer = self.customers.get(account or "", _UNKNOWN)
        age = None if customer.created is None else max(0.0, (self.now - customer.created) / _DAY)
        return {"plan": customer.plan, "account_age_days": age}

    def _case(self, campaign: Found, speaking: Speaking, member: Found | None = None) -> Case:
        return Case(
            severity=campaign.severity,
            families=len(speaking.groups),
            origin=speaking.origin,
            accounts=len(campaign.accounts),
            bits=campaign.bits,
            evidence_age_days=max(0.0, (self.now - (member or campaign).last_seen) / _DAY),
            family=speaking.families,
            lookalike=frozenset(each.name for each in campaign.lookalikes_considered if each.fits),
            account_bits=member and member.bits,
            account=member and member.account_id,
            campaign=campaign.id,
            **self._customer(member and member.account_id),
        )


def lawful(action: Rung, case: Case) -> Rung:
    """The rung, or the highest below it that the evidence allows, whoever decided."""
    if case.origin == "imported":
        return Rung.OBSERVE
    return action if case.families >= 2 else min(action, Rung.CAP)
