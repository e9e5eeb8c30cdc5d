"""LiteLLM's StandardLoggingPayload, as its generic API callback and file loggers write it.

Names: https://docs.litellm.ai/docs/proxy/logging_spec
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from stillwatch.traffic.readers import durations, reasoning
from stillwatch.traffic.readers.bodies import parameters, present, prompt, response_row
from stillwatch.traffic.rows import Record, Row, dig, first, number

Grain = Literal["user", "key"]

_USER = ("metadata.user_api_key_user_id", "end_user", "metadata.user_api_key_end_user_id")
_KEY = ("metadata.user_api_key_hash",)
_PLACES = {
    "request_id": ("litellm_call_id", "id"),
    "time": ("startTime", "start_time"),
    "organization_id": ("metadata.user_api_key_org_id", "metadata.user_api_key_team_id"),
    "api_key_id": _KEY,
    "conversation_id": ("session_id", "metadata.session_id", "trace_id"),
    "operation_name": ("call_type",),
    "request_model": ("model_group", "model"),
    "client_address": ("requester_ip_address", "metadata.requester_ip_address"),
    "user_agent": ("user_agent", "metadata.user_agent", "metadata.requester_custom_headers.user-agent"),
}


def status_of(status: object, error_code: object) -> object:
    """The HTTP status behind `success` and `failure`."""
    if status == "success":
        return 200
    code = number(error_code)
    return code if isinstance(code, int) else 500 if status == "failure" else number(status)


@dataclass(frozen=True)
class LiteLLM:
    """StandardLoggingPayload.

    Args:
        grain: whether an account is a user (its key where no user is set) or a virtual key.
    """

    grain: Grain = "user"
    name: str = "litellm"

    def recognises(self, record: Record) -> bool:
        """The call's times and type, without the primary key of the spend table."""
        return (
            "startTime" in record
            and "request_id" not in record
            and bool({"call_type", "litellm_call_id"} & record.keys())
        )

    def read(self, record: Record) -> Iterator[Row]:
        """One request."""
        system, conversation = prompt(dig(record, "messages"))
        explicit = first(record, "model_parameters.system", "model_parameters.instructions")
        row = {column: first(record, *places) for column, places in _PLACES.items()}
        answer = response_row(dig(record, "response"))
        usage = {
            "usage_input_tokens": number(dig(record, "prompt_tokens")),
            "usage_output_tokens": number(dig(record, "completion_tokens")),
        }
        yield (
            row
            | answer
            | present(usage)
            | parameters(dig(record, "model_parameters"))
            | {
                "account_id": first(record, *(_KEY if self.grain == "key" else _USER + _KEY)),
                "system_instructions": system or (explicit if isinstance(explicit, str) else None),
                "input_messages": conversation,
                "reasoning_presented": reasoning.presented(dig(record, "messages")),
                "response_status": status_of(dig(record, "status"), dig(record, "error_information.error_code")),
                "operation_duration": durations.between(row["time"], first(record, "endTime", "end_time")),
            }
        )
