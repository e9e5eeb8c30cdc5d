"""From findings and assumptions to the document."""

from collections.abc import Iterable, Iterator

from stillwatch import __version__
from stillwatch.reports.document import Campaign, FindingsDocument, Taken
from stillwatch.reports.impact.assumptions import Assumptions, parameters
from stillwatch.reports.impact.document import (
    VERSION,
    Assumption,
    ImpactDocument,
    Interval,
    NotEstimated,
    Scope,
)
from stillwatch.reports.impact.estimates import Values, estimates
from stillwatch.reports.impact.load import load_of
from stillwatch.reports.impact.volume import taken, volumes
from stillwatch.reports.wording import count

#: What no log tells, and why.
NOT_ESTIMATED = (
    NotEstimated(
        title="avoided research",
        says="Not estimated from telemetry: what a copier would have spent on research of its own is in no request.",
    ),
    NotEstimated(
        title="undercut prices",
        says="Not estimated from telemetry: lost sales are a price difference x quantity x share captured x share due "
        "to the copy, and a log has none of the four. Figures of thousands of millions rest on this or on that.",
    ),
)


def assess(findings: FindingsDocument, assumptions: Assumptions) -> ImpactDocument:
    """Assess the campaigns that nobody dismissed."""
    draws = assumptions.drawn()
    return ImpactDocument(
        version=VERSION,
        generator=f"stillwatch {__version__}",
        window=findings.window,
        draws=assumptions.draws,
        seed=assumptions.seed,
        scopes=tuple(_scopes(findings.standing, assumptions, draws)),
        not_estimated=NOT_ESTIMATED,
        load=load_of(findings),
        assumptions=tuple(_assumptions(assumptions)),
        notes=tuple(_notes(findings)),
    )


def _scopes(campaigns: tuple[Campaign, ...], assumptions: Assumptions, draws: Values) -> Iterator[Scope]:
    def scope(name: str, title: str, part: tuple[Campaign, ...], *, missed: bool = False) -> Scope:
        return Scope(
            id=name,
            title=title,
            requests=sum(campaign.requests for campaign in part),
            requests_before_crossing=sum(campaign.requests_before_crossing for campaign in part),
            taken=_together(row for campaign in part for row in taken(campaign)),
            estimates=estimates(volumes(part), assumptions, draws, missed=missed),
        )

    if campaigns:
        yield scope("all", "with what detection misses", campaigns, missed=True)
        yield scope("found", f"{count(len(campaigns), 'campaign')} found", campaigns)
    yield from (scope(campaign.id, campaign.id, (campaign,)) for campaign in campaigns)


def _together(rows: Iterable[Taken]) -> tuple[Taken, ...]:
    """One row for each model and kind, most answers first."""
    sums: dict[tuple[str, str], Taken] = {}
    for row in rows:
        before = sums.get((row.model, row.kind))
        sums[row.model, row.kind] = _added(before, row) if before else row
    return tuple(sorted(sums.values(), key=lambda row: (-row.answers, row.model, row.kind)))


def _added(one: Taken, other: Taken) -> Taken:
    counts = ("answers", "metered", "usage_input_tokens", "usage_output_tokens")
    return one.model_copy(update={name: getattr(one, name) + getattr(other, name) for name in counts})


def _assumptions(assumptions: Assumptions) -> Iterator[Assumption]:
    for name, law in assumptions.laws.items():
        low, middle, high = (float(f"{float(values[name][0]):.4g}") for values in assumptions.ends)
        yield Assumption(
            name=name,
            law=law.law,
            parameters=dict(parameters(law)),
            unit=law.unit,
            source=law.source,
            interval=Interval(low=low, middle=middle, high=high),
        )


def _notes(findings: FindingsDocument) -> Iterator[str]:
    """What cannot be told, and what was taken instead."""
    standing = findings.standing
    if dismissed := len(findings.campaigns) - len(standing):
        yield f"{count(dismissed, 'campaign')} that a person rejected, on the same evidence, took no part."
    untold = sum(campaign.taken is None for campaign in standing)
    if untold:
        yield (
            f"What was taken by model and kind is not told of {count(untold, 'campaign')}: the findings are of an "
            "older version or of the watch. All its requests count as answers; scan the log for more."
        )
    unmetered = sum(volume.unmetered for volume in volumes(standing))
    if unmetered:
        yield f"The log has no tokens for {count(unmetered, 'answer')}: their mean is assumed."
    if untold < len(standing):
        yield (
            "Kinds are read off the form of a request: reasoning where a sealed or open block of it came with the "
            "answer, tool use where a tool's answer was handed in. A log that leaves either out shows none of it."
        )
    if standing:
        yield "The subject of the answers (code, mathematics, prose) cannot be told: a scan reads no answer."
    if not findings.traffic:
        yield "The busiest hour is not told: the findings do not count everybody's requests by hour."
    if findings.inputs.usage_output_tokens is None:
        yield "The share of all tokens is not told: the findings do not count everybody's."
