"""A cluster that passed the line, told as a campaign: who, since when, how much, and why.

    campaign = told(suspicion, shown, settings)

What only a second reading of the log knows (the hours, the words, when it could first have been seen) is handed in.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from stillwatch.campaigns import lookalikes
from stillwatch.campaigns.evidence import elsewhere
from stillwatch.campaigns.evidence.text import own_words
from stillwatch.campaigns.findings import Campaign, Hour, Link, Member, Signature, Taken, TextPart
from stillwatch.campaigns.score import severity
from stillwatch.campaigns.selection import Suspicion
from stillwatch.config import ScanConfig

SHOWN_LINKS = 60  # shared things told of a campaign, the widest first
MANY = 25  # accounts that must have sent a shingle before it counts as nobody's own: the group's floor for templates
TEMPLATE = 64  # shingles of a signature: two of them recognise it


@dataclass(frozen=True)
class Shown:
    """What profiles do not know of a campaign.

    Attributes:
        crossed_at: when the evidence first passed the line, µs since 1970.
        requests_before: its requests before that.
        timeline: its load by hour.
        shared_text: what its requests have in common, slots between.
        taken: what it was given, by model and kind.
    """

    crossed_at: int
    requests_before: int
    timeline: tuple[Hour, ...] = ()
    shared_text: tuple[tuple[TextPart, ...], ...] = ()
    taken: tuple[Taken, ...] | None = None


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970, as a moment in UTC."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def told(s: Suspicion, shown: Shown, settings: ScanConfig, *, name: str | None = None) -> Campaign:
    """The campaign that a cluster is, under the name that it had before or a new one."""
    profiles, rows = s.cluster.population.profiles, s.membership.rows
    accounts = _members(s)
    return Campaign(
        id=name or _name([m.account_id for m in accounts]),
        bits=s.score.bits,
        prior=s.score.prior,
        severity=severity(s.score, settings),
        families=s.score.families(),
        first_seen=moment(int(profiles["first"][rows].min())),
        crossed_at=moment(shown.crossed_at),
        last_seen=moment(int(profiles["last"][rows].max())),
        requests=sum(profiles["requests"][rows].tolist()),
        requests_before_crossing=shown.requests_before,
        usage_input_tokens=sum(profiles["input_tokens"][rows].tolist()),
        usage_output_tokens=sum(profiles["output_tokens"][rows].tolist()),
        accounts=accounts,
        evidence=s.score.evidence,
        lookalikes_considered=lookalikes.considered(s.cluster, s.score),
        timeline=shown.timeline,
        links=_links(s),
        shared_text=shown.shared_text,
        signature=Signature(template(s, MANY)),
        indicators=tuple(
            i for n in elsewhere.fitting(s.cluster) for i in s.cluster.population.known.signals[n].indicators
        ),
        taken=shown.taken,
    )


def template(s: Suspicion, least: int) -> tuple[int, ...]:
    """The cluster's own shingles that so many of its members sent, those in most hands first."""
    keys = s.cluster.population.keys["text"]
    held, own = s.cluster.held(keys), own_words(s.cluster)
    members = dict(zip(held.things.tolist(), held.members.tolist(), strict=True))
    many = sorted((-members[thing], int(keys.things[thing])) for thing in own.tolist() if members[thing] >= least)
    return tuple(shingle for _, shingle in many[:TEMPLATE])


def strongest_first(campaign: Campaign) -> tuple[float, int, str]:
    """The order of findings."""
    return (-campaign.bits, -len(campaign.accounts), campaign.id)


def _name(account_ids: list[str]) -> str:
    digest = blake2b("\n".join(sorted(account_ids)).encode(), digest_size=5).hexdigest()
    return f"c-{digest}"


def _members(s: Suspicion) -> tuple[Member, ...]:
    profiles, rows = s.cluster.population.profiles, s.membership.rows
    columns = (
        profiles.ids.take(pa.array(rows)).to_pylist(),
        s.membership.bits.tolist(),
        *(profiles[name][rows].tolist() for name in ("requests", "first", "last")),
    )
    made = [Member(a, round(b, 2), n, moment(f), moment(t)) for a, b, n, f, t in zip(*columns, strict=True)]
    return tuple(sorted(made, key=lambda m: (-m.bits, m.account_id)))


def _links(s: Suspicion) -> tuple[Link, ...]:
    """What two or more customers of the campaign share, the widest first; popular things left out."""
    out = []
    ids = s.cluster.population.profiles.ids
    for keys in s.cluster.population.keys.values():
        if keys.name == "text":
            continue
        inside = s.cluster.held(keys)
        for thing in inside.things[(inside.parties >= 2) & (inside.members > inside.outside)]:
            held = np.intersect1d(keys.holders(np.array([thing]))[1], s.membership.rows)
            out.append(Link(keys.family, keys.name, tuple(ids.take(pa.array(held)).to_pylist())))
    return tuple(sorted(out, key=lambda link: (-len(link.accounts), link.name, link.accounts))[:SHOWN_LINKS])
