"""Cedar decides instead of the table: https://www.cedarpolicy.com.

    [decider]
    cedar = "policy.cedar"

For each rung, from hold downwards, Cedar is asked whether the action is permitted; the highest one permitted is what
the policy wants:

    @id("coordinated")
    permit (principal, action == Action::"verify", resource)
    when { context.severity_rank >= 2 && context.families >= 2 };

`principal` is `Account::"<id>"` (of whoever is recognised next, `Account::""`), `resource` `Campaign::"<id>"`,
`context` the case, numbers rounded down: severity, severity_rank (0 low to 3 critical), families, family (a set),
origin, accounts, bits, evidence_age_days, lookalike (a set), and where they are known plan, account_age_days,
account_bits (ask with `has`). `@reason("capability_resale")` on a policy gives the client's reason.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, get_args

from stillwatch.campaigns.findings import Severity
from stillwatch.errors import ConfigError
from stillwatch.response.model import Reason, Rung
from stillwatch.response.policy.decider import Case, Choice
from stillwatch.response.policy.rules import nearest, rung_of

_SEVERITIES = get_args(Severity)
_DOWNWARDS = tuple(sorted(Rung, reverse=True))


class CedarDecider:
    """Cedar policies as a `Decider`.

    A policy that fails to evaluate permits and forbids nothing in Cedar. Since what failed may have been a `forbid`,
    the answer is then to observe, and the choice names the fault.

    Args:
        policies: their text.

    Raises:
        ConfigError: Cedar is not installed, the text is none, or it names an action that is no rung.
    """

    def __init__(self, policies: str) -> None:
        try:
            import cedarpy  # noqa: PLC0415 — an extra
        except ImportError as error:
            hint = "pip install 'stillwatch[cedar]'"
            raise ConfigError(
                "The policy asks Cedar, which is not installed.", where="decider.cedar", hint=hint
            ) from error
        self._cedar: Any = cedarpy
        try:
            self._policies = cedarpy.PolicySet.from_str(policies)
            self._written = json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"]
        except ValueError as error:
            what = f"This is no Cedar policy: {' '.join(str(error).split())}."
            raise ConfigError(what, where="decider.cedar") from None
        self._check()

    def decide(self, case: Case) -> Choice | None:
        """The highest rung that Cedar permits; None where it permits none."""
        answers = self._cedar.is_authorized_batch(list(_requests(case)), self._policies, [])
        faults = [fault for answer in answers for fault in answer.diagnostics.errors]
        if faults:
            return Choice(Rung.OBSERVE, "Cedar", fault=faults[0])
        for rung, answer in zip(_DOWNWARDS, answers, strict=True):
            if answer.allowed:
                return self._choice(rung, min(answer.diagnostics.reasons))
        return None

    def _choice(self, rung: Rung, policy: str) -> Choice:
        notes = self._written[policy].get("annotations", {})
        return Choice(rung, notes.get("id") or policy, notes.get("reason", "coordinated_extraction"))

    def _check(self) -> None:
        for name, policy in self._written.items():
            try:
                for action in _actions(policy["action"]):
                    rung_of(action)
                reason = policy.get("annotations", {}).get("reason", "unspecified")
                if reason not in get_args(Reason):
                    raise nearest(reason, get_args(Reason), "reason")
            except ValueError as error:
                raise ConfigError(f"{name}: {error}.", where="decider.cedar") from None


def _actions(scope: dict[str, Any]) -> Iterator[str]:
    """The actions that a policy names in its head."""
    for entity in [*scope.get("entities", []), *filter(None, [scope.get("entity")])]:
        yield entity["id"]


def _requests(case: Case) -> Iterator[dict[str, Any]]:
    context = {name: value for name, value in _context(case).items() if value is not None}
    for rung in _DOWNWARDS:
        yield {
            "principal": {"type": "Account", "id": case.account or ""},
            "action": {"type": "Action", "id": rung.word},
            "resource": {"type": "Campaign", "id": case.campaign},
            "context": context,
        }


def _context(case: Case) -> dict[str, object]:
    return {
        "severity": case.severity,
        "severity_rank": _SEVERITIES.index(case.severity),
        "families": case.families,
        "family": sorted(case.family),
        "origin": case.origin,
        "accounts": case.accounts,
        "bits": math.floor(case.bits),
        "evidence_age_days": math.floor(case.evidence_age_days),
        "lookalike": sorted(case.lookalike),
        "plan": case.plan,
        "account_age_days": None if case.account_age_days is None else math.floor(case.account_age_days),
        "account_bits": None if case.account_bits is None else math.floor(case.account_bits),
    }
