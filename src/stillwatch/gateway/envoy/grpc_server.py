"""The gRPC server beside `stillwatch serve gateway`: Authorization and ExternalProcessor, on a thread of its own.

server = GrpcServer(guarding, "127.0.0.1:9191", most_body_bytes=16 << 20)
server.start()                    # it listens, or ConfigError
server.stop()
"""

import asyncio
import hmac
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from envoy.service.ext_proc.v3.external_processor_pb2 import ProcessingRequest, ProcessingResponse
from grpc import (
    GenericRpcHandler,
    StatusCode,
    aio,
    method_handlers_generic_handler,
    ssl_server_credentials,
    stream_stream_rpc_method_handler,
    unary_unary_rpc_method_handler,
)

from stillwatch.errors import ConfigError
from stillwatch.gateway.checks import Checks
from stillwatch.gateway.envoy.authorization import check
from stillwatch.gateway.envoy.stripping import process
from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.server import TOKEN

GRACE_SECONDS = 1.0  # for questions at work when the process is told to end; they take microseconds
_BESIDE_BODY = 1 << 20  # what a message holds beside a body: headers, addresses

Context = Any  # grpc.aio.ServicerContext[Request, Response]; its types are the generated code's, which has none


class GrpcServer:
    """Answers Envoy until it is stopped.

    Args:
        guarding: who judges.
        address: HOST:PORT (port 0: any free one), or unix:PATH.
        most_body_bytes: a larger message is refused; Envoy goes on as it does where nobody answers.
        token: what Envoy must bring as `x-stillwatch-token` (its `initial_metadata`); None: nothing.
        tls: the key and the certificate's chain, in PEM.
    """

    def __init__(
        self,
        guarding: Guarding,
        address: str,
        *,
        most_body_bytes: int,
        token: str | None = None,
        tls: tuple[bytes, bytes] | None = None,
    ) -> None:
        self.port = 0  # where it listens; on a UNIX socket 1
        self._checks, self._address, self._token, self._tls = Checks(guarding), address, token, tls
        self._most = most_body_bytes + _BESIDE_BODY
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="stillwatch-grpc", daemon=True)
        self._stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Serves from now on.

        Raises:
            ConfigError: the address is another's, or none of this machine.
        """
        self._thread.start()
        self._listening.wait()
        if not self.port:
            raise ConfigError("The gRPC server cannot listen here.", where=self._address)

    def stop(self) -> None:
        """Ends it, from any other thread."""
        self._stop()
        self._thread.join(GRACE_SECONDS + 5)

    async def _serve(self) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._stop = partial(_end, loop, ended)
        try:
            server = self._made()
            await server.start()
        except RuntimeError:  # grpc raises nothing more telling where a port is taken
            self.port = 0
            return
        finally:
            self._listening.set()
        await ended.wait()
        await server.stop(GRACE_SECONDS)

    def _made(self) -> aio.Server:
        limits = [("grpc.max_receive_message_length", self._most), ("grpc.max_send_message_length", self._most)]
        server = aio.server(options=[*limits, ("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers(
            (_authorization(self._checks, self._token), _external_processor(self._checks.guarding, self._token))
        )
        if self._tls is None:
            self.port = server.add_insecure_port(self._address)
        else:
            self.port = server.add_secure_port(self._address, ssl_server_credentials([self._tls]))
        return server


def _authorization(checks: Checks, token: str | None) -> GenericRpcHandler:
    async def answer(asked: CheckRequest, context: Context) -> CheckResponse:
        await _known(context, token)
        try:
            return check(checks, asked)
        except Exception as error:  # noqa: BLE001 — Envoy goes on as if nobody had answered
            checks.guarding.count(f"fault.{type(error).__name__}")
            return await context.abort(StatusCode.INTERNAL, "This could not be judged.")

    handler = unary_unary_rpc_method_handler(answer, CheckRequest.FromString, CheckResponse.SerializeToString)
    return method_handlers_generic_handler("envoy.service.auth.v3.Authorization", {"Check": handler})


def _external_processor(guarding: Guarding, token: str | None) -> GenericRpcHandler:
    async def answer(said: AsyncIterator[ProcessingRequest], context: Context) -> AsyncIterator[ProcessingResponse]:
        await _known(context, token)
        async for one in process(guarding, said):
            yield one

    handler = stream_stream_rpc_method_handler(
        answer, ProcessingRequest.FromString, ProcessingResponse.SerializeToString
    )
    return method_handlers_generic_handler("envoy.service.ext_proc.v3.ExternalProcessor", {"Process": handler})


def _end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    with suppress(RuntimeError):  # it has ended already
        loop.call_soon_threadsafe(ended.set)


async def _known(context: Context, token: str | None) -> None:
    if token is None:
        return
    brought = next((value for name, value in context.invocation_metadata() if name == TOKEN), "")
    if not hmac.compare_digest(brought.encode(), token.encode()):
        await context.abort(StatusCode.UNAUTHENTICATED, "The token is missing or wrong.")
