"""Shared text: what recurs, with slots where the content changes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.shared_text import LONGEST, shared_text


def shown(parts):
    return "".join("<>" if part.slot else part.text for part in parts)


def wrapped(before, after, contents):
    return [f"{before}{content}{after}" for content in contents]


CONTENTS = ["a poem of frost", "an owl", "how rain falls on the roof", "salt", "two trains that meet", "why"]


def test_the_wrapper_is_shown_and_the_contents_are_not():
    before, after = "Please think about this with great care: ", "\nReturn only the answer and all of the steps."
    parts = shared_text(wrapped(before, after, CONTENTS))
    assert shown(parts) == f"{before}<>{after}"
    assert [part.slot for part in parts] == [False, True, False]


def test_signs_without_spaces_are_words_too():
    before, after = "请仔细思考下面的问题并写出全部步骤:", "。只返回答案和推理过程。"
    parts = shared_text(wrapped(before, after, ["霜", "雨水落在屋顶上", "盐", "为什么天是蓝的", "猫"]))
    assert shown(parts) == f"{before}<>{after}"


def test_nothing_in_common_is_nothing_to_show():
    assert (
        shared_text(["one thing and another thing altogether", "quite different words in this one here", "why"]) == ()
    )
    assert shared_text([]) == ()
    assert shared_text([""] * 5) == ()


def test_what_three_in_ten_send_is_shown_and_what_fewer_do_is_not():
    before = "Please think about this with great care: "
    others = [f"{i} {'xyz'[i % 3] * (i + 2)} {i * i}" for i in range(14)]
    assert shown(shared_text(wrapped(before, "", CONTENTS) + others)).startswith(before)
    assert shared_text(wrapped(before, "", CONTENTS[:3]) + others) == ()


def test_long_texts_are_cut():
    parts = shared_text(["word and again the same word over " * 600] * 4)
    assert LONGEST - 100 < sum(len(part.text) for part in parts if not part.slot) <= LONGEST


SECRET = st.text(alphabet="qxjzv", min_size=4, max_size=9)


@given(st.lists(SECRET, min_size=4, max_size=8, unique=True))
def test_what_stood_in_a_slot_is_nobodys_business(secrets):
    parts = shared_text(wrapped("Please think about this with great care: ", " and return only the answer.", secrets))
    assert parts
    assert not any(secret in shown(parts) for secret in secrets)


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_will_do_and_no_two_parts_of_a_kind_touch(texts):
    parts = shared_text(texts + texts)
    assert all(one.slot != other.slot for one, other in pairwise(parts))


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_samples_does_not_matter(order):
    texts = wrapped("Please think about this with great care: ", "", CONTENTS)
    assert shared_text(texts[::order]) == shared_text(texts)
