import gzip
import json
import tracemalloc

import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.model import Answer
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.files import read

PROMPT = "Explain how a lighthouse works."


@pytest.fixture
def file(tmp_path):
    def write(*lines, name="answers.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
        return path

    return write


def test_lines_of_ours(file):
    path = file({"text": "It shines."}, {"prompt_id": "p", "prompt": PROMPT, "text": "It turns."}, "")
    assert list(read([path])) == [Answer("", "It shines."), Answer(PROMPT, "It turns.", "p")]


def test_lines_in_tokens(file):
    path = file({"prompt_ids": [1, 2], "text_ids": [3, 4]}, {"text_ids": [5]})
    assert list(read([path])) == [Answer("", "", "", (1, 2), (3, 4)), Answer("", "", "", (), (5,))]


def test_the_text_of_a_prompt_may_stand_elsewhere(file):
    path = file({"prompt_id": "p", "text": "It turns."}, {"prompt_id": "q", "text": "It sinks."})
    assert [each.prompt for each in read([path], prompts={"p": PROMPT})] == [PROMPT, ""]


CHAT = {"model": "m", "choices": [{"message": {"role": "assistant", "content": "It turns."}}]}
MESSAGES = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}]}


@pytest.mark.parametrize(
    ("record", "answers"),
    [
        (CHAT, [Answer("", "It turns.")]),
        ({"choices": [{"text": "One."}, {"text": "Two."}]}, [Answer("", "One."), Answer("", "Two.")]),
        ({"request": MESSAGES, "response": CHAT}, [Answer(f"Be brief.\n\n{PROMPT}", "It turns.")]),
        ({"custom_id": "p", "response": {"status_code": 200, "body": CHAT}}, [Answer("", "It turns.", "p")]),
        (
            {"output": [{"type": "message", "content": [{"type": "output_text", "text": "It turns."}]}]},
            [Answer("", "It turns.")],
        ),
    ],
)
def test_bodies_of_responses(file, record, answers):
    assert list(read([file(record)])) == answers
    assert list(read([file([record], name="answers.json")])) == answers


def test_plain_text(file):
    path = file("Once there was a lighthouse.", "It turned.", name="found.txt")
    assert list(read([path])) == [Answer("", "Once there was a lighthouse.\nIt turned.")]


def test_packed_files(tmp_path, file):
    packed = tmp_path / "answers.jsonl.gz"
    packed.write_bytes(gzip.compress(file({"text": "It turns."}).read_bytes()))
    assert list(read([packed])) == [Answer("", "It turns.")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{broken", "bad JSON"),
        ("[1, 2]", "not a JSON object"),
        ('{"text": 7}', "no answer"),
        ('{"prompt": "x"}', "no answer"),
        ('{"text_ids": ["a"]}', "tokens are no whole numbers"),
        (f'{{"text_ids": [{2**70}]}}', "tokens are no whole numbers"),
        ('{"error": {"message": "overloaded"}}', "no answer"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(file, line, why):
    path, cleaning = file({"text": "It turns."}, line, {"text": "It shines."}), Cleaning()
    assert len(list(read([path], cleaning))) == cleaning.read == 2
    assert cleaning.rejects == [(str(path), 2, why)]
    assert cleaning.left_out == {why: 1}


def test_of_many_bad_lines_the_first_are_named_and_all_counted(file):
    cleaning = Cleaning()
    list(read([file({"text": "It turns."}, *["{"] * 1000)], cleaning))
    assert cleaning.left_out == {"bad JSON": 1000}
    assert [line for _, line, _ in cleaning.rejects] == list(range(2, 22))


@pytest.mark.parametrize("lines", [("{broken",), ('{"prompt": "x"}',)])
def test_a_file_without_any_answer_is_an_error_that_names_a_line(file, lines):
    with pytest.raises(InputError, match=r"answers\.jsonl: The file holds no answer\. Line 1: "):
        list(read([file(*lines)]))


def test_an_empty_and_an_absent_file_are_errors(file, tmp_path):
    with pytest.raises(InputError, match="holds no answer"):
        list(read([file("")]))
    with pytest.raises(InputError, match=r"absent\.jsonl: The file cannot be read"):
        list(read([tmp_path / "absent.jsonl"]))


def test_what_stands_there_twice_counts_once(file):
    once, other = {"text": "It turns."}, {"prompt_id": "p", "text": "It turns."}
    cleaning = Cleaning()
    first, second = file(once, other, once), file(other, name="second.jsonl")
    assert len(list(read([first, second], cleaning))) == 2
    assert cleaning.left_out == {"repeated": 2}


def test_our_prompt_is_cut_off_and_what_says_nothing_is_left_out(file):
    cleaning = Cleaning()
    echo, bare, empty = ({"prompt": PROMPT, "text": text} for text in (f"\n{PROMPT} It turns.", PROMPT, "  "))
    ids = {"prompt_ids": [1, 2], "text_ids": [1, 2, 3]}
    assert [(each.text, each.text_ids) for each in read([file(echo, bare, empty, ids)], cleaning)] == [
        (" It turns.", ()),
        ("", (3,)),
    ]
    assert cleaning.echoes == 3
    assert cleaning.left_out == {"our own prompt": 1, "empty": 1}


def test_an_answer_may_begin_with_the_words_of_a_short_prompt(file):
    assert [each.text for each in read([file({"prompt": "Well", "text": "Well, it turns."})])] == ["Well, it turns."]


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(lines):
        path = tmp_path / f"{lines}.jsonl"
        with path.open("w") as file:
            file.writelines(json.dumps({"text": f"Line {n}. " + "It turns. " * 50}) + "\n" for n in range(lines))
        tracemalloc.start()
        assert sum(1 for _ in read([path], Cleaning())) == lines
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40_000) < 1.2 * peak(10_000)
