"""`stillwatch serve console`: what analysts work in."""

import logging
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import listening, options
from stillwatch.cli.output import note
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.web.console import Console


@click.command(short_help="Serve the console to analysts.")
@click.option("--findings", "-f", type=options.FILE, metavar="FILE", help="What `scan -o` or the watch writes.")
@click.option("--db", metavar="URL", help="Where cases and people are kept; console.db by default.")
@click.option("--ledger", metavar="URL", help="The decisions; response.ledger by default.")
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Where; port 0 is any free one."
)
@click.option("--public-url", metavar="URL", help="As people's browsers see it, if that is not where it listens.")
@click.option("--tls-cert", type=options.FILE, metavar="FILE", help="The certificate and its chain, in PEM.")
@click.option("--tls-key", type=options.FILE, metavar="FILE", help="Its key.")
@click.option(
    "--insecure-http", is_flag=True, help="Serve without TLS beyond this machine: behind a proxy that has it."
)
@options.config
@options.quiet
def console(
    *,
    findings: Path | None,
    db: str | None,
    ledger: str | None,
    listen: str,
    public_url: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure_http: bool,
    config_file: Path | None,
    quiet: bool,
) -> None:
    """Serve the console, until it is told to end (SIGTERM, Ctrl-C).

    The findings are taken in when it starts and again whenever the file changes. One line on standard output tells that
    it is ready; requests are in no log. Several may run side by side on one database.

    Nobody can sign in before somebody is added: `stillwatch console people add NAME --role operator`.

    \b
    Example:
      stillwatch scan logs/ -o findings.json
      stillwatch console people add ana --role operator
      stillwatch serve console --findings findings.json
    """
    flags = {
        "console.findings": findings,
        "console.db": db,
        "response.ledger": ledger,
        "console.public_url": public_url,
    }
    settings = options.load_settings(config_file, flags)
    host, port = listening.address(listen)
    listening.check_secure(host, tls_cert, tls_key, insecure_http=insecure_http)
    tls = listening.tls(tls_cert, tls_key)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="stillwatch: %(message)s")
    with ExitStack() as stack:
        made = _console(stack, settings, secure=tls is not None)
        from stillwatch import serving
        from stillwatch.web import counting
        from stillwatch.web.app import create_app
        from stillwatch.web.warming import warm

        app = create_app(made)
        warm(made)
        if not quiet:
            _first_steps(made)
        socket = stack.enter_context(serving.listen(host, port))
        if made.following:
            stack.enter_context(made.following.running())
        stack.enter_context(counting.running(made))
        line = f"Serving {public_url or listening.url(host, socket.getsockname()[1], secure=tls is not None)}"
        serving.Server(app, socket, tls=tls, ready=lambda: listening.tell(line)).run()


def _console(stack: ExitStack, settings: "Settings", *, secure: bool) -> "Console":
    try:
        from stillwatch.web import app  # noqa: F401  all that the console needs
        from stillwatch.web.console import Console
        from stillwatch.web.following import Following
    except ModuleNotFoundError as missing:
        hint = "pip install 'stillwatch[console]'"
        raise ConfigError(f"This needs {missing.name}, which is not installed.", hint=hint) from None
    store = stack.enter_context(options.opened_console(settings))
    public = settings.config.console.public_url or ""
    made = Console(settings, store, secure=secure or public.startswith("https://"))
    path = settings.config.console.findings or settings.config.watch.findings or options.FINDINGS
    return replace(made, following=Following(store, path, made.clock))


def _first_steps(made: "Console") -> None:
    from stillwatch.web.access.people import People

    config = made.settings.config.console
    if People(made.store.database).everybody() or config.newcomers != "refused":
        return
    named = "" if made.settings.origins["console.db"] == "default" else f" --db {made.store.database.name}"
    note(f"Nobody can sign in yet. In another terminal:\n  stillwatch console people add NAME --role operator{named}")
