"""LiteLLM's table LiteLLM_SpendLogs, dumped as Parquet, CSV or JSON lines.

Names: https://github.com/BerriAI/litellm/blob/main/schema.prisma
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.traffic.readers import durations
from stillwatch.traffic.readers.bodies import parameters, present, request_row, response_row
from stillwatch.traffic.readers.litellm import Grain, status_of
from stillwatch.traffic.rows import Record, Row, decoded, dig, first, number

_USER = ("user", "end_user", "metadata.user_api_key_user_id")
_KEY = ("api_key",)
_PLACES = {
    "request_id": ("request_id", "litellm_call_id"),
    "time": ("startTime",),
    "organization_id": ("organization_id", "team_id"),
    "api_key_id": _KEY,
    "conversation_id": ("session_id",),
    "operation_name": ("call_type",),
    "client_address": ("requester_ip_address",),
}
_AGENT_TAG = "User-Agent: "


@dataclass(frozen=True)
class SpendLogs:
    """LiteLLM_SpendLogs.

    Args:
        grain: whether an account is a user (its key where no user is set) or a virtual key.
    """

    grain: Grain = "user"
    name: str = "spendlogs"

    def recognises(self, record: Record) -> bool:
        """The table's primary key, time and key columns."""
        return {"request_id", "startTime"} <= record.keys() and bool({"api_key", "call_type", "spend"} & record.keys())

    def read(self, record: Record) -> Iterator[Row]:
        """One request. Where prompts are kept with the proxied request only, they are taken from there."""
        sent = decoded(dig(record, "proxy_server_request"))
        body = (
            sent if first(record, "messages") in (None, "{}", "[]", {}, []) else {"messages": dig(record, "messages")}
        )
        row = {column: first(record, *places) for column, places in _PLACES.items()}
        counted = {
            "request_model": first(record, "model_group", "model"),
            "usage_input_tokens": number(dig(record, "prompt_tokens")),
            "usage_output_tokens": number(dig(record, "completion_tokens")),
        }
        yield (
            row
            | request_row(body)
            | parameters(sent)
            | response_row(dig(record, "response"))
            | present(counted)
            | {
                "account_id": first(record, *(_KEY if self.grain == "key" else _USER + _KEY)),
                "user_agent": _agent(decoded(dig(record, "request_tags"))),
                "response_status": status_of(
                    dig(record, "status"), first(record, "metadata.error_information.error_code")
                ),
                "operation_duration": durations.between(row["time"], dig(record, "endTime")),
            }
        )


def _agent(tags: object) -> str | None:
    """The longest tag that LiteLLM made of the user agent (it makes one with the version and one without)."""
    if not isinstance(tags, list):
        return None
    agents = [tag.removeprefix(_AGENT_TAG) for tag in tags if isinstance(tag, str) and tag.startswith(_AGENT_TAG)]
    return max(agents, key=len, default=None)
