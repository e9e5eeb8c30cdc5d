"""What a channel is: it words news, and hands a worded notice to whoever it is for."""

from collections.abc import Iterable
from typing import Protocol

from stillwatch.watch.notify.news import News

TIMEOUT_SECONDS = 10.0  # for each step of handing over


class NotTakenError(Exception):
    """A notice was not taken.

    Args:
        why: in words that name no address and no content.
        refused: it never will be: this very notice is not wanted.
        wait: the least seconds before the next attempt, as the other side asks.
    """

    def __init__(self, why: str, *, refused: bool = False, wait: float = 0.0) -> None:
        super().__init__(why)
        self.refused, self.wait = refused, wait


class Channel(Protocol):
    """A way to tell somebody. A notice may arrive twice, if the process ends between its taking and our noting it."""

    @property
    def name(self) -> str:
        """Its setting: "webhook", "mail" or "otlp"."""

    def write(self, news: News) -> Iterable[str]:
        """The notices that these news are, as they are kept until they are sent; none if it is not for this channel."""

    def send(self, notice: str) -> None:
        """Hand over what `write` wrote.

        Raises:
            NotTakenError: it was not taken.
        """

    def close(self) -> None:
        """Let go of connections."""
