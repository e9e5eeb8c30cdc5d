"""The request schema: one row a request, one row an account.

Column names are OpenTelemetry's GenAI attributes, `gen_ai.` dropped and dots turned to underscores
(https://github.com/open-telemetry/semantic-conventions-genai; `operation_duration` is a metric there). Every reader
yields record batches in this schema; every later stage reads nothing else. Columns that a source does not have are
null.
"""

from collections.abc import Callable

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

REQUESTS = pa.schema(
    [
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("time", TIME, nullable=False),
        pa.field("account_id", pa.string(), nullable=False),  # who is served; what is throttled or closed
        ("organization_id", pa.string()),
        ("api_key_id", pa.string()),
        ("conversation_id", pa.string()),
        ("operation_name", pa.string()),
        ("request_model", pa.string()),
        ("system_instructions", pa.string()),
        ("input_messages", pa.list_(MESSAGE)),  # the whole input, history included, without the system text
        ("request_temperature", pa.float64()),
        ("request_max_tokens", pa.int64()),
        ("request_choice_count", pa.int64()),
        ("usage_input_tokens", pa.int64()),
        ("usage_output_tokens", pa.int64()),
        ("response_finish_reason", pa.string()),
        ("output_text", pa.string()),
        ("response_status", pa.int64()),  # HTTP status
        ("operation_duration", pa.float64()),  # seconds from the request to the end of the answer
        ("client_address", pa.string()),
        ("user_agent", pa.string()),
        ("tls_fingerprint", pa.string()),  # JA4
        ("reasoning_presented", pa.string()),  # digests of the reasoning blocks in the input, spaces between
        ("reasoning_received", pa.string()),  # and of those in the output
    ]
)

ACCOUNTS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        ("organization_id", pa.string()),
        ("created", TIME),
        ("plan", pa.string()),
        ("payment_fingerprint", pa.string()),
        ("email_domain", pa.string()),
        ("signup_address", pa.string()),
    ]
)

#: What identifies people or their connections: replaced by keyed tokens as it is read (`traffic.pseudonyms`).
PSEUDONYMISED = ("client_address", "signup_address", "payment_fingerprint", "email_domain")

#: A batch that is still to be decoded. Iterating over a source is the serial part (cutting a file into pieces); calling
#: a piece is the parallel part (decoding, checking, replacing identifiers) and may happen on any thread.
LazyBatch = Callable[[], pa.RecordBatch]
