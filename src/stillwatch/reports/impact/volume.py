"""What the log has of a campaign's taking: answers and tokens, by model. Counted, not estimated."""

from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.reports.document import Campaign, Taken

UNTOLD = "(not told)"  # the model, in findings that do not say what was taken


@dataclass(frozen=True)
class Volume:
    """What was taken of one model.

    Attributes:
        model: its name in the log.
        answers: requests that did not fail; all requests where the findings do not tell.
        unmetered: those of them for which there are no tokens.
        input_tokens, output_tokens: of the others.
    """

    model: str
    answers: int
    unmetered: int
    input_tokens: int
    output_tokens: int


def volumes(campaigns: Iterable[Campaign]) -> tuple[Volume, ...]:
    """What these campaigns took, one volume a model, most answers first."""
    sums: dict[str, list[int]] = {}
    for campaign in campaigns:
        for row in taken(campaign):
            ours = sums.setdefault(row.model, [0, 0, 0, 0])
            counts = (row.answers, row.answers - row.metered, row.usage_input_tokens, row.usage_output_tokens)
            ours[:] = [a + b for a, b in zip(ours, counts, strict=True)]
    made = [Volume(model, *counts) for model, counts in sums.items()]
    return tuple(sorted(made, key=lambda volume: (-volume.answers, volume.model)))


def taken(campaign: Campaign) -> tuple[Taken, ...]:
    """What a campaign took by model and kind; one row of neither where the findings do not say."""
    if campaign.taken is not None:
        return campaign.taken
    metered = campaign.usage_input_tokens + campaign.usage_output_tokens > 0
    tokens = (campaign.usage_input_tokens, campaign.usage_output_tokens)
    return (
        Taken(
            model=UNTOLD,
            kind="",
            answers=campaign.requests,
            metered=campaign.requests if metered else 0,
            usage_input_tokens=tokens[0],
            usage_output_tokens=tokens[1],
        ),
    )
