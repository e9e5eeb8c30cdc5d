"""Cases that a policy must pass, in a file beside it: campaigns to act on, and innocents not to touch.

    results = run(policy, load_cases(path.with_suffix(".cases.toml")), now)
    [result.says for result in results if not result.passed]

A case goes through `ruling.decide_on` as findings do, so that the laws, the blast radius and who waits are tested with
the rules.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

import pyarrow as pa
from pydantic import AfterValidator, Field, ValidationError, model_validator

from stillwatch.campaigns import findings
from stillwatch.campaigns.findings import Evidence, Lookalike, Member, Severity, Signature
from stillwatch.config import ScanConfig
from stillwatch.errors import ConfigError
from stillwatch.response.model import Decision, Rung
from stillwatch.response.policy.policy import Declared, Exempt, Policy, read_toml, worded
from stillwatch.response.policy.rules import FAMILIES, Action, Lookalikes, Part, nearest, rung_of
from stillwatch.response.policy.ruling import Proposal, decide_on
from stillwatch.traffic.schema import ACCOUNTS

NOTHING = "nothing"


def _families(given: dict[str, float]) -> dict[str, float]:
    for family in given:
        if family not in FAMILIES:
            raise nearest(family, FAMILIES, "family")
    return given


def _rung(word: str) -> str:
    return word if word == NOTHING else rung_of(word).word


class PolicyCase(Part):
    """A campaign, one of its accounts, and what the policy must do about it; see default.cases.toml."""

    name: str
    severity: Severity
    evidence: Annotated[dict[str, float], AfterValidator(_families)] = Field(min_length=1)
    lookalikes: Lookalikes = frozenset()
    accounts: int = Field(default=20, ge=1, le=100_000)
    bits: float | None = None
    account: str = "acct-1"
    account_bits: float = 5.0
    organization: str | None = None
    plan: str | None = None
    account_age_days: float | None = Field(default=None, ge=0)
    evidence_age_days: float = Field(default=0.0, ge=0)
    declared: Action | None = None
    exempt: bool = False
    expect: Annotated[str, AfterValidator(_rung)] | None = None
    waits: Action | None = None
    innocent: bool = False

    @model_validator(mode="after")
    def _one_expectation(self) -> Self:
        if self.innocent == (self.expect is not None):
            raise ValueError("either `innocent = true` or `expect` says what must come of it")
        return self


class _File(Part):
    case: tuple[PolicyCase, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Result:
    """How a case ended; `says` tells what was wanted and what came."""

    case: PolicyCase
    passed: bool
    says: str


def beside(policy: Path) -> Path:
    """Where the cases of a policy are: `policy.cases.toml` beside `policy.toml`."""
    return policy.with_suffix(".cases.toml")


def load_cases(path: Path) -> tuple[PolicyCase, ...]:
    """The cases of a file.

    Raises:
        ConfigError: it cannot be read, or has an unknown word.
    """
    content = read_toml(path, hint="`stillwatch policy init` makes a policy with its cases.")
    try:
        return _File.model_validate(content).case
    except ValidationError as error:
        raise ConfigError(worded(error, content), where=str(path)) from None


def run(policy: Policy, cases: tuple[PolicyCase, ...], now: datetime) -> list[Result]:
    """Judge every case by the policy, on an empty ledger."""
    return [_result(case, _proposal(policy, case, now)) for case in cases]


def _result(case: PolicyCase, proposal: Proposal) -> Result:
    if case.innocent:
        most = max((d.action for d in proposal.decisions + proposal.waiting), default=Rung.OBSERVE)
        return Result(case, most == Rung.OBSERVE, f"innocent, but {most.word} is what they get")
    acts, waits = _of(case, proposal.decisions), _of(case, proposal.waiting)
    wanted = case.waits.word if case.waits is not None else NOTHING
    says = f"expected {case.expect} and {wanted} waiting, but it is {acts} and {waits} waiting"
    return Result(case, (acts, waits) == (case.expect, wanted), says)


def _of(case: PolicyCase, decisions: tuple[Decision, ...]) -> str:
    return next((d.action.word for d in decisions if d.scope == "account" and d.value == case.account), NOTHING)


def _proposal(policy: Policy, case: PolicyCase, now: datetime) -> Proposal:
    ids = [case.account, *(f"{case.account}-{number}" for number in range(2, case.accounts + 1))]
    changes: dict[str, Any] = {}
    if case.exempt:
        changes["exempt"] = Exempt(accounts=policy.exempt.accounts | {case.account})
    if case.declared is not None:
        use = Declared(what=case.name, until=now + timedelta(days=1), most=case.declared, **_whose(case))
        changes["declared"] = (*policy.declared, use)
    told = findings.Findings(
        now, now, (_campaign(case, ids, now),), findings.Inputs(0, 0, 0, 0, sign_up=True, notes=())
    )
    return decide_on(told, _table(case, ids, now), policy.model_copy(update=changes), standing=(), now=now, rng_seed=0)


def _whose(case: PolicyCase) -> dict[str, str]:
    return {"organization": case.organization} if case.organization else {"account": case.account}


def _table(case: PolicyCase, ids: list[str], now: datetime) -> pa.Table:
    created = None if case.account_age_days is None else now - timedelta(days=case.account_age_days)
    row = {"organization_id": case.organization, "created": created, "plan": case.plan}
    return pa.Table.from_pylist([row | {"account_id": account} for account in ids], schema=ACCOUNTS)


def _campaign(case: PolicyCase, ids: list[str], now: datetime) -> findings.Campaign:
    seen = now - timedelta(days=case.evidence_age_days)
    prior = ScanConfig().prior_bits
    return findings.Campaign(
        id="c-case",
        bits=prior + sum(case.evidence.values()) if case.bits is None else case.bits,
        prior=prior,
        severity=case.severity,
        families=tuple(case.evidence),
        first_seen=seen,
        crossed_at=seen,
        last_seen=seen,
        requests=len(ids),
        requests_before_crossing=0,
        usage_input_tokens=0,
        usage_output_tokens=0,
        accounts=tuple(Member(account, case.account_bits, 1, seen, seen) for account in ids),
        evidence=tuple(Evidence(family, family, bits, 0, 0, "", "") for family, bits in case.evidence.items()),
        lookalikes_considered=tuple(Lookalike(name, fits=True, says="") for name in sorted(case.lookalikes)),
        timeline=(),
        links=(),
        shared_text=(),
        signature=Signature(tuple(range(1, 9))),
    )
