"""Request tables to draw, and profiles to compare."""

import importlib.util
import random
from pathlib import Path

import pytest
from hypothesis import strategies as st

LONG = [
    "Explain how frost forms on a window pane overnight, and why it looks like ferns.",
    "Répondez en une phrase : pourquoi la mer est-elle salée ? Merci beaucoup !",
    "Longer than small talk?",
    "请详细解释光合作用的基本过程,并说明每一步为什么重要。谢谢你的帮助。",
    "Translate the following sentence into plain words: " + "the quick brown fox jumps over the lazy dog. " * 30,
    "go on",
    "",
    "\u200b\u200b   \n",
]


@pytest.fixture(scope="session")
def reference():
    spec = importlib.util.spec_from_file_location("profiles_reference", Path(__file__).with_name("reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tables():
    """A strategy: a few requests with anything in them that the schema lets in."""
    texts = st.none() | st.sampled_from(LONG) | st.text(max_size=60)
    message = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", None]), "content": texts})
    row = st.fixed_dictionaries(
        {
            "request_id": st.integers(0, 9).map(lambda n: f"r{n}"),
            "hour": st.floats(-1e6, 1e6),
            "account_id": st.sampled_from(["a", "b", "ä", "a very long name of an account, for good measure", "0"]),
            "organization_id": st.sampled_from([None, "", "o1", "o2"]),
            "system_instructions": texts,
            "input_messages": st.none() | st.lists(message, max_size=4),
            "request_temperature": st.none() | st.sampled_from([0.0, 0.7, 1.0, -3.0]),
            "request_max_tokens": st.none() | st.integers(0, 2),
            "usage_input_tokens": st.none() | st.integers(-(2**63), 2**63 - 1),
            "usage_output_tokens": st.none() | st.integers(0, 1000),
            "response_status": st.sampled_from([None, 200, 399, 400, 429, 503]),
            "client_address": st.sampled_from([None, *"123456789"]),
            "reasoning_presented": st.sampled_from([None, "", "aa", "aa bb", "cc dd ee"]),
            "reasoning_received": st.sampled_from([None, "aa", "ff aa bb"]),
        }
    )
    return st.lists(row, max_size=12)


@pytest.fixture(scope="session")
def crowd():
    """Many requests of few accounts, so that every set overflows."""

    def rows(seed, n=400, accounts=3):
        draw = random.Random(seed)  # noqa: S311
        turns = [
            f"Question {chr(97 + i)}, which is long enough to be remembered beyond small talk: why {'so ' * i}?"
            for i in range(26)
        ]
        return [
            {
                "request_id": f"r{draw.randrange(10 * n)}",
                "account_id": f"a{draw.randrange(accounts)}",
                "hour": draw.random() * 2000,
                "system_instructions": draw.choice([None, "You are a patient teacher of natural history." * 4]),
                "input_messages": [
                    {"role": draw.choice(["user", "assistant"]), "content": draw.choice(turns)}
                    for _ in range(draw.randrange(4))
                ],
                "request_temperature": draw.choice([None, 0.1, 0.2, 0.3, 0.4, 0.5]),
                "request_max_tokens": draw.choice([None, 100, 200]),
                "usage_input_tokens": draw.randrange(500),
                "client_address": f"198.51.100.{draw.randrange(20)}",
                "organization_id": f"o{draw.randrange(5)}",
                "response_status": draw.choice([200, 500]),
            }
            for _ in range(n)
        ]

    return rows


@pytest.fixture(scope="session")
def as_dicts():
    """Profiles as plain values: account id -> field -> value."""

    def plain(profiles):
        ordered = profiles.ordered()
        columns = {name: ordered[name].tolist() for name in ordered.state}
        return {a: {name: column[i] for name, column in columns.items()} for i, a in enumerate(ordered.ids.to_pylist())}

    return plain
