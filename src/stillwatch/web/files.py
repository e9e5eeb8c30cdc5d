"""Scripts and styles: every address holds the digest of what it gives, so that browsers keep it for a year.

    files.address("style.css")       # /static/1f09c3…/style.css
    files.route("/static")

They are in static/; besides, `report.css` is the reports' own style, and `vega.js` what draws their charts, too.
"""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.reports import pictures

_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain", "png": "image/png"}
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class File:
    """One file; made, packed and kept when it is first asked for."""

    name: str
    digest: str
    read: Callable[[], bytes]

    @property
    def address(self) -> str:
        """Where it is served."""
        return f"/static/{self.digest}/{self.name}"

    @cached_property
    def content(self) -> bytes:
        """As it is."""
        return self.read()

    @cached_property
    def packed(self) -> bytes:
        """By gzip."""
        return gzip.compress(self.content, mtime=0)


class Files:
    """All files of the console."""

    def __init__(self) -> None:
        folder = resources.files("stillwatch.web").joinpath("static")
        found = [each for each in folder.iterdir() if each.name.rpartition(".")[2] in _MEDIA]
        read = {each.name: each.read_bytes() for each in found}
        read["report.css"] = resources.files("stillwatch.reports").joinpath("templates", "style.css").read_bytes()
        self._files = {name: File(name, _digest(content), partial(bytes, content)) for name, content in read.items()}
        self._files["vega.js"] = File(
            "vega.js", _digest(pictures.edition().encode()), lambda: pictures.script().encode()
        )

    def address(self, name: str) -> str:
        """The path of a file, with its digest.

        Raises:
            KeyError: there is none of this name.
        """
        return self._files[name].address

    def route(self) -> Route:
        """Where they are served."""
        return Route("/static/{digest}/{name}", self._serve)

    def _serve(self, request: Request) -> Response:
        file = self._files.get(request.path_params["name"])
        if file is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        newest = request.path_params["digest"] == file.digest  # else a page of an earlier version asks
        headers = {"cache-control": _YEAR if newest else "no-store", "vary": "accept-encoding"}
        packed = "gzip" in request.headers.get("accept-encoding", "")
        headers |= {"content-encoding": "gzip"} if packed else {}
        media = _MEDIA[file.name.rpartition(".")[2]]
        return Response(file.packed if packed else file.content, headers=headers, media_type=media)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
