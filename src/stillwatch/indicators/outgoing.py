"""What is said of a campaign, as STIX 2.1 objects.

    draft = said(campaign, campaign.signature)
    whole = draft.with_tokens("2026Q4", tokens)
    objects(whole, contributor=identity_id, now=now, marking=Level.AMBER_STRICT, before=published_earlier)

Ids follow from the campaign and from whoever says it: the same campaign said twice gives the same objects, and what has
not changed since `before` is given back as it was. Everything that a receiver acts on stands in an indicator's pattern,
confidence and valid_until, for consumers drop the rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from stillwatch.indicators import atlas, courses, extensions, ids, markings, patterns, timestamps
from stillwatch.indicators.allowed import LIFETIME
from stillwatch.indicators.buckets import Bucket
from stillwatch.indicators.markings import Level
from stillwatch.indicators.said import SHARED_LEAST, Draft, Held, Said, confidence, said
from stillwatch.indicators.versions import renewed
from stillwatch.indicators.vocabulary import LABEL, OBJECTIVE, description

__all__ = ["Draft", "Held", "Said", "activity", "confidence", "identity", "objects", "said", "signatures"]

Object = dict[str, Any]

#: How our shingles are made (signatures.shingles): windows of 24 bytes of the folded text, one in sixteen kept.
SHINGLE, NORM, KEEP = "byte-24", "fold-1", 16
#: Share of a signature's tokens that must be found. A campaign has several wrappers, and each piece of one is rare: few
#: suffice. Of a vocabulary a member sees only what its own part of the work list needs.
TEMPLATE_LEAST, VOCABULARY_LEAST = 0.1, 0.3
#: The technique that shows in rented exits and pools of accounts.
POOL = "AML.T0008.005"

_NAMES: Mapping[str, str] = {
    "prompt-template": "Prompt template",
    "vocabulary": "Vocabulary",
    "account-network": "Shared means",
    "cadence": "Cadence",
}


@dataclass(frozen=True)
class _Frame:
    """What all objects of one saying have in common."""

    contributor: str
    now: str
    marking: Level
    key: str

    def id(self, type_: str) -> str:
        return ids.derived(type_, self.contributor, self.key)

    def make(self, type_: str, identity: str, **properties: object) -> Object:
        """Put an object together: common properties, then its own, then its markings."""
        return {
            "type": type_,
            "spec_version": "2.1",
            "id": identity,
            "created_by_ref": self.contributor,
            "created": self.now,
            "modified": self.now,
            **properties,
            "object_marking_refs": markings.refs(*_handling(self.marking)),
        }

    def link(self, source: str, type_: str, target: str) -> Object:
        ends = {"relationship_type": type_, "source_ref": source, "target_ref": target}
        return self.make("relationship", ids.relationship(source, type_, target), **ends)


def objects(  # noqa: PLR0913 — what, by whom, when, how narrowly, packed how, and what was said before
    whole: Said,
    *,
    contributor: str,
    now: datetime,
    marking: Level = Level.AMBER_STRICT,
    package: Literal["grouping", "report"] = "grouping",
    before: Mapping[str, Object] | None = None,
) -> list[Object]:
    """Say a campaign: everything that is referred to stands in the list before what refers to it.

    Args:
        whole: all that may leave.
        contributor: the STIX identity (a pseudonym) that speaks.
        now: when it is said.
        marking: who may see it. Narrowed where an earlier version was narrower: a marking never widens.
        package: `grouping` while it is going on, `report` when it is told as a whole.
        before: what the contributor published before, by id. What has not changed comes back as it was, what has
            gets a newer version, and what was withdrawn stays so.
    """
    known = before or {}
    frame = _Frame(contributor, timestamps.written(now), marking, whole.key)
    earlier = [known[each["id"]] for each in _own(whole, frame, now, package) if each["id"] in known]
    narrowest = max([marking, *map(markings.level, earlier)])
    frame = replace(frame, marking=narrowest)
    own = [renewed(each, known.get(each["id"])) for each in _own(whole, frame, now, package)]
    shipped: list[Mapping[str, Any]] = [
        *_handling(narrowest),
        markings.TLP[Level.CLEAR],
        extensions.PUBLISHER,
        extensions.definition(extensions.SIGNATURE),
        *(atlas.TECHNIQUES[number] for number in whole.techniques),
        courses.OWN_REVIEW,
    ]
    return [*map(dict, shipped), identity(contributor), *own]


def identity(contributor: str) -> Object:
    """The object of a pseudonym: numbered, not named, and the same whenever it is published."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": contributor,
        "created": extensions.SINCE,
        "modified": extensions.SINCE,
        "name": f"contributor-{contributor.removeprefix('identity--')[:8]}",
        "identity_class": "organization",
        "object_marking_refs": markings.refs(markings.TLP[Level.CLEAR]),
    }


def name(campaign: str, year: int) -> str:
    """The neutral name of a campaign, `DC-YYYY-NNNN`, from its STIX id; two of ten thousand may meet, ids do not."""
    return f"DC-{year}-{int(campaign[-12:], 16) % 10_000:04}"


def signatures(whole: Said) -> tuple[patterns.Pattern, ...]:
    """The patterns by which others can find the campaign; none where no tokens were made."""
    return () if whole.key_epoch is None else tuple(_signatures(whole, whole.key_epoch))


def _signatures(whole: Said, epoch: str) -> Iterator[patterns.Pattern]:
    if whole.template:
        yield patterns.PromptTemplate(
            key_epoch=epoch,
            shingle=SHINGLE,
            norm=NORM,
            keep=KEEP,
            tokens=whole.template,
            min_containment=TEMPLATE_LEAST,
        )
    if whole.vocabulary:
        yield patterns.Vocabulary(key_epoch=epoch, tokens=whole.vocabulary, min_containment=VOCABULARY_LEAST)
    if whole.shared:
        yield patterns.AccountNetwork(
            key_epoch=epoch,
            edges=dict(whole.shared),
            min_overlap=SHARED_LEAST,
            size_bucket=whole.accounts,
            set_id=whole.set_id,
        )


def _own(whole: Said, frame: _Frame, now: datetime, package: str) -> Iterator[Object]:
    parts = [*_actors(whole, frame), *(_indicator(each, whole, frame, now) for each in signatures(whole))]
    links = [*_links(whole, frame, parts)]
    yield from (*parts, *links)
    refs = [each["id"] for each in (*parts, *links)]
    title = name(frame.id("campaign"), whole.first_seen.year)
    if package == "report":
        content: dict[str, object] = {"name": title, "report_types": ["campaign"], "published": frame.now}
    else:
        content = {"name": title, "context": "suspicious-activity"}
    yield frame.make(package, frame.id(package), **content, object_refs=refs)


def _actors(whole: Said, frame: _Frame) -> Iterator[Object]:
    title = name(frame.id("campaign"), whole.first_seen.year)
    span = {"first_seen": _day(whole.first_seen), "last_seen": _day(whole.last_seen)}
    judged = {"confidence": whole.confidence, "labels": [LABEL]}
    yield frame.make("campaign", frame.id("campaign"), name=title, objective=OBJECTIVE, **span, **judged)
    yield frame.make(
        "intrusion-set",
        frame.id("intrusion-set"),
        name=f"Cluster of {title}",
        goals=["model-extraction"],
        resource_level="organization",
        primary_motivation="organizational-gain",
        **judged,
    )
    if POOL in whole.techniques:
        kinds = ["anonymization", "exfiltration"]
        title = f"Pool of {title}"
        yield frame.make(
            "infrastructure", frame.id("infrastructure"), name=title, infrastructure_types=kinds, **span, **judged
        )


def _indicator(pattern: patterns.Pattern, whole: Said, frame: _Frame, now: datetime) -> Object:
    text = patterns.write(pattern)
    until = now + timedelta(days=LIFETIME[pattern.kind])
    return frame.make(
        "indicator",
        ids.indicator(patterns.PATTERN_TYPE, text),
        name=f"{_NAMES[pattern.kind]} of {name(frame.id('campaign'), whole.first_seen.year)}",
        description=description(pattern.kind),
        indicator_types=["anomalous-activity"],
        pattern=text,
        pattern_type=patterns.PATTERN_TYPE,
        pattern_version=patterns.PATTERN_VERSION,
        valid_from=frame.now,
        valid_until=_day(until.date()),
        confidence=whole.confidence,
        labels=[LABEL],
        extensions={extensions.SIGNATURE: _provenance(pattern, whole)},
    )


def _provenance(pattern: patterns.Pattern, whole: Said) -> Object:
    words = pattern.kind in ("prompt-template", "vocabulary")
    return extensions.Signature(
        signature_kind=pattern.kind,  # type: ignore[arg-type]
        privacy=extensions.Privacy(
            least_accounts=25 if words else 2,
            derived_from_customer_content=words,
            review="two-person",
        ),
        evidence=extensions.Observed(
            accounts_bucket=whole.accounts,
            requests_bucket=whole.requests,
            last_seen=whole.last_seen.isoformat(),
            families=whole.families,  # type: ignore[arg-type]
        ),
    ).model_dump(mode="json", exclude_none=True)


def _links(whole: Said, frame: _Frame, parts: list[Object]) -> Iterator[Object]:
    campaign = frame.id("campaign")
    for part in parts:
        match part["type"]:
            case "intrusion-set":
                yield frame.link(campaign, "attributed-to", part["id"])
            case "infrastructure":
                yield frame.link(campaign, "uses", part["id"])
            case "indicator":
                yield frame.link(part["id"], "indicates", campaign)
                yield frame.link(courses.OWN_REVIEW["id"], "investigates", part["id"])
    for number in whole.techniques:
        yield frame.link(campaign, "uses", atlas.TECHNIQUES[number]["id"])


def activity(whole: Said, *, contributor: str, now: datetime, marking: Level = Level.AMBER_STRICT) -> list[Object]:
    """Say what a campaign did as an observation, for a collection of its own: its type breaks strict readers."""
    frame = _Frame(contributor, timestamps.written(now), marking, whole.key)
    seen = _observable(whole.accounts, whole.requests, frame, (whole.last_seen - whole.first_seen).days + 1)
    observed = frame.make(
        "observed-data",
        frame.id("observed-data"),
        first_observed=_day(whole.first_seen),
        last_observed=_day(whole.last_seen),
        number_observed=1,
        object_refs=[seen["id"]],
    )
    definition = extensions.definition(extensions.ACTIVITY)
    shipped = [*_handling(marking), markings.TLP[Level.CLEAR], extensions.PUBLISHER, definition]
    return [*map(dict, shipped), identity(contributor), seen, observed]


def _observable(accounts: Bucket, requests: Bucket, frame: _Frame, days: int) -> Object:
    contributing = {
        "cluster_token": frame.id("campaign").removeprefix("campaign--").replace("-", ""),
        "window": f"P{min(days, 999)}D",
        "account_count_bucket": accounts,
        "request_count_bucket": requests,
    }
    return {
        "type": "model-api-activity",
        "spec_version": "2.1",
        "id": ids.observable("model-api-activity", contributing),
        **contributing,
        "object_marking_refs": markings.refs(*_handling(frame.marking)),
        "extensions": {extensions.ACTIVITY: {"extension_type": "new-sco"}},
    }


def _handling(marking: Level) -> tuple[Object, ...]:
    """Who may see it, what may be done with it (PAP:AMBER: nothing that the other side could notice), and how."""
    return markings.TLP[marking], markings.PAP["amber"], markings.OWN_REVIEW


def _day(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
