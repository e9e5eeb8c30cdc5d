"""The words of a brief: what it is made of, and what it is made from."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from stillwatch.reports.sections import Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.forensics.verdict import VerdictDocument
    from stillwatch.reports.document import FindingsDocument
    from stillwatch.reports.impact.document import ImpactDocument
    from stillwatch.reports.measures import Measures

Reader = Literal["executive", "counsel", "policy", "forum"]


@dataclass(frozen=True)
class Source:
    """A file that a brief was made from."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Material:
    """All that a brief about campaigns may draw on.

    Attributes:
        findings: with what people said of each campaign.
        impact: of these findings.
        made: when the brief is made.
        measures: what was done about all campaigns together; None without a ledger.
        by_campaign: likewise, of each by its id.
        verdicts: on models that may have been trained on what was taken.
        sources: files, with their digests.
    """

    findings: "FindingsDocument"
    impact: "ImpactDocument"
    made: "datetime"
    measures: "Measures | None" = None
    by_campaign: "Mapping[str, Measures]" = field(default_factory=dict)
    verdicts: "tuple[VerdictDocument, ...]" = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A number that stands out.

    Attributes:
        value: in words, with its unit.
        label: what it is.
        says: how it is known, and how far it may be off.
    """

    value: str
    label: str
    says: str


@dataclass(frozen=True)
class Brief:
    """A document for one kind of reader.

    Attributes:
        reader: whom it is for.
        title: its title.
        about: the time that it is about, and when it was made.
        lead: what to know if nothing else is read.
        figures: numbers that stand out; for an executive.
        sections: the rest, in order.
        handling: who may see it, and what it holds.
        generator: what made it.
    """

    reader: Reader
    title: str
    about: str
    lead: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    handling: str
    generator: str
