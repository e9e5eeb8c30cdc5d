"""What is said of a forensic verdict, as STIX 2.1 objects.

    objects(told, contributor=identity_id, now=now)                     # the model is numbered
    objects(replace(told, named="vireo-2"), contributor=..., now=now)   # named: only where somebody chose to
    objects(told, contributor=..., now=now, before=published_earlier)   # refers to campaigns that were published

One note that carries our extension: the grade, alpha, p as a power of ten, which tests, how many keys and controls.
`Told` has no field that could hold a prompt, an answer, an account or a key. Where nothing was shown nothing is said,
for that would be read as a finding; and a lead names nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any, Literal

from stillwatch.errors import PrivacyError
from stillwatch.indicators import atlas, extensions, ids, markings, timestamps
from stillwatch.indicators.extensions import Grade, Verdict
from stillwatch.indicators.markings import Level
from stillwatch.indicators.outgoing import identity
from stillwatch.indicators.versions import renewed
from stillwatch.indicators.vocabulary import LABEL, verdict

Object = dict[str, Any]

#: What a copied model comes from: MITRE ATLAS, Train Proxy via Replication.
TECHNIQUE = "AML.T0005.001"


@dataclass(frozen=True)
class Told:
    """All that may leave of a verdict.

    Attributes:
        plan: SHA-256 of the plan: it tells verdicts apart, and says nothing of who is suspected.
        made: the day of the verdict.
        grade: what was reached.
        alpha: the plan's error rate.
        log10_p: of the strongest result, adjusted for all keys and tests.
        tests: kinds of those with a result.
        keys, innocent, positive, reruns: how many keys, controls of either kind and blinded re-runs there were.
        committed, stamped: whether to the keys before exposure, and whether somebody else vouches for the time.
        campaigns: ids in the findings of those whose keys reached alpha; told by their published objects only.
        named: the model's name, where it is to be told.
    """

    plan: str
    made: date
    grade: Grade | Literal["none"]
    alpha: float
    log10_p: float
    tests: tuple[str, ...]
    keys: int
    innocent: int
    positive: int
    reruns: int
    committed: bool
    stamped: bool
    campaigns: tuple[str, ...] = ()
    named: str | None = None


def objects(
    told: Told,
    *,
    contributor: str,
    now: datetime,
    marking: Level = Level.AMBER,
    before: Mapping[str, Object] | None = None,
) -> list[Object]:
    """Say a verdict: everything that is referred to stands in the list before what refers to it.

    Args:
        told: all that may leave.
        contributor: the STIX identity (a pseudonym) that speaks.
        now: when it is said.
        marking: who may see it. Narrowed to that of the campaigns it refers to, and of what was said of it before.
        before: what the contributor published before, by id.

    Raises:
        PrivacyError: nothing was shown, or a lead would name a model.
    """
    known = before or {}
    published = [_campaign(each, contributor) for each in told.campaigns]
    campaigns = [known[each] for each in published if each in known]
    note = _note(told, contributor, now, [each["id"] for each in campaigns])
    earlier = known.get(note["id"])
    narrowest = max([marking, *map(markings.level, [*campaigns, *([earlier] if earlier else [])])])
    handling = (markings.TLP[narrowest], markings.PAP["amber"], markings.OWN_REVIEW)
    note["object_marking_refs"] = markings.refs(*handling)
    shipped: list[Mapping[str, Any]] = [
        *handling,
        markings.TLP[Level.CLEAR],
        extensions.PUBLISHER,
        extensions.definition(extensions.VERDICT),
        atlas.TECHNIQUES[TECHNIQUE],
    ]
    return [*map(dict, shipped), identity(contributor), *map(dict, campaigns), renewed(note, earlier)]


def number(note: str, year: int) -> str:
    """The neutral name of a model, `DM-YYYY-NNNN`, from the id of the note on it; two of ten thousand may meet."""
    return f"DM-{year}-{int(note[-12:], 16) % 10_000:04}"


def _campaign(found: str, contributor: str) -> str:
    """The id under which the contributor publishes a campaign of its findings (`said`, `outgoing`)."""
    return ids.derived("campaign", contributor, ids.derived("campaign", found).removeprefix("campaign--"))


def _note(told: Told, contributor: str, now: datetime, campaigns: list[str]) -> Object:
    identity_of_note = ids.derived("note", contributor, "verdict", told.plan)
    time = timestamps.written(now)
    content = _content(told, number(identity_of_note, told.made.year))
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": identity_of_note,
        "created_by_ref": contributor,
        "created": time,
        "modified": time,
        "content": verdict(content.grade),
        "object_refs": [atlas.TECHNIQUES[TECHNIQUE]["id"], *campaigns],
        "labels": [LABEL],
        "extensions": {extensions.VERDICT: content.model_dump(mode="json", exclude_none=True)},
    }


def _content(told: Told, suspect: str) -> Verdict:
    if told.grade == "none":
        raise PrivacyError("Nothing was shown, so nothing is said: it would be read as a finding.")
    if told.grade == "lead" and told.named is not None:
        raise PrivacyError("A lead names nobody.", hint="Say it without the model's name, or test the model.")
    return Verdict(
        suspect=suspect,
        named=told.named,
        grade=told.grade,
        alpha=told.alpha,
        log10_p=max(-9999, ceil(told.log10_p)),
        tests=tuple(dict.fromkeys(told.tests)),  # type: ignore[arg-type]  # checked by the model
        keys=told.keys,
        innocent_controls=told.innocent,
        positive_controls=told.positive,
        blinded_reruns=told.reruns,
        committed=told.committed,
        stamped=told.stamped,
        plan_sha256=told.plan,
    )
