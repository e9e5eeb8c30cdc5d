"""The same campaign under another id: a campaign's id follows its members, its measures should not.

    names = known_as(campaigns, standing)      # {"c-2a": "c-1f"}: c-2a is what measures know as c-1f

Without this a campaign that grows by one account would have two templates, which take each other's shingles away, and
two budgets.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from stillwatch.response.model import Decision
from stillwatch.response.policy.circumstances import Found

SAME = 0.5  # of the accounts under measure, or of the template's shingles, that a campaign still has


def known_as(campaigns: Sequence[Found], standing: Iterable[Decision]) -> dict[str, str]:
    """By campaign id, the id under which measures that stand know it; its own where none does."""
    accounts: dict[str, set[str]] = defaultdict(set)
    templates: dict[str, set[int]] = defaultdict(set)
    for decision in standing:
        if decision.scope == "account" and decision.campaign:
            accounts[decision.campaign].add(decision.value)
        elif decision.scope == "campaign":
            templates[decision.value].update(decision.template)
    pairs = sorted(
        (-share, old, campaign.id)
        for campaign in campaigns
        for old in accounts.keys() | templates.keys()
        if (share := _share(campaign, old, accounts[old], templates[old])) >= SAME
    )
    names: dict[str, str] = {}
    for _, old, new in pairs:
        if new not in names and old not in names.values():
            names[new] = old
    return {campaign.id: campaign.id for campaign in campaigns} | names


def _share(campaign: Found, old: str, accounts: set[str], templates: set[int]) -> float:
    if campaign.id == old:
        return 2.0  # whatever else fits, it is itself
    held = accounts & {member.account_id for member in campaign.accounts}
    words = templates & set(campaign.signature.template)
    return max(len(held) / max(1, len(accounts)), len(words) / max(1, len(templates)))
