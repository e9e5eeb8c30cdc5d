"""Blind labels: whoever scores does not know whose answers these are until the results are sealed.

    blinding = draw(["suspect", "control-01"])       # m-3f9a0c1b stands for one of them
    results = Results(seal=blinding.seal, ...)       # scored by label, written, digested
    unsealed(results, Blinding(..., results=digest)) # by name

The seal is a digest over labels and a salt: it is in the results before anybody learns whose labels they are, and the
opening names the digest of the results, so neither can be changed for the other.
"""

import dataclasses
import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated

from pydantic import AwareDatetime, Field

from stillwatch.errors import TrustError
from stillwatch.forensics.custody.bundle import Part
from stillwatch.forensics.model import TestResult
from stillwatch.forensics.plan import Digest
from stillwatch.signing import canonical

Label = Annotated[str, Field(pattern=r"^m-[0-9a-f]{8}$")]


class Results(Part):
    """What was found, by label.

    Attributes:
        plan: the digest of the plan that was followed.
        seal: the digest of the labels and their salt.
        scored: when.
    """

    plan: Digest
    seal: Digest
    scored: AwareDatetime
    results: tuple[TestResult, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return hashlib.sha256(self.text).hexdigest()


class Labels(Part):
    """Whose each label is; the salt keeps the seal from being guessed."""

    labels: dict[Label, str]
    salt: Digest

    @property
    def seal(self) -> str:
        """What is published before the results."""
        return hashlib.sha256(canonical(self.model_dump(mode="json", include={"labels", "salt"}))).hexdigest()


class Opening(Labels):
    """The labels, opened after results with this digest were sealed."""

    results: Digest


def draw(subjects: Iterable[str]) -> Labels:
    """Labels for subjects, at random: neither a label nor its place says anything of whose it is."""
    names = sorted(subjects)
    labels: set[str] = set()
    while len(labels) < len(names):
        labels.add(f"m-{secrets.token_hex(4)}")
    secrets.SystemRandom().shuffle(names)
    return Labels(labels=dict(zip(sorted(labels), names, strict=True)), salt=secrets.token_hex(32))


def unsealed(results: Results, opening: Opening, *, where: str) -> tuple[TestResult, ...]:
    """Results by name.

    Raises:
        TrustError: the labels are not those that were sealed, or they were opened for other results.
    """
    if opening.seal != results.seal:
        raise TrustError("The blind labels are not those that were sealed before the results.", where=where)
    if opening.results != results.digest:
        raise TrustError("The blind labels were opened for other results.", where=where)
    if any(each.subject not in opening.labels for each in results.results):
        raise TrustError("The results speak of a subject that has no label.", where=where)
    return tuple(dataclasses.replace(each, subject=opening.labels[each.subject]) for each in results.results)
