"""Whether everything that the console rests on works, and what its findings could not see.

for check in checks(console, scan, now): ...      # findings, ledger, relay, exchange, watch: each with what to do
for each in coverage(scan): ...                   # what the log had, and what that blinds

Nothing is written and no other machine is asked, but the relay: whether it answers is what it is for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.reports.wording import count, minute, quantity, share
from stillwatch.response.ledger.entries import Switched
from stillwatch.web import incoming
from stillwatch.web.casework import measures
from stillwatch.web.console import Console
from stillwatch.web.store.model import Scan

State = Literal["good", "warn", "absent"]

OLD = timedelta(days=2)  # a log is scanned once a day at least, or watched
_MANY_REJECTED = 0.01  # of the rows


@dataclass(frozen=True)
class Check:
    """One thing that the console rests on.

    Attributes:
        state: "good"; "warn": somebody should look; "absent": it is not set up, which may be meant.
        hint: what to do; empty: nothing.
    """

    name: str
    state: State
    says: str
    hint: str = ""


@dataclass(frozen=True)
class Coverage:
    """One thing that a log may have.

    Attributes:
        there: False: the findings were made without it.
        blinds: what follows where it is not there.
    """

    name: str
    there: bool
    says: str
    blinds: str = ""


def checks(console: Console, scan: Scan | None, now: datetime) -> tuple[Check, ...]:
    """All of them; one that fails is a line, and never a page that cannot be shown."""
    parts: dict[str, Callable[[], Check]] = {
        "findings": lambda: _findings(console, scan, now),
        "ledger": lambda: _ledger(console),
        "relay": lambda: _relay(console),
        "exchange": lambda: _exchange(console, now),
        "watch": lambda: _watch(console.settings.config.watch.folder, now),
    }
    return tuple(_told(name, part) for name, part in parts.items())


def _told(name: str, part: Callable[[], Check]) -> Check:
    try:
        return part()
    except (StillwatchError, OSError) as error:
        what = error.what if isinstance(error, StillwatchError) else str(error.strerror)
        return Check(name, "warn", what, getattr(error, "hint", None) or "")


def _findings(console: Console, scan: Scan | None, now: datetime) -> Check:
    followed = console.following.state if console.following else None
    if followed and followed.problem:
        hint = "The findings before are still shown." if scan else "`stillwatch scan LOGS -o FILE` writes some."
        return Check("findings", "warn", f"{followed.path}: {followed.problem}", hint)
    if scan is None:
        return Check(
            "findings", "warn", "No findings were taken in yet.", "`stillwatch scan LOGS -o FILE` writes some."
        )
    says = f"The log was read up to {minute(scan.end)} UTC, {ago(now - scan.end)} ago; taken in {minute(scan.at)} UTC."
    if now - scan.end > OLD:
        hint = "What was asked since then nobody has looked at: scan a newer log, or let the watch run."
        return Check("findings", "warn", says, hint)
    return Check("findings", "good", says)


def _ledger(console: Console) -> Check:
    if not measures.named(console):
        return Check("ledger", "absent", "No ledger is named (response.ledger): nothing is decided.")
    try:
        with measures.opened(console) as ledger:
            last = ledger.switched()
    except ConfigError as error:
        return Check("ledger", "absent", error.what, error.hint or "")
    if last and isinstance(last.body, Switched) and not last.body.on:
        says = f"All measures are off since {minute(last.at)} UTC, by {last.body.by}: {last.body.reason}"
        return Check("ledger", "warn", says, "An operator turns them on again under Measures.")
    return Check("ledger", "good", "The switch is on: measures that stand act.")


def _relay(console: Console) -> Check:
    address = console.settings.config.response.relay
    if address is None:
        return Check("relay", "absent", "No relay is named (response.relay): gateways hear of nothing.")
    told = console.relay.of(address)
    if told is None:
        hint = "`stillwatch decisions publish` tells gateways what stands."
        return Check("relay", "warn", "It answers, and nothing was ever published to it.", hint)
    if not told.enabled:
        return Check("relay", "warn", "It answers; gateways were told that all measures are off.")
    return Check("relay", "good", f"It answers; gateways were told of {count(told.measures, 'measure')}.")


def _exchange(console: Console, now: datetime) -> Check:
    url = console.settings.config.exchange.url
    held = incoming.read(console)
    read = [each.until for each in held.collections if each.until] if held else []
    if not read:
        says = "Nothing was read from it yet." if url else "No exchange is named (exchange.url)."
        return Check("exchange", "warn" if url else "absent", says, "`stillwatch sync` reads it." if url else "")
    says = f"The newest that was read was said {minute(max(read))} UTC, {ago(now - max(read))} ago."
    return Check("exchange", "good", says, "Members may have said nothing since; `stillwatch sync` asks.")


def _watch(folder: Path, now: datetime) -> Check:
    written = [each.stat().st_mtime for each in folder.glob("*.journal")] if folder.is_dir() else []
    if not written:
        says = "No watch has written into its folder (watch.folder): findings are as old as the last scan."
        return Check("watch", "absent", says, "`stillwatch watch` judges every minute.")
    last = datetime.fromtimestamp(max(written), UTC)
    says = f"It folded requests last {minute(last)} UTC, {ago(now - last)} ago."
    hint = "Its own figures are at the address of `stillwatch watch --metrics`."
    return Check("watch", "warn" if now - last > OLD else "good", says, hint)


def coverage(scan: Scan) -> Iterator[Coverage]:
    """What the log had, and what that blinds; what a scan noted itself stands in `inputs.notes`."""
    inputs, load = scan.inputs, scan.load
    rows = inputs.requests + inputs.rejected
    some = inputs.rejected > _MANY_REJECTED * rows
    yield Coverage(
        "rows that could be read",
        not some,
        f"{share(inputs.requests, rows)} of {count(rows, 'row')}",
        "What was left out took no part: campaigns may be larger than they look, or hidden." if some else "",
    )
    yield Coverage(
        "accounts table",
        inputs.sign_up,
        "given" if inputs.sign_up else "not given",
        "What accounts share in payment, mail domain and sign-up is no evidence; a company's staff may look like "
        "strangers to each other.",
    )
    tokens = (inputs.usage_input_tokens or 0) + (inputs.usage_output_tokens or 0)
    yield Coverage(
        "tokens of everybody",
        bool(tokens),
        f"{quantity(tokens)}" if tokens else "not in the findings, or none in the log",
        "What was taken and the share of the load are told in requests alone.",
    )
    yield Coverage(
        "requests by hour",
        bool(load.by_hour),
        count(len(load.by_hour), "hour") if load.by_hour else "not counted",
        "The busiest hour and the campaigns' part of it cannot be told.",
    )
    yield Coverage(
        "status of requests",
        load.throttling is not None,
        f"{count(load.throttling.everybody, 'request')} throttled" if load.throttling else "not in the log",
        "Failed requests count as answered, and who was throttled cannot be told.",
    )
    yield Coverage(
        "duration of requests",
        load.at_once is not None,
        f"of {share(load.at_once.known, 1)} of all requests" if load.at_once else "not in the log",
        "How many requests were under way at once cannot be told.",
    )


def ago(span: timedelta) -> str:
    """Word how long something is ago: "5 minutes", "3 hours", "2 days"."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return count(minutes, "minute")
    return count(minutes // 60, "hour") if minutes < 48 * 60 else count(minutes // (24 * 60), "day")
