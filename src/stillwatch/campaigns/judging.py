"""From profiles to clusters that pass the line: what a scan and the watch do alike.

judged = judge(people, accounts, settings, engine)
[told(s, shown, settings) for s in judged.suspicions]

A log of up to `WHOLE` accounts is judged at once. Of a larger one, only those are brought to one place whom a look at
its parts makes candidates (`gathering`), with a sample that stands for everybody else.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns import population
from stillwatch.campaigns.census import Census, counted
from stillwatch.campaigns.gathering import Candidates, gather
from stillwatch.campaigns.linking import propose
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.selection import Suspicion, select
from stillwatch.campaigns.shards import places
from stillwatch.campaigns.signals import Importer, Told
from stillwatch.campaigns.signed_up import key_of
from stillwatch.config import ScanConfig
from stillwatch.engines.contract import Engine, Table
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, together

I64 = npt.NDArray[np.int64]

WHOLE = 65_536  # accounts that are judged at once

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


def judge(  # noqa: PLR0913 — what is judged, where, against what, and who is asked and told
    people: Table,
    accounts: pa.Table | None,
    settings: ScanConfig,
    engine: Engine,
    *,
    importer: Importer | None = None,
    tell: Progress = lambda _stage, _share: None,
    scope: Callable[[Census], Scope] = lambda _everybody: Scope(),
) -> Judged:
    """Find the clusters that pass the line.

    Args:
        people: profiles (`profiles.wire.SCHEMA`), of one account at least.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None: then sign-up is no evidence.
        settings: where the line is.
        engine: where the profiles lie.
        importer: asked what other providers say of campaigns.
        tell: told the stage and how far it is, 0 to 1.
        scope: told the census, who is looked at.
    """
    everybody = people.fold(counted, Census)
    looked = scope(everybody)
    known = [_asked(ids, everybody) for ids in looked.known]
    if everybody.accounts <= WHOLE:
        found = _whole(people, accounts, settings, known=known, scope=looked, importer=importer, tell=tell)
    else:
        found = gather(
            people, engine, everybody, accounts, settings, known=known, scope=looked, importer=importer, tell=tell
        )
    suspicions = select(found.population, settings, lambda share: tell("weighing", share), proposals=found.proposals)
    return Judged(
        everybody, found.population, suspicions, (*_notes(everybody, found.population, accounts), *found.notes)
    )


def _asked(ids: Collection[str], everybody: Census) -> I64:
    """The keys of those of these accounts who ever asked."""
    return np.intersect1d(key_of(pa.array(sorted(ids), pa.string())), everybody.keys)


def _whole(  # noqa: PLR0913 — who, against what, and who is asked and told
    people: Table,
    accounts: pa.Table | None,
    settings: ScanConfig,
    *,
    known: Sequence[I64],
    scope: Scope,
    importer: Importer | None,
    tell: Progress,
) -> Candidates:
    """Everybody at once."""
    profiles = together([Profiles(), *(wire.profiles_of(batch) for batch in people.batches())])
    said = Told()
    if importer is not None:
        tell("asking the exchange", 0.0)
        said = importer(population.sent_by_several(profiles))
    everybody = population.build(profiles, accounts, said.signals)
    key = key_of(everybody.profiles.ids)
    proposals = [np.sort(places(key, each)) for each in known]
    if scope.asks:
        proposals += propose(everybody, settings.hub_accounts, scope.rows(key))
    return Candidates(everybody, proposals, said.notes)


def _notes(everybody: Census, judged: population.Population, accounts: pa.Table | None) -> tuple[str, ...]:
    notes = []
    if accounts is None:
        notes.append(
            "No accounts table was given: what accounts share in payment, mail and sign-up was not weighed "
            "(--accounts FILE)."
        )
    elif missing := len(np.setdiff1d(everybody.keys, key_of(accounts["account_id"].combine_chunks()))):
        notes.append(f"{missing:,} of {everybody.accounts:,} accounts are not in the accounts table.")
    if wide := judged.known.too_wide:
        notes.append(
            f"What another provider said of {', '.join(wide)} fits more than a tenth of the accounts here: not weighed."
        )
    if not len(judged.keys["address"].degrees[0]):
        notes.append(
            "No network address is shared by any two accounts, or the log has none: the network was not weighed."
        )
    return (*notes, *(_ABSENT[name] for name in _ABSENT if name not in everybody.columns))


#: What could not be weighed where a column of the whole log holds nothing.
_ABSENT = {
    "input_messages": "The log has no text of requests (input_messages): shared texts, what is asked for and turns of "
    "others were not weighed.",
    "request_temperature": "No request sets a temperature or a length, or the log has neither (request_temperature, "
    "request_max_tokens): how clients are set was not weighed.",
    "usage_output_tokens": "The log has no tokens (usage_input_tokens, usage_output_tokens): what was taken is told in "
    "requests.",
}
