"""`stillwatch scan`: from logs to campaigns."""

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import Progress, check_writable, note, progress, show, write_text
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillwatch.campaigns.signals import Importer
    from stillwatch.cli.cluster import Cluster
    from stillwatch.config import Config
    from stillwatch.profiles.store.manifest import Belongs
    from stillwatch.reports.document import Campaign, FindingsDocument, Review
    from stillwatch.traffic.pseudonyms import Key
    from stillwatch.traffic.rejects import Rejects

FINDINGS_FOUND = 8
SEVERITIES = ("low", "medium", "high", "critical")


class Time(click.ParamType[datetime]):
    """A moment in ISO 8601, in UTC where it names no zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parses what the user gave."""
        try:
            moment = datetime.fromisoformat(str(value))
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time such as 2026-03-01 or 2026-03-01T12:00:00Z.", param, ctx)


@click.command(short_help="Find campaigns in request logs.")
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@click.option(
    "--accounts", type=options.FILE, metavar="FILE", help="The accounts table: without it, no sign-up evidence."
)
@click.option("--until", type=Time(), metavar="TIME", help="Look only at requests before this time (ISO 8601).")
@click.option(
    "--profiles",
    type=options.FILE,
    metavar="FOLDER",
    help="Add the logs to the profiles stored here, and judge all of it.",
)
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Write the findings as JSON.")
@click.option("--html", type=options.FILE, metavar="FILE", help="Write the report as one HTML file.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Exit with 8 if a campaign is this severe or more.")
@click.option("--rejects", "rejects_file", type=options.FILE, metavar="FILE", help="Write the rows left out, and why.")
@click.option("--format", "log_format", metavar="NAME", help="The logs' format, where it is not recognised.")
@click.option("--mapping", type=options.FILE, metavar="FILE", help="TOML that maps a format of your own.")
@click.option(
    "--exchange/--no-exchange",
    "ask",
    default=True,
    help="Weigh what other providers said, where `stillwatch sync` fetched any.",
)
@click.option("--threads", type=int, metavar="N", help="How many threads; all cores by default.")
@options.engine
@options.config
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    *,
    logs: tuple[str, ...],
    accounts: Path | None,
    until: datetime | None,
    profiles: Path | None,
    output: Path | None,
    html: Path | None,
    fail_on: str | None,
    rejects_file: Path | None,
    log_format: str | None,
    mapping: Path | None,
    ask: bool,
    threads: int | None,
    engine: str,
    master: str | None,
    spark_conf: tuple[str, ...],
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find the campaigns in request logs.

    LOGS are files, folders or globs, here or in an object store (s3://, gs://, abfs://), tables of Delta, Iceberg or
    ClickHouse, by their folder or address; `-` is standard input. Campaigns that a person rejected (`stillwatch
    review`) stay in the findings, marked, and do not count for --fail-on.

    \b
    Example:
      stillwatch scan logs/ --accounts accounts.csv -o findings.json --html report.html
      stillwatch scan logs/today.jsonl --profiles profiles/ --accounts accounts.csv -o findings.json
      stillwatch scan s3a://logs/2026-03/ --engine spark --master spark://host:7077 -o findings.json
    """
    from stillwatch.cli.cluster import Cluster
    from stillwatch.traffic.pseudonyms import Key

    check_writable(output, html, rejects_file)
    cluster = Cluster.of(engine, master, spark_conf)
    if cluster and profiles:
        hint = "Scan without --profiles, or without --engine spark."
        raise ConfigError("Profiles are stored by a scan in this process only.", where="--profiles", hint=hint)
    flags: dict[str, object] = {"input.format": log_format, "input.mapping": mapping, "scan.threads": threads}
    if profiles:  # what was read under a key that is forgotten could not be joined with tomorrow's
        flags["pseudonyms.required"] = True
    settings = options.load_settings(config_file, flags)
    key, recall = Key.of(settings), options.load_reviews(settings).recall
    with progress(quiet=quiet or as_json) as advance, imported(settings.config, accounts, key, ask=ask) as importer:
        document, rejects = find(
            logs,
            accounts,
            settings.config,
            key=key,
            recall=recall,
            until=until,
            profiles=profiles,
            importer=importer,
            cluster=cluster,
            progress=advance,
        )
    if rejects_file:
        rejects.write(rejects_file)
    elif rejects.count:
        note(_left_out(rejects), quiet=quiet)
    write(document, output, html)
    if as_json or not quiet:
        _print(document, as_json=as_json)
    if fail_on and severe(document, fail_on):
        ctx.exit(FINDINGS_FOUND)


def find(
    logs: Sequence[str | Path],
    accounts: Path | None,
    config: "Config",
    *,
    key: "Key",
    recall: "Callable[[Campaign], Review | None] | None",
    until: datetime | None,
    profiles: Path | None = None,
    importer: "Importer | None" = None,
    cluster: "Cluster | None" = None,
    progress: Progress,
) -> tuple["FindingsDocument", "Rejects"]:
    """Scans logs, with what is stored if there is a place for it, and recalls what people said of such campaigns."""
    from stillwatch.campaigns.scan import COLUMNS, scan
    from stillwatch.reports.document import to_document
    from stillwatch.traffic import Rejects, open_requests, read_accounts

    rejects, given = Rejects(), config.input
    paths = [str(log) for log in logs]
    table = read_accounts(accounts, key=key, rejects=rejects) if accounts else None
    if cluster:
        findings = cluster.scan(
            paths, table, config, rejects=rejects, key=key, until=until, importer=importer, progress=progress
        )
        return to_document(findings, reviews=recall), rejects
    source = open_requests(
        paths,
        rejects=rejects,
        key=key,
        columns=COLUMNS,
        format=given.format,
        mapping=given.mapping,
        grain=given.grain,
        until=None if profiles else until,  # what is later is stored all the same
        password_file=given.password_file,
    )
    if profiles is None:
        findings = scan(source, table, settings=config.scan, until=until, importer=importer, progress=progress)
        return to_document(findings, reviews=recall), rejects
    from stillwatch.campaigns.stored import scan_stored
    from stillwatch.profiles.store.store import opened

    with opened(profiles, _belongs(config, key)) as store:
        findings = scan_stored(
            source,
            table,
            store,
            settings=config.scan,
            lateness_hours=24 * config.profiles.lateness_days,
            growth=config.profiles.growth,
            whole_days=config.profiles.whole_days,
            until=until,
            importer=importer,
            progress=progress,
        )
    return to_document(findings, reviews=recall), rejects


def _belongs(config: "Config", key: "Key") -> "Belongs":
    """Which profiles what is read by these settings may be added to."""
    from hashlib import blake2b

    from stillwatch.profiles.store.manifest import Belongs

    mapping = config.input.mapping
    digest = None if mapping is None else blake2b(mapping.read_bytes(), digest_size=16).hexdigest()
    return Belongs(key.fingerprint, config.input.grain, digest)


@contextmanager
def imported(config: "Config", accounts: Path | None, key: "Key", *, ask: bool) -> "Iterator[Importer | None]":
    """What asks the exchange about this log; None where nothing was ever imported, or it is not to be weighed."""
    given = config.exchange
    if not ask or given.url is None or not given.state.exists() or "alliance" in config.scan.leave_out:
        yield None
        return
    from stillwatch.exchange.client.signals import importing

    with importing(given, accounts, key, datetime.now(UTC)) as importer:
        yield importer


def write(document: "FindingsDocument", output: Path | None, html: Path | None) -> None:
    """Writes what was asked for, each file wholly or not at all."""
    if output:
        from stillwatch.reports.document import dumps

        write_text(output, dumps(document))
    if html:
        from stillwatch.reports.html import report_html

        write_text(html, report_html(document))


def _left_out(rejects: "Rejects") -> str:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in rejects.counts_by_reason.items())
    return f"Left out {rejects.count:,} rows that could not be read ({reasons}); --rejects FILE writes which."


def _print(document: "FindingsDocument", *, as_json: bool) -> None:
    from stillwatch.reports.document import dumps
    from stillwatch.reports.terminal import summary

    if as_json:
        click.echo(dumps(document), nl=False)
    else:
        show(summary(document))


def severe(document: "FindingsDocument", least: str) -> bool:
    """Whether a campaign that nobody rejected is at least this severe."""
    return any(SEVERITIES.index(c.severity) >= SEVERITIES.index(least) for c in document.standing)
