"""NGINX's `auth_request`: it goes by the status (2xx, 401, 403), shows no body, and hands no body on.

    routes(guarding)          # {"/nginx/check": ..., "/nginx/heard": ...}, for `gateway.server.App`

So `check` decides by who asks alone, and says in headers what NGINX is to answer: `deploy/nginx-gateway/` reads them.
What was asked comes to `heard`, as a copy beside a request that passed (`mirror`): it is remembered, and whoever is
recognised by it is reported; that request has passed by then. So every request is remembered once.
"""

from dataclasses import replace

from stillwatch.gateway import told
from stillwatch.gateway.answers import Headers, style_of
from stillwatch.gateway.checks import Checks
from stillwatch.gateway.guarding import Guarding, Outcome
from stillwatch.gateway.server import Answer, Call, Routes

PREFIX = "/nginx"
STATUS, BODY = "x-stillwatch-status", "x-stillwatch-body"


def routes(guarding: Guarding) -> Routes:
    """Where NGINX asks and tells.

    The client's request is in `x-original-method` and `x-original-uri`, its address in `x-real-ip`; other headers are
    its own.
    """
    checks = Checks(guarding)

    def check(call: Call) -> Answer:
        asked = _original(call)
        heard = checks.hear(asked, shown=False)
        if heard is None:
            return Answer(204)
        verdict = guarding.judge(heard)
        if not verdict.status:
            return Answer(204, tuple((told.upstream(heard, verdict) | guarding.headers(verdict)).items()))
        guarding.heard(heard, verdict, Outcome(verdict.status))  # it will not be mirrored
        return _denied(*guarding.answer(verdict, style_of(asked.path)))

    def mirrored(call: Call) -> Answer:
        heard = checks.hear(_original(call))
        if heard is not None:
            guarding.heard(heard, guarding.recognise(heard), Outcome(200))
        return Answer(204)

    return {f"{PREFIX}/check": check, f"{PREFIX}/heard": mirrored}


def _original(call: Call) -> Call:
    get = call.headers.get
    path = get("x-original-uri", "").partition("?")[0]
    return replace(call, method=get("x-original-method", ""), path=path, client=get("x-real-ip", ""))


def _denied(status: int, headers: Headers, body: bytes) -> Answer:
    """403, whatever it is; the status, and the body as a header's octets, are in headers."""
    said = headers | {STATUS: str(status), BODY: body.decode("latin-1")}
    return Answer(403, tuple(said.items()))
