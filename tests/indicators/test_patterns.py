"""Patterns: strict, bounded, one text each, and nothing in them is ever run."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import ids, patterns

TOKENS = sorted(f"{n:032x}" for n in range(4))
EPOCH = "2026Q4"

ALL = [
    patterns.PromptTemplate(
        key_epoch=EPOCH, shingle="byte-24", norm="fold-1", keep=16, tokens=tuple(TOKENS), min_containment=1.0
    ),
    patterns.Vocabulary(key_epoch=EPOCH, tokens=tuple(TOKENS), min_containment=0.3),
    patterns.AccountNetwork(key_epoch=EPOCH, edges={"payment": (TOKENS[0],)}, min_overlap=2, size_bucket="100-999"),
    patterns.Cadence(
        features={"interarrival_cv": {"max": 0.15}, "peak_concurrency_per_account": {"min": 8.0}},
        window="P1D",
        all_of=True,
    ),
    patterns.Never(),
]


def changed(pattern, **change):
    return json.dumps(json.loads(patterns.write(pattern)) | change, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("pattern", ALL, ids=lambda pattern: pattern.kind)
def test_what_is_written_is_read(pattern):
    assert patterns.parse(patterns.write(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        (0, {"v": 2}),
        (0, {"v": True}),
        (0, {"kind": "regex"}),
        (0, {"regex": "(a+)+$"}),
        (0, {"tokens": TOKENS[::-1]}),
        (0, {"tokens": [TOKENS[0]] * 2}),
        (0, {"tokens": TOKENS[:1]}),
        (0, {"tokens": [*TOKENS[:3], "ZZ"]}),
        (0, {"min_containment": 0.01}),
        (0, {"min_containment": "0.5"}),
        (0, {"keep": 0}),
        (0, {"norm": "../../etc/passwd"}),
        (0, {"key_epoch": "2026Q5"}),
        (1, {"tokens": [f"{n:032x}" for n in range(patterns.MOST_TOKENS + 1)]}),
        (2, {"edges": {"account": TOKENS}}),
        (2, {"edges": {}}),
        (2, {"min_overlap": 1}),
        (2, {"size_bucket": "212"}),
        (2, {"set_id": "set--x"}),
        (3, {"features": {"active_hours_per_day": {"min": 20}, "interarrival_cv": {"max": 1}}}),
        (3, {"features": {"interarrival_cv": {"max": 1}}}),
        (3, {"features": {"interarrival_cv": {}, "max_tokens_mode_share": {"min": 1}}}),
        (3, {"features": {"interarrival_cv": {"max": 1, "min": 2}, "max_tokens_mode_share": {"min": 1}}}),
        (3, {"window": "P1D; rm"}),
        (4, {"x": 1}),
    ],
)
def test_anything_else_is_refused(pattern, change):
    with pytest.raises(ValueError, match="pattern"):
        patterns.parse(changed(ALL[pattern], **change))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "[" * 100_000,
        '{"kind":"never","v":1,"v":1}',
        '{"v":1,"kind":"never"}',
        ' {"kind":"never","v":1}',
        '{"kind":"never","v":1.0}',
        "\ud800",
        '{"kind":"\\ud800","v":1}',
        '{"kind":"never","v":NaN}',
        "x" * (patterns.LONGEST + 1),
    ],
)
def test_hostile_texts_are_refused_with_a_short_word(text):
    with pytest.raises(ValueError, match=r".") as refused:
        patterns.parse(text)
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 250


def test_the_sender_s_words_are_not_repeated():
    with pytest.raises(ValueError, match=r".") as refused:
        patterns.parse('{"kind":"canary\\u001b[31m","v":1}')
    assert "canary" not in str(refused.value)


@given(st.text(max_size=200))
def test_whatever_the_text_it_is_a_pattern_or_a_value_error(text):
    try:
        pattern = patterns.parse(text)
    except ValueError:
        return
    assert patterns.write(pattern) == text


@given(st.floats(0.1, 1), st.integers(1, 2**32), st.lists(st.from_regex("[0-9a-f]{32}", fullmatch=True), min_size=2))
def test_the_quick_text_is_the_canonical_one(share, keep, tokens):
    told = tuple(sorted({*tokens, *TOKENS}))
    for pattern in (
        patterns.PromptTemplate(
            key_epoch=EPOCH, shingle="byte-24", norm="fold-1", keep=keep, tokens=told, min_containment=share
        ),
        patterns.Vocabulary(key_epoch=EPOCH, tokens=told, min_containment=share),
        patterns.AccountNetwork(
            key_epoch=EPOCH, edges={"payment": told, "address": told}, min_overlap=2, size_bucket="1e3-1e4"
        ),
    ):
        value = pattern.model_dump(mode="json", exclude_none=True)
        assert patterns.write(pattern).encode() == ids.canonical(value)
        assert patterns.parse(patterns.write(pattern)) == pattern


def test_nothing_is_evaluated_anywhere_in_the_layer():
    forbidden = {"eval", "exec", "compile", "open", "__import__", "glob", "system"}
    for path in Path(patterns.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & forbidden, path.name
