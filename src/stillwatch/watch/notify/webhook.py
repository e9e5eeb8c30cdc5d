"""News to a webhook that takes what Slack's do: Slack's own, Mattermost's, Rocket.Chat's, Discord's with /slack."""

import json
from collections.abc import Iterable

from stillwatch.watch.notify.news import News, headline, story
from stillwatch.watch.notify.posting import Posting

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # as Slack's formatting asks


class Webhook:
    """The channel of `watch.webhook`."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._posting = Posting("watch.webhook", url, secret=True)

    def write(self, news: News) -> Iterable[str]:
        """One message."""
        if news.for_people:
            text = "\n".join((f"*{headline(news)}*", *story(news))).translate(_ESCAPED)
            yield json.dumps({"text": text})

    def send(self, notice: str) -> None:
        """Post it."""
        self._posting.post(notice)

    def close(self) -> None:
        """Close connections."""
        self._posting.close()
