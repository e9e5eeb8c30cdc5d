import gzip
import json
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.gateway.bodies import inflated, prompt_of, read, received, without
from stillwatch.response.model import NO_LIMITS, Limits
from stillwatch.traffic.readers import reasoning

texts = st.text(max_size=6) | st.sampled_from(["", "Hello there", '{"a": 1}', "[1]", "zwölf"])
odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.just([])
    | st.just({})
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "input_text", "image_url", "tool_result", "thinking", "reasoning"]) | odd,
        "text": texts | odd,
        "content": odd,
        "thinking": texts,
        "signature": st.just("EqQBCgYIAxgC") | odd,
        "id": odd,
    },
)
contents = texts | st.lists(parts | odd, max_size=3) | odd
messages = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "developer", "tool"]) | odd,
        "content": contents,
        "parts": contents,
        "thinking_blocks": st.lists(parts, max_size=1),
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "model": texts | odd,
        "messages": st.lists(messages | odd, max_size=4) | odd,
        "prompt": texts | odd | st.lists(texts, max_size=2),
        "input": texts | st.lists(messages, max_size=2),
        "system": contents,
        "instructions": contents,
        "temperature": st.floats(0, 2) | odd,
        "max_tokens": st.integers(0, 9) | odd,
        "max_completion_tokens": st.integers(0, 9) | odd,
        "max_output_tokens": odd,
        "generationConfig": st.just({"temperature": 1.5}) | odd,
        "watermark": odd,
    },
)


def outcome(function, *given):
    try:
        return function(*given)
    except InputError as error:
        return str(error)


@given(bodies)
@example({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]})
@example({"messages": [{"content": [{"type": "text", "text": "", "content": "inner"}]}], "max_tokens": "12"})
@example({"messages": [{"content": [{"type": []}]}]})
@example({"messages": [{}, {"role": None, "content": None}]})
@example({"messages": [], "system": [{"type": "text", "text": "s"}], "instructions": "i", "max_tokens": 1 << 70})
@example({"messages": [{"role": "assistant", "content": [{"type": "thinking", "signature": "EqQBCgYIAxgC"}]}]})
def test_the_quick_way_reads_what_the_readers_read(body):
    raw = json.dumps(body).encode()
    assert repr(outcome(read, raw)) == repr(outcome(prompt_of, json.loads(raw)))


def test_the_usual_body():
    found = read(
        b'{"model":"m","temperature":0.5,"max_tokens":9,"watermarking":false,"messages":['
        b'{"role":"system","content":"Be brief."},{"role":"user","content":"first"},'
        b'{"role":"assistant","content":"ok"},{"role":"user","content":[{"type":"text","text":"second"}]}]}'
    )
    assert (found.model, found.system, found.temperature, found.max_tokens) == ("m", "Be brief.", 0.5, 9)
    assert found.turns == ("second", "first")
    assert found.opted_out


def test_who_escapes_a_name_does_not_hide_it():
    assert read(b'{"messages":[],"w\\u0061termark":{"enabled":false}}').opted_out


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'{"messages": "\xff"}', b"[" * 100_000,
     b'{"messages":[{"content":"\\ud800"}]}',
     b'{"prompt": [1, 2, 3]}', '{"messages": []}'.encode("utf-16")],
)  # fmt: skip
def test_what_is_no_prompt_is_an_error_that_quotes_nothing(raw):
    with pytest.raises(
        InputError, match=r"^body: The (body is no JSON|body is no object|prompt is of no known kind)\.$"
    ):
        read(raw)


@pytest.mark.parametrize("squeeze", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_inflated_no_further_than_the_limit(squeeze):
    encoding = "gzip" if squeeze is gzip.compress else "deflate"
    assert inflated(squeeze(b"{}" * 50), encoding, 100) == b"{}" * 50
    for broken in (squeeze(b" " * 10_000_000), squeeze(b"{}" * 50)[:-9], b"{}"):
        with pytest.raises(InputError):
            inflated(broken, encoding, 100)


def test_an_unknown_encoding_is_an_error():
    with pytest.raises(InputError, match="not read"):
        inflated(b"...", "br", 100)


def test_a_cap_takes_out_what_it_withholds():
    body = {
        "model": "m", "n": 4, "best_of": 8, "logprobs": True, "top_logprobs": 5, "logit_bias": {"1": 2},
        "max_tokens": 999, "watermark": {"enabled": False}, "stream": True,
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Sure: "}],
    }  # fmt: skip
    found = json.loads(without(json.dumps(body).encode(), capped=True, limits=Limits(max_tokens=64), also={"x": 1}))
    kept = {"x": 1, "model": "m", "stream": True, "messages": body["messages"][:1], "max_tokens": 64}
    assert found == kept


@pytest.mark.parametrize(
    ("body", "name"), [({"messages": []}, "max_tokens"), ({"input": "x"}, "max_output_tokens"),
                       ({"max_completion_tokens": 900}, "max_completion_tokens"), ({"max_tokens": None}, "max_tokens")]
)  # fmt: skip
def test_a_length_that_is_not_said_is_the_limits(body, name):
    found = json.loads(without(json.dumps(body).encode(), capped=True, limits=Limits(max_tokens=64)))
    assert found[name] == 64


def test_a_shorter_answer_stays_as_short():
    assert json.loads(without(b'{"max_tokens":5}', capped=True, limits=Limits(max_tokens=64)))["max_tokens"] == 5


def test_without_a_cap_only_the_opt_out_goes():
    raw = b'{"watermark":{"enabled":false},"watermarking":false,"n":2,"logprobs":true}'
    assert json.loads(without(raw, capped=False, limits=NO_LIMITS)) == {"n": 2, "logprobs": True}


def test_reasoning_blocks_are_found_in_pieces_as_in_the_whole():
    whole = {
        "content": [{"type": "thinking", "thinking": 'he said "signature":"AAAAAAAAAAA"', "signature": "EqQBCgYIAxgC"}]
    }
    assert " ".join(received(json.dumps(whole).encode())) == reasoning.received(whole)
    event = b'data: {"type":"content_block_delta","delta":{"type":"signature_delta","signature":"EqQBCgYIAxgC"}}\n\n'
    assert received(event) == received(json.dumps(whole).encode())
    item = {"output": [{"type": "reasoning", "id": "rs_0123456789", "summary": []}]}
    assert " ".join(received(json.dumps(item).encode())) == reasoning.received(item)
    redacted = {"content": [{"type": "redacted_thinking", "data": "ZGF0YWRhdGE="}]}
    assert " ".join(received(json.dumps(redacted).encode())) == reasoning.received(redacted)


def test_an_answer_without_reasoning_brings_none():
    assert received(b'{"choices":[{"message":{"content":"the \\"signature\\":\\"EqQBCgYIAxgC\\" of"}}]}') == ()
