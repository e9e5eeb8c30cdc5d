"""The door: a bound on the requests at work, then who asks, then how much he asks. Whatever is not open needs a member.

scope["state"]["principal"]     who asks; None on an open path. `auth.principal(request)` reads it
scope["state"]["visit"]         what the request holds of the exchange's capacity
"""

from collections.abc import Iterable

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from stillwatch.exchange.server.auth import Authentication
from stillwatch.exchange.server.limits import Load, Place

#: Paths that need no member. /oauth/token checks credentials itself, /metrics its own token.
OPEN = frozenset({"/healthz", "/metrics", "/oauth/token", "/openapi.json"})
#: Paths that answer however busy the exchange is.
ALWAYS = frozenset({"/healthz", "/metrics"})


class Visit:
    """What one request holds; all of it is given back when it ends."""

    def __init__(self) -> None:
        self._held: list[Place] = []

    def hold(self, place: Place) -> None:
        """Keeps a place until the end."""
        self._held.append(place)

    def stay(self, places: Iterable[Place]) -> None:
        """Changes a place among the requests for others: an event stream is not at work, and has bounds of its own."""
        self.leave()
        self._held = list(places)

    def leave(self) -> None:
        """Gives all of it back."""
        for place in self._held:
            place.release()
        self._held = []


class Door:
    """The ASGI middleware between the errors' boundary and the routers."""

    def __init__(self, app: ASGIApp, load: Load, authentication: Authentication) -> None:
        self.app, self.load, self.authentication = app, load, authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or raises the Problem that says why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["principal"], state["visit"] = None, Visit()
        try:
            await self._let_in(scope, state["visit"])
            await self.app(scope, receive, send)
        finally:
            state["visit"].leave()

    async def _let_in(self, scope: Scope, visit: Visit) -> None:
        path = scope["path"]
        if path not in ALWAYS:
            visit.hold(self.load.place())
        if path not in OPEN:
            principal = await run_in_threadpool(self.authentication.principal, scope)
            visit.hold(self.load.turn(principal.member.name))
            scope["state"]["principal"] = principal
