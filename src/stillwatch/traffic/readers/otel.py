"""OpenTelemetry GenAI spans: OTLP/JSON lines (the collector's file exporter), old and new attribute names.

Names: https://github.com/open-telemetry/semantic-conventions-genai. They still move: this file owns them.
Read are the spans with a `gen_ai.` attribute; content comes from attributes or from the span's events.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stillwatch.traffic.readers import durations
from stillwatch.traffic.readers.bodies import output_text, prompt
from stillwatch.traffic.rows import Json, Record, Row, RowError, decoded, dig, first, instant, number, plain

#: Ours from theirs, the current name first.
_ATTRIBUTES = {
    "account_id": ("user.id", "enduser.id", "gen_ai.user.id", "gen_ai.user", "llm.user"),
    "organization_id": ("organization.id", "gen_ai.organization.id", "tenant.id"),
    "api_key_id": ("api_key.id", "gen_ai.api_key.id"),
    "conversation_id": ("gen_ai.conversation.id", "session.id"),
    "operation_name": ("gen_ai.operation.name", "llm.request.type"),
    "request_model": ("gen_ai.request.model", "gen_ai.response.model"),
    "client_address": ("client.address", "client.socket.address", "http.client_ip", "net.peer.ip"),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "tls_fingerprint": ("tls.client.ja4",),
}
_NUMBERS = {
    "request_temperature": ("gen_ai.request.temperature",),
    "request_max_tokens": ("gen_ai.request.max_tokens",),
    "request_choice_count": ("gen_ai.request.choice.count",),
    "usage_input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
    "usage_output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
    ),
}
_INPUT = ("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.request.messages")
_OUTPUT = ("gen_ai.output.messages", "gen_ai.completion")
_INDEXED = re.compile(r"^gen_ai\.(prompt|completion)\.(\d+)\.(role|content|finish_reason)$")
_MESSAGE_EVENT = re.compile(r"^gen_ai\.(system|user|assistant|tool)\.message$")
_END = ("endTimeUnixNano", "end_time_unix_nano")
_ERROR = (2, "2", "STATUS_CODE_ERROR", "ERROR")


@dataclass(frozen=True)
class OpenTelemetry:
    """GenAI spans."""

    name: str = "otel"

    def recognises(self, record: Record) -> bool:
        """An OTLP envelope, or a single span with attributes of GenAI."""
        return bool({"resourceSpans", "resource_spans"} & record.keys()) or _is_genai(_attributes(record))

    def read(self, record: Record) -> Iterator[Row | RowError]:
        """The requests among the spans of an envelope."""
        for span, shared in _spans(record):
            try:
                attributes = shared | _attributes(span) | _of_events(span)
                if _is_genai(attributes):
                    yield _row(span, attributes)
            except RowError as error:
                yield error


def _spans(record: Record) -> Iterator[tuple[Record, dict[str, Json]]]:
    envelopes = first(record, "resourceSpans", "resource_spans")
    if envelopes is None:
        yield record, {}
    for envelope in _objects(envelopes):
        shared = _attributes(envelope.get("resource"))
        for scope in _objects(first(envelope, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")):
            for span in _objects(scope.get("spans")):
                yield span, shared


def _objects(value: object) -> Iterator[Mapping[str, Json]]:
    if value is not None and not isinstance(value, list):
        raise RowError("wrong type: spans")
    for entry in value or ():
        if not isinstance(entry, dict):
            raise RowError("wrong type: spans")
        yield entry


def _attributes(holder: object) -> dict[str, Json]:
    """Attributes as a dict, from OTLP's list of keys and typed values or from the SDKs' plain objects."""
    found = holder.get("attributes") if isinstance(holder, Mapping) else None
    if isinstance(found, dict):
        return found
    entries = found if isinstance(found, list) else []
    return {
        str(entry["key"]): _value(entry.get("value")) for entry in entries if isinstance(entry, dict) and "key" in entry
    }


def _value(value: object) -> Json:
    """An OTLP AnyValue: the protocol writes 64-bit integers as text."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    kind, inner = next(iter(value.items()))
    if kind == "intValue":
        return number(inner)
    if kind == "arrayValue" and isinstance(inner, dict):
        return [_value(entry) for entry in inner.get("values") or ()]
    if kind == "kvlistValue" and isinstance(inner, dict):
        return _attributes({"attributes": inner.get("values")})
    return inner if kind.endswith("Value") else value


def _is_genai(attributes: Mapping[str, Json]) -> bool:
    return any(name.startswith("gen_ai.") for name in attributes)


def _of_events(span: Record) -> dict[str, Json]:
    """Content in the span's events: whole (current and first convention), or an event a message (in between)."""
    found: dict[str, Json] = {}
    for event in _objects(span.get("events")):
        attributes, name = _attributes(event), str(event.get("name"))
        if role := _MESSAGE_EVENT.match(name):
            content = first(attributes, "content", "gen_ai.event.content", "body.content")
            found.setdefault("gen_ai.input.messages", []).append({"role": role[1], "content": content})
        elif name == "gen_ai.choice":
            found["gen_ai.completion"] = first(attributes, "message.content", "message", "gen_ai.event.content")
        elif name.startswith("gen_ai."):
            found |= attributes
    return found


def _row(span: Record, attributes: dict[str, Json]) -> Row:
    system, conversation = prompt(first(attributes, *_INPUT) or _indexed(attributes, "prompt"))
    answer = decoded(first(attributes, *_OUTPUT)) or _indexed(attributes, "completion")
    instructions = plain(decoded(dig(attributes, "gen_ai.system_instructions")), "system_instructions")
    reasons = decoded(dig(attributes, "gen_ai.response.finish_reasons"))
    named = {column: first(attributes, *names) for column, names in _ATTRIBUTES.items()}
    counted = {column: number(first(attributes, *names)) for column, names in _NUMBERS.items()}
    return (
        named
        | counted
        | {
            "request_id": first(attributes, "gen_ai.response.id")
            or first(span, "spanId", "span_id", "context.span_id"),
            "time": _start(span),
            "system_instructions": instructions or system,
            "input_messages": conversation,
            "output_text": output_text(answer),
            "response_finish_reason": reasons[0]
            if isinstance(reasons, list) and reasons
            else first(answer, "0.finish_reason"),
            "response_status": _status(span, attributes),
            "operation_duration": _duration(span),
        }
    )


def _start(span: Record) -> int | None:
    nanoseconds = first(span, "startTimeUnixNano", "start_time_unix_nano")
    return instant(first(span, "start_time", "startTime")) if nanoseconds is None else instant(nanoseconds, unit="ns")


def _duration(span: Record) -> float | None:
    start, end = first(span, "startTimeUnixNano", "start_time_unix_nano"), first(span, *_END)
    if start is not None:
        return durations.between(start, end, unit="ns")
    return durations.between(first(span, "start_time", "startTime"), first(span, "end_time", "endTime"))


def _indexed(attributes: Mapping[str, Json], kind: str) -> list[dict[str, Json]] | None:
    """Messages flattened into attributes: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, ..."""
    found: dict[int, dict[str, Json]] = {}
    for name, value in attributes.items():
        if (match := _INDEXED.match(name)) and match[1] == kind:
            found.setdefault(int(match[2]), {"role": None})[match[3]] = value
    return [found[index] for index in sorted(found)] or None


def _status(span: Record, attributes: Mapping[str, Json]) -> int:
    for name in ("http.response.status_code", "http.status_code", "error.type"):
        code = number(attributes.get(name))
        if isinstance(code, int):
            return code
    return 500 if first(span, "status.code", "status.status_code") in _ERROR else 200
