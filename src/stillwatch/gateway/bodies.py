"""The bodies of requests: read as fast as JSON allows, and rewritten where a measure takes something out.

    prompt = read(raw)              # OpenAI (chat, completions, responses) and Anthropic
    raw = without(raw, limits)      # no log probabilities, one choice, no more than so many tokens

`read` says what `traffic.readers.bodies.request_row` says, so that a profile made here is the one that a scan of the
log makes: bodies of the usual shape are read into structs, all others as the readers do.
"""

import zlib
from typing import Any, NamedTuple

import msgspec

from stillwatch.errors import InputError
from stillwatch.response.model import Limits
from stillwatch.traffic.readers.bodies import request_row
from stillwatch.traffic.rows import RowError, checked
from stillwatch.traffic.schema import REQUESTS

#: Fields with which a client turns a watermark off, or names a key of its own (vLLM, SGLang).
OPT_OUT = ("watermarking", "watermark")

#: What `CAP` takes out: the probabilities behind a text, and ways to ask many times at once.
_WITHHELD = ("logprobs", "top_logprobs", "prompt_logprobs", "logit_bias", "n", "best_of", "echo", "candidate_count")
_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_REASONING = {"include_reasoning": False, "return_reasoning": False}
_SYSTEM = ("system", "developer")
_COLUMNS = ("request_model", "system_instructions", "input_messages", "request_temperature", "request_max_tokens")
_CHECKED = [field for field in REQUESTS if field.name in _COLUMNS]


class Prompt(NamedTuple):
    """What of a request's body counts.

    Attributes:
        model: that was asked for.
        system: the system text; "" for none.
        messages: role and text of each, history included, without the system's.
        temperature, max_tokens: as the client set them.
        opted_out: it has a field that turns a watermark off.
    """

    model: str | None = None
    system: str = ""
    messages: tuple[tuple[str | None, str | None], ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    opted_out: bool = False

    @property
    def turns(self) -> tuple[str, str]:
        """The user's last message and the one before it; "" where there is none.

        Where the user wrote none, the last message counts as the last, as in profiles.
        """
        texts = [text or "" for role, text in self.messages if role == "user"][-2:]
        if not texts:
            texts = [self.messages[-1][1] or ""] if self.messages else [""]
        return texts[-1], texts[0] if len(texts) > 1 else ""


NO_PROMPT = Prompt()


def read(raw: bytes) -> Prompt:
    """Read a body.

    Raises:
        InputError: it is no JSON object in UTF-8, or its prompt is none that is known here.
    """
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InputError("The body is no JSON.", where="body") from None
    return prompt_of(body)


def prompt_of(body: Any) -> Prompt:  # noqa: ANN401 — what a JSON text decodes to
    """What of a decoded body counts.

    Raises:
        InputError: it is no object, or its prompt is none that is known here (token ids, for one).
    """
    if not isinstance(body, dict):
        raise InputError("The body is no object.", where="body")
    try:
        row = checked(request_row(body), _CHECKED)
    except (RowError, RecursionError):
        raise InputError("The prompt is of no known kind.", where="body") from None
    messages = tuple((m["role"], m["content"]) for m in row["input_messages"] or ())
    return Prompt(
        row["request_model"],
        row["system_instructions"] or "",
        messages,
        row["request_temperature"],
        row["request_max_tokens"],
        any(body.get(name) is not None for name in OPT_OUT),
    )


def inflated(raw: bytes, encoding: str, most: int) -> bytes:
    """A body without its Content-Encoding, `most` bytes at most.

    Raises:
        InputError: of another encoding than gzip and deflate, broken, or longer.
    """
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise InputError("The body is encoded in a way that is not read.", where="body")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        out = inflater.decompress(raw, most)
    except zlib.error:
        raise InputError("The body is not what its encoding says.", where="body") from None
    if not inflater.eof:
        raise InputError("The body is cut off, or too long once it is inflated.", where="body")
    return out


def without(raw: bytes, *, capped: bool, limits: Limits) -> bytes:
    """A body without the fields that a client may not set.

    Args:
        raw: the body, JSON.
        capped: the measure `CAP` or a higher one is in force; else only what turns watermarks off is taken out.
        limits: `max_tokens` is lowered to this.

    Raises:
        InputError: the body is no JSON object.
    """
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InputError("The body is no JSON.", where="body") from None
    if not isinstance(body, dict):
        raise InputError("The body is no object.", where="body")
    for name in OPT_OUT:
        body.pop(name, None)
    if capped:
        cap(body, limits)
    return msgspec.json.encode(body)


def cap(body: dict[str, Any], limits: Limits) -> None:
    """Take out of a decoded body what `CAP` withholds, in place; for gateways that hand over a decoded one."""
    for name in _WITHHELD:
        body.pop(name, None)
    messages = body.get("messages")
    if isinstance(messages, list):
        body["messages"] = _answered(messages)
    if limits.max_tokens is not None:
        _shorten(body, limits.max_tokens)


def _answered(messages: list[Any]) -> list[Any]:
    """Messages without a prefill: the answer's beginning, put into the model's mouth."""
    end = len(messages)
    while end and isinstance(messages[end - 1], dict) and messages[end - 1].get("role") == "assistant":
        end -= 1
    return messages[:end] or messages


def _shorten(body: dict[str, Any], most: int) -> None:
    named = [name for name in _LENGTHS if body.get(name) is not None]
    for name in named or [_length_field(body)]:
        asked = body.get(name)
        if not isinstance(asked, int) or isinstance(asked, bool) or asked > most:
            body[name] = most


def _length_field(body: dict[str, Any]) -> str:
    """Where a body of this kind says how long an answer may be."""
    return "max_output_tokens" if "input" in body else "max_tokens"
