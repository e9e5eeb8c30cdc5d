import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import ConfigError

COLUMNS = """
[columns]
request_id = "id"
time = { path = "at", unit = "ms" }
account_id = "auth.customer"
input_messages = "body.messages"
usage_input_tokens = "usage.in"
output_text = "answer"
operation_name = { value = "chat" }
operation_duration = { path = "took", unit = "ms" }
"""
RECORD = {
    "id": 7,
    "at": 1772366400000.5,
    "auth": {"customer": "c1"},
    "body": json.dumps({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}),
    "usage": {"in": "12"},
    "took": "1250",
    "answer": {"choices": [{"message": {"content": "a"}}]},
}


@pytest.fixture
def mapped(tmp_path: Path, read):
    def mapped(mapping: str, log: str, name: str = "log.jsonl") -> Any:
        (tmp_path / "mapping.toml").write_text(mapping)
        (tmp_path / name).write_text(log)
        return read(tmp_path / name, mapping=tmp_path / "mapping.toml")

    return mapped


def test_any_log_can_be_described(mapped):
    row = mapped(COLUMNS, json.dumps(RECORD)).only
    expected = {
        "request_id": "7",
        "account_id": "c1",
        "system_instructions": "s",
        "input_messages": [{"role": "user", "content": "u"}],
        "usage_input_tokens": 12,
        "output_text": "a",
        "operation_name": "chat",
        "operation_duration": 1.25,
    }
    assert {column: row[column] for column in expected} == expected
    assert row["time"].timestamp() == 1772366400.0005


def test_a_table_can_be_described(mapped):
    mapping = '[columns]\nrequest_id = "id"\ntime = "at"\naccount_id = "who"\ninput_messages = "text"\n'
    mapping += 'operation_duration = "took"\n'
    row = mapped(mapping, "id,at,who,text,took\n1,2026-03-01,a,Hi,0.5\n", "log.csv").only
    assert row["input_messages"] == [{"role": "user", "content": "Hi"}]
    assert row["operation_duration"] == 0.5, "seconds without a unit"


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        (COLUMNS.replace("output_text", "ouput_text"), "no column 'ouput_text'.*Did you mean 'output_text'"),
        (COLUMNS.replace("account_id", "user_agent"), "lacks account_id"),
        (COLUMNS.replace('"ms"', '"weeks"'), "unit"),
        (COLUMNS.replace('{ value = "chat" }', "{ }"), "either a path or a value"),
        (COLUMNS.replace('{ value = "chat" }', '{ path = "x", unit = "s" }'), "takes no unit"),
        (COLUMNS + "[more]\n", "more"),
        ("[columns", "no TOML"),
        (COLUMNS.replace('"auth.customer"', '"aut.customer"'), "no column 'aut.customer'.*Did you mean 'auth'"),
    ],
)
def test_a_mistake_is_named_with_the_nearest(mapped, mapping: str, what: str):
    with pytest.raises(ConfigError, match=what):
        mapped(mapping, json.dumps(RECORD))


def test_every_path_must_be_a_column_of_a_table(mapped):
    mapping = '[columns]\nrequest_id = "id"\ntime = "at"\naccount_id = "who"\noutput_text = "txt"\n'
    with pytest.raises(ConfigError, match=r"no column 'txt'.*Did you mean 'text'"):
        mapped(mapping, "id,at,who,text\n1,2026-03-01,a,Hi\n", "log.csv")


def test_no_mapping_file(tmp_path: Path, read):
    (tmp_path / "log").write_text(json.dumps(RECORD))
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "log", mapping=tmp_path / "none.toml")
