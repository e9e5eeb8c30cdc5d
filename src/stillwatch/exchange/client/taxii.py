"""TAXII 2.1 (OASIS Standard, 10 June 2021) as a client needs it, against any server that keeps to it.

    taxii = Taxii(http, "https://exchange.example/taxii2/")
    root = taxii.root()                            # or taxii.root("forum") where there are several
    for collection in taxii.collections(root):
        for page in taxii.pages(collection, after=checkpoint):
            ...                                    # keep page.objects and page.covered together
    taxii.add(root, collection, envelope)          # a Status, waited for

Section numbers are those of the standard.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.client.connection import TooLargeError
from stillwatch.exchange.client.paging import Answer, Page, UndigestibleError, walk
from stillwatch.indicators.timestamps import parse

MEDIA_TYPE = "application/taxii+json;version=2.1"
DISCOVERY = "/taxii2/"

_PENDING_SECONDS = 60.0  # how long a status may be pending before we come back another time


@dataclass(frozen=True)
class ApiRoot:
    """An API root (4.2): a trust group."""

    url: str  # ends in /
    title: str
    max_content_length: int | None = None  # bytes of one POST

    @property
    def name(self) -> str:
        """Its last step in the path."""
        return self.url.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Collection:
    """A collection (5.1), as it is for the member who asks."""

    url: str  # ends in /
    id: str
    title: str
    can_read: bool
    can_write: bool
    alias: str | None = None

    def called(self, name: str) -> bool:
        """Whether somebody who says `name` means this one."""
        return name in {self.id, self.alias, self.title}


@dataclass(frozen=True)
class Failure:
    """An object that the server did not take, and its word on it."""

    id: str
    message: str


@dataclass(frozen=True)
class Status:
    """What became of a POST (4.3)."""

    id: str
    complete: bool
    failures: tuple[Failure, ...] = ()
    said_before: tuple[str, ...] = ()  # ids that another member said first: they are his


class Taxii:
    """A TAXII 2.1 server, seen by one member.

    Every method raises ExchangeError where the server cannot be reached or does not answer as the standard says, and
    TrustError where it does not let this member in.

    Args:
        http: what `connection.connect` made.
        url: of the discovery document or of one API root; a bare host means its discovery document.
        sleep: how to wait while a status is pending.
    """

    def __init__(self, http: httpx2.Client, url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        given = httpx2.URL(url)
        path = given.path if given.path.endswith("/") else f"{given.path}/"
        self._url = str(given.copy_with(raw_path=(DISCOVERY if path == "/" else path).encode()))
        self._http, self._sleep = http, sleep

    def root(self, name: str | None = None) -> ApiRoot:
        """The API root that is meant: the one at the address, the one that is named, the default, the only one.

        Raises:
            ConfigError: there are several, or none of that name.
        """
        found = self._get(self._url)
        if "versions" in found:
            return _root(self._url, found)
        urls = [str(httpx2.URL(self._url).join(_address(url))) for url in _list(found, "api_roots")]
        if name is None and isinstance(found.get("default"), str):
            urls = [str(httpx2.URL(self._url).join(_address(found["default"])))]
        roots = [_root(url, self._get(url)) for url in urls if name is None or _meant(url, name)]
        if name is not None and not roots:
            roots = [root for root in (_root(url, self._get(url)) for url in urls) if root.title == name]
        if len(roots) == 1:
            return roots[0]
        known = ", ".join(root.name for root in roots) or ", ".join(map(_last_step, urls)) or "none"
        hint = f"Set exchange.root to one of: {_printable(known)}."
        raise ConfigError("Which API root is meant is not clear.", where=self._url, hint=hint)

    def collections(self, root: ApiRoot) -> tuple[Collection, ...]:
        """The collections of a root, in the server's order (5.1)."""
        found = self._get(f"{root.url}collections/")
        return tuple(_collection(root, each) for each in _list(found, "collections"))

    def pages(
        self, collection: Collection, *, after: int | None, overlap: int = 0, limit: int = 1000
    ) -> Iterator[Page]:
        """All versions of objects added after a moment, page by page in the order in which they were added (5.4).

        Args:
            collection: which.
            after: the checkpoint, in microseconds since 1970; None from the beginning.
            overlap: microseconds before the last object that a next run asks for again. 0 where every object has a
                date of its own and none appears later with an earlier one, as at our server; the standard promises
                neither.
            limit: objects a page.
        """
        url = f"{collection.url}objects/"
        return walk(lambda query: self._page(url, query), after=after, overlap=overlap, limit=limit)

    def add(self, root: ApiRoot, collection: Collection, envelope: bytes) -> Status:
        """Adds objects in one POST (5.5) and waits until the server has judged them all.

        Repeating it does no harm: a server takes an object that it has for what it is.

        Raises:
            ExchangeError: refused, with the server's word on why; or larger than the server takes.
        """
        if root.max_content_length is not None and len(envelope) > root.max_content_length:
            hint = f"It takes {root.max_content_length:,} bytes: share fewer campaigns at a time."
            raise ExchangeError(f"{len(envelope):,} bytes are more than the exchange takes.", where=root.url, hint=hint)
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        response = self._http.post(f"{collection.url}objects/", content=envelope, headers=headers)
        status, waited = _status(answered(response)), 0.0
        while not status.complete and waited < _PENDING_SECONDS:
            pause = max(0.5, waited)
            self._sleep(pause)
            waited += pause
            status = self.status(root, status.id)
        return status

    def has(self, collection: Collection, object_id: str) -> bool:
        """Whether an object is there, as far as we may see (5.6)."""
        url = f"{collection.url}objects/{quote(object_id, safe='')}/"
        response = self._http.get(url, headers={"Accept": MEDIA_TYPE})
        return response.status_code != 404 and bool(_list(answered(response), "objects"))

    def status(self, root: ApiRoot, status_id: str) -> Status:
        """What became of a POST by now (4.3)."""
        return _status(self._get(f"{root.url}status/{quote(status_id, safe='')}/"))

    def _get(self, url: str) -> dict[str, Any]:
        return answered(self._http.get(url, headers={"Accept": MEDIA_TYPE}))

    def _page(self, url: str, query: Mapping[str, str]) -> Answer:
        extensions = {"once": "next" in query}  # a `next` may be spent once it is answered: the walk knows better
        try:
            response = self._http.get(url, params=query, headers={"Accept": MEDIA_TYPE}, extensions=extensions)
        except TooLargeError as error:
            raise UndigestibleError(str(error), last=_last(error.headers)) from None
        body = answered(response, undigestible=True)
        following = body.get("next")
        return Answer(
            objects=tuple(_list(body, "objects")),
            more=body.get("more") is True,
            next=following if isinstance(following, str) and following else None,
            last=_last(response.headers),
        )


def answered(response: httpx2.Response, *, undigestible: bool = False) -> dict[str, Any]:
    """The JSON object that a server answered with.

    Args:
        response: the answer, read.
        undigestible: say with UndigestibleError that the body of a success is no JSON, so that smaller pieces can be
            asked for.

    Raises:
        TrustError: this member may not (401, 403).
        ExchangeError: any other refusal, with the server's word on it, or no JSON object.
    """
    place, code = f"{response.request.url.host}{response.request.url.path}", response.status_code
    if code in {401, 403}:
        hint = "Check exchange.member, its secret and exchange.auth; the operator knows what the member may do."
        raise TrustError(f"The exchange does not let this member in ({code}).", where=place, hint=hint)
    body = _json(response.content)
    if code >= 400:
        raise ExchangeError(f"The exchange refuses ({code}{_word(body)}).", where=place)
    if body is None and undigestible:
        raise UndigestibleError("The answer is no JSON that can be read.", last=_last(response.headers))
    if body is None:
        hint = "Is exchange.url the address of a TAXII 2.1 server?"
        raise ExchangeError("The answer is not TAXII 2.1.", where=place, hint=hint)
    return body


def _json(content: bytes) -> dict[str, Any] | None:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        body = json.loads(content.decode(), parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _word(error: dict[str, Any] | None) -> str:
    """What a TAXII error body (3.6.1) says, as far as it can be shown."""
    words = [error.get(name) for name in ("title", "description")] if error else []
    said = "; ".join(_printable(word) for word in words if isinstance(word, str) and word)
    return f": {said}" if said else ""


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:300]


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise ExchangeError(f"The answer is not TAXII 2.1: {name} is no list.")
    return value


def _address(url: object) -> str:
    if not isinstance(url, str):
        raise ExchangeError("The answer is not TAXII 2.1: the address of an API root is no text.")
    return url if url.endswith("/") else f"{url}/"


def _last_step(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _meant(url: str, name: str) -> bool:
    return name.rstrip("/") in {url.rstrip("/"), _last_step(url)}


def _root(url: str, found: Mapping[str, Any]) -> ApiRoot:
    largest = found.get("max_content_length")
    return ApiRoot(url, _printable(str(found.get("title", ""))), largest if isinstance(largest, int) else None)


def _collection(root: ApiRoot, found: object) -> Collection:
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise ExchangeError("The answer is not TAXII 2.1: a collection has no id.", where=root.url)
    alias = found.get("alias")
    return Collection(
        url=f"{root.url}collections/{quote(found['id'], safe='')}/",
        id=found["id"],
        title=_printable(str(found.get("title", ""))),
        can_read=found.get("can_read") is True,
        can_write=found.get("can_write") is True,
        alias=alias if isinstance(alias, str) else None,
    )


def _status(found: Mapping[str, Any]) -> Status:
    failures = [each for each in _list(found, "failures") if isinstance(each, dict)]
    successes = [each for each in _list(found, "successes") if isinstance(each, dict)]
    return Status(
        id=str(found.get("id", "")),
        complete=found.get("status") == "complete",
        failures=tuple(Failure(str(each.get("id")), _printable(str(each.get("message", "")))) for each in failures),
        said_before=tuple(str(each.get("id")) for each in successes if each.get("message")),
    )


def _last(headers: httpx2.Headers) -> int | None:
    """When the last object of a page was added (3.2)."""
    try:
        return parse(headers["X-TAXII-Date-Added-Last"].strip())
    except (KeyError, ValueError):
        return None
