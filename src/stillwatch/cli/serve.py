"""`stillwatch serve`: what others reach over the network."""

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from stillwatch.cli import listening, options
from stillwatch.cli.serve_console import console
from stillwatch.cli.serve_gateway import gateway
from stillwatch.errors import ConfigError

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 — named to be refused without a public URL


@click.group(short_help="Serve the console, the exchange, or gateways.")
def command() -> None:
    """Serve others over the network.

    \b
    Example:
      stillwatch serve console --findings findings.json
      stillwatch serve exchange --db forum.sqlite --listen 127.0.0.1:8080
      stillwatch serve gateway --relay relay/ --listen 127.0.0.1:8089
    """


command.add_command(console)
command.add_command(gateway)


@command.command(short_help="Serve an exchange to its members, by TAXII 2.1.")
@options.db
@click.option(
    "--key",
    "key_file",
    type=options.FILE,
    metavar="FILE",
    help="The exchange's own key; where `exchange init` put it by default.",
)
@click.option(
    "--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where; port 0 is any free one."
)
@click.option("--public-url", metavar="URL", help="As members see it, if that is not where it listens.")
@click.option(
    "--page-size", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Objects of a page, at most."
)
@click.option(
    "--basic/--no-basic", default=None, help="Take HTTP Basic; by default where a member was added with --auth basic."
)
@click.option("--tls-cert", type=options.FILE, metavar="FILE", help="The certificate and its chain, in PEM.")
@click.option("--tls-key", type=options.FILE, metavar="FILE", help="Its key.")
@click.option("--client-ca", type=options.FILE, metavar="FILE", help="Authorities of members' client certificates.")
@click.option(
    "--insecure-http", is_flag=True, help="Serve without TLS beyond this machine: behind a proxy that has it."
)
@click.option("--metrics-token", type=options.FILE, metavar="FILE", help="Serve /metrics to whoever has this token.")
@options.config
@options.quiet
def exchange(
    *,
    db: str | None,
    key_file: Path | None,
    listen: str,
    public_url: str | None,
    page_size: int,
    basic: bool | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    insecure_http: bool,
    metrics_token: Path | None,
    config_file: Path | None,
    quiet: bool,
) -> None:
    """Serve an exchange to its members, until it is told to end (SIGTERM, Ctrl-C).

    One line on standard output tells that it is ready. The log goes to standard error, a line of JSON for each request;
    --quiet leaves all but warnings out. Several processes may serve one database side by side.

    \b
    Example:
      stillwatch exchange init --db forum.sqlite
      stillwatch serve exchange --db forum.sqlite --listen 0.0.0.0:443 --public-url https://exchange.example \\
          --tls-cert chain.pem --tls-key key.pem
    """
    from stillwatch.exchange.server import connection
    from stillwatch.exchange.server.app import create
    from stillwatch.exchange.server.exchange import Exchange
    from stillwatch.exchange.server.journal import log_to
    from stillwatch.exchange.server.process import server_of
    from stillwatch.serving import listen as opened
    from stillwatch.signing import SigningKey

    host, port = listening.address(listen)
    listening.check_secure(host, tls_cert, tls_key, client_ca, insecure_http=insecure_http)
    _check_public(public_url, host)
    tls = connection.context(tls_cert, tls_key, client_ca) if tls_cert and tls_key else None
    token = listening.token(metrics_token) if metrics_token else None
    with ExitStack() as stack:
        store = stack.enter_context(options.opened_store(db, config_file))
        key = SigningKey.load(options.exchange_key(key_file, store.database))
        wanted = any(member.auth == "basic" for member in store.members())
        socket = stack.enter_context(opened(host, port))
        made = Exchange(
            store=store,
            signing_key=key,
            public_url=(public_url or listening.url(host, socket.getsockname()[1], secure=tls is not None)).rstrip("/"),
            cursor_key=key.secret("cursors"),
            token_key=key.secret("access tokens"),
            title=(store.get_document("", "exchange") or {}).get("title", "stillwatch exchange"),
            page_size=page_size,
            basic=wanted if basic is None else basic,
            metrics_token=token,
        )
        log_to(sys.stderr, requests=not quiet)
        line = f"Serving {made.public_url}/taxii2/"
        server_of(create(made), socket, tls=tls, ready=lambda: listening.tell(line)).run()


def _check_public(given: str | None, host: str) -> None:
    example = "Such as https://exchange.example."
    if given and (not given.startswith(("https://", "http://")) or "?" in given or "#" in given):
        raise ConfigError("This is no URL of an exchange.", where="--public-url", hint=example)
    if not given and host in _EVERYWHERE:
        hint = f"Give --public-url: discovery tells members where to go on. {example}"
        raise ConfigError("Nobody can tell what members call this server.", where=host, hint=hint)
