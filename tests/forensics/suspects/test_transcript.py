import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, InputError
from stillwatch.forensics.suspects import lines
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.lines import Key, Received
from stillwatch.forensics.suspects.recording import Transcript
from stillwatch.forensics.suspects.transcript import answers, summary

PLAN = "ab" * 32
URL = "https://models.example/v1/chat/completions"


def question(transcript, n=0, prompt="Tell me a story about a lighthouse."):
    body = json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode()
    return transcript.question(Key("p-1", n, "answer"), URL, body)


def received(text="Once upon a time.", *, status=200, certificate=""):
    body = json.dumps({"model": "m", "choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
    return Received(status, {"content-type": "application/json"}, body, cut=False, certificate=certificate)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "s.jsonl"


@pytest.fixture
def written(path):
    """A transcript of three answers."""
    with Transcript(path, plan=PLAN) as transcript:
        for n in range(3):
            transcript.reply(question(transcript, n), received(f"Story {n}."))
    return path


def test_answers_can_be_computed_from_the_bytes_by_anybody(written):
    """By whoever has nothing but the format: JSON lines, base 64, and the API that was asked."""
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    bodies = [json.loads(base64.b64decode(line["body"])) for line in lines if line["line"] == "reply"]
    assert [body["choices"][0]["message"]["content"] for body in bodies] == [each.text for each in answers(written)]
    asked = [json.loads(base64.b64decode(line["body"])) for line in lines if line["line"] == "question"]
    assert [body["messages"][0]["content"] for body in asked] == [each.prompt for each in answers(written)]


@given(data=st.data())
def test_wherever_it_was_torn_it_is_gone_on_with(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("torn") / "s.jsonl"
    with Transcript(path, plan=PLAN) as transcript:
        for n in range(4):
            transcript.reply(question(transcript, n), received(f"Story {n}."))
    whole = path.read_bytes()
    kept = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(kept)
    with Transcript(path, plan=PLAN) as transcript:
        answered = (kept.count(b"\n") - 1) // 2  # a head, then a question and its reply in turn
        assert {key.n for key in transcript.settled} == set(range(answered))
        for n in range(4):
            if Key("p-1", n, "answer") not in transcript.settled:
                transcript.reply(question(transcript, n), received(f"Story {n}."))
    assert sorted(each.text for each in answers(path)) == [f"Story {n}." for n in range(4)]
    assert summary(path).outcomes == (("answered", 4),)
    assert summary(path).twice == 0


def test_a_last_line_that_is_still_being_written_is_no_line(written):
    with written.open("ab") as file:
        file.write(b'{"line":"question","numb')
    assert len(list(answers(written))) == 3


def test_two_runs_do_not_write_one_transcript(path):
    with Transcript(path, plan=PLAN), pytest.raises(ConfigError, match="Another run"):
        Transcript(path, plan=PLAN)
    Transcript(path, plan=PLAN).close()


def test_a_transcript_of_another_plan_is_not_gone_on_with(written):
    with pytest.raises(InputError, match="of another plan"):
        Transcript(written, plan="cd" * 32)
    assert len(list(answers(written))) == 3


def test_somebody_elses_file_is_left_as_it_is(path):
    path.write_text("My diary.\nToday, without an end")
    with pytest.raises(InputError, match="Line 1 is no line of a transcript"):
        Transcript(path, plan=PLAN)
    assert path.read_text() == "My diary.\nToday, without an end"


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent/s\.jsonl"):
        Transcript(tmp_path / "absent" / "s.jsonl", plan=PLAN)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:3], "{}", *lines[3:]],
        lambda lines: [lines[0], lines[0], *lines[1:]],  # a second head
        lambda lines: [lines[0], *lines[2:]],  # a reply to no question
        lambda lines: [*lines[:2], lines[2].replace('"status":200', '"status":"200"'), *lines[3:]],
        lambda lines: [*lines[:2], lines[2].replace('"cut":false', '"cut":false,"score":1'), *lines[3:]],
        lambda lines: lines[1:],
    ],
)
def test_a_damaged_line_is_named(written, change):
    lines = change(written.read_text().splitlines())
    written.write_text("\n".join(lines) + "\n")
    for compute in (summary, lambda path: list(answers(path))):
        with pytest.raises(InputError, match=r"s\.jsonl: Line \d is no line of a transcript"):
            compute(written)


def test_what_was_under_way_shows(path):
    with Transcript(path, plan=PLAN) as transcript:
        question(transcript, 0)
        transcript.failure(question(transcript, 1), "ReadTimeout")
        transcript.reply(question(transcript, 2), received(status=503))
        transcript.reply(question(transcript, 0), received())
    found = summary(path)
    assert found.unfinished == 1
    assert found.outcomes == (("answered", 1), ("tried again", 2))
    assert found.begun <= found.ended
    assert not found.says


def test_an_answer_that_was_asked_for_twice_counts_once_and_is_said(path):
    with Transcript(path, plan=PLAN) as transcript:
        for text in ("The first.", "A better one."):
            transcript.reply(question(transcript), received(text))
    assert [each.text for each in answers(path)] == ["The first."]
    assert summary(path).says == ("Questions that were answered were asked again: 1.",)


def test_another_certificate_is_said(path):
    with Transcript(path, plan=PLAN) as transcript:
        for n in range(2):
            transcript.reply(question(transcript, n), received(certificate=f"{n}" * 64))
    assert summary(path).says == ("The endpoint showed 2 certificates during the run.",)


def test_our_own_prompt_is_cut_off(path):
    prompt = "Tell me a story about a lighthouse."
    with Transcript(path, plan=PLAN) as transcript:
        transcript.reply(question(transcript, 0, prompt), received(f"{prompt} Once it stood."))
        transcript.reply(question(transcript, 1, prompt), received(prompt))
    cleaning = Cleaning()
    assert [each.text for each in answers(path, cleaning)] == [" Once it stood."]
    assert cleaning.echoes == 2
    assert cleaning.left_out == {"our own prompt": 1}


def test_the_same_answer_to_two_questions_counts_twice(path):
    """They are two draws of ours, such as of choices; texts that were found are told apart by `files`."""
    with Transcript(path, plan=PLAN) as transcript:
        for n in range(2):
            transcript.reply(question(transcript, n), received("Yes."))
    assert len(list(answers(path))) == 2


def test_a_line_without_end_is_not_read(written, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 200)
    with pytest.raises(InputError, match="no line of a transcript"):
        list(answers(written))
