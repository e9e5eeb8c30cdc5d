"""Bodies of requests and responses, as most logs hold them: OpenAI (chat, completions, responses) and Anthropic."""

from stillwatch.traffic.readers import reasoning
from stillwatch.traffic.rows import (
    Json,
    Message,
    Row,
    RowError,
    decoded,
    first,
    messages,
    number,
    plain,
    without_system,
)

_PARAMETERS = {
    "request_temperature": ("temperature", "generationConfig.temperature"),
    "request_max_tokens": ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_new_tokens"),
    "request_choice_count": ("n", "candidate_count"),
}


def parameters(body: Json) -> Row:
    """Temperature, token limit and number of choices, under the names in use."""
    return {column: number(first(body, *names)) for column, names in _PARAMETERS.items()}


def request_row(body: Json) -> Row:
    """What a request's body says."""
    system, conversation = prompt(first(body, "messages", "input", "prompt", "contents"))
    explicit = plain(first(body, "system", "instructions"), "system_instructions")
    return parameters(body) | {
        "request_model": first(body, "model"),
        "system_instructions": _joined(explicit, system),
        "input_messages": conversation,
        "reasoning_presented": reasoning.presented(body),
    }


def prompt(value: Json) -> tuple[str | None, list[Message] | None]:
    """System text and messages of whatever a log calls the input: messages, a body that holds them, or plain text."""
    value = decoded(value)
    if value is None or value in ("", {}):
        return None, None
    if isinstance(value, str):
        return None, [{"role": "user", "content": value}]
    if isinstance(value, dict):
        return _prompt_of_object(value)
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return None, [{"role": "user", "content": entry} for entry in value]
    if isinstance(value, list):  # the responses API mixes messages with tool calls, which have no role
        value = [entry for entry in value if not isinstance(entry, dict) or "role" in entry or "content" in entry]
    return without_system(messages(value) or [])


def _prompt_of_object(value: dict[str, Json]) -> tuple[str | None, list[Message] | None]:
    inner = first(value, "messages", "input", "prompt", "contents")
    if inner is None:
        return (
            (None, None) if "content" not in value and "parts" not in value else without_system(messages([value]) or [])
        )
    system, conversation = prompt(inner)
    return _joined(plain(first(value, "system", "instructions"), "system_instructions"), system), conversation


def _joined(*texts: str | None) -> str | None:
    return "\n\n".join(text for text in texts if text) or None


def response_row(body: Json) -> Row:
    """What a response's body says: text, why it ended, and what it cost."""
    body = decoded(body)
    if isinstance(body, str):
        return {"output_text": body or None}
    return {
        "output_text": output_text(body),
        "response_finish_reason": first(body, "choices.0.finish_reason", "finish_reason", "stop_reason"),
        "usage_input_tokens": number(first(body, "usage.prompt_tokens", "usage.input_tokens")),
        "usage_output_tokens": number(first(body, "usage.completion_tokens", "usage.output_tokens")),
        "reasoning_received": reasoning.received(body),
    }


def output_text(value: Json) -> str | None:
    """The text of an answer, in any of the shapes that APIs give it."""
    value = decoded(value)
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else {"content": value}
    found = first(
        value,
        "choices.0.message.content",
        "choices.0.text",
        "output_text",
        "message.content",
        "content",
        "text",
        "parts",
    )
    if found is None:
        found = value if isinstance(value, str) else _responses_output(first(value, "output"))
    try:
        return plain(found, "output_text")
    except RowError:
        return None  # an answer of another kind (an embedding, a picture) is no broken row


def _responses_output(value: Json) -> str | None:
    if not isinstance(value, list):
        return value if isinstance(value, str) else None
    texts = [
        plain(entry.get("content"), "output_text") for entry in value if isinstance(entry, dict) and "content" in entry
    ]
    return _joined(*texts)


def present(row: Row) -> Row:
    """The row without its empty columns, to lay over another."""
    return {column: value for column, value in row.items() if value is not None and value != ""}
