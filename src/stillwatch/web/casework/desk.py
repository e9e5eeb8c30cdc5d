"""Somebody at work on a case, with what he saw when he began.

    desk = Desk.of(asked)                   # from the form: its version, and the campaign that it showed
    desk.record(Assigned("ana"))            # Stale if somebody was first

Of two who change one case at once the second is told so, and keeps what he typed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from stillwatch.reports.reviews import ReviewStore
from stillwatch.web.asking import Asked, Invalid, NotThere, Stale
from stillwatch.web.console import Console
from stillwatch.web.store import cases, recording
from stillwatch.web.store.events import Body, Event, Merged, Split
from stillwatch.web.store.model import Case


@dataclass(frozen=True)
class Desk:
    """Somebody at work on a case.

    Attributes:
        console: what he works with.
        case: as it stands now.
        who: his name.
        now: when.
        revision: of the case that he saw; None: what others did meanwhile does not matter.
    """

    console: Console
    case: Case
    who: str
    now: datetime
    revision: int | None

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """From a form about a case.

        Raises:
            NotThere: there is no such case.
            Invalid: the form says not which version it is about.
        """
        case = cases.case(asked.console.store, asked.places["case"])
        return cls(asked.console, case, asked.person.name, asked.now, asked.form.number("version"))

    @property
    def reviews(self) -> ReviewStore:
        """What scans and the exchange know of verdicts."""
        return reviews_of(self.console)

    def record(self, body: Body) -> Event:
        """Writes down what he did.

        Raises:
            Stale: somebody else was first.
            Invalid: it cannot be done.
        """
        with self.recorded(body) as event:
            return event

    @contextmanager
    def recorded(self, body: Body) -> Iterator[Event]:
        """The same, with more that belongs to it: if the block raises, nothing was written down.

        Raises:
            Stale: somebody else was first.
            Invalid: it cannot be done.
        """
        try:
            with self.console.store.writing() as connection:
                yield recording.record(
                    connection, self.case.id, body, who=self.who, now=self.now, revision=self.revision
                )
        except Stale as stale:
            fresh = cases.case(self.console.store, self.case.id)
            fields = {"version": str(fresh.revision), "campaign": fresh.campaign.id}
            raise Stale(stale.what, now=stale.now, fields=fields) from None

    def shown_here(self) -> None:
        """Ends here where the case is shown as another.

        Raises:
            Invalid: it is.
        """
        if self.case.into:
            hint = f"Work on {self.case.into}, or take the merger back."
            raise Invalid("This case is merged into another.", where=self.case.id, hint=hint)

    def merge(self, into: str, reason: str) -> Event:
        """Makes the case one with another, under which it is shown from now on.

        Raises:
            Stale: somebody else was first.
            Invalid: the two are one already, or there is no such case.
        """
        self.shown_here()
        try:
            other = cases.row(self.console.store, into).id
        except NotThere as error:
            raise Invalid(error.what, where=into[:200], hint="Look for it in the queue.") from None
        return self.record(Merged(other, reason))

    def split(self, accounts: tuple[str, ...], reason: str) -> str:
        """Makes accounts a case of their own; returns its id.

        Raises:
            Stale: somebody else was first.
            Invalid: they are not of this case, or all of it.
        """
        event = self.record(Split(accounts, reason))
        assert isinstance(event.body, Split)  # noqa: S101 — for the type checker
        return event.body.case


def reviews_of(console: Console) -> ReviewStore:
    """What people said of campaigns, as scans remember it."""
    return ReviewStore(console.settings.config.reviews.path, console.clock)
