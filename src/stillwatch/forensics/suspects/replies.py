"""What the bytes of a request and of its reply say: the only place where they are read.

    said = read(200, body)                      # what was said, by which model
    asked(request)                              # what was asked
    predictions("t-1", text, 200, body)         # of a text that was read (echo, logprobs), what would have come next
    likelihood(200, body)                       # and how likely it is

Both APIs are read: /chat/completions and /completions, as OpenAI, vLLM, SGLang and others answer them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import msgspec

from stillwatch.traffic.readers import bodies
from stillwatch.traffic.rows import RowError

REFUSED = frozenset({400, 406, 409, 413, 415, 422, 451})  # about this question; asking it again changes nothing
Outcome = Literal["answered", "empty", "refused", "too large", "unreadable"]

_NEAR = 8  # characters within which we find our place again behind a character that was cut in pieces
_BROKEN = "\ufffd"


@dataclass(frozen=True)
class Said:
    """What a reply says.

    Attributes:
        outcome: whether it says anything.
        text: what.
        model: as the endpoint calls itself.
        fingerprint: of its configuration, as it says.
    """

    outcome: Outcome
    text: str = ""
    model: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Predictions:
    """A text that a suspect was given to read, and what it would have written.

    Attributes:
        text_id: of the text.
        text: what it read.
        places: characters of the text that it had read, ascending; its tokens end there.
        tokens: the text of its most probable next token at each.
    """

    text_id: str
    text: str
    places: tuple[int, ...]
    tokens: tuple[str, ...]


def settles(status: int) -> bool:
    """Whether a question need not be asked again after a reply of this status."""
    return 200 <= status < 300 or status in REFUSED


def read(status: int, body: bytes, *, cut: bool = False) -> Said:
    """What was said.

    Args:
        status: of HTTP.
        body: of the reply.
        cut: whether there was more of it than is taken.
    """
    if not 200 <= status < 300:
        return Said("refused")
    if cut:
        return Said("too large")
    content = content_of(body)
    choice = _choice(content)
    if choice is None:
        return Said("unreadable")
    model, fingerprint = (_text(content.get(name)) for name in ("model", "system_fingerprint"))
    text = _spoken(choice)
    return Said("answered" if text.strip() else "empty", text, model, fingerprint)


def asked(body: bytes) -> str:
    """What a request asks: the prompt, or the messages one below the other; "" if it is none of ours."""
    content = content_of(body)
    messages = content.get("messages")
    said = [content.get("prompt")]
    if isinstance(messages, list):
        said = [each.get("content") for each in messages if isinstance(each, dict)]
    return "\n\n".join(each for each in said if isinstance(each, str))


def predictions(text_id: str, text: str, status: int, body: bytes) -> Predictions:
    """What a suspect would have written at each place of a text; no places where the reply does not say.

    Args:
        text_id: of the text.
        text: what it was given to read.
        status: of HTTP.
        body: of the reply to a request with `echo` and `logprobs`.
    """
    choice = _choice(content_of(body)) if 200 <= status < 300 else None
    logprobs = choice.get("logprobs") if choice else None
    found = list(_predicted(text, logprobs)) if isinstance(logprobs, dict) else []
    return Predictions(text_id, text, tuple(place for place, _ in found), tuple(token for _, token in found))


def likelihood(status: int, body: bytes) -> float | None:
    """How likely a text is that a suspect was given to read: the sum of the natural logarithms of its tokens'.

    The first token has none: nothing stands before it. None where the reply does not say it of every other.

    Args:
        status: of HTTP.
        body: of the reply to a request with `echo` and `logprobs`; how many of the tokens were ours is in its `usage`.
    """
    content = content_of(body)
    choice = _choice(content) if 200 <= status < 300 else None
    usage, logprobs = content.get("usage"), choice.get("logprobs") if choice else None
    if not isinstance(usage, dict) or not isinstance(logprobs, dict):
        return None
    read_, each = usage.get("prompt_tokens"), logprobs.get("token_logprobs")
    if not isinstance(read_, int) or not isinstance(each, list) or not 2 <= read_ <= len(each):
        return None
    try:
        found = float(sum(each[1:read_]))
    except (TypeError, OverflowError):  # one is not told, or a whole number beyond all others
        return None
    return found if isfinite(found) else None


def _predicted(text: str, logprobs: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Walks along the text with the suspect's tokens; stops where they are no longer those of the text.

    Tokens before the text (its beginning has a token of its own in many vocabularies) are passed over. A character
    that is cut in pieces shows as no text: the walk goes on with the next token that is near. Whether a place counts
    does not depend on the token that comes there: in a marked text that was the key's choice.
    """
    tokens, tops = logprobs.get("tokens"), logprobs.get("top_logprobs")
    if not isinstance(tokens, list) or not isinstance(tops, list):
        return
    place, whole = 0, True
    for token, top in zip(tokens, tops, strict=False):
        if not isinstance(token, str) or place >= len(text):
            return
        if place and whole and (best := _best(top)):
            yield place, best
        whole = bool(token) and _BROKEN not in token
        start = text.find(token, place, place + len(token) + (_NEAR if place else 0)) if whole else place
        if start < 0 and place:
            return
        if whole and start >= 0:
            place = start + len(token)


def _best(top: object) -> str:
    """The most probable token; "" if it is not said, or is no text."""
    if not isinstance(top, dict) or not top:
        return ""
    try:
        best = str(max(top, key=lambda token: float(top[token])))
    except (TypeError, ValueError, OverflowError):
        return ""
    return "" if _BROKEN in best else best


def content_of(body: bytes) -> dict[str, Any]:
    """The object that a body is in JSON; empty if it is none."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _choice(content: dict[str, Any]) -> dict[str, Any] | None:
    choices = content.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    return choices[0]


def _spoken(choice: dict[str, Any]) -> str:
    """What stands in a choice, without reasoning: that is another text, and few endpoints give it."""
    try:
        return bodies.output_text({"choices": [choice]}) or ""
    except RowError:
        return ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
