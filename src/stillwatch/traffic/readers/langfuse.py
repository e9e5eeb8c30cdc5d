"""Langfuse's export of observations: JSON, JSON lines, CSV or Parquet; blob storage and API names alike.

Names: https://langfuse.com/docs/api-and-data-platform/features/export-to-blob-storage. Only generations are requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.traffic.readers import durations
from stillwatch.traffic.readers.bodies import output_text, parameters, prompt
from stillwatch.traffic.rows import Record, Row, dig, first, number

_PLACES = {
    "request_id": ("id",),
    "time": ("start_time", "startTime"),
    "account_id": ("user_id", "userId", "trace.user_id", "trace.userId", "metadata.user_id", "metadata.userId"),
    "organization_id": ("metadata.organization_id", "project_id", "projectId"),
    "api_key_id": ("metadata.api_key_id", "metadata.user_api_key_hash"),
    "conversation_id": ("session_id", "sessionId", "trace.session_id", "trace_id", "traceId"),
    "request_model": ("provided_model_name", "providedModelName", "model"),
    "response_finish_reason": ("metadata.finish_reason", "output.choices.0.finish_reason", "output.finish_reason"),
    "client_address": ("metadata.client_address", "metadata.requester_ip_address", "metadata.ip"),
    "user_agent": ("metadata.user_agent",),
}
_NUMBERS = {
    "usage_input_tokens": ("usage_details.input", "usageDetails.input", "usage.input", "promptTokens", "prompt_tokens"),
    "usage_output_tokens": (
        "usage_details.output",
        "usageDetails.output",
        "usage.output",
        "completionTokens",
        "completion_tokens",
    ),
}


@dataclass(frozen=True)
class Langfuse:
    """Langfuse observations."""

    name: str = "langfuse"

    def recognises(self, record: Record) -> bool:
        """An observation's id, type, trace and start."""
        return {"id", "type"} <= record.keys() and all(
            record.keys() & names for names in ({"trace_id", "traceId"}, {"start_time", "startTime"})
        )

    def read(self, record: Record) -> Iterator[Row]:
        """One request, or none where the observation is a span or an event."""
        kind = dig(record, "type")
        if isinstance(kind, str) and kind.upper() not in ("GENERATION", ""):
            return
        system, conversation = prompt(dig(record, "input"))
        named = {column: first(record, *places) for column, places in _PLACES.items()}
        counted = {column: number(first(record, *places)) for column, places in _NUMBERS.items()}
        yield (
            named
            | counted
            | parameters(first(record, "model_parameters", "modelParameters"))
            | {
                "operation_name": "chat",
                "system_instructions": system,
                "input_messages": conversation,
                "output_text": output_text(dig(record, "output")),
                "response_status": 500 if dig(record, "level") == "ERROR" else 200,
                # not `latency`: its unit has changed
                "operation_duration": durations.between(named["time"], first(record, "end_time", "endTime")),
            }
        )
