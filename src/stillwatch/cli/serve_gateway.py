"""`stillwatch serve gateway`: what gateways that cannot run Python ask about each request."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import listening, options
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    from stillwatch.config import Settings
    from stillwatch.gateway.guarding import Guarding
    from stillwatch.gateway.server import Handler


@click.command(short_help="Answer gateways: what to do with this request?")
@click.option(
    "--listen", default="127.0.0.1:8089", show_default=True, metavar="HOST:PORT", help="Where; port 0 is any free one."
)
@click.option("--relay", metavar="ADDRESS", help="Where measures come from; response.relay by default.")
@click.option("--token", type=options.FILE, metavar="FILE", help="What callers must bring; gateway.token by default.")
@click.option("--tls-cert", type=options.FILE, metavar="FILE", help="The certificate and its chain, in PEM.")
@click.option("--tls-key", type=options.FILE, metavar="FILE", help="Its key.")
@click.option(
    "--insecure-http", is_flag=True, help="Serve without TLS beyond this machine: in a network that nobody else is in."
)
@options.config
@options.quiet
def gateway(
    *,
    listen: str,
    relay: str | None,
    token: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure_http: bool,
    config_file: Path | None,
    quiet: bool,
) -> None:
    """Answer gateways that ask what to do with a request, until it is told to end (SIGTERM, Ctrl-C).

    \b
    LiteLLM      POST /beta/litellm_basic_guardrail_api, its generic guardrail API
    Envoy, NGINX see deploy/gateway
    Prometheus   GET /metrics
    anybody      GET /healthz

    One line on standard output tells that it is ready. Requests are in no log. Several may run side by side on one
    relay in Redis or Valkey. Gateways ask within a time limit of their own: where it is slow or gone, requests pass.

    \b
    Example:
      stillwatch serve gateway --relay redis://127.0.0.1:6379/0 --listen 127.0.0.1:8089
    """
    settings = options.load_settings(config_file, {"response.relay": relay, "gateway.token": token})
    host, port = listening.address(listen)
    listening.check_secure(host, tls_cert, tls_key, insecure_http=insecure_http)
    tls, secret = listening.tls(tls_cert, tls_key), _secret(settings.config.gateway.token, host)
    server, guarding, routes = _parts(settings)
    with ExitStack() as stack:
        socket = stack.enter_context(server.listen(host, port))
        guarding.start()
        stack.callback(guarding.close)
        app = server.App(
            routes,
            token=secret,
            most_body_bytes=4 * settings.config.gateway.most_body_bytes,  # LiteLLM sends each text twice, escaped
            fault=lambda error: guarding.count(f"fault.{type(error).__name__}"),
        )
        line = f"Serving {listening.url(host, socket.getsockname()[1], secure=tls is not None)}"
        server.Server(app, socket, tls=tls, ready=lambda: None if quiet else listening.tell(line)).run()


def _parts(settings: "Settings") -> "tuple[ModuleType, Guarding, dict[str, Handler]]":
    try:
        from stillwatch.gateway import exposition, guardrail, server
        from stillwatch.gateway.guarding import Guarding
    except ModuleNotFoundError as missing:
        hint = "pip install 'stillwatch[gateway]'"
        raise ConfigError(f"This needs {missing.name}, which is not installed.", hint=hint) from None
    guarding = Guarding.of(settings)
    routes = guardrail.routes(guarding, settings.config.input.grain) | exposition.routes(guarding)
    return server, guarding, routes


def _secret(file: Path | None, host: str) -> str | None:
    if file is None and host not in listening.LOOPBACK:
        hint = "Give --token; callers bring it as x-api-key or bearer."
        raise ConfigError("Without a token, anybody who reaches this could ask.", where=host, hint=hint)
    return listening.token(file) if file else None
