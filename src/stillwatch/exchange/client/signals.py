"""What others said, turned into what a scan weighs: one signal for each foreign campaign whose tokens meet ours.

    with importing(settings.config.exchange, Path("accounts.csv"), key, now) as importer:
        scan(source, accounts, settings=settings, importer=importer)

Our values become tokens by the exchange's oblivious function, and are compared here: nobody learns which of them met.
Only indicators of admitted contributors count, undisputed, signed or at least logged.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.signals import Importer, Signal, Told
from stillwatch.config import ExchangeConfig
from stillwatch.errors import ExchangeError, PrivacyError, StillwatchError, TrustError
from stillwatch.exchange.client.extension import Extension, token_client
from stillwatch.exchange.client.means import COLUMNS, Means, read_means
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.state import State
from stillwatch.exchange.tokens.classes import TokenClass
from stillwatch.exchange.tokens.client import TokenClient
from stillwatch.exchange.tokens.matches import search, sought
from stillwatch.exchange.tokens.values import Values, collected
from stillwatch.exchange.trust import blast
from stillwatch.traffic.pseudonyms import Key

STANDING = "x_stillwatch_standing"
Object = Mapping[str, Any]
Met = Mapping[str, set[str]]  # indicator: values of ours, as the log has them


@contextmanager
def importing(config: ExchangeConfig, accounts: Path | None, key: Key, now: datetime) -> Iterator[Importer]:
    """What a scan asks; the exchange is spoken to only where something was imported that may be weighed.

    Where it cannot be asked, the scan goes on without what others said, and its findings say so.

    Raises:
        TrustError: the exchange's key is another than before, or its tokens were made with another.
        ConfigError: a setting is wrong.
    """
    with State.open(config.state) as state, ExitStack() as stack:
        indicators = [each for each in state.indicators(now) if usable(each)]
        if not indicators:
            yield lambda _shingles: Told()
            return
        try:
            session = stack.enter_context(opened(config))
            client = token_client(session, state, Extension.of(session, state))
        except TrustError:
            raise
        except ExchangeError as error:
            note = _not_weighed(error)
            yield lambda _shingles: note
            return
        here = [each for each in indicators if each[STANDING]["root"] == session.root.url]
        means = read_means(accounts, key) if accounts else None
        imported = Imported(here, state.mirror.indicated(), means, client, now)
        yield imported
        state.remember(f"too wide {session.root.url}", json.dumps(sorted(imported.too_wide)))


@dataclass(frozen=True)
class Imported:
    """Indicators of others, ready to be asked about (`campaigns.signals.Importer`).

    Attributes:
        indicators: those that may be weighed, with their standing (`State.indicators`).
        campaigns: by indicator, the id of the campaign that it indicates.
        means: the accounts table; None where there is none.
        client: makes the tokens.
        now: for `valid_until`.
        too_wide: those that fitted too many accounts to be weighed; `sync` says so.
    """

    indicators: Sequence[Object]
    campaigns: Mapping[str, str]
    means: Means | None
    client: TokenClient
    now: datetime
    too_wide: set[str] = field(default_factory=set)

    def __call__(self, shingles: npt.NDArray[np.uint32]) -> Told:
        """The signals that meet something of ours; see `campaigns.signals.Importer`.

        Raises:
            TrustError: tokens were made with another key than before.
        """
        words = collected(map(str, shingles.tolist()), "shingle")
        try:
            met = {column: self._met(self._own(kind, klass)) for kind, (column, klass) in COLUMNS.items()}
            found, past = self._met(words)
        except TrustError:
            raise
        except (ExchangeError, PrivacyError) as error:
            return _not_weighed(error)
        desk = self._usable({column: matches for column, (matches, _) in met.items()})
        epochs = sorted(set(past).union(*(gone for _, gone in met.values())))
        notes = (
            [f"Indicators of {', '.join(epochs)} can no longer be matched: their keys are destroyed."] if epochs else []
        )
        return Told(tuple(self._signals(desk, found)), tuple(notes))

    def _usable(self, desk: Mapping[str, Met]) -> Mapping[str, Met]:
        """Without what names a single account of ours, or too many of them."""
        used = {indicator: self._use(desk, indicator) for indicator in set[str]().union(*desk.values())}
        self.too_wide.update(indicator for indicator, use in used.items() if blast.told(use))
        return {
            column: {indicator: values for indicator, values in met.items() if used[indicator] is blast.Use.USABLE}
            for column, met in desk.items()
        }

    def _use(self, desk: Mapping[str, Met], indicator: str) -> blast.Use:
        if self.means is None:
            return blast.Use.NO_MATCH
        accounts = set[str]()
        for kind, (column, _) in COLUMNS.items():
            accounts.update(*(self.means.holders[kind][value] for value in desk[column].get(indicator, ())))
        return blast.use(blast.Reach(len(accounts), self.means.accounts, 0, 0), sources=1, local=True)

    def _own(self, kind: str, klass: TokenClass) -> Values:
        """Our values of one kind by their normal form, each standing for its pseudonym."""
        if self.means is None:
            return Values(klass, {}, 0)
        forms = {pseudonym: self.means.normal(kind, pseudonym) for pseudonym in self.means.holders[kind]}
        return Values(klass, {form: pseudonym for pseudonym, form in forms.items() if form is not None}, 0)

    def _met(self, own: Values) -> tuple[Met, tuple[str, ...]]:
        """Which of our values stand in which indicators, and the epochs in which nothing can be found any more."""
        wanted = sought(self.indicators, own.token_class, self.now)
        found = search(wanted, own, self.client)
        return {match.indicator: set(match.values) for match in found.matches}, found.past

    def _signals(self, desk: Mapping[str, Met], words: Met) -> Iterator[Signal]:
        met = set(words).union(*desk.values())
        groups: dict[tuple[str, str], list[Object]] = defaultdict(list)
        for indicator in self.indicators:
            if indicator["id"] in met:  # by publisher, too: nobody attaches another's indicator to what he says himself
                campaign = self.campaigns.get(indicator["id"], indicator["id"])
                groups[campaign, indicator[STANDING]["publisher"]].append(indicator)
        for (campaign, _), group in sorted(groups.items()):
            ids = sorted(indicator["id"] for indicator in group)
            columns = {
                column: frozenset[str]().union(*(found.get(i, ()) for i in ids)) for column, found in desk.items()
            }
            numbers = sorted({int(shingle) for i in ids for shingle in words.get(i, ())})
            yield Signal(
                id=campaign,
                indicators=tuple(ids),
                weight=min(float(indicator[STANDING]["weight"]) for indicator in group),
                desk={column: values for column, values in columns.items() if values},
                shingles=np.array(numbers, np.uint32),
            )


def usable(indicator: Object) -> bool:
    """Whether a scan may weigh it: said by an admitted contributor, vouched for by the exchange, and undisputed."""
    said = indicator[STANDING]
    return (
        said["standing"] == "admitted"
        and said["assurance"] != "unsigned"
        and said["state"] in ("reported", "confirmed")
    )


def _not_weighed(error: StillwatchError) -> Told:
    return Told(notes=(f"What other providers said was not weighed: {error}",))
