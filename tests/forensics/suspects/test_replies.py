import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.forensics.suspects.replies import Said, asked, likelihood, predictions, read, settles


def body(*, tokens, tops):
    return json.dumps({"choices": [{"text": "", "logprobs": {"tokens": tokens, "top_logprobs": tops}}]}).encode()


@given(status=st.integers(100, 599), content=st.binary(max_size=200), cut=st.booleans())
def test_whatever_comes_is_read(status, content, cut):
    assert read(status, content, cut=cut).outcome in {"answered", "empty", "refused", "too large", "unreadable"}
    assert asked(content) == asked(content)
    assert predictions("t", "text", status, content).places == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "text", "logprobs", "tokens"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_json_comes_is_read(content):
    encoded = json.dumps(content).encode()
    read(200, encoded)
    asked(encoded)
    predictions("t", "text", 200, encoded)


def test_what_is_said_and_by_whom():
    content = {"model": "m", "system_fingerprint": "f", "choices": [{"message": {"content": "Yes."}}]}
    assert read(200, json.dumps(content).encode()) == Said("answered", "Yes.", "m", "f")
    assert read(200, b'{"choices": [{"message": {"content": null}}]}') == Said("empty")
    assert read(200, b'{"choices": []}') == Said("unreadable")
    assert read(400, json.dumps(content).encode()) == Said("refused")


def test_reasoning_is_not_what_is_said():
    message = {"content": "Yes.", "reasoning_content": "Let me think."}
    assert read(200, json.dumps({"choices": [{"message": message}]}).encode()).text == "Yes."


@pytest.mark.parametrize(("status", "settled"), [(200, True), (400, True), (401, False), (429, False), (503, False)])
def test_what_passes_settles_nothing(status, settled):
    assert settles(status) is settled


def test_places_are_found_again_behind_a_character_in_pieces():
    text = "A 🙂 smile, then."
    tokens = ["A", " ", "\ufffd", "\ufffd", " smile", ",", " then", "."]
    found = predictions("t", text, 200, body(tokens=tokens, tops=[None, *({f"<{n}>": -1.0} for n in range(1, 8))]))
    assert [text[:place] for place in found.places] == ["A", "A ", "A 🙂 smile", "A 🙂 smile,", "A 🙂 smile, then"]
    assert found.tokens == ("<1>", "<2>", "<5>", "<6>", "<7>")


def test_what_comes_behind_the_text_or_is_another_text_is_no_place_of_it():
    tops = [None, {"b": -1.0}, {"c": -1.0}, {"d": -1.0}]
    assert predictions("t", "ab", 200, body(tokens=["a", "b", "c", "d"], tops=tops)).places == (1,)
    assert predictions("t", "xyz", 200, body(tokens=["a", "b", "c", "d"], tops=tops)).places == ()


def test_the_most_probable_token_is_taken_whether_it_stands_there_or_not():
    tops = [None, {"b": -3.0, "z": -0.1}, {"c": -0.1, "\ufffd": -0.05}]
    found = predictions("t", "abc", 200, body(tokens=["a", "b", "c"], tops=tops))
    assert found.tokens == ("z",)  # the second is no text


def test_a_number_beyond_all_others_is_no_probability():
    huge = "1" + "0" * 400
    said = '{{"usage": {{"prompt_tokens": 3}}, "choices": [{{"text": "", "logprobs": {{"tokens": ["a", "b", "c"],'
    said += ' "token_logprobs": [null, -1, {0}], "top_logprobs": [null, {{"b": {0}}}, {{"c": -1.0}}]}}}}]}}'
    assert likelihood(200, said.format(huge).encode()) is None
    assert predictions("t", "abc", 200, said.format(huge).encode()).tokens == ("c",)
    assert likelihood(200, said.format(-2).encode()) == -3.0


def test_what_was_asked_is_read_as_it_was_sent():
    prompt = '{"messages": [{"role": "user", "content": "inner"}]}'
    assert asked(json.dumps({"prompt": prompt}).encode()) == prompt
    assert asked(json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode()) == prompt
