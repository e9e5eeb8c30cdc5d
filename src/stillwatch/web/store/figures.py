"""What the queue shows of a case that was merged or split.

Scores are of evidence, and evidence is of the accounts that a scan looked at together: a part of them keeps the whole's
score. Requests are counted by account; tokens are not, so a part of a case has its share of them by requests.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, select, update

from stillwatch.reports.document import Campaign
from stillwatch.response.ledger.entries import findable
from stillwatch.web.store.model import SEVERITIES
from stillwatch.web.store.packing import unpacked
from stillwatch.web.store.tables import accounts, campaigns, cases, versions


def of_campaign(campaign: Campaign) -> dict[str, Any]:
    """The columns that `cases` and `versions` have of a campaign."""
    return {
        "campaign_id": findable(campaign.id),
        "severity": SEVERITIES.index(campaign.severity),
        "bits": campaign.bits,
        "families": spaced(campaign.families),
        "accounts": len(campaign.accounts),
        "requests": campaign.requests,
        "tokens": campaign.usage_input_tokens + campaign.usage_output_tokens,
        "first_seen": campaign.first_seen,
        "crossed_at": campaign.crossed_at,
        "last_seen": campaign.last_seen,
    }


def part(campaign: Campaign, kept: frozenset[str]) -> Campaign:
    """The campaign with these accounts alone: what is counted by account is theirs, all else is still the whole's."""
    members = tuple(each for each in campaign.accounts if findable(each.account_id) in kept)
    links = [(each, tuple(a for a in each.accounts if findable(a) in kept)) for each in campaign.links]
    requests = sum(each.requests for each in members)
    share = requests / max(1, sum(each.requests for each in campaign.accounts))
    changed: dict[str, Any] = {
        "accounts": members,
        "links": tuple(each.model_copy(update={"accounts": here}) for each, here in links if len(here) > 1),
        "requests": requests,
        "usage_input_tokens": round(campaign.usage_input_tokens * share),
        "usage_output_tokens": round(campaign.usage_output_tokens * share),
    }
    if members:
        changed["first_seen"] = min(each.first_seen for each in members)
        changed["last_seen"] = max(each.last_seen for each in members)
    return campaign.model_copy(update=changed)


def cut(connection: Connection, number: int) -> None:
    """Brings a case's newest version to the accounts that it has."""
    body = connection.execute(select(campaigns.c.body).where(campaigns.c.case == number)).scalar_one()
    kept = connection.scalars(select(accounts.c.account_id).where(accounts.c.case == number))
    figures = of_campaign(part(unpacked(body), frozenset(kept)))
    newest = select(func.max(versions.c.scan)).where(versions.c.case == number).scalar_subquery()
    connection.execute(update(versions).where(versions.c.case == number, versions.c.scan == newest).values(figures))
    renew(connection, connection.execute(select(cases.c.root).where(cases.c.number == number)).scalar_one())


def renew(connection: Connection, number: int) -> None:
    """Sums the newest versions of a case and of all that is merged into it."""
    group = set(connection.scalars(select(cases.c.number).where(cases.c.root == number))) | {number}
    newest = {each: _newest(connection, each) for each in group}
    sums = {name: sum(each[name] for each in newest.values()) for name in ("accounts", "requests", "tokens")}
    if len(group) > 1:  # an account may be in several
        distinct = select(func.count(func.distinct(accounts.c.account_id))).where(accounts.c.case.in_(group))
        sums["accounts"] = connection.execute(distinct).scalar_one()
    most = {name: max(each[name] for each in newest.values()) for name in ("severity", "bits", "last_seen")}
    least = {name: min(each[name] for each in newest.values()) for name in ("first_seen", "crossed_at")}
    families = dict.fromkeys(family for each in newest.values() for family in each["families"].split())
    named = {"campaign_id": newest[number]["campaign_id"], "families": spaced(families)}
    connection.execute(update(cases).where(cases.c.number == number).values(sums | most | least | named))


def spaced(families: Iterable[str]) -> str:
    """Families as the column of `cases` and `versions` has them: a space before and after each."""
    return f" {' '.join(map(findable, families))} "


def _newest(connection: Connection, number: int) -> dict[str, Any]:
    query = select(versions).where(versions.c.case == number).order_by(versions.c.scan.desc()).limit(1)
    return dict(connection.execute(query).mappings().one())
