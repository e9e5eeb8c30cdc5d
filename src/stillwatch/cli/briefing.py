"""What a brief is made from: findings, their impact, the ledger of measures, verdicts, each file with its digest."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli import measures, options
from stillwatch.cli.probe_bundle import verdict_of
from stillwatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.config import Settings
    from stillwatch.reports.briefs.model import Brief, Material, Source
    from stillwatch.reports.document import FindingsDocument
    from stillwatch.reports.measures import Measures

READERS = ("executive", "counsel", "policy", "forum")


def material(
    findings: Path,
    campaigns: tuple[str, ...],
    verdicts: tuple[Path, ...],
    assumptions: Path | None,
    settings: "Settings",
    *,
    ledger_named: bool,
) -> "Material":
    """All that a brief about campaigns draws on.

    Args:
        findings: what `scan -o` wrote.
        campaigns: ids; none for all.
        verdicts: bundles, or verdict.json.
        assumptions: of the impact; None: the package's.
        settings: with the ledger's place.
        ledger_named: whether somebody named the ledger, so that it must be there.
    """
    from stillwatch.reports.briefs.model import Material
    from stillwatch.reports.impact.assessment import assess
    from stillwatch.reports.impact.assumptions import load

    document, now = chosen(options.load_findings(findings, settings), campaigns), datetime.now(UTC)
    together, by_campaign = _measures(document, settings, now, needed=ledger_named)
    return Material(
        findings=document,
        impact=assess(document, load(assumptions)),
        made=now,
        measures=together,
        by_campaign=by_campaign,
        verdicts=tuple(map(verdict_of, verdicts)),
        sources=tuple(_source(each) for each in (findings, *verdicts) if each.is_file()),
    )


def chosen(document: "FindingsDocument", campaigns: tuple[str, ...]) -> "FindingsDocument":
    """The findings with these campaigns alone, by the beginning of their ids; with all where none is named.

    Raises:
        InputError: there is no such campaign, or more than one.
    """
    if not campaigns:
        return document
    wanted = {document.campaign(each).id for each in campaigns}
    return document.model_copy(update={"campaigns": tuple(c for c in document.campaigns if c.id in wanted)})


def forum(path: Path | None, quarter: str | None) -> "Brief":
    """A forum's quarter, from what its exchange printed.

    Raises:
        ConfigError: no file is named.
        InputError: it cannot be read, is something else, or has nothing of the quarter.
    """
    from stillwatch.reports.briefs.forum import brief, loads

    if path is None:
        hint = "`stillwatch exchange statistics --root NAME --period 2026Q3 --json` prints them."
        raise ConfigError("Of which statistics?", where="FILE", hint=hint)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"The statistics cannot be read ({error.strerror}).", where=str(path)) from None
    return brief(loads(content, where=str(path)), quarter)


def _measures(
    document: "FindingsDocument", settings: "Settings", now: datetime, *, needed: bool
) -> "tuple[Measures | None, Mapping[str, Measures]]":
    """What was done about the campaigns; nothing is told where there is no ledger and none was named."""
    if not needed and not _there(settings.config.response.ledger):
        return None, {}
    from stillwatch.reports.measures import taken

    with measures.opened_ledger(settings) as book:
        members = {each.id: [account.account_id for account in each.accounts] for each in document.standing}
        return taken(book.entries(), members, now)


def _there(address: str | None) -> bool:
    """Whether the settings name a ledger that can be there; a file that nobody made yet is none."""
    return address is not None and ("://" in address or Path(address).exists())


def _source(path: Path) -> "Source":
    from stillwatch.reports.briefs.model import Source

    with path.open("rb") as content:
        return Source(path.name, hashlib.file_digest(content, "sha256").hexdigest())
