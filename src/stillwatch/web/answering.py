"""How a request is answered: read, let in or not, given to its page on a thread, rendered; errors become pages.

routes = Answering(console, door, renderer).routes(declared)
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.errors import StillwatchError
from stillwatch.web.access.door import Door
from stillwatch.web.addresses import name
from stillwatch.web.asking import Answer, Asked, Headers, NotThere, Suffix
from stillwatch.web.bodies import parsed, received
from stillwatch.web.console import Console
from stillwatch.web.problems import page_of
from stillwatch.web.rendering import Renderer
from stillwatch.web.routing import Declared

_FORMATS: tuple[Suffix, ...] = ("json", "csv", "")  # the page itself last: its pattern fits the others', too
#: Pages that are made at the same time. More would not be ready sooner; and whoever holds the database to write waits
#: for his turn among them, again and again, while all who want to write wait for him.
_AT_ONCE = 8


class Answering:
    """Answers requests.

    Args:
        console: what pages work on.
        door: who may.
        renderer: makes the response.
    """

    def __init__(self, console: Console, door: Door, renderer: Renderer) -> None:
        self._console, self._door, self._renderer = console, door, renderer
        self._threads = CapacityLimiter(_AT_ONCE)

    def routes(self, declared: Declared) -> Iterator[Route]:
        """The addresses of one page."""
        for suffix in _FORMATS if declared.formats else _FORMATS[-1:]:
            path = f"{declared.path}.{suffix}" if suffix else declared.path
            yield Route(path, self._endpoint(declared, suffix), methods=[declared.method])

    def nowhere(self) -> Iterator[Route]:
        """Everything else; to be asked last."""

        def page(asked: Asked) -> Answer:
            raise NotThere("There is no such page.", where=asked.path, hint="Begin at the queue.")

        for method in ("GET", "POST"):
            yield from self.routes(Declared(method, "/{anything:path}", page, None, formats=method == "GET"))

    def _endpoint(self, declared: Declared, suffix: Suffix) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked = self._read(request, suffix)
            try:
                form = await received(request)
            except StillwatchError as error:
                return self._problem(asked, error)
            answer = partial(self._answer, declared, request, replace(asked, form=form))
            return await to_thread.run_sync(answer, limiter=self._threads)

        return endpoint

    def _read(self, request: Request, suffix: Suffix) -> Asked:
        path = request.scope["path"]
        by_htmx = "hx-request" in request.headers and "hx-boosted" not in request.headers
        wanted = request.headers.get("hx-target", "").rpartition("#")[2] or "unnamed"
        return Asked(
            console=self._console,
            signed=None,
            now=self._console.clock(),
            path=quote(path.removesuffix(f".{suffix}") if suffix else path),
            method="POST" if request.method == "POST" else "GET",
            suffix=suffix,
            places={key: name(value) for key, value in request.path_params.items()},
            cookies=request.cookies,
            part=wanted if by_htmx else "",
        )

    def _answer(self, declared: Declared, request: Request, asked: Asked) -> Response:
        headers: Headers = ()
        try:
            asked = replace(asked, query=parsed(request.scope["query_string"].decode("latin-1")))
            asked, headers = self._door.entered(asked, request.headers, request.client)
            answer: Answer = self._door.refused(asked, request.headers, declared) or declared.function(asked)
            response = self._renderer.render(asked, answer)
        except Exception as error:  # noqa: BLE001 — whatever it is becomes a page
            response = self._problem(asked, error)
        for header, value in headers:
            response.headers.append(header, value)
        return response

    def _problem(self, asked: Asked, error: Exception) -> Response:
        return self._renderer.render(replace(asked, part="notices" if asked.part else ""), page_of(error, asked))
