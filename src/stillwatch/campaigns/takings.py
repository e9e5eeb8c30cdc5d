"""What the accounts under suspicion were given: answers and tokens, by model and by kind of answer.

The kind is read off the request's form, never off its words: whether the answer came with a block of reasoning, whether
a tool's answer was handed in, whether there was a conversation before. It says what was trained *for* only as far as a
form can: the subject of an answer (code, mathematics, prose) is in no column that a scan reads.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.findings import Taken

#: Kinds of answer; one that fits several is counted under the first.
KINDS = ("reasoning", "tool use", "conversation", "single question")
TOOLS = ("tool", "function")  # roles under which a tool's answer is handed in
MODELS = 40  # told by name of one campaign; anybody can ask for a model that does not exist
OTHERS = "(others)"
MOST_OF_ONE = 2**40  # tokens of one request: what claims more is broken, and shall not overflow the sum

_COUNTS = ("answers", "metered", "usage_input_tokens", "usage_output_tokens")


@dataclass
class Takings:
    """Counts by (model, kind): answers, those that are metered, tokens in and out."""

    counts: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)

    def absorb(self, other: "Takings") -> None:
        """Add what another batch showed."""
        for which, counts in other.counts.items():
            ours = self.counts.get(which, (0,) * len(_COUNTS))
            self.counts[which] = tuple(a + b for a, b in zip(ours, counts, strict=True))

    def told(self) -> tuple[Taken, ...]:
        """As findings hold it: most answers first, the models beyond the first `MODELS` together."""
        answers: Counter[str] = Counter()
        for (model, _), counts in self.counts.items():
            answers[model] += counts[0]
        named = sorted(answers, key=lambda model: (-answers[model], model))[:MODELS]
        few = Takings()
        for (model, kind), counts in self.counts.items():
            few.absorb(Takings({(model if model in named else OTHERS, kind): counts}))
        rows = [Taken(model, kind, *counts) for (model, kind), counts in few.counts.items()]
        return tuple(sorted(rows, key=lambda row: (-row.answers, row.model, KINDS.index(row.kind))))


def takings(batch: pa.RecordBatch, campaign: npt.NDArray[np.int64]) -> dict[int, Takings]:
    """What each campaign was given in one batch.

    Args:
        batch: requests of members (schema `traffic.schema.REQUESTS`).
        campaign: the number of each request's campaign.
    """
    tokens = (batch.column("usage_input_tokens"), batch.column("usage_output_tokens"))
    table = pa.table(
        {
            "campaign": campaign,
            "model": pc.fill_null(batch.column("request_model"), ""),
            "kind": _kinds(batch),
            "answers": np.ones(len(batch), np.int64),
            "metered": pc.cast(pc.and_(*(each.is_valid() for each in tokens)), pa.int64()),
            **{name: _bounded(each) for name, each in zip(_COUNTS[2:], tokens, strict=True)},
        }
    ).filter(pc.less(pc.fill_null(batch.column("response_status"), 200), 400))
    sums = table.group_by(["campaign", "model", "kind"]).aggregate([(name, "sum") for name in _COUNTS])
    out: dict[int, Takings] = {}
    for row in sums.to_pylist():
        counts = tuple(row[f"{name}_sum"] for name in _COUNTS)
        out.setdefault(row["campaign"], Takings()).counts[row["model"], KINDS[row["kind"]]] = counts
    return out


def _bounded(tokens: pa.Int64Array) -> pa.Int64Array:
    return pc.min_element_wise(pc.max_element_wise(pc.fill_null(tokens, 0), 0), MOST_OF_ONE)


def _kinds(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The kind of each answer, as a place in KINDS."""
    messages = batch.column("input_messages")
    kinds = np.where(pc.fill_null(pc.list_value_length(messages), 0).to_numpy() > 1, 2, 3)
    tools = pc.is_in(messages.flatten().field("role"), pa.array(TOOLS)).to_numpy(zero_copy_only=False)
    kinds[pc.list_parent_indices(messages).to_numpy()[tools]] = 1
    kinds[batch.column("reasoning_received").is_valid().to_numpy(zero_copy_only=False)] = 0
    return kinds
