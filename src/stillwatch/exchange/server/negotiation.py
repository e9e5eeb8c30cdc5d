"""Media types (RFC 9110, section 12.5.1; TAXII 2.1, section 1.6.8): what a client takes, and what it sends.

TAXII's endpoints answer in one type, so that there is nothing to choose: either the client takes it, or 406. Clients
are read generously: without a version any version is meant, and no Accept at all means anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fastapi import Request

from stillwatch.exchange.server.errors import MEDIA_TYPE, Problem

TAXII, STIX = "application/taxii+json", "application/stix+json"
VERSION = "2.1"

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 — RFC 9110's word, no secret
_TYPE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_TOKEN})\s*=\s*({_TOKEN}|"(?:[^"\\]|\\.)*"))?\s*')
_RANGE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


@dataclass(frozen=True)
class MediaType:
    """A media type or range; `type` is `application/taxii+json`, `application/*` or `*/*`, in lower case."""

    type: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def quality(self) -> float:
        """The weight `q` of a range; one that is not understood refuses nothing."""
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 1.0

    def covers(self, offered: str) -> bool:
        """Whether a response of this type, in version 2.1, fits the range."""
        family = offered.partition("/")[0]
        return self.type in {offered, f"{family}/*", "*/*"} and self.parameters.get("version", VERSION) == VERSION


def parse(text: str) -> MediaType | None:
    """One media type or range, or None where it is none."""
    matched = _TYPE.match(text)
    if not matched:
        return None
    parameters, at = {}, matched.end()
    while at < len(text):
        parameter = _PARAMETER.match(text, at)
        if not parameter:
            return None
        if parameter[1]:
            parameters[parameter[1].lower()] = re.sub(r"\\(.)", r"\1", parameter[2].strip('"'))
        at = parameter.end()
    return MediaType(f"{matched[1]}/{matched[2]}".lower(), parameters)


def ranges(accept: str) -> Iterator[MediaType]:
    """The ranges of an Accept header; what is none is left out."""
    for part in _RANGE.findall(accept):
        media_type = parse(part)
        if media_type:
            yield media_type


def accepts(accept: str | None, offered: str = TAXII) -> bool:
    """Whether a client that sends this header takes a response of that type.

    The most exact range decides (RFC 9110, section 12.5.1): `application/taxii+json;q=0, */*` refuses.
    """
    if accept is None or not accept.strip():
        return True
    fitting = [candidate for candidate in ranges(accept) if candidate.covers(offered)]
    if not fitting:
        return False
    exactness = max(_exactness(candidate) for candidate in fitting)
    return any(candidate.quality > 0 for candidate in fitting if _exactness(candidate) == exactness)


def _exactness(candidate: MediaType) -> tuple[int, bool]:
    return -candidate.type.count("*"), "version" in candidate.parameters


async def taxii(request: Request) -> None:
    """The dependency of every TAXII endpoint: the client takes TAXII 2.1.

    Raises:
        Problem: 406.
    """
    if not accepts(_joined(request, "accept")):
        text = f"This endpoint answers in {MEDIA_TYPE}; name it, or */*, in Accept."
        raise Problem(406, "Not acceptable", text, "not-acceptable")


def content(request: Request, *taken: str) -> None:
    """Checks that the body is of one of the types, with or without its version, and not compressed.

    Raises:
        Problem: 415.
    """
    sent = parse(_joined(request, "content-type") or "")
    encoding = (_joined(request, "content-encoding") or "identity").strip().lower()
    fits = sent and sent.type in taken and sent.parameters.get("version", VERSION) == VERSION
    if not fits or (sent and sent.parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}):
        text = f"The body must be {' or '.join(taken)}, in UTF-8."
        headers = {"Accept": ", ".join(taken)}
        raise Problem(415, "Unsupported media type", text, "unsupported-media-type", headers=headers)
    if encoding != "identity":
        text = "Send the body as it is, without Content-Encoding."
        headers = {"Accept-Encoding": "identity"}
        raise Problem(415, "Unsupported content encoding", text, "unsupported-encoding", headers=headers)


def _joined(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    return ",".join(values) if values else None
