"""`stillwatch serve gateway`: what gateways that cannot run Python ask about each request."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import listening, options
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.gateway.guarding import Guarding
    from stillwatch.gateway.server import Handler


@click.command(short_help="Answer gateways: what to do with this request?")
@click.option(
    "--listen", default="127.0.0.1:8089", show_default=True, metavar="HOST:PORT", help="Where; port 0 is any free one."
)
@click.option("--grpc", metavar="HOST:PORT", help="Where Envoy asks by gRPC; unix:PATH too. Left out, nowhere.")
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
    grpc: str | None,
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
    Envoy        ext_authz over HTTP below /envoy, and by gRPC with --grpc (deploy/envoy)
    NGINX        auth_request at /nginx/check (deploy/nginx-gateway)
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
    hosts = [host, *([] if grpc is None or grpc.startswith("unix:") else [listening.address(grpc)[0]])]
    for each in hosts:
        listening.check_secure(each, tls_cert, tls_key, insecure_http=insecure_http)
    tls, secret = listening.tls(tls_cert, tls_key), _secret(settings.config.gateway.token, hosts)
    guarding, routes = _parts(settings)
    from stillwatch import serving
    from stillwatch.gateway.server import App

    most = settings.config.gateway.most_body_bytes
    app = App(
        routes,
        token=secret,
        most_body_bytes=4 * most,  # LiteLLM sends each text twice, escaped
        fault=lambda error: guarding.count(f"fault.{type(error).__name__}"),
    )
    with ExitStack() as stack:
        socket = stack.enter_context(serving.listen(host, port))
        stack.callback(guarding.close)
        guarding.start()
        line = f"Serving {listening.url(host, socket.getsockname()[1], secure=tls is not None)}"
        if grpc:
            files = (tls_key, tls_cert) if tls_key and tls_cert else None
            line += f" and gRPC at {stack.enter_context(_grpc(guarding, grpc, most, secret, files))}"
        serving.Server(app, socket, tls=tls, ready=lambda: None if quiet else listening.tell(line)).run()


def _parts(settings: "Settings") -> "tuple[Guarding, dict[str, Handler]]":
    try:
        from stillwatch.gateway import exposition, guardrail, nginx
        from stillwatch.gateway.envoy import over_http
        from stillwatch.gateway.guarding import Guarding
    except ModuleNotFoundError as missing:
        raise _absent(missing, "gateway") from None
    guarding = Guarding.of(settings)
    named = guardrail.routes(guarding, settings.config.input.grain)
    return guarding, {**named, **over_http.routes(guarding), **nginx.routes(guarding), **exposition.routes(guarding)}


@contextmanager
def _grpc(
    guarding: "Guarding", address: str, most: int, secret: str | None, files: tuple[Path, Path] | None
) -> Iterator[str]:
    """The gRPC server beside the other; where it listens."""
    try:
        from stillwatch.gateway.envoy.grpc_server import GrpcServer
    except ModuleNotFoundError as missing:
        raise _absent(missing, "envoy") from None
    tls = (files[0].read_bytes(), files[1].read_bytes()) if files else None
    server = GrpcServer(guarding, address, most_body_bytes=most, token=secret, tls=tls)
    server.start()
    try:
        yield address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{server.port}"
    finally:
        server.stop()


def _absent(missing: ModuleNotFoundError, extra: str) -> ConfigError:
    hint = f"pip install 'stillwatch[{extra}]'"
    return ConfigError(f"This needs {missing.name}, which is not installed.", hint=hint)


def _secret(file: Path | None, hosts: list[str]) -> str | None:
    if file is None and (open_to := [host for host in hosts if host not in listening.LOOPBACK]):
        hint = "Give --token; callers bring it as x-stillwatch-token, x-api-key or bearer."
        raise ConfigError("Without a token, anybody who reaches this could ask.", where=open_to[0], hint=hint)
    return listening.token(file) if file else None
