"""Request and response pairs of a gateway that speaks the OpenAI or Anthropic API, one JSON object a pair.

    {"timestamp": ..., "user_id": ..., "key_id": ..., "client_ip": ..., "status": 200,
     "request": {"model": ..., "messages": [...]}, "response": {"choices": [...], "usage": {...}}}

Gateways agree on the bodies, not on the names around them: the usual ones are tried in order. Bodies may be texts, and
may lie in `request.body` beside `request.headers`. Helicone's export fits too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.traffic.readers import durations
from stillwatch.traffic.readers.bodies import present, request_row, response_row
from stillwatch.traffic.rows import Record, Row, first, number

_REQUEST = ("request.body", "request_body", "request.json", "request")
_RESPONSE = ("response.body", "response_body", "response.json", "response")
_HEADERS = ("request.headers", "request_headers", "headers")
_PLACES = {
    "request_id": (
        "request_id",
        "id",
        "requestId",
        "x_request_id",
        "call_id",
        "trace_id",
        "response.id",
        "response.body.id",
    ),
    "time": (
        *(
            "timestamp",
            "time",
            "created_at",
            "request_created_at",
            "createdAt",
            "@timestamp",
            "ts",
            "start_time",
            "startTime",
        ),
        *("started_at", "request_time", "requested_at", "timestamps.request", "timestamps.start", "request.timestamp"),
    ),
    "account_id": (
        *(
            "account_id",
            "user_id",
            "user.id",
            "user",
            "request_user_id",
            "userId",
            "customer_id",
            "account",
            "customer",
        ),
        *("tenant_id", "consumer.id", "consumer", "request.body.user", "request.user", "request_body.user"),
        *("metadata.user_id", "metadata.account_id", "api_key_id", "key_id", "api_key", "key"),
    ),
    "organization_id": (
        "organization_id",
        "org_id",
        "organization",
        "team_id",
        "project_id",
        "metadata.organization_id",
    ),
    "api_key_id": ("api_key_id", "key_id", "api_key_hash", "key_hash", "key", "api_key", "metadata.api_key_id"),
    "conversation_id": (
        "conversation_id",
        "session_id",
        "thread_id",
        "metadata.session_id",
        "request_properties.session_id",
    ),
    "operation_name": ("operation_name", "operation", "call_type", "path", "request.path", "request_path", "endpoint"),
    "request_model": ("request_model", "model"),
    "client_address": (
        *(
            "client_address",
            "client_ip",
            "ip",
            "ip_address",
            "remote_addr",
            "remote_address",
            "clientIp",
            "client.address",
        ),
        *("source_ip", "request.ip", "request.client_ip", "x_forwarded_for"),
    ),
    "user_agent": ("user_agent", "userAgent", "request.user_agent"),
    "tls_fingerprint": ("tls_fingerprint", "ja4", "tls.ja4"),
}
_STATUS = (
    "response_status",
    "status_code",
    "status",
    "http_status",
    "response.status_code",
    "response.status",
    "statusCode",
)
#: Durations by unit. Not `duration`, `latency`, `response_time`: seconds with some, milliseconds with others.
_MILLISECONDS = (
    *("duration_ms", "latency_ms", "delay_ms", "response_time_ms", "elapsed_ms", "request_duration_ms"),
    *("durationMs", "latencyMs", "latencies.request"),
)
_SECONDS = ("operation_duration", "duration_seconds", "latency_seconds", "elapsed_seconds", "request_time")
_ENDS = (
    *("end_time", "endTime", "ended_at", "completed_at", "response_created_at", "timestamps.response"),
    "timestamps.end",
)
_FORWARDED = ("x-forwarded-for", "x-real-ip", "cf-connecting-ip")
_SUCCESS = {"success": 200, "ok": 200, "failure": 500, "error": 500, "completed": 200}


@dataclass(frozen=True)
class Gateway:
    """Request and response pairs."""

    name: str = "gateway"

    def recognises(self, record: Record) -> bool:
        """A request's body with messages, a prompt or an input in it."""
        return isinstance(first(_body(record, _REQUEST), "messages", "prompt", "input", "contents"), (str, list))

    def read(self, record: Record) -> Iterator[Row]:
        """One request."""
        headers = _lower(first(record, *_HEADERS))
        named = {column: first(record, *places) for column, places in _PLACES.items()}
        named["client_address"] = named["client_address"] or first(headers, *_FORWARDED)
        named["user_agent"] = named["user_agent"] or first(headers, "user-agent")
        named |= {column: _identifier(named[column]) for column in ("account_id", "api_key_id", "organization_id")}
        status = first(record, *_STATUS)
        counted = {
            "usage_input_tokens": number(first(record, "prompt_tokens", "input_tokens", "usage.prompt_tokens")),
            "usage_output_tokens": number(
                first(record, "completion_tokens", "output_tokens", "usage.completion_tokens")
            ),
        }
        yield (
            counted
            | response_row(_body(record, _RESPONSE))
            | present(counted)
            | request_row(_body(record, _REQUEST))
            | present(named)
            | {
                "response_status": _SUCCESS.get(status, number(status)) if isinstance(status, str) else status,
                "operation_duration": _duration(record, named["time"]),
            }
        )


def _body(record: Record, places: tuple[str, ...]) -> object:
    return first(record, *places)


def _duration(record: Record, time: object) -> float | None:
    """As it is said, else from the request's time to its end."""
    said = durations.lasting(first(record, *_MILLISECONDS), "ms")
    said = durations.lasting(first(record, *_SECONDS), "s") if said is None else said
    return durations.between(time, first(record, *_ENDS)) if said is None else said


def _identifier(value: object) -> object:
    """The id of what is logged as an object."""
    return first(value, "id", "name") if isinstance(value, dict) else value


def _lower(headers: object) -> dict[str, object]:
    return {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, dict) else {}
