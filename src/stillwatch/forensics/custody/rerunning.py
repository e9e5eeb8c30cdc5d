"""A second person scores the same answers again, under labels of their own, and signs what they found.

    rerun(bundle, keys, signing_key, now)     # writes reruns/<their key>.json into the bundle

Nobody repeats their own run: the key must be another than the run's.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from stillwatch.errors import ConfigError
from stillwatch.forensics.custody.blinding import Opening, Results
from stillwatch.forensics.custody.bundle import (
    MANIFEST,
    RERUNS,
    Bundle,
    Part,
    Software,
    software,
    unaltered,
    write_signed,
)
from stillwatch.forensics.custody.scoring import Progress, quietly, score_blind
from stillwatch.forensics.model import Key, KeyResult, TestResult
from stillwatch.forensics.plan import Digest
from stillwatch.signing import SigningKey

CLOSE = 1e-6  # relative: what another machine's arithmetic may change


class Repeated(Part):
    """What somebody else found.

    Attributes:
        manifest: SHA-256 of the manifest of the run that is repeated.
    """

    version: Literal["1"] = "1"
    manifest: Digest
    software: Software
    results: Results
    opening: Opening


def rerun(
    bundle: Bundle, keys: Mapping[str, Key], signing: SigningKey, now: datetime, *, progress: Progress = quietly
) -> str:
    """Scores a bundle's answers again.

    Returns:
        The name of the file in the bundle that says what was found.

    Raises:
        ConfigError: it is the signer's own run.
        TrustError: a file of the bundle was altered.
    """
    if unaltered(bundle) == signing.key_id:
        hint = "Another person does, with a key of their own: --key-file."
        raise ConfigError("Nobody repeats their own run.", where=signing.key_id, hint=hint)
    manifest = hashlib.sha256(bundle.read(MANIFEST)).hexdigest()
    results, opening = score_blind(bundle, keys, now, progress=progress)
    again = Repeated(manifest=manifest, software=software(), results=results, opening=opening)
    name = f"{RERUNS}/{signing.key_id}.json"
    bundle.path(RERUNS).mkdir(exist_ok=True)
    write_signed(bundle.path(name), again.text, signing)
    return name


def differences(first: Sequence[TestResult], second: Sequence[TestResult]) -> Iterator[str]:
    """Which results differ by more than arithmetic does: "closed of control-03"."""
    ours, theirs = ({(each.test, each.subject): each for each in results} for results in (first, second))
    for test, subject in sorted(ours.keys() | theirs.keys()):
        if not _alike(ours.get((test, subject)), theirs.get((test, subject))):
            yield f"{test} of {subject}"


def _alike(one: TestResult | None, other: TestResult | None) -> bool:
    if one is None or other is None:
        return one is other
    counted = (one.n, one.needed, one.left_out, one.problem) == (other.n, other.needed, other.left_out, other.problem)
    nulls = zip(_null(one), _null(other), strict=True)
    return (
        counted
        and len(one.keys) == len(other.keys)
        and all(map(_close, one.keys, other.keys))
        and all(math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) for a, b in nulls)
    )


def _null(result: TestResult) -> tuple[float, ...]:
    null = result.null
    return null.keys, null.share_05, null.share_01, null.ks_p


def _close(one: KeyResult, other: KeyResult) -> bool:
    pairs = ((one.total, other.total), (one.log10_p, other.log10_p), (one.log10_p_holm, other.log10_p_holm))
    same = (one.key, one.campaign, one.n) == (other.key, other.campaign, other.n)
    return same and all(math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) for a, b in pairs)
