"""Every reader: one record of its format, in full and thin; and garbage."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.traffic import Key, Rejects
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.jsonl import read_record
from stillwatch.traffic.readers import Reader, known

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
ANSWER = {
    "id": "chatcmpl-1",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3},
}
COMMON = {
    "time": NOON,
    "system_instructions": "Be brief.",
    "input_messages": [{"role": "user", "content": "Hi"}],
    "output_text": "Hello",
    "usage_input_tokens": 9,
    "usage_output_tokens": 3,
    "response_status": 200,
    "request_model": "small",
    "request_temperature": 0.7,
    "request_max_tokens": 64,
    "operation_duration": 1.5,
}

LITELLM = {
    "id": "chatcmpl-1",
    "litellm_call_id": "call-1",
    "trace_id": "trace-1",
    "session_id": "session-1",
    "call_type": "acompletion",
    "model": "openai/small-2026",
    "model_group": "small",
    "startTime": NOON.timestamp(),
    "endTime": NOON.timestamp() + 1.5,
    "status": "success",
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "messages": MESSAGES,
    "response": ANSWER,
    "model_parameters": {"temperature": 0.7, "max_tokens": 64, "n": 2},
    "requester_ip_address": "203.0.113.7",
    "user_agent": "curl/8",
    "metadata": {"user_api_key_user_id": "user-1", "user_api_key_hash": "hash-1", "user_api_key_team_id": "team-1"},
    "error_information": {"error_code": ""},
}
SPENDLOGS = {
    "request_id": "call-1",
    "call_type": "acompletion",
    "api_key": "hash-1",
    "spend": 0.1,
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "startTime": "2026-03-01 12:00:00.000",
    "endTime": "2026-03-01 12:00:01.500",
    "model": "openai/small-2026",
    "model_group": "small",
    "user": "user-1",
    "team_id": "team-1",
    "session_id": "session-1",
    "metadata": "{}",
    "request_tags": '["User-Agent: curl", "User-Agent: curl/8"]',
    "requester_ip_address": "203.0.113.7",
    "messages": "{}",
    "response": json.dumps(ANSWER),
    "proxy_server_request": json.dumps({"messages": MESSAGES, "temperature": 0.7, "max_tokens": 64, "n": 2}),
    "status": "success",
}
GATEWAY = {
    "timestamp": "2026-03-01T12:00:00Z",
    "duration_ms": 1500,
    "request_id": "call-1",
    "user_id": "user-1",
    "key_id": "hash-1",
    "org_id": "team-1",
    "session_id": "session-1",
    "path": "acompletion",
    "client_ip": "203.0.113.7:5000",
    "status": 200,
    "request": {
        "headers": {"User-Agent": "curl/8"},
        "body": {"model": "small", "messages": MESSAGES, "temperature": 0.7, "max_tokens": 64, "n": 2},
    },
    "response": {"body": json.dumps(ANSWER)},
}
LANGFUSE = {
    "id": "call-1",
    "trace_id": "session-1",
    "type": "GENERATION",
    "start_time": "2026-03-01 12:00:00.000000",
    "end_time": "2026-03-01 12:00:01.500000",
    "user_id": "user-1",
    "project_id": "team-1",
    "provided_model_name": "small",
    "input": json.dumps(MESSAGES),
    "output": json.dumps({"role": "assistant", "content": "Hello"}),
    "model_parameters": '{"temperature": "0.7", "max_tokens": 64, "n": 2}',
    "usage_details": {"input": 9, "output": 3, "total": 12},
    "level": "DEFAULT",
    "metadata": {
        "api_key_id": "hash-1",
        "ip": "203.0.113.7",
        "user_agent": "curl/8",
        "finish_reason": "stop",
    },
}


def attributes(plain: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}

    def value(found: Any) -> dict[str, Any]:
        if isinstance(found, list):
            return {"arrayValue": {"values": [value(entry) for entry in found]}}
        if isinstance(found, dict):
            return {"kvlistValue": {"values": attributes(found)}}
        return {kinds[type(found)]: str(found) if isinstance(found, int) else found}

    return [{"key": name, "value": value(found)} for name, found in plain.items()]


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": attributes({"service.name": "api"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def span(plain: dict[str, Any], **more: Any) -> dict[str, Any]:
    nanoseconds = str(int(NOON.timestamp()) * 10**9)
    return {
        "spanId": "call-1",
        "traceId": "t",
        "startTimeUnixNano": nanoseconds,
        "endTimeUnixNano": str(int(nanoseconds) + 1_500_000_000),
        "attributes": attributes(plain),
    } | more


AROUND = {
    "user.id": "user-1",
    "api_key.id": "hash-1",
    "organization.id": "team-1",
    "gen_ai.conversation.id": "session-1",
    "gen_ai.operation.name": "acompletion",
    "gen_ai.request.model": "small",
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.max_tokens": 64,
    "gen_ai.request.choice.count": 2,
    "gen_ai.response.finish_reasons": ["stop"],
    "http.response.status_code": 200,
    "client.address": "203.0.113.7",
    "user_agent.original": "curl/8",
}
USAGE = {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 3}
OLD_USAGE = {"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 3}
CURRENT = (
    AROUND
    | USAGE
    | {
        "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
        "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]',
        "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}]',
    }
)
STRUCTURED = (
    AROUND
    | USAGE
    | {
        "gen_ai.input.messages": [{"role": m["role"], "parts": [{"content": m["content"]}]} for m in MESSAGES],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}],
    }
)
OLD = (
    AROUND
    | OLD_USAGE
    | {"gen_ai.prompt": json.dumps(MESSAGES), "gen_ai.completion": '[{"role": "assistant", "content": "Hello"}]'}
)
INDEXED = (
    AROUND
    | OLD_USAGE
    | {
        **{f"gen_ai.prompt.{n}.{part}": text for n, message in enumerate(MESSAGES) for part, text in message.items()},
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Hello",
    }
)
EVENTS = [
    {"name": "gen_ai.system.message", "attributes": attributes({"content": "Be brief."})},
    {"name": "gen_ai.user.message", "attributes": attributes({"content": "Hi"})},
    {"name": "gen_ai.choice", "attributes": attributes({"message": '{"content": "Hello"}'})},
]
DETAILS = [{"name": "gen_ai.client.inference.operation.details", "attributes": attributes(CURRENT)}]

FULL = {
    "litellm": ("litellm", LITELLM),
    "spendlogs": ("spendlogs", SPENDLOGS),
    "gateway": ("gateway", GATEWAY),
    "langfuse": ("langfuse", LANGFUSE),
    "otel": ("otel", otlp(span(CURRENT))),
    "otel, structured": ("otel", otlp(span(STRUCTURED))),
    "otel, old names": ("otel", otlp(span(OLD))),
    "otel, indexed names": ("otel", otlp(span(INDEXED))),
    "otel, an event a message": ("otel", otlp(span(AROUND | USAGE, events=EVENTS))),
    "otel, content in an event": ("otel", otlp(span({"user.id": "user-1"}, events=DETAILS))),
}


def reader_named(name: str) -> Reader:
    return next(reader for reader in known() if reader.name == name)


def read_one(reader: Reader, record: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    rejects = Rejects()
    key = Key.ephemeral()
    rows = Intake(rejects, key).admit_rows(list(read_record(record, 1, reader)), "f").to_pylist()
    for row in rows:
        assert row["client_address"] in (None, key.token("addr", "203.0.113.7"))
    return rows, rejects.counts_by_reason


@pytest.mark.parametrize("case", FULL)
def test_a_full_record(case: str):
    name, record = FULL[case]
    (row,), rejects = read_one(reader_named(name), record)
    assert rejects == {}
    assert row.pop("client_address")
    expected = COMMON | {
        "request_id": "call-1",
        "account_id": "user-1",
        "organization_id": "team-1",
        "api_key_id": "hash-1",
        "conversation_id": "session-1",
        "operation_name": "chat" if name == "langfuse" else "acompletion",
        "request_choice_count": 2,
        "response_finish_reason": "stop",
        "user_agent": "curl/8",
        "tls_fingerprint": None,
        "reasoning_presented": None,
        "reasoning_received": None,
    }
    assert row == expected


@pytest.mark.parametrize("case", FULL)
def test_a_record_is_recognised_by_its_reader_alone(case: str):
    name, record = FULL[case]
    assert next(reader for reader in known() if reader.recognises(record)).name == name


@pytest.mark.parametrize("case", FULL)
def test_a_log_is_recognised_by_itself(case: str, tmp_path: Path, read: Callable[..., Any]):
    (tmp_path / "log").write_text(json.dumps(FULL[case][1]) + "\n")
    assert read(tmp_path / "log").only["output_text"] == "Hello"


@pytest.mark.parametrize("case", ["spendlogs", "langfuse"])
def test_tables(case: str, tmp_path: Path, read: Callable[..., Any]):
    record = dict(FULL[case][1])
    begun, ended = NOON, NOON + timedelta(seconds=1.5)
    record |= (
        {"startTime": begun, "endTime": ended}
        if case == "spendlogs"
        else {"start_time": begun.replace(tzinfo=None), "end_time": ended.replace(tzinfo=None)}
    )
    usage = record.pop("usage_details", {})
    table = pa.Table.from_pylist([record])
    if usage:
        table = table.append_column("usage_details", pa.array([list(usage.items())], pa.map_(pa.string(), pa.int64())))
    pq.write_table(table, tmp_path / "log.parquet")
    row = read(tmp_path / "log.parquet").only
    assert {column: row[column] for column in COMMON} == COMMON


def test_an_account_can_be_a_key(tmp_path: Path, read: Callable[..., Any]):
    for record in (LITELLM, SPENDLOGS):
        (tmp_path / "log").write_text(json.dumps(record))
        assert read(tmp_path / "log", grain="key").only["account_id"] == "hash-1"


def test_a_failed_call_has_its_status():
    failed = LITELLM | {"status": "failure", "error_information": {"error_code": "429"}, "response": {}}
    assert read_one(reader_named("litellm"), failed)[0][0]["response_status"] == 429
    unknown = LITELLM | {"status": "failure", "error_information": None}
    assert read_one(reader_named("litellm"), unknown)[0][0]["response_status"] == 500
    broken = otlp(span({"gen_ai.request.model": "m", "user.id": "u"}, status={"code": 2}))
    assert read_one(reader_named("otel"), broken)[0][0]["response_status"] == 500


def test_one_broken_span_leaves_the_others():
    spans = [
        span({"http.route": "/"}),
        span({"gen_ai.system": "x"}),
        span(CURRENT),
        span(CURRENT, startTimeUnixNano="soon"),
    ]
    rows, rejects = read_one(reader_named("otel"), otlp(*spans))
    assert len(rows) == 1
    assert rejects == {"missing field: account_id": 1, "wrong type: time": 1}


def test_what_is_no_generation_is_no_request():
    assert read_one(reader_named("langfuse"), LANGFUSE | {"type": "SPAN"}) == ([], {})


DURATIONS = {
    "milliseconds": ({"duration_ms": 250}, 0.25),
    "milliseconds as a text": ({"delay_ms": "250"}, 0.25),
    "NGINX writes seconds": ({"request_time": "0.250"}, 0.25),
    "Kong": ({"latencies": {"request": 250}}, 0.25),
    "Helicone": ({"response_created_at": "2026-03-01T12:00:00.250Z"}, 0.25),
    "an end before the start": ({"end_time": "2026-03-01T11:59:00Z"}, None),
    "an end that is no time": ({"end_time": "later"}, None),
    "a unit that is not known": ({"latency": 250}, None),
    "a moment under a duration's name": ({"request_time": 1_772_366_400}, None),
    "below nothing": ({"duration_ms": -1}, None),
    "no figure": ({"duration_ms": [1]}, None),
}


@pytest.mark.parametrize("case", DURATIONS)
def test_a_duration_is_in_seconds_or_is_none(case: str):
    named, seconds = DURATIONS[case]
    record = {name: value for name, value in GATEWAY.items() if name != "duration_ms"} | named
    (row,), rejects = read_one(reader_named("gateway"), record)
    assert rejects == {}
    assert row["operation_duration"] == seconds


@pytest.mark.parametrize("name", ["litellm", "spendlogs", "langfuse"])
def test_a_record_without_an_end_has_no_duration(name: str):
    record = {name: value for name, value in FULL[name][1].items() if name not in ("endTime", "end_time")}
    (row,), _ = read_one(reader_named(name), record)
    assert row["operation_duration"] is None


def test_a_span_that_is_under_way_has_no_duration():
    (row,), _ = read_one(reader_named("otel"), otlp(span(CURRENT, endTimeUnixNano=None)))
    assert row["operation_duration"] is None


BODIES = {
    "chat, content in parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    "completion": {"prompt": "Hi"},
    "completion, several": {"prompt": ["Hi"]},
    "responses": {"input": "Hi"},
    "responses, parts": {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}, {"type": "reasoning"}]
    },
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    "text": json.dumps({"messages": [{"role": "user", "content": "Hi"}]}),
}
ANSWERS = {
    "chat": ANSWER,
    "completion": {"choices": [{"text": "Hello"}]},
    "responses": {
        "output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}]
    },
    "anthropic": {
        "content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
    },
    "text": "Hello",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_bodies_of_the_usual_apis(body: str, answer: str):
    (row,), _ = read_one(reader_named("gateway"), GATEWAY | {"request": BODIES[body], "response": ANSWERS[answer]})
    assert [message["content"] for message in row["input_messages"]] == ["Hi"]
    assert row["output_text"] == "Hello"


def test_system_texts_beside_the_messages():
    body = {"system": [{"type": "text", "text": "Be brief."}], "messages": MESSAGES[1:]}
    (row,), _ = read_one(reader_named("gateway"), GATEWAY | {"request": body})
    assert row["system_instructions"] == "Be brief."


def values() -> st.SearchStrategy[Any]:
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=4)
        | st.just("{}")
        | st.just('[{"role":1}]')
    )
    keys = st.sampled_from(
        ["role", "content", "parts", "key", "value", "attributes", "0", "choices", "message", "usage"]
    )
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
    )


@st.composite
def distorted(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A full record with some values, anywhere in it, replaced by anything."""
    name, record = FULL[draw(st.sampled_from(sorted(FULL)))]
    record = json.loads(json.dumps(record))
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = record
        while isinstance(inner, (dict, list)) and inner:
            key = draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
            if draw(st.booleans()) or not isinstance(inner[key], (dict, list)):
                inner[key] = draw(values())
                break
            inner = inner[key]
    return name, record


@settings(max_examples=200, deadline=None)
@given(distorted())
def test_a_distorted_record_is_read_or_rejected(case: tuple[str, dict[str, Any]]):
    name, record = case
    rejects = Rejects()
    found = list(read_record(record, 1, reader_named(name)))
    batch = Intake(rejects, Key.ephemeral()).admit_rows(found, "f")
    batch.validate(full=True)
    assert len(batch) + rejects.count == len(found)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["request", "response", "attributes", "resourceSpans", "messages", "id", "type"]), values()
    )
)
def test_recognising_takes_any_object(record: dict[str, Any]):
    for reader in known():
        assert reader.recognises(record) in (True, False)
        list(read_record(record, 1, reader))
