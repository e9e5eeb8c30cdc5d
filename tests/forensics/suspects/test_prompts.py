import json

import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.suspects.prompts import Prompt, read


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "prompts.jsonl"
        path.write_text(text)
        return path

    return write


def test_prompts_in_their_order(file):
    lines = [json.dumps({"prompt_id": f"p-{n}", "prompt": f"Number {n}?"}) for n in (2, 1)]
    assert read(file("\n".join(lines) + "\n\n")) == (Prompt("p-2", "Number 2?"), Prompt("p-1", "Number 1?"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no prompt"),
        ('{"prompt_id": "a", "prompt": "x"}\n{"prompt": "y"}', "Line 2 is no prompt"),
        ('{"prompt_id": "a", "prompt": "x", "text": "z"}', "Line 1 is no prompt"),
        ('{"prompt_id": "a", "prompt": " "}', "Line 1 has no id, or asks nothing"),
        ('{"prompt_id": "a", "prompt": "x"}\n{"prompt_id": "a", "prompt": "y"}', "Line 2 has the id of a line before"),
    ],
)
def test_a_bad_line_is_named(file, text, says):
    with pytest.raises(InputError, match=says):
        read(file(text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.jsonl: .*No such file"):
        read(tmp_path / "absent.jsonl")
