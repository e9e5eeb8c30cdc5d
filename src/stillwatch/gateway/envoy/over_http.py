"""ext_authz over HTTP: Envoy repeats the client's request, under a prefix, and goes by the status of the answer.

    routes(guarding)          # {"/envoy/": ...}, for `gateway.server.App`

200: it passes, with the answer's `x-stillwatch-*` headers; anything else is handed to the client as it is. What gRPC
can do and this cannot: a budget as a number in dynamic metadata, for headers are text.
"""

from dataclasses import replace

from stillwatch.gateway import told
from stillwatch.gateway.answers import style_of
from stillwatch.gateway.checks import Checks
from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.server import Answer, Call, Routes

PREFIX = "/envoy"
_PARTIAL = "x-envoy-auth-partial-body"  # Envoy sets it, whatever a client says


def routes(guarding: Guarding) -> Routes:
    """Where Envoy asks: `http_service.path_prefix: /envoy`."""
    checks = Checks(guarding)

    def check(call: Call) -> Answer:
        asked = whole(replace(call, path=call.path.removeprefix(PREFIX)))
        checked = checks.check(asked)
        if checked is None:
            return Answer(200)
        if checked.verdict.status:
            status, headers, body = guarding.answer(checked.verdict, style_of(asked.path))
            return Answer(status, tuple(headers.items()), body)
        headers = told.upstream(*checked) | guarding.headers(checked.verdict)
        return Answer(200, tuple(headers.items()))

    return {f"{PREFIX}/": check}


def whole(call: Call) -> Call:
    """A call without a body that Envoy shows only the beginning of (`allow_partial_message`)."""
    return replace(call, body=None) if call.headers.get(_PARTIAL) == "true" else call
