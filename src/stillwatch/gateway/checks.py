"""What proxies ask that see a request before its answer: Envoy's ext_authz, NGINX's auth_request.

    checks = Checks(guarding)
    checked = checks.check(Call("POST", "/v1/chat/completions", headers, body, client))      # None: not guarded
    if checked and checked.verdict.status:
        ...                                                              # answer that in the model's place

How the request ends these proxies do not say: it is remembered as it comes, as answered if it passes.
"""

from typing import NamedTuple

from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.gateway.identity import Identity
from stillwatch.gateway.server import Call
from stillwatch.response.decide import Verdict


class Checked(NamedTuple):
    """A request, and what happens to it."""

    heard: Heard
    verdict: Verdict


class Checks:
    """Judges what proxies ask, and remembers it.

    Raises:
        ConfigError: the settings say in no known way who a request is from.
    """

    def __init__(self, guarding: Guarding) -> None:
        self.guarding = guarding
        self._identity, self._paths = Identity.of(guarding.config), guarding.config.paths

    def check(self, call: Call) -> Checked | None:
        """Judge a client's request and remember it; None: it is none that is guarded."""
        heard = self.hear(call)
        if heard is None:
            return None
        verdict = self.guarding.judge(heard)
        self.guarding.heard(heard, verdict, Outcome(verdict.status or 200))
        return Checked(heard, verdict)

    def hear(self, call: Call, *, shown: bool = True) -> Heard | None:
        """A client's request; None: it is none that is guarded.

        Args:
            call: with the client's own method, path, headers and address.
            shown: the proxy shows the body; else it is judged by who asks alone.
        """
        if call.method != "POST" or not call.path.rstrip("/").endswith(self._paths):
            return None
        headers = {name.encode(): value.encode("utf-8", "surrogateescape") for name, value in call.headers.items()}
        who = self._identity.read(headers, call.path, call.client)
        if not shown:
            return Heard(who.account, who.organization, who.api_key, who.address)
        if call.body is None:
            return Heard(who.account, who.organization, who.api_key, who.address, fault="too_large")
        return self.guarding.hear(who, call.body, call.headers.get("content-encoding", "").strip().lower())
