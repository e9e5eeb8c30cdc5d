"""What no policy may say: found when it is loaded, not when it acts.

The same laws bind every decision in `ruling`, whoever decides; here the author is told.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stillwatch.response.model import Rung

if TYPE_CHECKING:
    from stillwatch.response.policy.policy import Policy


def of(policy: "Policy") -> Iterator[str]:
    """One sentence (without its full stop) for each contradiction, with the key that it is about."""
    yield from _deciders(policy)
    yield from _rungs(policy)
    yield from _rules(policy)
    yield from _unreachable(policy)
    yield from _declared(policy)


def _deciders(policy: "Policy") -> Iterator[str]:
    if policy.cedar and not policy.decider_table:
        yield "cedar: is no key of a policy; did you mean [decider] cedar = 'file.cedar'"
    if bool(policy.rules) == bool(policy.decider_table):
        yield "rules: either rules decide or [decider] does, and one of them has to"


def _rungs(policy: "Policy") -> Iterator[str]:
    if Rung.OBSERVE not in policy.rungs:
        yield "rungs: [rungs.observe] with its hours is missing; it is where everything falls back to"
    for rung, table in policy.rungs.items():
        if table.person and rung == Rung.OBSERVE:
            yield "rungs.observe.person: observing touches nobody and waits for nobody"
    hold = policy.rungs.get(Rung.HOLD)
    if hold and "person" in hold.model_fields_set and not hold.person:
        yield "rungs.hold.person: hold is always signed by a person"
    if policy.recognised.most == Rung.HOLD:
        yield "recognised.most: a gateway holds nobody by itself; at most verify"
    if policy.recognised.most not in policy.rungs and Rung.OBSERVE in policy.rungs:
        yield f"recognised.most: [rungs.{policy.recognised.most.word}] with its hours is missing"


def _rules(policy: "Policy") -> Iterator[str]:
    for number, rule in enumerate(policy.rules, 1):
        place = f"rules.{number} ({rule.name})"
        if rule.then not in policy.rungs:
            yield f"{place}: leads to {rule.then.word}, but [rungs.{rule.then.word}] with its hours is missing"
        if rule.then > Rung.CAP and (rule.families is None or rule.families.least < 2):
            yield f"{place}: {rule.then.word} needs two independent families: families = {{ least = 2 }}"
        if rule.then > Rung.CAP and rule.reason == "unspecified":
            yield f"{place}: {rule.then.word} needs a reason that can be told"
        if rule.then > Rung.OBSERVE and rule.origin and "imported" in rule.origin:
            yield f"{place}: imported evidence alone is never a reason for more than observe"


def _unreachable(policy: "Policy") -> Iterator[str]:
    for number, rule in enumerate(policy.rules, 1):
        for before, earlier in enumerate(policy.rules[: number - 1], 1):
            if earlier.covers(rule):
                yield f"rules.{number} ({rule.name}): is never reached, rules.{before} ({earlier.name}) comes first"
                break


def _declared(policy: "Policy") -> Iterator[str]:
    for number, use in enumerate(policy.declared, 1):
        if bool(use.organization) == bool(use.account):
            yield f"declared.{number}: names an organization or an account, one of the two"
