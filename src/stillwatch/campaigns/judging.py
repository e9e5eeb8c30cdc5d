"""From profiles to clusters that pass the line: what a scan and the watch do alike.

judged = judge(profiles, accounts, settings)
[told(s, shown, settings) for s in judged.suspicions]
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns import population
from stillwatch.campaigns.evidence.client import UNSET
from stillwatch.campaigns.selection import Suspicion, select
from stillwatch.campaigns.signals import Importer, Told
from stillwatch.config import ScanConfig
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import EMPTY32

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Judged:
    """What was found in profiles.

    Attributes:
        everybody: all accounts, as arrays.
        suspicions: clusters that pass the line, strongest first.
        notes: what the reader should know.
    """

    everybody: population.Population
    suspicions: list[Suspicion]
    notes: tuple[str, ...]

    @property
    def requests(self) -> int:
        """How many requests were folded into the profiles."""
        return int(self.everybody.profiles["requests"].sum(dtype=np.int64))

    @property
    def tokens(self) -> tuple[int, int]:
        """How many tokens were asked with and answered, as far as the log says."""
        profiles = self.everybody.profiles
        return sum(profiles["input_tokens"].tolist()), sum(profiles["output_tokens"].tolist())

    @property
    def window(self) -> tuple[int, int]:
        """The first and the last request, µs since 1970."""
        profiles = self.everybody.profiles
        return int(profiles["first"].min()), int(profiles["last"].max())


def judge(  # noqa: PLR0913 — what is judged, against what, and who is asked and told
    profiles: Profiles,
    accounts: pa.Table | None,
    settings: ScanConfig,
    *,
    importer: Importer | None = None,
    tell: Progress = lambda _stage, _share: None,
    known: Sequence[Collection[str]] | None = None,
) -> Judged:
    """Find the clusters that pass the line.

    Args:
        profiles: of one account at least.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        settings: where the line is.
        importer: asked what other providers say of campaigns.
        tell: told the stage and how far it is, 0 to 1.
        known: clusters (account ids) that were found before; only what these have become is looked at then.
    """
    said = _said(profiles, importer, tell)
    everybody = population.build(profiles, accounts, said.signals)
    rows = None if known is None else [everybody.rows(pa.array(sorted(ids), pa.string())) for ids in known]
    suspicions = select(everybody, settings, lambda share: tell("weighing", share), known=rows)
    return Judged(everybody, suspicions, (*_notes(everybody, accounts), *said.notes))


def _said(profiles: Profiles, importer: Importer | None, tell: Progress) -> Told:
    if importer is None:
        return Told()
    tell("asking the exchange", 0.0)
    return importer(population.sent_by_several(profiles))


def _notes(everybody: population.Population, accounts: pa.Table | None) -> tuple[str, ...]:
    notes = []
    if accounts is None:
        notes.append(
            "No accounts table was given: what accounts share in payment, mail and sign-up was not weighed "
            "(--accounts FILE)."
        )
    elif missing := len(everybody) - pc.sum(pc.is_in(everybody.profiles.ids, accounts["account_id"])).as_py():
        notes.append(f"{missing:,} of {len(everybody):,} accounts are not in the accounts table.")
    if wide := everybody.known.too_wide:
        notes.append(
            f"What another provider said of {', '.join(wide)} fits more than a tenth of the accounts here: not weighed."
        )
    if not everybody.keys["address"].held.nnz:
        notes.append(
            "No network address is shared by any two accounts, or the log has none: the network was not weighed."
        )
    notes += _absent(everybody.profiles)
    return tuple(notes)


def _absent(profiles: Profiles) -> Iterator[str]:
    """Columns that hold nothing in the whole log, and what could not be weighed without them."""
    if not profiles["words"].any():
        yield (
            "The log has no text of requests (input_messages): shared texts, what is asked for and turns of others "
            "were not weighed."
        )
    if not ((profiles["styles"] != EMPTY32) & (profiles["styles"] != UNSET)).any():
        yield (
            "No request sets a temperature or a length, or the log has neither (request_temperature, "
            "request_max_tokens): how clients are set was not weighed."
        )
    if not (profiles["input_tokens"].any() or profiles["output_tokens"].any()):
        yield "The log has no tokens (usage_input_tokens, usage_output_tokens): what was taken is told in requests."
