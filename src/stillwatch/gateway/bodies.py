"""The bodies of requests: read as fast as JSON allows, and rewritten where a measure takes something out.

    prompt = read(raw)              # OpenAI (chat, completions, responses) and Anthropic
    raw = without(raw, limits)      # no log probabilities, one choice, no more than so many tokens

`read` says what `traffic.readers.bodies.request_row` says, so that a profile made here is the one that a scan of the
log makes: bodies of the usual shape are read into structs, all others as the readers do.
"""

import re
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from stillwatch.errors import InputError
from stillwatch.response.model import Limits
from stillwatch.traffic.readers.bodies import request_row
from stillwatch.traffic.rows import SYSTEM_ROLES, TEXT_PARTS, RowError, checked
from stillwatch.traffic.schema import REQUESTS

#: Fields with which a client turns a watermark off, or names a key of its own (vLLM, SGLang).
OPT_OUT = ("watermarking", "watermark")

#: What `CAP` takes out: the probabilities behind a text, and ways to ask many times at once.
_WITHHELD = ("logprobs", "top_logprobs", "prompt_logprobs", "logit_bias", "n", "best_of", "echo", "candidate_count")
_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_BLOCKS = ("thinking", "redacted_thinking", "reasoning", "reasoning.encrypted", "reasoning.text")
_COLUMNS = (
    "request_model", "system_instructions", "input_messages", "request_temperature", "request_max_tokens",
    "reasoning_presented",
)  # fmt: skip
_CHECKED = [field for field in REQUESTS if field.name in _COLUMNS]


_RECENT = 256  # messages among which the user's last two are looked for, so that no body takes long
LEAST = 8  # letters of a seal
_SEALED = re.compile(
    rb'(?<!\\\\)"(?:signature|encrypted_content|type"\s*:\s*"redacted_thinking"\s*,\s*"data)"\s*:\s*"([A-Za-z0-9+/=_-]{8,})"'
)
_NAMED = re.compile(rb'(?<!\\\\)"id"\s*:\s*"(rs_[A-Za-z0-9_-]{5,})"')


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """What of a request's body counts.

    Attributes:
        model: that was asked for.
        system: the system text; "" for none.
        messages: role and text of each, history included, without the system's.
        temperature, max_tokens: as the client set them.
        reasoning: digests of the reasoning blocks that it hands back, as `traffic.readers.reasoning` makes them.
        opted_out: it has a field that turns a watermark off.
    """

    model: str | None = None
    system: str = ""
    messages: tuple[tuple[str | None, str | None], ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning: tuple[str, ...] = ()
    opted_out: bool = False

    @property
    def turns(self) -> tuple[str, str]:
        """The user's last message and the one before it; "" where there is none.

        Where the user wrote none, the last message counts as the last, as in profiles.
        """
        texts = [text or "" for role, text in self.messages[-_RECENT:] if role == "user"][-2:]
        if not texts:
            texts = [self.messages[-1][1] or ""] if self.messages else [""]
        return texts[-1], texts[0] if len(texts) > 1 else ""


NO_PROMPT = Prompt()


class _Part(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    content: object = None
    signature: str | None = None  # of a thinking block


class _Message(msgspec.Struct, gc=False):
    role: str | None = None
    content: str | list[_Part] | None = None
    parts: object = None
    thinking_blocks: object = None
    reasoning_details: object = None


class _Usual(msgspec.Struct, rename={"generation": "generationConfig"}):
    """A body of the usual shape; whatever is not, does not fit its types."""

    messages: list[_Message]
    model: str | None = None
    system: str | list[_Part] | None = None
    instructions: str | None = None
    temperature: float | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    max_output_tokens: int | None = None
    max_new_tokens: int | None = None
    generation: object = None
    watermarking: object = None
    watermark: object = None


_usual = msgspec.json.Decoder(_Usual)
_any = msgspec.json.Decoder()


def read(raw: bytes) -> Prompt:
    """Read a body.

    Raises:
        InputError: it is no JSON object in UTF-8, or its prompt is none that is known here.
    """
    try:
        return _prompt(_usual.decode(raw))
    except (msgspec.MsgspecError, _UnusualError):
        return prompt_of(_decoded(raw))
    except (UnicodeDecodeError, RecursionError):
        raise _no_json() from None


def _decoded(raw: bytes) -> Any:  # noqa: ANN401 — JSON is anything
    try:
        return _any.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _no_json() from None


def _no_json() -> InputError:
    return InputError("The body is no JSON.", where="body")


class _UnusualError(Exception):
    """The body is for the readers, which know every shape."""


def _prompt(body: _Usual) -> Prompt:
    length = body.max_completion_tokens
    for other in (body.max_tokens, body.max_output_tokens, body.max_new_tokens):
        length = other if length is None else length
    if body.generation is not None or (length is not None and not -(1 << 63) <= length < 1 << 63):
        raise _UnusualError
    system, messages, seals = [_plain(body.system or body.instructions, [])], [], list[str]()
    for message in body.messages:
        text = message.content
        if text.__class__ is not str:
            if message.parts is not None or (text is None and message.role is None):
                raise _UnusualError
            text = _plain(text, seals)
        if message.thinking_blocks is not None or message.reasoning_details is not None:
            raise _UnusualError
        if message.role in SYSTEM_ROLES:
            system.append(text)
        else:
            messages.append((message.role, text))
    return Prompt(
        body.model or None,
        "\n\n".join([text for text in system if text]),
        tuple(messages),
        body.temperature,
        length,
        tuple(map(digest, dict.fromkeys(seals))) if seals else (),
        body.watermarking is not None or body.watermark is not None,
    )


def _plain(content: str | list[_Part] | None, seals: list[str]) -> str | None:
    """As `traffic.rows.plain`: the text parts, joined by lines; seals of the thinking among them are noted."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        if part.type in _BLOCKS:
            if part.type != "thinking" or part.signature is None:
                raise _UnusualError
            if len(part.signature) >= LEAST:
                seals.append(part.signature)
        elif part.type in TEXT_PARTS:
            if not part.text and part.content is not None:
                raise _UnusualError
            if part.text:
                texts.append(part.text)
    return "\n".join(texts) if texts else None


def prompt_of(body: Any) -> Prompt:  # noqa: ANN401 — what a JSON text decodes to
    """What of a decoded body counts.

    Raises:
        InputError: it is no object, or its prompt is none that is known here (token ids, for one).
    """
    if not isinstance(body, dict):
        raise InputError("The body is no object.", where="body")
    try:
        row = checked(request_row(body), _CHECKED)
    except (RowError, RecursionError, TypeError):  # TypeError: the readers look an object up as if it were a word
        raise InputError("The prompt is of no known kind.", where="body") from None
    messages = tuple((m["role"], m["content"]) for m in row["input_messages"] or ())
    return Prompt(
        row["request_model"],
        row["system_instructions"] or "",
        messages,
        row["request_temperature"],
        row["request_max_tokens"],
        tuple((row["reasoning_presented"] or "").split()),
        any(body.get(name) is not None for name in OPT_OUT),
    )


def digest(seal: str) -> str:
    """Of a reasoning block's seal."""
    return blake2b(seal.encode(), digest_size=8).hexdigest()


def received(answer: bytes) -> tuple[str, ...]:
    """Digests of the reasoning blocks in pieces of an answer, JSON or a stream's events.

    As `traffic.readers.reasoning.received` finds in the whole of it; a seal that lies across two pieces is missed.
    """
    found = _SEALED.findall(answer) or _NAMED.findall(answer)
    return tuple(map(digest, dict.fromkeys(seal.decode() for seal in found)))


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


def without(raw: bytes, *, capped: bool, limits: Limits, also: Mapping[str, object] | None = None) -> bytes:
    """A body without the fields that a client may not set.

    Args:
        raw: the body, JSON.
        capped: the measure `CAP` or a higher one is in force; else only what turns watermarks off is taken out.
        limits: `max_tokens` is lowered to this.
        also: what a capped body is given, if the server behind knows it (vLLM: `include_reasoning`).

    Raises:
        InputError: the body is no JSON object.
    """
    body = _decoded(raw)
    if not isinstance(body, dict):
        raise InputError("The body is no object.", where="body")
    for name in OPT_OUT:
        body.pop(name, None)
    if capped:
        cap(body, limits)
        body |= also or {}
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
