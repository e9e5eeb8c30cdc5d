"""Headers of every response: what the browser may load, and what it may keep.

    app.add_middleware(Headers, secure=True)

No script, style or picture from elsewhere, none inline, no frame around it: text that came through a log stays text
even if a template failed to escape it.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # no-referrer would make the Origin of our own forms null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
_TLS = {"strict-transport-security": "max-age=31536000"}


class Headers:
    """Adds them to what an application answers.

    Args:
        app: the application.
        secure: it is reached by TLS alone.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app, self._headers = app, _HEADERS | (_TLS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)
