"""From profiles to clusters that pass the line: what a scan and the watch do alike.

judged = judge(profiles, accounts, settings)
[told(s, shown, settings) for s in judged.suspicions]
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.campaigns import census, population
from stillwatch.campaigns.census import Census
from stillwatch.campaigns.selection import Suspicion, select
from stillwatch.campaigns.signals import Importer, Told
from stillwatch.campaigns.signed_up import key_of
from stillwatch.config import ScanConfig
from stillwatch.profiles.accounts import Profiles

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Judged:
    """What was found in profiles.

    Attributes:
        census: what is known of everybody.
        population: the accounts that were judged in the end, as arrays.
        suspicions: clusters of them that pass the line, strongest first.
        notes: what the reader should know.
    """

    census: Census
    population: population.Population
    suspicions: list[Suspicion]
    notes: tuple[str, ...]

    @property
    def tokens(self) -> tuple[int, int]:
        """How many tokens were asked with and answered, as far as the log says."""
        return self.census.input_tokens, self.census.output_tokens

    @property
    def window(self) -> tuple[int, int]:
        """The first and the last request, µs since 1970."""
        return self.census.first, self.census.last


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
    counts = census.of(profiles)
    rows = None if known is None else [everybody.rows(pa.array(sorted(ids), pa.string())) for ids in known]
    suspicions = select(everybody, settings, lambda share: tell("weighing", share), proposals=rows)
    return Judged(counts, everybody, suspicions, (*_notes(counts, everybody, accounts), *said.notes))


def _said(profiles: Profiles, importer: Importer | None, tell: Progress) -> Told:
    if importer is None:
        return Told()
    tell("asking the exchange", 0.0)
    return importer(population.sent_by_several(profiles))


def _notes(counts: Census, everybody: population.Population, accounts: pa.Table | None) -> tuple[str, ...]:
    notes = []
    if accounts is None:
        notes.append(
            "No accounts table was given: what accounts share in payment, mail and sign-up was not weighed "
            "(--accounts FILE)."
        )
    elif missing := counts.accounts - len(np.intersect1d(counts.keys, key_of(accounts["account_id"].combine_chunks()))):
        notes.append(f"{missing:,} of {counts.accounts:,} accounts are not in the accounts table.")
    if wide := everybody.known.too_wide:
        notes.append(
            f"What another provider said of {', '.join(wide)} fits more than a tenth of the accounts here: not weighed."
        )
    if not everybody.keys["address"].held.nnz:
        notes.append(
            "No network address is shared by any two accounts, or the log has none: the network was not weighed."
        )
    return (*notes, *(_ABSENT[name] for name in _ABSENT if name not in counts.columns))


#: What could not be weighed where a column of the whole log holds nothing.
_ABSENT = {
    "input_messages": "The log has no text of requests (input_messages): shared texts, what is asked for and turns of "
    "others were not weighed.",
    "request_temperature": "No request sets a temperature or a length, or the log has neither (request_temperature, "
    "request_max_tokens): how clients are set was not weighed.",
    "usage_output_tokens": "The log has no tokens (usage_input_tokens, usage_output_tokens): what was taken is told in "
    "requests.",
}
