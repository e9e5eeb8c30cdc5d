"""`stillwatch watch`: the scan that never ends."""

import json
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import listening, measures, options
from stillwatch.cli.boundary import worded
from stillwatch.cli.output import check_writable, note, write_text
from stillwatch.cli.scan import imported
from stillwatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from stillwatch.config import Config, Settings
    from stillwatch.reports.document import Campaign, FindingsDocument
    from stillwatch.response.model import Decision
    from stillwatch.response.policy.ruling import Proposal
    from stillwatch.response.relay.protocol import Relay
    from stillwatch.traffic.pseudonyms import Key
    from stillwatch.watch.judgement import Judgement
    from stillwatch.watch.loop import Watch
    from stillwatch.watch.metrics import Metrics
    from stillwatch.watch.model import Source
    from stillwatch.watch.responding import Responding

_NO_KEY = (
    "There is no key: addresses seen before a restart, or by a gateway, are not compared with later ones. "
    "`stillwatch config init` makes one."
)
SAID_AGAIN_SECONDS = 60.0  # until the same fault is said again


@click.command(short_help="Find campaigns in live traffic, as they cross the line.")
@click.argument("logs", nargs=-1, type=click.Path())
@click.option(
    "--accounts", type=options.FILE, metavar="FILE", help="The accounts table; it is read again when it changes."
)
@click.option("--otlp", metavar="HOST:PORT", help="Receive OpenTelemetry spans here, by OTLP/HTTP.")
@click.option("--otlp-token", type=options.FILE, metavar="FILE", help="What senders of spans must bring as bearer.")
@click.option("--kafka", metavar="BROKERS/TOPIC", help="Read requests from a Kafka topic.")
@click.option("--relay", metavar="ADDRESS", help="Where gateways report and hear; response.relay by default.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Write the findings with every judgement.")
@click.option("--once", is_flag=True, help="Read the logs to their end, judge, and leave.")
@click.option("--apply", "acts", is_flag=True, help="Act as the policy says; without it, decisions are simulated.")
@click.option("--as", "person", metavar="NAME", help="In whose name it acts; one of response.people.")
@click.option("--ledger", metavar="URL", help="Where decisions are kept; response.ledger by default.")
@click.option("--metrics", metavar="HOST:PORT", help="Serve Prometheus here: /metrics, and /healthz.")
@click.option("--folder", type=options.FILE, metavar="FOLDER", help="What was folded is kept here; watch.folder.")
@click.option("--format", "log_format", metavar="NAME", help="The logs' format, where it is not recognised.")
@click.option("--mapping", type=options.FILE, metavar="FILE", help="TOML that maps a format of your own.")
@options.config
@options.as_json
@options.quiet
def command(
    *,
    logs: tuple[str, ...],
    accounts: Path | None,
    otlp: str | None,
    otlp_token: Path | None,
    kafka: str | None,
    relay: str | None,
    output: Path | None,
    once: bool,
    acts: bool,
    person: str | None,
    ledger: str | None,
    metrics: str | None,
    folder: Path | None,
    log_format: str | None,
    mapping: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find campaigns in live traffic, until it is told to end (SIGTERM, Ctrl-C).

    LOGS are files, folders or globs; they are followed as they grow and rotate. A line on standard output tells of
    each campaign that crosses the line. What was read is kept in watch.folder: a watch that was killed goes on where it
    was. With response.ledger in the settings, decisions are written there, simulated unless --apply is given.

    \b
    Example:
      stillwatch watch logs/ --accounts accounts.csv -o findings.json
      stillwatch watch --relay redis://127.0.0.1:6379/0 --metrics 127.0.0.1:9464 --apply --as alice
    """
    from stillwatch.traffic.pseudonyms import Key

    flags = {
        "watch.folder": folder,
        "watch.findings": output,
        "response.relay": relay,
        "response.ledger": ledger,
        "input.format": log_format,
        "input.mapping": mapping,
    }
    settings = options.load_settings(config_file, flags)
    check_writable(settings.config.watch.findings)
    by = _person(person, settings, acts=acts)
    given = _Given(logs, accounts, otlp, otlp_token, kafka, metrics, settings, Key.of(settings), by, once)
    voice = _Voice(as_json=as_json, quiet=quiet)
    if not settings.config.pseudonyms.key_file.exists():
        note(_NO_KEY, quiet=quiet)
    with ExitStack() as stack:
        watch, begins = _assembled(given, voice, stack)
        with _until_told(watch) as told:
            note(begins, quiet=quiet)
            watch.run(once=once)
    voice.end(watch.metrics)
    if once and told:
        raise KeyboardInterrupt
    if once and not watch.metrics.value("accounts"):
        raise InputError("There is no request to look at.", where=", ".join(logs[:3]), hint="Check the logs' format.")


@dataclass(frozen=True)
class _Given:
    """What the command line and the settings say."""

    logs: tuple[str, ...]
    accounts: Path | None
    otlp: str | None
    otlp_token: Path | None
    kafka: str | None
    metrics: str | None
    settings: "Settings"
    key: "Key"
    by: str | None
    once: bool

    @property
    def config(self) -> "Config":
        return self.settings.config


def _person(person: str | None, settings: "Settings", *, acts: bool) -> str | None:
    """In whose name measures are applied; None: simulated."""
    if not acts:
        return None
    if settings.config.response.ledger is None:
        hint = "Give --ledger FILE, STILLWATCH_LEDGER or response.ledger in the settings."
        raise ConfigError("Nothing acts without a ledger.", where="--apply", hint=hint)
    if person is None:
        raise ConfigError("Somebody has to answer for it.", where="--apply", hint="Give --as NAME.")
    return measures.check_person(person, settings)


def _relay(given: _Given, stack: ExitStack) -> "Relay | None":
    """One relay for what gateways report and what they are told: one that was emptied is told again at once."""
    if given.config.response.relay is None:
        return None
    from stillwatch.response.relay.places import open_relay

    return stack.enter_context(closing(open_relay(given.config.response.relay)))


def _sources(given: _Given, relay: "Relay | None") -> "list[Source]":
    """What is read.

    Raises:
        ConfigError: nothing is, or what was asked for never ends.
        InputError: a log is not there.
    """
    from stillwatch.traffic.paths import expand
    from stillwatch.watch.sources import opening
    from stillwatch.watch.sources.files import Files
    from stillwatch.watch.sources.folding import Folding
    from stillwatch.watch.sources.taps import Taps

    if given.once and (given.otlp or given.kafka or not given.logs):
        raise ConfigError("Only logs have an end.", where="--once", hint="Name logs, and neither --otlp nor --kafka.")
    folding = Folding.of(given.config.input, given.key)
    sources: list[Source] = []
    if given.logs:
        sources.append(Files(given.logs, folding, once=given.once))
        expand(given.logs)  # says what is not there
    if given.otlp:
        token = listening.token(given.otlp_token) if given.otlp_token else None
        sources.append(opening.otlp(given.otlp, folding, token=token))
    if given.kafka:
        sources.append(opening.kafka(given.kafka, folding))
    if relay and not given.once:
        sources.append(Taps(relay))
    if not sources:
        hint = "Name logs, or give --otlp HOST:PORT, --kafka BROKERS/TOPIC or --relay ADDRESS."
        raise ConfigError("There is nothing to watch.", where="watch", hint=hint)
    return sources


def _assembled(given: _Given, voice: "_Voice", stack: ExitStack) -> "tuple[Watch, str]":
    """The watch, with all that it holds on the stack, and what to say as it begins."""
    from stillwatch.watch.journal import Journal
    from stillwatch.watch.judging import AccountsFile, Judging
    from stillwatch.watch.loop import Watch
    from stillwatch.watch.metrics import Metrics
    from stillwatch.watch.notify.notifier import Notifier
    from stillwatch.watch.window import Window

    config, metrics = given.config, Metrics()
    journal = stack.enter_context(closing(Journal(config.watch.folder)))
    relay = _relay(given, stack)
    sources = _sources(given, relay)
    window = Window(journal, days=config.watch.window_days, most=config.watch.max_accounts)
    responding = _responding(given, relay, metrics, voice, stack)
    notifier = stack.enter_context(closing(Notifier.of(config.watch, metrics)))

    def told(document: "FindingsDocument", new: "Sequence[Campaign]") -> None:
        voice.found(new)
        _write(config.watch.findings, document)

    def act(judgement: "Judgement", accounts: "pa.Table | None") -> None:
        waiting: tuple[Decision, ...] = ()
        try:
            if responding:
                waiting = responding.judged(judgement, accounts)
        finally:
            notifier.tell(judgement.document, waiting)

    judging = Judging(
        journal,
        window,
        config.scan,
        metrics,
        accounts=AccountsFile(given.accounts, given.key, voice.fault),
        importer=lambda: imported(config, given.accounts, given.key, ask=True),
        reviews=options.load_reviews(given.settings).recall,
        told=told,
        act=act,
    )
    heard = {"heard": responding.heard} if responding else {}
    watch = Watch(sources, journal, window, judging, config.watch, metrics=metrics, report=voice.fault, **heard)
    watched = [f"{s.name} at {s.address}" if hasattr(s, "address") else s.name for s in sources]
    page = f"; metrics at {stack.enter_context(_served(metrics, given.metrics))}" if given.metrics else ""
    return watch, f"Watching {', '.join(watched)}{page}."


def _responding(
    given: _Given, relay: "Relay | None", metrics: "Metrics", voice: "_Voice", stack: ExitStack
) -> "Responding | None":
    """What acts; None where there is no ledger."""
    config = given.config.response
    if config.ledger is None:
        return None
    from stillwatch.response.policy.policy import load
    from stillwatch.watch.acting import Acting
    from stillwatch.watch.responding import Responding, publishing

    policy, ledger = load(config.policy), stack.enter_context(measures.opened_ledger(given.settings, create=True))
    publish: Callable[[datetime], None] = lambda _: None  # noqa: E731 — nobody to tell
    if relay:

        def failed(part: str, error: Exception) -> None:
            metrics.failed(part)
            voice.fault(part, error)

        publish = publishing(ledger, policy, relay, failed)
    bits = given.config.scan.independent_bits
    acting = Acting(policy, ledger, publish, by=given.by, seed=secrets.randbits(63), independent_bits=bits)
    return Responding(acting, metrics, voice.decided)


def _write(path: Path | None, document: "FindingsDocument") -> None:
    if path:
        from stillwatch.reports.document import dumps

        write_text(path, dumps(document))


@contextmanager
def _served(metrics: "Metrics", listen: str) -> Iterator[str]:
    """Prometheus' page on a thread of its own; where it is."""
    from stillwatch import serving
    from stillwatch.watch.metrics import app

    page, (host, port) = app(metrics), listening.address(listen)
    with serving.listen(host, port) as socket:
        server = serving.Server(page, socket)
        thread = threading.Thread(target=server.run, name="stillwatch-metrics", daemon=True)
        thread.start()
        yield f"{listening.url(host, socket.getsockname()[1], secure=False)}/metrics"
        server.stop()
        thread.join(5)


@contextmanager
def _until_told(watch: "Watch") -> Iterator[list[int]]:
    """Ends the watch in order at the first signal; the second ends it at once. Yields the signals that came."""
    signals, came = (signal.SIGTERM, signal.SIGINT), []

    def end(number: int, _: object) -> None:
        came.append(number)
        for each in signals:
            signal.signal(each, signal.SIG_DFL)
        watch.stop()

    before = [signal.signal(each, end) for each in signals]
    try:
        yield came
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


class _Voice:
    """What a watch says: campaigns on standard output, the rest on standard error."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._json, self._quiet = as_json, quiet
        self._faults: dict[str, tuple[str, float]] = {}

    def found(self, new: "Sequence[Campaign]") -> None:
        """A line for each new campaign."""
        from stillwatch.reports.wording import printable
        from stillwatch.watch.notify.news import News, story

        for campaign in new:
            if self._json:
                self._say({"event": "campaign", "campaign": campaign.model_dump(mode="json")})
            elif not self._quiet:
                (line,) = story(News(new=(campaign,)))
                click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {printable(line)}")
        sys.stdout.flush()

    def decided(self, proposal: "Proposal") -> None:
        """A line where the policy decided something new."""
        if not proposal.decisions and not proposal.waiting:
            return
        by = Counter(decision.action.word for decision in proposal.decisions)
        if self._json:
            self._say({"event": "decided", "decisions": by, "waiting": len(proposal.waiting)})
        else:
            told = ", ".join(f"{number:,} {word}" for word, number in by.items()) or "nothing"
            note(f"Decided: {told}; {len(proposal.waiting):,} wait for a person.", quiet=self._quiet)

    def fault(self, part: str, error: Exception) -> None:
        """A fault, in a line; the same again after a minute at the soonest."""
        line, now = " ".join(worded(error)[0].split()), time.monotonic()
        said, at = self._faults.get(part, ("", 0.0))
        if line != said or now - at >= SAID_AGAIN_SECONDS:
            self._faults[part] = line, now
            note(f"stillwatch: {part}: {line}")

    def end(self, metrics: "Metrics") -> None:
        """What came of it."""
        value = metrics.value
        figures = {name: int(value(name)) for name in ("requests", "rejected", "accounts", "evicted", "campaigns")}
        if self._json:
            self._say({"event": "end", **figures})
            return
        left_out = f"; {figures['rejected']:,} rows could not be read" if figures["rejected"] else ""
        note(
            f"Folded {figures['requests']:,} requests of this run{left_out}. {figures['accounts']:,} accounts and "
            f"{figures['campaigns']:,} campaigns stand.",
            quiet=self._quiet,
        )

    def _say(self, event: Mapping[str, Any]) -> None:
        click.echo(json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **event}))
        sys.stdout.flush()
