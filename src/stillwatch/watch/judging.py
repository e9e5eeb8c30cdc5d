"""What the loop calls: one judgement after the other, each told, remembered and acted upon.

    judging = Judging(journal, window, settings.scan, accounts=AccountsFile(path, key), told=..., act=...)
    Watch(sources, journal, window, judging, settings.watch)

All accounts are judged when the last time was ten times its own duration ago, and between only what the campaigns that
were raised have become (docs/decisions/0020).
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from stillwatch.campaigns.signals import Importer
from stillwatch.config import ScanConfig
from stillwatch.errors import InputError
from stillwatch.profiles.accounts import Profiles
from stillwatch.reports.document import Campaign, FindingsDocument, Review
from stillwatch.traffic import Key, Rejects, read_accounts
from stillwatch.watch.journal import Journal
from stillwatch.watch.judgement import Judgement, judged
from stillwatch.watch.metrics import Metrics
from stillwatch.watch.window import Window

RESTS = 10  # durations of a judgement of all accounts, between two of them


class AccountsFile:
    """The sign-up desk's table, read again when the file has changed.

    Args:
        path: of the table; None: there is none.
        key: under which addresses and the like become tokens.
        report: told of a file that was there and cannot be read now; the table of before stands meanwhile.

    Raises:
        InputError: it cannot be read at the start.
    """

    def __init__(self, path: Path | None, key: Key, report: Callable[[str, Exception], None]) -> None:
        self._path, self._key, self._report = path, key, report
        self._state, self._table = self._looked(), self._read()

    def __call__(self) -> pa.Table | None:
        """As of now."""
        try:
            if self._state != (state := self._looked()):
                self._table, self._state = self._read(), state
        except (InputError, OSError) as error:
            self._report("accounts", error)
        return self._table

    def _looked(self) -> tuple[int, ...]:
        if self._path is None or not self._path.exists():
            return ()
        found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> pa.Table | None:
        return read_accounts(self._path, key=self._key, rejects=Rejects()) if self._path else None


@dataclass
class Judging:
    """Judges a window, and says what came of it.

    Attributes:
        journal: keeps what was raised.
        window: is told whom to spare.
        settings: where the line is.
        metrics: told how long it took and what was found.
        accounts: the sign-up desk's table as of now.
        importer: opens what is asked of other providers' knowledge.
        reviews: tells what a person said of a campaign before.
        told: told all that was found, and which of it is new.
        act: does what the policy says.
    """

    journal: Journal
    window: Window
    settings: ScanConfig
    metrics: Metrics
    accounts: Callable[[], pa.Table | None] = lambda: None
    importer: Callable[[], AbstractContextManager[Importer | None]] = nullcontext
    reviews: Callable[[Campaign], Review | None] | None = None
    told: Callable[[FindingsDocument, Sequence[Campaign]], None] = lambda _document, _new: None
    act: Callable[[Judgement, pa.Table | None], None] = lambda _judgement, _accounts: None

    def __post_init__(self) -> None:
        self._raised = self.journal.raised
        self._whole_again = time.monotonic()

    def __call__(self, profiles: Profiles) -> bool:
        """Judge; returns whether all accounts were, not only those of known campaigns."""
        began = time.monotonic()
        whole = began >= self._whole_again
        if not whole and not self._raised:
            return False
        table = self.accounts()
        with self.importer() as importer:
            judgement = judged(
                profiles,
                table,
                self.settings,
                self._raised,
                importer=importer,
                reviews=self.reviews,
                rejected=int(self.metrics.value("rejected")),
                anew=whole,
            )
        took = time.monotonic() - began
        if whole:
            self._whole_again = time.monotonic() + RESTS * took
        self._tell(judgement, took)
        self.act(judgement, table)
        return whole

    def _tell(self, judgement: Judgement, took: float) -> None:
        """Told before it is remembered: what is told twice after a crash is better than what is told never."""
        before = {campaign.id for campaign in self._raised}
        document = judgement.document
        self.metrics.judged(document, seconds=took)
        self.told(document, [campaign for campaign in document.standing if campaign.id not in before])
        self.journal.remember(judgement.raised)
        self._raised = judgement.raised
        self.window.protect(account for campaign in judgement.raised for account in campaign.accounts)
