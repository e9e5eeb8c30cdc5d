"""Newly named accounts as OpenTelemetry events, `gen_ai.evaluation.result`, to an OTLP/HTTP collector.

The event evaluates an account, not one response: it bears `user.id` instead of `gen_ai.response.id`, which no profile
knows. It is the one notice that names accounts: the collector must be the provider's own.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stillwatch import __version__
from stillwatch.reports.document import Account, Campaign
from stillwatch.reports.wording import label
from stillwatch.watch.notify.channel import NotTakenError
from stillwatch.watch.notify.news import News
from stillwatch.watch.notify.posting import Posting

NAME = "stillwatch.campaign"
AT_ONCE = 200  # events of one request
_SEVERITY_NUMBERS = {"low": 9, "medium": 13, "high": 17, "critical": 18}  # INFO, WARN, ERROR, ERROR2


class Otlp:
    """The channel of `watch.otlp`."""

    name = "otlp"

    def __init__(self, url: str) -> None:
        self._posting = Posting("watch.otlp", url.rstrip("/") + "/v1/logs", secret=False)

    def write(self, news: News) -> Iterable[str]:
        """ExportLogsServiceRequest as JSON, as many as there must be."""
        now = time.time_ns()
        events = [_event(joined.campaign, account, now) for joined in news.joined for account in joined.accounts]
        for some in range(0, len(events), AT_ONCE):
            yield json.dumps(_request(events[some : some + AT_ONCE]))

    def send(self, notice: str) -> None:
        """Export."""
        answer = self._posting.post(notice)
        if rejected := _rejected(answer):
            raise NotTakenError(f"{rejected} events rejected", refused=True)

    def close(self) -> None:
        """Close connections."""
        self._posting.close()


def _event(campaign: Campaign, account: Account, now: int) -> dict[str, Any]:
    families = ", ".join(label(family) for family in campaign.families)
    attributes: dict[str, str | float] = {
        "gen_ai.evaluation.name": NAME,
        "gen_ai.evaluation.score.value": account.bits,
        "gen_ai.evaluation.score.label": campaign.severity,
        "gen_ai.evaluation.explanation": f"Member of campaign {campaign.id} by {families}.",
        "user.id": account.account_id,
        "stillwatch.campaign.id": campaign.id,
        "stillwatch.campaign.bits": campaign.bits,
    }
    return {
        "timeUnixNano": str(int(campaign.crossed_at.timestamp() * 1e6) * 1000),
        "observedTimeUnixNano": str(now),
        "severityNumber": _SEVERITY_NUMBERS[campaign.severity],
        "severityText": campaign.severity,
        "eventName": "gen_ai.evaluation.result",
        "attributes": list(_attributes(attributes)),
    }


def _attributes(values: Mapping[str, str | float]) -> Iterator[dict[str, Any]]:
    for key, value in values.items():
        yield {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"doubleValue": value}}


def _request(events: list[dict[str, Any]]) -> dict[str, Any]:
    resource = {"attributes": list(_attributes({"service.name": "stillwatch", "service.version": __version__}))}
    scope = {"name": "stillwatch.watch", "version": __version__}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": events}]}]}


def _rejected(answer: bytes) -> int:
    """How many events a collector says that it did not take; none if it says nothing that can be read."""
    try:
        return int(json.loads(answer)["partialSuccess"]["rejectedLogRecords"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0
